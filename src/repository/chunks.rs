//! Frozen sets: an array of ids a chunk, claimed, worked on and finished in one transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Integer, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::column_types::Json;
use super::db::{Sweep, Tx};
use super::recycle_bin::{BinFilter, ids_in_bin};
use super::schema::{bulk_action_chunks, bulk_action_exceptions, companies, contacts};
use super::segment_query::{company_filter, contact_filter};
use crate::domain::actor::AccountId;
use crate::domain::bulk_action::{CHUNK_SIZE, Exception, Outcome};
use crate::domain::entity::{BinKind, RecordKind};
use crate::domain::error::{Error, Result};
use crate::domain::segment::Condition;

/// Stores what a query of numbers and sorted ids gives as the chunks of an action; gives the length of each chunk.
struct Freeze<Q> {
    account: AccountId,
    action_id: Uuid,
    now: DateTime<Utc>,
    /// It comes first, so it may number its own parameters.
    chunks: Q,
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Freeze<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("WITH chunk(number, ids) AS (");
        self.chunks.walk_ast(out.reborrow())?;
        out.push_sql(") INSERT INTO bulk_action_chunks ");
        out.push_sql("(account_id, action_id, number, ids, state, attempts, next_attempt_at) SELECT ");
        out.push_bind_param::<SqlUuid, _>(&self.account.0)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlUuid, _>(&self.action_id)?;
        out.push_sql(", number, ids, 'pending', 0, ");
        out.push_bind_param::<Timestamptz, _>(&self.now)?;
        out.push_sql(" FROM chunk RETURNING cardinality(ids)");
        Ok(())
    }
}

impl<Q> Query for Freeze<Q> {
    type SqlType = Integer;
}

impl<Q> QueryId for Freeze<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> RunQueryDsl<PgConnection> for Freeze<Q> {}

/// The size of a frozen set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrozenSet {
    pub matched: i64,
    pub chunks: i32,
}

fn freeze_chunks(tx: &mut Tx, action_id: Uuid, chunks: impl QueryFragment<Pg>) -> Result<FrozenSet> {
    let query = Freeze { account: tx.account(), action_id, now: tx.now(), chunks };
    let lengths: Vec<i32> = query.load(tx.conn)?;
    let chunks = i32::try_from(lengths.len()).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(FrozenSet { matched: lengths.into_iter().map(i64::from).sum(), chunks })
}

/// The ids that a query gives in id order, cut into as few chunks as there can be, of equal length: with a short one at
/// the end, workers wait for each other longer.
struct Cut<Q>(Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Cut<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH matched AS MATERIALIZED (SELECT array_agg(id) AS ids FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS found(id)) SELECT (first - 1) / size, ids[first : first + size - 1] ");
        out.push_sql("FROM (SELECT ids, ceil(cardinality(ids) / ceil(cardinality(ids) / ");
        out.push_bind_param::<Integer, _>(&CHUNK_SIZE)?;
        out.push_sql("::float8))::integer AS size FROM matched) AS sized, ");
        out.push_sql("generate_series(1, cardinality(ids), size) AS first");
        Ok(())
    }
}

/// Freezes the ids that `matched` selects, which must come in id order, as the set of the action.
fn freeze(tx: &mut Tx, action_id: Uuid, matched: impl QueryFragment<Pg>) -> Result<FrozenSet> {
    freeze_chunks(tx, action_id, Cut(matched))
}

/// Freezes the live records that a segment or inline rules describe.
pub fn freeze_matching(tx: &mut Tx, action_id: Uuid, kind: RecordKind, condition: &Condition) -> Result<FrozenSet> {
    let (account, now) = (tx.account(), tx.now());
    match kind {
        RecordKind::Contact => {
            let matched = contacts::table
                .filter(contacts::account_id.eq(account.0))
                .filter(contacts::deleted_at.is_null())
                .filter(contact_filter(condition, account, now))
                .order(contacts::id)
                .select(contacts::id);
            freeze(tx, action_id, matched)
        }
        RecordKind::Company => {
            let matched = companies::table
                .filter(companies::account_id.eq(account.0))
                .filter(companies::deleted_at.is_null())
                .filter(company_filter(condition, account, now))
                .order(companies::id)
                .select(companies::id);
            freeze(tx, action_id, matched)
        }
    }
}

