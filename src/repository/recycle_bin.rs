//! The bin's side of contacts, companies and deals: locking sets of rows, stamping them, taking the stamp off.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::binned_keys;
use super::column_types::Word;
use super::db::{Read, Tx};
use super::parties::{BinStamp, contains_pattern};
use super::schema::deals;
use crate::domain::entity::{BinKind, RecordRef};
use crate::domain::error::Result;
use crate::domain::fold::folded_words;
use crate::domain::recycle_bin::BinTarget;

/// A row that this transaction has locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRow {
    pub id: Uuid,
    pub external_id: Option<String>,
    pub bin: Option<BinStamp>,
}

#[derive(QueryableByName)]
struct RawRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    deleted_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    deletion_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    purge_at: Option<DateTime<Utc>>,
}

/// Takes the locks of the rows named by `$2`, between `$3` and `$4`, `FOR UPDATE` in id order.
///
/// By id alone: straight after a bulk delete the statistics still say that the bin is empty, and any predicate on the
/// bin's columns here would read the whole bin for every chunk. The ends tell the planner when the ids lie so dense that
/// a range of the key is read faster than id by id.
fn locking(kind: BinKind, columns: &str) -> String {
    format!(
        "SELECT {columns} FROM unnest($2) AS wanted(wanted_id) JOIN {table} ON id = wanted_id \
         WHERE account_id = $1 AND id BETWEEN $3 AND $4 ORDER BY id FOR UPDATE OF {table}",
        table = kind.table()
    )
}

fn ends(ids: &[Uuid]) -> Option<(Uuid, Uuid)> {
    Some((*ids.iter().min()?, *ids.iter().max()?))
}

/// Locks the rows `FOR UPDATE`, in id order, live or not, and shows them as they are once the locks are had. No id comes
/// twice.
pub fn lock(tx: &mut Tx, kind: BinKind, ids: &[Uuid]) -> Result<Vec<LockedRow>> {
    let Some((first, last)) = ends(ids) else { return Ok(Vec::new()) };
    let rows: Vec<RawRow> = diesel::sql_query(locking(kind, "id, external_id, deleted_at, deletion_id, purge_at"))
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlUuid, _>(first)
        .bind::<SqlUuid, _>(last)
        .load(tx.conn)?;
    Ok(rows
        .into_iter()
        .map(|row| LockedRow {
            id: row.id,
            external_id: row.external_id,
            bin: BinStamp::from_columns(row.deleted_at, row.deletion_id, row.purge_at),
        })
        .collect())
}

#[derive(QueryableByName)]
struct Ids {
    #[diesel(sql_type = Array<SqlUuid>)]
    ids: Vec<Uuid>,
}

/// As [`lock`], but gives only the ids of those that are live, sorted: as one array, which is all a delete needs.
pub fn lock_live(tx: &mut Tx, kind: BinKind, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let Some((first, last)) = ends(ids) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT coalesce(array_agg(id) FILTER (WHERE deleted_at IS NULL), '{{}}') AS ids FROM ({}) AS locked",
        locking(kind, "id, deleted_at")
    );
    let mut live: Ids = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlUuid, _>(first)
        .bind::<SqlUuid, _>(last)
        .get_result(tx.conn)?;
    live.ids.sort_unstable();
    Ok(live.ids)
}

