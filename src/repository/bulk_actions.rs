//! Bulk actions: the row of each, its life from queued to ended.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::dsl::not;
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::approvals::overdue;
use super::column_types::{Json, Word};
use super::db::{Read, Tx};
use super::schema::bulk_actions;
use crate::domain::actor::Actor;
use crate::domain::approval::Approval;
use crate::domain::bulk_action::{
    Action, ActionStatus, BulkAction, Counts, Notify, Options, Origin, OriginKind, Outcome, Requester, Tally,
    TargetSummary,
};
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, Result};
use crate::domain::page::{Page, PageRequest};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = bulk_actions, check_for_backend(diesel::pg::Pg))]
struct ActionRow {
    account_id: Uuid,
    id: Uuid,
    action: Word<Action>,
    entity: Word<BinKind>,
    status: Word<ActionStatus>,
    options: Json<Options>,
    notify: Word<Notify>,
    reason: Option<String>,
    target: Value,
    origin_kind: Option<Word<OriginKind>>,
    origin_action_id: Option<Uuid>,
    requested_by: String,
    requester: Json<Requester>,
    retention_days: i32,
    chunks_total: i32,
    chunks_done: i32,
    #[diesel(embed)]
    counted: CountColumns,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    restorable_until: Option<DateTime<Utc>>,
    failure: Option<String>,
    approval: Option<Json<Approval>>,
}

/// The columns that an action's counts are made of.
#[derive(Debug, Clone, Default, Queryable, Selectable, Insertable)]
#[diesel(table_name = bulk_actions, check_for_backend(diesel::pg::Pg))]
pub(super) struct CountColumns {
    matched: i64,
    succeeded: i64,
    blocked: i64,
    gone: i64,
    conflict: i64,
    changed: i64,
    unchanged: i64,
    deactivated: i64,
    reactivated: i64,
}

impl CountColumns {
    /// `main` is the outcome of a record with which the action succeeded.
    pub(super) fn counts(&self, main: Outcome) -> Counts {
        let of = |outcome: Outcome| if main == outcome { self.succeeded } else { 0 };
        let processed = self.succeeded
            + self.blocked
            + self.gone
            + self.conflict
            + self.changed
            + self.unchanged
            + self.deactivated
            + self.reactivated;
        Counts {
            matched: self.matched,
            processed,
            deleted: of(Outcome::Deleted),
            restored: of(Outcome::Restored),
            purged: of(Outcome::Purged),
            deactivated: of(Outcome::Deactivated) + self.deactivated,
            reactivated: of(Outcome::Reactivated) + self.reactivated,
            tagged: of(Outcome::Tagged),
            untagged: of(Outcome::Untagged),
            blocked: self.blocked,
            gone: self.gone,
            conflict: self.conflict,
            changed: self.changed,
            unchanged: self.unchanged,
            not_processed: self.matched - processed,
        }
    }
}

impl ActionRow {
    fn into_action(self) -> Result<BulkAction> {
        let target: TargetSummary =
            serde_json::from_value(self.target).map_err(|error| Error::Internal(error.to_string()))?;
        let (action, options) = (self.action.0, self.options.0);
        let origin = self.origin_kind.zip(self.origin_action_id);
        let counts = self.counted.counts(action.main_outcome(options.inverse_of));
        Ok(BulkAction {
            id: self.id,
            action,
            entity: self.entity.0,
            status: self.status.0,
            options,
            notify: self.notify.0,
            reason: self.reason,
            target,
            origin: origin.map(|(kind, action_id)| Origin { kind: kind.0, action_id }),
            requested_by: self.requested_by,
            requester: self.requester.0,
            retention_days: self.retention_days,
            counts,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            restorable_until: self.restorable_until,
            failure: self.failure,
            approval: self.approval.map(|approval| approval.0),
        })
    }
}

/// What a new action is made of.
#[derive(Debug, Clone)]
pub struct NewAction {
    pub action: Action,
    pub entity: BinKind,
    pub options: Options,
    pub notify: Notify,
    pub reason: Option<String>,
    pub target: TargetSummary,
    pub origin: Option<Origin>,
    pub retention_days: i32,
}

/// Writes the action as queued and still without a frozen set.
pub fn insert(tx: &mut Tx, actor: &Actor, new: NewAction) -> Result<Uuid> {
    let target = serde_json::to_value(&new.target).map_err(|error| Error::Internal(error.to_string()))?;
    let row = ActionRow {
        account_id: tx.account().0,
        id: tx.new_id(),
        action: Word(new.action),
        entity: Word(new.entity),
        status: Word(ActionStatus::Queued),
        options: Json(new.options),
        notify: Word(new.notify),
        reason: new.reason,
        target,
        origin_kind: new.origin.map(|origin| Word(origin.kind)),
        origin_action_id: new.origin.map(|origin| origin.action_id),
        requested_by: actor.user_id.clone(),
        requester: Json(Requester {
            email: actor.email.clone(),
            name: actor.name.clone(),
            locale: actor.locale.clone(),
        }),
        retention_days: new.retention_days,
        chunks_total: 0,
        chunks_done: 0,
        counted: CountColumns::default(),
        created_at: tx.now(),
        started_at: None,
        finished_at: None,
        restorable_until: None,
        failure: None,
        approval: None,
    };
    diesel::insert_into(bulk_actions::table).values(&row).execute(tx.conn)?;
    Ok(row.id)
}

