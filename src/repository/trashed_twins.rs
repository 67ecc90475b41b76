//! Finds the trashed twins of new records: what lies in the bin and has a key in common with them.
//!
//! In two steps: the fingerprints in `binned_keys` tell which sets of deleted records may hold a twin, then the records
//! of those sets are compared themselves.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::db::Read;
use super::prepared::Prepared;
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Result};
use crate::domain::trashed_twin::{IdentityKeys, MatchedOn, TrashedTwin};

/// By so many keys large sets are searched one key after the other; by more, all at once.
const FEW_KEYS: usize = 32;

/// The large sets with the fingerprint of one of few keys: compared as they stand, a millisecond for 100,000 records.
const LARGE_BY_FEW: &str = "SELECT deletion_id, first_id, last_id FROM binned_keys \
    WHERE account_id = $4 AND entity = $5 AND records > 100 AND EXISTS (SELECT FROM wanted WHERE fingerprint = ANY( \
        CASE matched_on WHEN 1 THEN external_ids WHEN 2 THEN vat_numbers ELSE emails END))";

/// The same for many keys: each fingerprint is taken out and looked up among those wanted.
const LARGE_BY_MANY: &str = "SELECT deletion_id, first_id, last_id FROM ( \
        SELECT deletion_id, first_id, last_id, unnest(external_ids) AS external_id, unnest(vat_numbers) AS vat_number, \
            unnest(emails) AS email \
        FROM binned_keys WHERE account_id = $4 AND entity = $5 AND records > 100 OFFSET 0) AS large \
    WHERE external_id IN (SELECT fingerprint FROM wanted WHERE matched_on = 1) \
        OR vat_number IN (SELECT fingerprint FROM wanted WHERE matched_on = 2) \
        OR email IN (SELECT fingerprint FROM wanted WHERE matched_on = 3)";

/// The small sets with the fingerprint of a key: a branch a column, for only alone does each use the index on them.
const SMALL: [(i32, &str); 3] = [(1, "external_ids"), (2, "vat_numbers"), (3, "emails")];

/// The twin of each of the `wanted`, best first. `OFFSET 0` keeps the order: the sets, and then each one's records by the
/// range of the bin's index that it is. Straight after a bulk delete the statistics still say that the bin is empty, and
/// a plan that begins there would read all of it.
fn statement(kind: RecordKind, large: &str) -> String {
    let small: String = SMALL
        .map(|(matched_on, column)| {
            format!(
                " UNION ALL SELECT deletion_id, first_id, last_id FROM binned_keys \
                 WHERE account_id = $4 AND entity = $5 AND records <= 100 \
                 AND {column} && (SELECT array_agg(fingerprint) FROM wanted WHERE matched_on = {matched_on})"
            )
        })
        .concat();
    format!(
        "WITH wanted AS MATERIALIZED (SELECT number, matched_on, key, hashtext(key) AS fingerprint \
           FROM unnest($1, $2, $3) AS given (number, matched_on, key)), \
         sets AS MATERIALIZED ({large}{small}) \
         SELECT DISTINCT ON (number) number, matched_on, id FROM (SELECT DISTINCT * FROM sets) AS sets, \
           LATERAL (SELECT id, deleted_at, deletion_id, external_id, folded ->> 'vat_number' AS vat_number, email_keys \
             FROM {table} AS record WHERE record.account_id = $4 AND record.deletion_id = sets.deletion_id \
             AND record.id BETWEEN sets.first_id AND sets.last_id AND record.deleted_at IS NOT NULL \
             AND record.purge_at > $6 OFFSET 0) AS binned, \
           LATERAL (SELECT 1, binned.external_id UNION ALL SELECT 2, binned.vat_number \
             UNION ALL SELECT 3, unnest(binned.email_keys)) AS has (matched_on, key) JOIN wanted USING (matched_on, key) \
         ORDER BY number, matched_on, deleted_at DESC, binned.deletion_id DESC, id DESC",
        table = kind.plural()
    )
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Integer)]
    matched_on: i32,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

const fn code(matched_on: MatchedOn) -> i32 {
    match matched_on {
        MatchedOn::ExternalId => 1,
        MatchedOn::VatNumber => 2,
        MatchedOn::Email => 3,
    }
}

fn matched_on(code: i32) -> Result<MatchedOn> {
    match code {
        1 => Ok(MatchedOn::ExternalId),
        2 => Ok(MatchedOn::VatNumber),
        3 => Ok(MatchedOn::Email),
        other => Err(Error::Internal(format!("nothing is matched on {other}"))),
    }
}

/// The twin of each of `records`, by their places, for those that have one: external id goes before VAT number before
/// e-mail, then what was deleted last.
pub fn of_each(read: &mut Read, kind: RecordKind, records: &[IdentityKeys]) -> Result<BTreeMap<usize, TrashedTwin>> {
    let (mut numbers, mut kinds, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for (number, record) in (0..).zip(records) {
        for (matched_on, key) in &record.0 {
            numbers.push(number);
            kinds.push(code(*matched_on));
            keys.push(key.as_str());
        }
    }
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    // Few keys are looked up as fast as their statement is planned.
    let few = keys.len() <= FEW_KEYS;
    let query = Prepared {
        sql: statement(kind, if few { LARGE_BY_FEW } else { LARGE_BY_MANY }),
        values: vec![
            Box::new(numbers.into_sql::<Array<Integer>>()),
            Box::new(kinds.into_sql::<Array<Integer>>()),
            Box::new(keys.into_sql::<Array<Text>>()),
            Box::new(read.account().0.into_sql::<SqlUuid>()),
            Box::new(kind.as_str().into_sql::<Text>()),
            Box::new(read.now().into_sql::<Timestamptz>()),
        ],
        kept: few,
    };
    let found: Vec<Found> = query.load(read.conn)?;
    let twin = |row: Found| {
        let number = usize::try_from(row.number).map_err(|error| Error::Internal(error.to_string()))?;
        Ok((number, TrashedTwin { id: row.id, matched_on: matched_on(row.matched_on)? }))
    };
    found.into_iter().map(twin).collect()
}

/// The twin of one record.
pub fn of(read: &mut Read, kind: RecordKind, record: IdentityKeys) -> Result<Option<TrashedTwin>> {
    Ok(of_each(read, kind, &[record])?.remove(&0))
}