struct GivenIds(Vec<Uuid>);

impl QueryFragment<Pg> for GivenIds {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT DISTINCT id FROM unnest(");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.0)?;
        out.push_sql(") AS given(id) ORDER BY id");
        Ok(())
    }
}

/// Freezes a given list; doubles are dropped, ids that name nothing come out as `gone`.
pub fn freeze_ids(tx: &mut Tx, action_id: Uuid, ids: Vec<Uuid>) -> Result<FrozenSet> {
    freeze(tx, action_id, GivenIds(ids))
}

/// Freezes what lies in the bin and `filter` lets through.
pub fn freeze_bin(tx: &mut Tx, action_id: Uuid, kind: BinKind, filter: &BinFilter) -> Result<FrozenSet> {
    let matched = ids_in_bin(tx, kind, filter);
    freeze(tx, action_id, matched)
}

/// `select` from the chunks `c` of another action and their records `r`, as far as they are of this part.
struct OfAction {
    select: &'static str,
    account: AccountId,
    action_id: Uuid,
    part: Part,
    then: &'static str,
}

impl QueryFragment<Pg> for OfAction {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.select);
        out.push_sql(" FROM bulk_action_chunks AS c CROSS JOIN LATERAL unnest(c.ids) AS r(id) ");
        out.push_sql("LEFT JOIN bulk_action_exceptions AS e ON e.account_id = c.account_id ");
        out.push_sql("AND e.action_id = c.action_id AND e.record_id = r.id WHERE c.account_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.account.0)?;
        out.push_sql(" AND c.action_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.action_id)?;
        out.push_sql(match self.part {
            Part::All => "",
            Part::Blocked => " AND e.outcome = 'blocked'",
            Part::Changed => " AND c.state = 'done' AND coalesce(e.outcome, 'deactivated') = 'deactivated'",
        });
        out.push_sql(self.then);
        Ok(())
    }
}

/// Which records of another action's frozen set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    All,
    Blocked,
    /// Those that the action changed: its successes, and what it deactivated instead of deleting.
    Changed,
}

/// Freezes a part of another action's frozen set, with the borders of its chunks: so each chunk of an undo brings back
/// just those that one chunk deleted, whose fingerprints then go as a whole. Only what was blocked is cut anew, for it may
/// be few of many.
pub fn freeze_part(tx: &mut Tx, action_id: Uuid, of_action: Uuid, part: Part) -> Result<FrozenSet> {
    let of_action = |select, then| OfAction { select, account: tx.account(), action_id: of_action, part, then };
    if part == Part::Blocked {
        let matched = of_action("SELECT r.id", " ORDER BY r.id");
        return freeze(tx, action_id, matched);
    }
    let numbered_anew = "SELECT row_number() OVER (ORDER BY c.number)::integer - 1, array_agg(r.id ORDER BY r.id)";
    let chunks = of_action(numbered_anew, " GROUP BY c.number");
    freeze_chunks(tx, action_id, chunks)
}

/// A chunk that this transaction holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub action_id: Uuid,
    pub number: i32,
    pub ids: Vec<Uuid>,
    /// Of a restore: the records of the chunk that leave their `external_id` to a twin in the set, and to which.
    pub twins: BTreeMap<Uuid, Uuid>,
}

/// The next account after `after`, in a circle, that has chunks due.
pub fn account_with_due(sweep: &mut Sweep, after: Option<AccountId>) -> Result<Option<AccountId>> {
    let now = sweep.now();
    let mut first_due = |beyond: Option<AccountId>| -> Result<Option<Uuid>> {
        let mut due = bulk_action_chunks::table
            .filter(bulk_action_chunks::state.eq(sql::<Text>("'pending'")))
            .filter(bulk_action_chunks::next_attempt_at.le(now))
            .order(bulk_action_chunks::account_id)
            .select(bulk_action_chunks::account_id)
            .into_boxed();
        if let Some(beyond) = beyond {
            due = due.filter(bulk_action_chunks::account_id.gt(beyond.0));
        }
        Ok(due.first(sweep.conn).optional()?)
    };
    let found = match (first_due(after)?, after) {
        (None, Some(_)) => first_due(None)?,
        (found, _) => found,
    };
    Ok(found.map(AccountId))
}

