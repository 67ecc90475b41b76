//! The keys of what lies in the bin: by them a new record's trashed twin is found (`trashed_twins`).
//!
//! A row for each set of records that were deleted together (a chunk, or one record) holds fingerprints of their keys.
//! It is written by the statement that stamps them, and made anew when some of them leave the bin: by a restore, or for
//! good, and then no fingerprint of them stays either. When all of them do it just goes.

use std::collections::BTreeMap;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::db::Tx;
use super::parties::BinStamp;
use super::recycle_bin::LockedRow;
use crate::domain::actor::AccountId;
use crate::domain::entity::RecordKind;
use crate::domain::error::Result;

/// The fingerprints of one row. Further addresses are rare: they stay text until all rows are together.
const FINGERPRINTS: &str = "hashtext(external_id) AS external_id, hashtext(folded ->> 'vat_number') AS vat_number, \
    hashtext(email_keys[1]) AS email, \
    CASE WHEN cardinality(email_keys) > 1 THEN array_to_string(email_keys[2:], E'\\n') END AS further";

/// The columns `records, external_ids, vat_numbers, emails` of rows that have [`FINGERPRINTS`], in one pass.
const GATHERED: &str = "count(*), array_remove(coalesce(array_agg(external_id), '{}'), NULL), \
    array_remove(coalesce(array_agg(vat_number), '{}'), NULL), \
    array_remove(coalesce(array_agg(email), '{}') || ARRAY(SELECT hashtext(address) \
        FROM unnest(string_to_array(string_agg(further, E'\\n'), E'\\n')) AS address), NULL)";

/// Stamps locked live rows as deleted, and notes their keys as those of one set.
///
/// One statement: the updated rows are at hand, and reading them again would cost twice as much. Written as a
/// query of its own, so that it is prepared once a connection.
struct StampAndNote<'a> {
    account: AccountId,
    kind: RecordKind,
    ids: &'a [Uuid],
    first: Uuid,
    last: Uuid,
    stamp: BinStamp,
}

