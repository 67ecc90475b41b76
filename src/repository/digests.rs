//! What leaves the recycle bin soon, and which accounts are to be told.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Sweep, Tx};
use crate::domain::actor::AccountId;
use crate::domain::digest::{Digest, Period};
use crate::domain::entity::BinKind;
use crate::domain::error::Result;

#[derive(QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
}

/// An account whose digest for the current period is to be decided on: something that was deleted before the period
/// began may leave the bin before its end, and an admin is known.
pub fn undecided_account(sweep: &mut Sweep) -> Result<Option<AccountId>> {
    let now = sweep.now();
    let (Some(week), Some(day)) = (Digest::Weekly.period(now), Digest::Daily.period(now)) else { return Ok(None) };
    let row: Option<AccountRow> = diesel::sql_query(
        "SELECT d.account_id FROM deletions AS d LEFT JOIN account_settings AS s ON s.account_id = d.account_id \
         CROSS JOIN LATERAL (SELECT $2::date, $3::timestamptz, $4::timestamptz \
           WHERE coalesce(s.digest, 'weekly') = 'weekly' \
           UNION ALL SELECT $5, $6, $7 WHERE s.digest = 'daily') AS p(day, start, until) \
         WHERE d.first_purge_at > $1 AND d.first_purge_at <= greatest($4, $7) \
         AND d.first_purge_at <= p.until AND d.requested_at < p.start \
         AND NOT EXISTS (SELECT FROM digest_periods AS g WHERE g.account_id = d.account_id AND g.period >= p.day) \
         AND EXISTS (SELECT FROM known_admins AS a WHERE a.account_id = d.account_id) LIMIT 1",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Date, _>(week.day)
    .bind::<Timestamptz, _>(week.start)
    .bind::<Timestamptz, _>(week.until)
    .bind::<Date, _>(day.day)
    .bind::<Timestamptz, _>(day.start)
    .bind::<Timestamptz, _>(day.until)
    .get_result(sweep.conn)
    .optional()?;
    Ok(row.map(|row| AccountId(row.account_id)))
}

/// Takes the decision on this period's digest: true for one caller alone, whichever node it is on.
pub fn begin_period(tx: &mut Tx, period: Period) -> Result<bool> {
    let begun = diesel::sql_query(
        "INSERT INTO digest_periods (account_id, period) VALUES ($1, $2) ON CONFLICT (account_id) \
         DO UPDATE SET period = excluded.period WHERE digest_periods.period < excluded.period",
    )
    .bind::<SqlUuid, _>(tx.account().0)
    .bind::<Date, _>(period.day)
    .execute(tx.conn)?;
    Ok(begun == 1)
}

/// Records of one kind that one deletion took and that leave soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingDeletion {
    pub deletion_id: Uuid,
    pub kind: BinKind,
    pub records: i64,
    /// When the first of them leaves.
    pub first_leaves_at: DateTime<Utc>,
    pub requested_at: DateTime<Utc>,
    pub deleted_by: String,
    pub deleted_by_name: Option<String>,
    pub reason: Option<String>,
}

#[derive(QueryableByName)]
struct LeavingRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: Word<BinKind>,
    #[diesel(sql_type = BigInt)]
    records: i64,
    #[diesel(sql_type = Timestamptz)]
    first: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    requested_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    deleted_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    deleted_by_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
}

impl From<LeavingRow> for LeavingDeletion {
    fn from(row: LeavingRow) -> Self {
        Self {
            deletion_id: row.id,
            kind: row.kind.0,
            records: row.records,
            first_leaves_at: row.first,
            requested_at: row.requested_at,
            deleted_by: row.deleted_by,
            deleted_by_name: row.deleted_by_name,
            reason: row.reason,
        }
    }
}

/// The records in the bin that leave after `$2` and until `$3`, by deletion and kind.
fn leaving() -> String {
    let branches: Vec<String> = BinKind::ALL
        .iter()
        .map(|kind| {
            format!(
                "SELECT t.deletion_id AS id, '{kind}' AS kind, count(*) AS records, min(t.purge_at) AS first \
                 FROM deletions AS d JOIN {table} AS t ON t.account_id = d.account_id AND t.deletion_id = d.id \
                 AND t.deleted_at IS NOT NULL AND t.purge_at > $2 AND t.purge_at <= $3 \
                 WHERE d.account_id = $1 AND d.first_purge_at <= $3 GROUP BY t.deletion_id",
                kind = kind.as_str(),
                table = kind.table(),
            )
        })
        .collect();
    branches.join(" UNION ALL ")
}

#[derive(QueryableByName)]
struct TotalRow {
    #[diesel(sql_type = Text)]
    kind: Word<BinKind>,
    #[diesel(sql_type = BigInt)]
    records: i64,
    #[diesel(sql_type = BigInt)]
    deletions: i64,
}

/// What leaves the bin until a certain time: records by kind, and from how many deletions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingTotals {
    /// Kinds of which nothing leaves are absent.
    pub records: Vec<(BinKind, i64)>,
    pub deletions: i64,
}

/// What leaves the bin until `until`, in numbers.
pub fn totals(read: &mut Read, until: DateTime<Utc>) -> Result<LeavingTotals> {
    let sql = format!(
        "SELECT kind, sum(records)::bigint AS records, count(*) AS deletions FROM ({}) AS leaving GROUP BY kind",
        leaving()
    );
    let rows: Vec<TotalRow> = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(read.account().0)
        .bind::<Timestamptz, _>(read.now())
        .bind::<Timestamptz, _>(until)
        .load(read.conn)?;
    let of = |kind: BinKind| rows.iter().find(|row| row.kind.0 == kind).map(|row| (kind, row.records));
    Ok(LeavingTotals {
        records: BinKind::ALL.into_iter().filter_map(of).collect(),
        deletions: rows.iter().map(|row| row.deletions).sum(),
    })
}

/// The deletions of which most leaves until `until`, the largest first.
pub fn largest(read: &mut Read, until: DateTime<Utc>, limit: i64) -> Result<Vec<LeavingDeletion>> {
    let sql = format!(
        "SELECT l.id, l.kind, l.records, l.first, d.requested_at, d.deleted_by, d.deleted_by_name, d.reason \
         FROM ({}) AS l JOIN deletions AS d ON d.account_id = $1 AND d.id = l.id \
         ORDER BY l.records DESC, l.first, l.id LIMIT $4",
        leaving()
    );
    let rows: Vec<LeavingRow> = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(read.account().0)
        .bind::<Timestamptz, _>(read.now())
        .bind::<Timestamptz, _>(until)
        .bind::<BigInt, _>(limit)
        .load(read.conn)?;
    Ok(rows.into_iter().map(LeavingDeletion::from).collect())
}
