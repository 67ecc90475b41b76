//! Removing records for good: the links of the catalogue by their fates, then the rows.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::binned_keys;
use super::db::{Sweep, Tx};
use super::idempotency;
use super::recycle_bin::{self, LockedRow};
use super::schema::{bulk_actions, deletions};
use crate::domain::actor::AccountId;
use crate::domain::entity::{BinKind, RecordKind};
use crate::domain::error::Result;
use crate::domain::link_catalogue::{Link, PurgeFate, links_to};

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Purges binned rows that this transaction has locked: deals in the bin go with their customer, tickets are emptied,
/// links go, stored answers that tell of any of them are forgotten, and so are the fingerprints of their keys.
pub fn purge_locked(tx: &mut Tx, kind: BinKind, rows: &[LockedRow]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    purge_rows(tx, kind, &ids)?;
    kind.record().map_or(Ok(()), |kind| binned_keys::forget(tx, kind, rows))
}

fn purge_rows(tx: &mut Tx, kind: BinKind, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    if let Some(record) = kind.record() {
        purge_links(tx, record, ids)?;
    }
    idempotency::forget_naming(tx, ids)?;
    run(tx, &format!("DELETE FROM {} WHERE account_id = $1 AND id = ANY($2)", kind.table()), ids)
}

fn purge_links(tx: &mut Tx, target: RecordKind, ids: &[Uuid]) -> Result<()> {
    let no_deals = hold_deals(tx, target, ids)?;
    for link in links_to(target) {
        let Link { table, column, .. } = link;
        if link.in_bin && no_deals {
            continue;
        }
        match link.fate {
            PurgeFate::None => {}
            PurgeFate::PurgeLinked => {
                let deals = binned_through(tx, link, ids)?;
                purge_rows(tx, BinKind::Deal, &deals)?;
            }
            PurgeFate::Clear => run(
                tx,
                &format!(
                    "UPDATE {table} SET {column} = NULL, version = version + 1 \
                     WHERE account_id = $1 AND {column} = ANY($2)"
                ),
                ids,
            )?,
            PurgeFate::Anonymise => anonymise(tx, link, ids)?,
            PurgeFate::RemoveLink => {
                // Held in one order first: a purge of the links' other ends may run at the same time.
                let of_ids = format!("FROM {table} WHERE account_id = $1 AND {column} = ANY($2)");
                run(tx, &format!("SELECT {of_ids} ORDER BY contact_id, company_id FOR UPDATE"), ids)?;
                run(tx, &format!("DELETE {of_ids}"), ids)?;
            }
        }
    }
    Ok(())
}

/// Locks every deal in the bin that the purge of `ids` touches, in id order: other purges may touch the same ones. Whether
/// there is none, and so will be none while `ids` are locked: no live deal points at them.
fn hold_deals(tx: &mut Tx, target: RecordKind, ids: &[Uuid]) -> Result<bool> {
    let mut deals = BTreeSet::new();
    for link in links_to(target).filter(|link| link.in_bin) {
        deals.extend(binned_through(tx, link, ids)?);
    }
    let deals: Vec<Uuid> = deals.into_iter().collect();
    recycle_bin::lock(tx, BinKind::Deal, &deals)?;
    Ok(deals.is_empty())
}