/// Claims a due chunk of the account that no other transaction holds, the oldest action's first.
pub fn claim(tx: &mut Tx) -> Result<Option<Chunk>> {
    let row: Option<(Uuid, i32, Vec<Uuid>, Option<Vec<Uuid>>)> = bulk_action_chunks::table
        .filter(bulk_action_chunks::account_id.eq(tx.account().0))
        .filter(bulk_action_chunks::state.eq(sql::<Text>("'pending'")))
        .filter(bulk_action_chunks::next_attempt_at.le(tx.now()))
        .order((bulk_action_chunks::action_id, bulk_action_chunks::number))
        .select((
            bulk_action_chunks::action_id,
            bulk_action_chunks::number,
            bulk_action_chunks::ids,
            bulk_action_chunks::twins,
        ))
        .for_update()
        .skip_locked()
        .first(tx.conn)
        .optional()?;
    Ok(row.map(|(action_id, number, ids, pairs)| {
        let twins = pairs.unwrap_or_default().chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Chunk { action_id, number, ids, twins }
    }))
}

/// Marks a held chunk as done and keeps the records whose outcome was not the action's own.
pub fn finish(tx: &mut Tx, chunk: &Chunk, exceptions: &[Exception]) -> Result<()> {
    set_state(tx, chunk, "done")?;
    keep_exceptions(tx, chunk.action_id, exceptions)
}

/// Marks a held chunk of an all-or-nothing action as looked through and keeps what is blocked in it.
pub fn finish_rehearsal(tx: &mut Tx, chunk: &Chunk, blocked: &[Exception]) -> Result<()> {
    set_state(tx, chunk, "rehearsed")?;
    keep_exceptions(tx, chunk.action_id, blocked)
}

/// Takes one held chunk out of the work.
pub fn drop_one(tx: &mut Tx, chunk: &Chunk) -> Result<()> {
    set_state(tx, chunk, "dropped")
}

fn set_state(tx: &mut Tx, chunk: &Chunk, state: &str) -> Result<()> {
    diesel::update(bulk_action_chunks::table.find((tx.account().0, chunk.action_id, chunk.number)))
        .set(bulk_action_chunks::state.eq(state))
        .execute(tx.conn)?;
    Ok(())
}

/// Keeps the outcome of records whose outcome was not the action's own.
pub fn keep_exceptions(tx: &mut Tx, action_id: Uuid, exceptions: &[Exception]) -> Result<()> {
    let rows: Vec<_> = exceptions
        .iter()
        .map(|exception| {
            (
                bulk_action_exceptions::account_id.eq(tx.account().0),
                bulk_action_exceptions::action_id.eq(action_id),
                bulk_action_exceptions::record_id.eq(exception.record_id),
                bulk_action_exceptions::outcome.eq(exception.outcome.as_str()),
                bulk_action_exceptions::blockers
                    .eq((!exception.blockers.is_empty()).then_some(Json(&exception.blockers))),
                bulk_action_exceptions::conflict_with.eq(exception.conflict_with),
            )
        })
        .collect();
    diesel::insert_into(bulk_action_exceptions::table).values(rows).execute(tx.conn)?;
    Ok(())
}

/// The chunk that stands for all of an action's chunks at once, in one transaction.
pub const ALL_AT_ONCE: i32 = -1;