/// Sets the size of the frozen set.
pub fn set_matched(tx: &mut Tx, id: Uuid, matched: i64, chunks: i32) -> Result<()> {
    diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .set((bulk_actions::matched.eq(matched), bulk_actions::chunks_total.eq(chunks)))
        .execute(tx.conn)?;
    Ok(())
}

pub fn find(read: &mut Read, id: Uuid) -> Result<Option<BulkAction>> {
    let row =
        bulk_actions::table.find((read.account().0, id)).select(ActionRow::as_select()).first(read.conn).optional()?;
    row.map(|row: ActionRow| Ok(row.into_action()?.as_of(read.now()))).transpose()
}

/// Those of `ids` that exist.
pub fn find_several(read: &mut Read, ids: &[Uuid]) -> Result<BTreeMap<Uuid, BulkAction>> {
    let rows: Vec<ActionRow> = bulk_actions::table
        .filter(bulk_actions::account_id.eq(read.account().0))
        .filter(bulk_actions::id.eq_any(ids))
        .select(ActionRow::as_select())
        .load(read.conn)?;
    rows.into_iter().map(|row| Ok((row.id, row.into_action()?.as_of(read.now())))).collect()
}

/// As [`find`], and holds the row against other verbs on the action.
pub fn find_for_update(tx: &mut Tx, id: Uuid) -> Result<Option<BulkAction>> {
    let row = bulk_actions::table
        .find((tx.account().0, id))
        .select(ActionRow::as_select())
        .for_no_key_update()
        .first(tx.conn)
        .optional()?;
    row.map(|row: ActionRow| Ok(row.into_action()?.as_of(tx.now()))).transpose()
}

/// The action of this kind that was made from `id`, if there is one.
pub fn successor(read: &mut Read, id: Uuid, kind: OriginKind) -> Result<Option<Uuid>> {
    Ok(bulk_actions::table
        .filter(bulk_actions::account_id.eq(read.account().0))
        .filter(bulk_actions::origin_action_id.eq(id))
        .filter(bulk_actions::origin_kind.eq(Word(kind)))
        .select(bulk_actions::id)
        .first(read.conn)
        .optional()?)
}

/// Which actions a list shows.
#[derive(Debug, Clone, Default)]
pub struct ActionFilter {
    pub requested_by: Option<String>,
    pub status: Option<ActionStatus>,
    pub action: Option<Action>,
}

/// Newest first.
pub fn list(read: &mut Read, filter: &ActionFilter, page: &PageRequest<Uuid>) -> Result<Page<BulkAction>> {
    let (account, now) = (read.account().0, read.now());
    let status_is = |status: ActionStatus| bulk_actions::status.eq(Word(status));
    let filtered = || {
        let mut query = bulk_actions::table.filter(bulk_actions::account_id.eq(account)).into_boxed();
        if let Some(user) = &filter.requested_by {
            query = query.filter(bulk_actions::requested_by.eq(user));
        }
        if let Some(status) = filter.status {
            query = match status {
                ActionStatus::AwaitingApproval => query.filter(status_is(status)).filter(not(overdue(now))),
                ActionStatus::Lapsed => {
                    query.filter(status_is(status).or(status_is(ActionStatus::AwaitingApproval).and(overdue(now))))
                }
                status => query.filter(status_is(status)),
            };
        }
        if let Some(action) = filter.action {
            query = query.filter(bulk_actions::action.eq(Word(action)));
        }
        query
    };
    let mut query = filtered();
    if let Some(after) = page.after {
        query = query.filter(bulk_actions::id.lt(after));
    }
    let rows: Vec<ActionRow> =
        query.order(bulk_actions::id.desc()).limit(page.fetch()).select(ActionRow::as_select()).load(read.conn)?;
    let total = if page.with_total { Some(filtered().count().get_result(read.conn)?) } else { None };
    let as_it_stands = |row: ActionRow| Ok(row.into_action()?.as_of(now));
    let actions = rows.into_iter().map(as_it_stands).collect::<Result<Vec<_>>>()?;
    page.page(actions, total, |action| action.id)
}