fn binned_through(tx: &mut Tx, link: &Link, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let sql = format!(
        "SELECT {} AS id FROM {} WHERE account_id = $1 AND {} = ANY($2)",
        link.linked_id, link.table, link.column
    );
    let rows: Vec<IdRow> =
        diesel::sql_query(sql).bind::<SqlUuid, _>(tx.account().0).bind::<Array<SqlUuid>, _>(ids).load(tx.conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// The ticket stays as a number in somebody's statistics; nothing in it tells of anyone.
fn anonymise(tx: &mut Tx, link: &Link, ids: &[Uuid]) -> Result<()> {
    let sql = format!(
        "UPDATE {table} SET {column} = NULL, subject = '', description = NULL, external_id = NULL, \
         anonymised_at = $3, updated_at = $3, version = version + 1 WHERE account_id = $1 AND {column} = ANY($2) \
         RETURNING id",
        table = link.table,
        column = link.column
    );
    let emptied: Vec<IdRow> = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Timestamptz, _>(tx.now())
        .load(tx.conn)?;
    let emptied: Vec<Uuid> = emptied.into_iter().map(|row| row.id).collect();
    if emptied.is_empty() { Ok(()) } else { idempotency::forget_naming(tx, &emptied) }
}

fn run(tx: &mut Tx, sql: &str, ids: &[Uuid]) -> Result<()> {
    diesel::sql_query(sql).bind::<SqlUuid, _>(tx.account().0).bind::<Array<SqlUuid>, _>(ids).execute(tx.conn)?;
    Ok(())
}

/// A deletion of which something is past its `purge_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDeletion {
    pub account: AccountId,
    pub id: Uuid,
}

/// The deletion that has been due for longest.
pub fn due_deletion(sweep: &mut Sweep) -> Result<Option<DueDeletion>> {
    let row: Option<(Uuid, Uuid)> = deletions::table
        .filter(deletions::first_purge_at.le(sweep.now()))
        .order(deletions::first_purge_at)
        .select((deletions::account_id, deletions::id))
        .first(sweep.conn)
        .optional()?;
    Ok(row.map(|(account, id)| DueDeletion { account: AccountId(account), id }))
}

/// Holds a deletion for purging; false when another process has it.
pub fn hold_deletion(tx: &mut Tx, id: Uuid) -> Result<bool> {
    let held: Option<Uuid> = deletions::table
        .find((tx.account().0, id))
        .filter(deletions::first_purge_at.le(tx.now()))
        .select(deletions::id)
        .for_update()
        .skip_locked()
        .first(tx.conn)
        .optional()?;
    Ok(held.is_some())
}

/// Up to `limit` ids of a deletion that are past their `purge_at`.
pub fn due_ids(tx: &mut Tx, kind: BinKind, deletion_id: Uuid, limit: i32) -> Result<Vec<Uuid>> {
    let sql = format!(
        "SELECT id FROM {} WHERE account_id = $1 AND deletion_id = $2 AND deleted_at IS NOT NULL AND purge_at <= $3 \
         ORDER BY id LIMIT $4",
        kind.table()
    );
    let rows: Vec<IdRow> = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<SqlUuid, _>(deletion_id)
        .bind::<Timestamptz, _>(tx.now())
        .bind::<Integer, _>(limit)
        .load(tx.conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(QueryableByName)]
struct FirstPurge {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    first: Option<DateTime<Utc>>,
}

/// Sets when the rest of a held deletion is due; a deletion of which nothing is left in the bin is
/// forgotten, unless its action still runs: then it is looked at again in an hour, for a chunk that has not committed
/// is not seen here.
pub fn settle_deletion(tx: &mut Tx, id: Uuid) -> Result<()> {
    // Asked first: when the action has ended, the next statement sees all that it did.
    let runs_on: bool = diesel::select(diesel::dsl::exists(
        bulk_actions::table.find((tx.account().0, id)).filter(bulk_actions::finished_at.is_null()),
    ))
    .get_result(tx.conn)?;
    let first = first_in_bin(tx, id)?.or_else(|| runs_on.then(|| tx.now() + TimeDelta::hours(1)));
    let deletion = deletions::table.find((tx.account().0, id));
    if first.is_none() {
        diesel::delete(deletion).execute(tx.conn)?;
    } else {
        diesel::update(deletion).set(deletions::first_purge_at.eq(first)).execute(tx.conn)?;
    }
    Ok(())
}

/// When the first record that a deletion still has in the bin is due.
fn first_in_bin(tx: &mut Tx, deletion_id: Uuid) -> Result<Option<DateTime<Utc>>> {
    let branches: Vec<String> = BinKind::ALL
        .iter()
        .map(|kind| {
            format!(
                "SELECT min(purge_at) AS first FROM {} \
                 WHERE account_id = $1 AND deletion_id = $2 AND deleted_at IS NOT NULL",
                kind.table()
            )
        })
        .collect();
    let left: FirstPurge =
        diesel::sql_query(format!("SELECT min(first) AS first FROM ({}) AS left_over", branches.join(" UNION ALL ")))
            .bind::<SqlUuid, _>(tx.account().0)
            .bind::<SqlUuid, _>(deletion_id)
            .get_result(tx.conn)?;
    Ok(left.first)
}

/// Reduces ended actions that are past their `DETAILS_KEPT_DAYS` to their counts; gives the number of actions.
pub fn expire_details(sweep: &mut Sweep, ended_before: DateTime<Utc>, limit: i64) -> Result<usize> {
    let actions: Vec<ExpiredAction> = diesel::sql_query(
        "UPDATE bulk_actions SET target = '{}', reason = NULL, requester = '{}', options = options - 'tags', \
         approval = approval #- '{decided_by,name}' #- '{reason}' WHERE (account_id, id) IN (\
         SELECT account_id, id FROM bulk_actions WHERE finished_at <= $1 AND target <> '{}' \
         ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING account_id, id",
    )
    .bind::<Timestamptz, _>(ended_before)
    .bind::<BigInt, _>(limit)
    .load(sweep.conn)?;
    for action in &actions {
        for sql in [
            "DELETE FROM bulk_action_chunks WHERE account_id = $1 AND action_id = $2",
            "DELETE FROM bulk_action_exceptions WHERE account_id = $1 AND action_id = $2",
            "DELETE FROM outbox WHERE account_id = $1 AND action_id = $2",
            "UPDATE deletions SET reason = NULL WHERE account_id = $1 AND id = $2",
            // It took nothing, so no purge will ever settle it.
            "DELETE FROM deletions WHERE account_id = $1 AND id = $2 AND first_purge_at IS NULL",
        ] {
            diesel::sql_query(sql)
                .bind::<SqlUuid, _>(action.account_id)
                .bind::<SqlUuid, _>(action.id)
                .execute(sweep.conn)?;
        }
    }
    Ok(actions.len())
}

#[derive(QueryableByName)]
struct ExpiredAction {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}