/// Those of `ids` that are live, sorted; they are found by their ids alone, as in [`lock_live`].
pub fn live_among(read: &mut Read, kind: BinKind, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let sql = format!(
        "SELECT coalesce(array_agg(id ORDER BY id) FILTER (WHERE deleted_at IS NULL), '{{}}') AS ids \
         FROM {} WHERE account_id = $1 AND id = ANY($2)",
        kind.table()
    );
    let live: Ids = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(read.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .get_result(read.conn)?;
    Ok(live.ids)
}

/// Moves locked live rows into the bin. `updated_at` stays: a deletion is no change of the record.
pub fn stamp(tx: &mut Tx, kind: BinKind, ids: &[Uuid], stamp: BinStamp) -> Result<()> {
    if let Some(kind) = kind.record() {
        return binned_keys::stamp(tx, kind, ids, stamp);
    }
    diesel::update(deals::table)
        .filter(deals::account_id.eq(tx.account().0))
        .filter(deals::id.eq_any(ids))
        .set((
            deals::deleted_at.eq(stamp.deleted_at),
            deals::deletion_id.eq(stamp.deletion_id),
            deals::purge_at.eq(stamp.purge_at),
            deals::version.eq(deals::version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Takes locked rows out of the bin; those in `without_external_id` come back without theirs.
pub fn unstamp(tx: &mut Tx, kind: BinKind, rows: &[LockedRow], without_external_id: &[Uuid]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let external_id = if without_external_id.is_empty() {
        // The parameter still has to occur.
        "CASE WHEN $4 IS NULL THEN NULL ELSE external_id END"
    } else {
        "CASE WHEN id = ANY($4) THEN NULL ELSE external_id END"
    };
    let sql = format!(
        "UPDATE {} SET deleted_at = NULL, deletion_id = NULL, purge_at = NULL, updated_at = $3, \
         version = version + 1, external_id = {external_id} WHERE account_id = $1 AND id = ANY($2)",
        kind.table()
    );
    diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Timestamptz, _>(tx.now())
        .bind::<Array<SqlUuid>, _>(without_external_id)
        .execute(tx.conn)?;
    kind.record().map_or(Ok(()), |kind| binned_keys::forget(tx, kind, rows))
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    external_id: String,
}

/// The live records that hold any of `external_ids`.
pub fn live_holders(tx: &mut Tx, kind: BinKind, external_ids: &[&str]) -> Result<BTreeMap<String, Uuid>> {
    if external_ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!(
        "SELECT id, external_id FROM {} WHERE account_id = $1 AND external_id = ANY($2) AND deleted_at IS NULL",
        kind.table()
    );
    let holders: Vec<Holder> =
        diesel::sql_query(sql).bind::<SqlUuid, _>(tx.account().0).bind::<Array<Text>, _>(external_ids).load(tx.conn)?;
    Ok(holders.into_iter().map(|holder| (holder.external_id, holder.id)).collect())
}

/// The customer and the contact person of each of the deals.
pub fn deal_parents(tx: &mut Tx, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<RecordRef>>> {
    let rows: Vec<(Uuid, Option<Uuid>, Option<Uuid>, Option<Uuid>)> = deals::table
        .filter(deals::account_id.eq(tx.account().0))
        .filter(deals::id.eq_any(ids))
        .select((deals::id, deals::customer_contact_id, deals::customer_company_id, deals::contact_person_id))
        .load(tx.conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, contact, company, person)| {
            let customer = RecordRef::from_columns(contact, company);
            (id, customer.into_iter().chain(person.map(RecordRef::contact)).collect())
        })
        .collect())
}

/// What lies in the bin, as its list shows it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct BinnedRecord {
    #[diesel(sql_type = Text)]
    pub kind: Word<BinKind>,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Timestamptz)]
    pub deleted_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    pub deletion_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    pub purge_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    pub deleted_by: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub deleted_by_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
}

/// Which binned records; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BinFilter {
    pub kind: Option<BinKind>,
    pub id: Option<Uuid>,
    /// Folded words; each must be part of the search text.
    pub words: Vec<String>,
    pub deleted_by: Option<String>,
    pub deletion_id: Option<Uuid>,
    pub deleted_before: Option<DateTime<Utc>>,
    pub deleted_after: Option<DateTime<Utc>>,
}

impl From<&BinTarget> for BinFilter {
    fn from(target: &BinTarget) -> Self {
        Self {
            kind: None,
            id: None,
            words: folded_words(target.q.as_deref().unwrap_or_default()),
            deleted_by: target.deleted_by.clone(),
            deletion_id: target.deletion_id,
            deleted_before: target.deleted_before,
            deleted_after: target.deleted_after,
        }
    }
}

/// The deletion and the record after which a page starts.
pub type BinKey = (Uuid, Uuid);

/// Up to `limit` records, newest deletion first.
pub fn list(read: &mut Read, filter: &BinFilter, after: Option<BinKey>, limit: i64) -> Result<Vec<BinnedRecord>> {
    let branches: Vec<String> = kinds(filter)
        .map(|kind| {
            format!(
                "(SELECT '{word}' AS kind, t.id, {name} AS name, t.deleted_at, t.deletion_id, t.purge_at \
                 FROM {table} AS t WHERE {conditions} AND ($9 IS NULL OR (t.deletion_id, t.id) < ($9, $10)) \
                 ORDER BY t.deletion_id DESC, t.id DESC LIMIT $11)",
                word = kind.as_str(),
                name = name_of(kind),
                table = kind.table(),
                conditions = CONDITIONS,
            )
        })
        .collect();
    let sql = format!(
        "SELECT found.*, d.deleted_by, d.deleted_by_name, d.reason FROM ({}) AS found \
         LEFT JOIN deletions AS d ON d.account_id = $1 AND d.id = found.deletion_id \
         ORDER BY found.deletion_id DESC, found.id DESC LIMIT $11",
        branches.join(" UNION ALL ")
    );
    let query = filtered(read, &sql, filter)
        .bind::<Nullable<SqlUuid>, _>(after.map(|(deletion_id, _)| deletion_id))
        .bind::<Nullable<SqlUuid>, _>(after.map(|(_, id)| id))
        .bind::<BigInt, _>(limit);
    Ok(query.load(read.conn)?)
}