/// Queues the one transaction that works on all chunks of an all-or-nothing action.
pub fn queue_all_at_once(tx: &mut Tx, action_id: Uuid) -> Result<()> {
    diesel::insert_into(bulk_action_chunks::table)
        .values((
            bulk_action_chunks::account_id.eq(tx.account().0),
            bulk_action_chunks::action_id.eq(action_id),
            bulk_action_chunks::number.eq(ALL_AT_ONCE),
            bulk_action_chunks::ids.eq(Vec::<Uuid>::new()),
            bulk_action_chunks::state.eq("pending"),
            bulk_action_chunks::attempts.eq(0),
            bulk_action_chunks::next_attempt_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// The chunk after `number` of the action's frozen set.
pub fn next(tx: &mut Tx, action_id: Uuid, number: i32) -> Result<Option<Chunk>> {
    let row: Option<(i32, Vec<Uuid>)> = bulk_action_chunks::table
        .filter(bulk_action_chunks::account_id.eq(tx.account().0))
        .filter(bulk_action_chunks::action_id.eq(action_id))
        .filter(bulk_action_chunks::number.gt(number))
        .order(bulk_action_chunks::number)
        .select((bulk_action_chunks::number, bulk_action_chunks::ids))
        .first(tx.conn)
        .optional()?;
    Ok(row.map(|(number, ids)| Chunk { action_id, number, ids, twins: BTreeMap::new() }))
}

/// Those of the sorted `ids` that came out of another action as `outcome`, which is not its main one.
pub fn excepted_as(tx: &mut Tx, action_id: Uuid, ids: &[Uuid], outcome: Outcome) -> Result<Vec<Uuid>> {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(Vec::new()) };
    // A range of the index of outcomes, which mostly holds nothing, instead of each id.
    let mut excepted: Vec<Uuid> = bulk_action_exceptions::table
        .filter(bulk_action_exceptions::account_id.eq(tx.account().0))
        .filter(bulk_action_exceptions::action_id.eq(action_id))
        .filter(bulk_action_exceptions::outcome.eq(outcome.as_str()))
        .filter(bulk_action_exceptions::record_id.between(first, last))
        .order(bulk_action_exceptions::record_id)
        .select(bulk_action_exceptions::record_id)
        .load(tx.conn)?;
    excepted.retain(|id| ids.binary_search(id).is_ok());
    Ok(excepted)
}

/// Those of `ids` that are live and that the rules do not select (any more).
pub fn no_longer_matching(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], condition: &Condition) -> Result<Vec<Uuid>> {
    let (account, now) = (tx.account(), tx.now());
    macro_rules! strays {
        ($table:ident, $filter:ident) => {
            $table::table
                .filter($table::account_id.eq(account.0))
                .filter($table::id.eq_any(ids))
                .filter($table::deleted_at.is_null())
                .filter(diesel::dsl::not($filter(condition, account, now)))
                .order($table::id)
                .select($table::id)
                .load(tx.conn)?
        };
    }
    Ok(match kind {
        RecordKind::Contact => strays!(contacts, contact_filter),
        RecordKind::Company => strays!(companies, company_filter),
    })
}

/// Counts a failed attempt, backs off (1 s, doubling), and gives the number of attempts so far.
pub fn back_off(tx: &mut Tx, action_id: Uuid, number: i32) -> Result<Option<i32>> {
    let found: Option<i32> = bulk_action_chunks::table
        .find((tx.account().0, action_id, number))
        .filter(bulk_action_chunks::state.eq(sql::<Text>("'pending'")))
        .select(bulk_action_chunks::attempts)
        .for_update()
        .skip_locked()
        .first(tx.conn)
        .optional()?;
    let Some(attempts) = found.map(|attempts| attempts + 1) else { return Ok(None) };
    let delay = TimeDelta::seconds(1 << attempts.clamp(1, 6) >> 1);
    diesel::update(bulk_action_chunks::table.find((tx.account().0, action_id, number)))
        .set((bulk_action_chunks::attempts.eq(attempts), bulk_action_chunks::next_attempt_at.eq(tx.now() + delay)))
        .execute(tx.conn)?;
    Ok(Some(attempts))
}

/// Takes the chunks that nobody holds out of the work of an action that ends. One that is held finds the action ended,
/// undoes itself and is dropped when it is claimed again.
pub fn drop_unfinished(tx: &mut Tx, action_id: Uuid) -> Result<()> {
    diesel::sql_query(
        "UPDATE bulk_action_chunks SET state = 'dropped' WHERE account_id = $1 AND action_id = $2 AND number = ANY(ARRAY(\
         SELECT number FROM bulk_action_chunks WHERE account_id = $1 AND action_id = $2 AND state IN ('waiting', 'pending') \
         ORDER BY number FOR UPDATE SKIP LOCKED))",
    )
    .bind::<SqlUuid, _>(tx.account().0)
    .bind::<SqlUuid, _>(action_id)
    .execute(tx.conn)?;
    Ok(())
}