impl QueryFragment<Pg> for StampAndNote<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH binned AS (UPDATE ");
        out.push_sql(self.kind.plural());
        out.push_sql(" SET deleted_at = ");
        out.push_bind_param::<Timestamptz, _>(&self.stamp.deleted_at)?;
        out.push_sql(", deletion_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.stamp.deletion_id)?;
        out.push_sql(", purge_at = ");
        out.push_bind_param::<Timestamptz, _>(&self.stamp.purge_at)?;
        out.push_sql(", version = version + 1 WHERE account_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.account.0)?;
        out.push_sql(" AND id = ANY(");
        out.push_bind_param::<Array<SqlUuid>, _>(self.ids)?;
        out.push_sql(") RETURNING ");
        out.push_sql(FINGERPRINTS);
        out.push_sql(
            ") INSERT INTO binned_keys (account_id, entity, deletion_id, first_id, last_id, records, external_ids, \
            vat_numbers, emails) SELECT ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.account.0)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.kind.as_str())?;
        for id in [&self.stamp.deletion_id, &self.first, &self.last] {
            out.push_sql(", ");
            out.push_bind_param::<SqlUuid, _>(id)?;
        }
        out.push_sql(", ");
        out.push_sql(GATHERED);
        out.push_sql(" FROM binned");
        Ok(())
    }
}

impl QueryId for StampAndNote<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<PgConnection> for StampAndNote<'_> {}

/// Moves locked live rows into the bin; a deletion names no set of records twice.
pub(super) fn stamp(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], stamp: BinStamp) -> Result<()> {
    let (Some(&first), Some(&last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(()) };
    StampAndNote { account: tx.account(), kind, ids, first, last, stamp }.execute(tx.conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Set {
    #[diesel(sql_type = SqlUuid)]
    deletion: Uuid,
    #[diesel(sql_type = SqlUuid)]
    first: Uuid,
    #[diesel(sql_type = SqlUuid)]
    last: Uuid,
    #[diesel(sql_type = Integer)]
    records: i32,
}

/// Removes the sets of which nothing is left in the bin now that `rows`, which this transaction has locked there, have
/// left it, and makes those anew of which something is.
pub(super) fn forget(tx: &mut Tx, kind: RecordKind, rows: &[LockedRow]) -> Result<()> {
    let mut left: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for row in rows {
        left.entry(row.bin.map(|stamp| stamp.deletion_id).unwrap_or_default()).or_default().push(row.id);
    }
    for ids in left.values_mut() {
        ids.sort_unstable();
    }
    // Locked first, read by a further statement: whoever took records out of the same set has committed by then.
    let (emptied, others): (Vec<Set>, Vec<Set>) =
        sets_of(tx, kind, &left)?.into_iter().partition(|set| set.is_all_of(&left[&set.deletion]));
    remove(tx, kind, &emptied)?;
    others.iter().try_for_each(|set| make_anew(tx, kind, set))
}

impl Set {
    /// Whether all of its records are among the sorted `ids`, all of which are of its deletion.
    fn is_all_of(&self, ids: &[Uuid]) -> bool {
        let among = ids.partition_point(|id| *id <= self.last) - ids.partition_point(|id| *id < self.first);
        usize::try_from(self.records) == Ok(among)
    }
}

/// The sets that these records of these deletions are in, locked.
fn sets_of(tx: &mut Tx, kind: RecordKind, left: &BTreeMap<Uuid, Vec<Uuid>>) -> Result<Vec<Set>> {
    let deletions: Vec<Uuid> = left.keys().copied().collect();
    let ids: Vec<Uuid> = left.values().flatten().copied().collect();
    let sql = "SELECT deletion_id AS deletion, first_id AS first, last_id AS last, records FROM binned_keys \
        WHERE account_id = $1 AND entity = $2 AND deletion_id = ANY($3) AND first_id <= $6 AND last_id >= $5 \
        AND EXISTS (SELECT FROM unnest($4) AS left_the_bin(id) WHERE id BETWEEN first_id AND last_id) \
        ORDER BY deletion_id, first_id FOR UPDATE";
    let query = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Text, _>(kind.as_str())
        .bind::<Array<SqlUuid>, _>(deletions)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Nullable<SqlUuid>, _>(ids.iter().min())
        .bind::<Nullable<SqlUuid>, _>(ids.iter().max());
    Ok(query.load(tx.conn)?)
}

fn remove(tx: &mut Tx, kind: RecordKind, sets: &[Set]) -> Result<()> {
    if sets.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM binned_keys USING unnest($3, $4) AS emptied(deletion, first) \
        WHERE account_id = $1 AND entity = $2 AND deletion_id = deletion AND first_id = first";
    diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Text, _>(kind.as_str())
        .bind::<Array<SqlUuid>, _>(sets.iter().map(|set| set.deletion).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(sets.iter().map(|set| set.first).collect::<Vec<_>>())
        .execute(tx.conn)?;
    Ok(())
}

/// Makes a set anew from what is still there of it.
fn make_anew(tx: &mut Tx, kind: RecordKind, set: &Set) -> Result<()> {
    let sql = format!(
        "WITH binned AS (SELECT {FINGERPRINTS} FROM {} WHERE account_id = $1 AND deletion_id = $3 \
           AND id BETWEEN $4 AND $5 AND deleted_at IS NOT NULL) \
         UPDATE binned_keys SET (records, external_ids, vat_numbers, emails) = (SELECT {GATHERED} FROM binned) \
         WHERE account_id = $1 AND entity = $2 AND deletion_id = $3 AND first_id = $4",
        kind.plural()
    );
    diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Text, _>(kind.as_str())
        .bind::<SqlUuid, _>(set.deletion)
        .bind::<SqlUuid, _>(set.first)
        .bind::<SqlUuid, _>(set.last)
        .execute(tx.conn)?;
    Ok(())
}