/// How many records `filter` lets through.
pub fn count(read: &mut Read, filter: &BinFilter) -> Result<i64> {
    let branches: Vec<String> =
        kinds(filter).map(|kind| format!("(SELECT count(*) FROM {} AS t WHERE {CONDITIONS})", kind.table())).collect();
    let sql = format!("SELECT ({}) AS total", branches.join(" + "));
    let total: Total = filtered(read, &sql, filter).get_result(read.conn)?;
    Ok(total.total)
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// A query of the ids of this kind that `filter` lets through, in id order.
pub(super) fn ids_in_bin(read: &Read, kind: BinKind, filter: &BinFilter) -> Filtered<'static> {
    filtered(read, &format!("SELECT t.id FROM {} AS t WHERE {CONDITIONS} ORDER BY t.id", kind.table()), filter)
}

/// Those of `ids` that `filter` does not let through, sorted.
///
/// The rows are found by their ids: what is negated can be no index's condition.
pub fn outside(read: &mut Read, kind: BinKind, ids: &[Uuid], filter: &BinFilter) -> Result<Vec<Uuid>> {
    if *filter == BinFilter::default() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT coalesce(array_agg(t.id ORDER BY t.id), '{{}}') AS ids FROM {} AS t \
         WHERE t.account_id = $1 AND t.id = ANY($9) AND NOT ({CONDITIONS})",
        kind.table()
    );
    let found: Ids = filtered(read, &sql, filter).bind::<Array<SqlUuid>, _>(ids.to_vec()).get_result(read.conn)?;
    Ok(found.ids)
}

const CONDITIONS: &str = "t.account_id = $1 AND t.deleted_at IS NOT NULL AND t.purge_at > $2 \
    AND ($3 IS NULL OR t.id = $3) AND ($4 IS NULL OR t.deletion_id = $4) \
    AND ($5 IS NULL OR t.deleted_at < $5) AND ($6 IS NULL OR t.deleted_at > $6) \
    AND ($7 IS NULL OR t.deletion_id IN (SELECT id FROM deletions WHERE account_id = $1 AND deleted_by = $7)) \
    AND t.search_text LIKE ALL ($8)";

fn kinds(filter: &BinFilter) -> impl Iterator<Item = BinKind> {
    BinKind::ALL.into_iter().filter(move |kind| filter.kind.is_none_or(|wanted| wanted == *kind))
}

const fn name_of(kind: BinKind) -> &'static str {
    match kind {
        BinKind::Contact => "btrim(concat(t.first_name, ' ', t.last_name))",
        BinKind::Company => "t.name",
        BinKind::Deal => "t.title",
    }
}

type Filtered<'a> = diesel::query_builder::BoxedSqlQuery<'a, diesel::pg::Pg, diesel::query_builder::SqlQuery>;

/// Binds the account, the time and the filter as `$1` to `$8`.
fn filtered<'a>(read: &Read, sql: &str, filter: &BinFilter) -> Filtered<'a> {
    let patterns: Vec<String> = filter.words.iter().map(|word| contains_pattern(word)).collect();
    diesel::sql_query(sql)
        .into_boxed()
        .bind::<SqlUuid, _>(read.account().0)
        .bind::<Timestamptz, _>(read.now())
        .bind::<Nullable<SqlUuid>, _>(filter.id)
        .bind::<Nullable<SqlUuid>, _>(filter.deletion_id)
        .bind::<Nullable<Timestamptz>, _>(filter.deleted_before)
        .bind::<Nullable<Timestamptz>, _>(filter.deleted_after)
        .bind::<Nullable<Text>, _>(filter.deleted_by.clone())
        .bind::<Array<Text>, _>(patterns)
}