/// Adds the counts of finished chunks: the last statement of their transaction, so the row is held only for the commit.
///
/// `None` when the action has ended meanwhile: then nothing of the chunks may stay. The action comes back completed
/// when these were its last.
pub fn add_tally(tx: &mut Tx, id: Uuid, tally: &Tally, purge_at: Option<DateTime<Utc>>) -> Result<Option<BulkAction>> {
    use diesel::dsl::sql;
    use diesel::sql_types::{Integer, Nullable, Text, Timestamptz};
    let now = tx.now();
    let last = || sql::<Text>("CASE WHEN chunks_done + ").bind::<Integer, _>(tally.chunks).sql(" = chunks_total THEN ");
    let finished = sql::<Nullable<Timestamptz>>("CASE WHEN chunks_done + ")
        .bind::<Integer, _>(tally.chunks)
        .sql(" = chunks_total THEN ")
        .bind::<Timestamptz, _>(now)
        .sql(" END");
    diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .filter(bulk_actions::status.eq_any([Word(ActionStatus::Queued), Word(ActionStatus::Running)]))
        .set((
            bulk_actions::chunks_done.eq(bulk_actions::chunks_done + tally.chunks),
            bulk_actions::succeeded.eq(bulk_actions::succeeded + tally.succeeded),
            bulk_actions::blocked.eq(bulk_actions::blocked + tally.blocked),
            bulk_actions::gone.eq(bulk_actions::gone + tally.gone),
            bulk_actions::conflict.eq(bulk_actions::conflict + tally.conflict),
            bulk_actions::changed.eq(bulk_actions::changed + tally.changed),
            bulk_actions::unchanged.eq(bulk_actions::unchanged + tally.unchanged),
            bulk_actions::deactivated.eq(bulk_actions::deactivated + tally.deactivated),
            bulk_actions::reactivated.eq(bulk_actions::reactivated + tally.reactivated),
            bulk_actions::status.eq(last().sql("'completed' ELSE 'running' END")),
            bulk_actions::started_at.eq(sql("least(started_at, ").bind::<Timestamptz, _>(now).sql(")")),
            bulk_actions::finished_at.eq(finished),
            bulk_actions::restorable_until
                .eq(sql("least(restorable_until, ").bind::<Nullable<Timestamptz>, _>(purge_at).sql(")")),
        ))
        .returning(ActionRow::as_returning())
        .get_result(tx.conn)
        .optional()?
        .map(ActionRow::into_action)
        .transpose()
}

/// Counts a chunk of an all-or-nothing action as looked through, with the blocked records found in it. Gives the action
/// and whether this was the last chunk; `None` when it has ended meanwhile.
pub fn add_rehearsed(tx: &mut Tx, id: Uuid, blocked: i64) -> Result<Option<(BulkAction, bool)>> {
    let row: Option<ActionRow> = diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .filter(bulk_actions::status.eq_any([Word(ActionStatus::Queued), Word(ActionStatus::Running)]))
        .set((
            bulk_actions::chunks_done.eq(bulk_actions::chunks_done + 1),
            bulk_actions::blocked.eq(bulk_actions::blocked + blocked),
            bulk_actions::status.eq(Word(ActionStatus::Running)),
            bulk_actions::started_at.eq(diesel::dsl::sql("least(started_at, ")
                .bind::<diesel::sql_types::Timestamptz, _>(tx.now())
                .sql(")")),
        ))
        .returning(ActionRow::as_returning())
        .get_result(tx.conn)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let last = row.chunks_done == row.chunks_total;
    Ok(Some((row.into_action()?, last)))
}

/// Sets an all-or-nothing action that was looked through back to its first chunk, for the pass that deletes.
pub fn restart_chunks(tx: &mut Tx, id: Uuid) -> Result<()> {
    diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .set(bulk_actions::chunks_done.eq(0))
        .execute(tx.conn)?;
    Ok(())
}

/// Adds blocked records that came up after an all-or-nothing action was looked through.
pub fn add_blocked(tx: &mut Tx, id: Uuid, blocked: i64) -> Result<()> {
    diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .set(bulk_actions::blocked.eq(bulk_actions::blocked + blocked))
        .execute(tx.conn)?;
    Ok(())
}

/// Ends the action before its last chunk, or without any. `None` when it has ended already.
pub fn end(tx: &mut Tx, id: Uuid, status: ActionStatus, failure: Option<&str>) -> Result<Option<BulkAction>> {
    diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .filter(bulk_actions::status.eq_any([
            Word(ActionStatus::AwaitingApproval),
            Word(ActionStatus::Queued),
            Word(ActionStatus::Running),
        ]))
        .set((
            bulk_actions::status.eq(Word(status)),
            bulk_actions::finished_at.eq(tx.now()),
            bulk_actions::failure.eq(failure),
        ))
        .returning(ActionRow::as_returning())
        .get_result(tx.conn)
        .optional()?
        .map(ActionRow::into_action)
        .transpose()
}
