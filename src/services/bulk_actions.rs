//! Bulk actions: accepting one with its frozen set, working on its chunks, ending it, undoing it.

use uuid::Uuid;

use super::{deletion, restoration};
use crate::domain::actor::Actor;
use crate::domain::bulk_action::{
    Action, ActionStatus, BulkAction, ChunkResult, MAX_ATTEMPTS, Notify, OnConflict, TargetSummary,
};
use crate::domain::entity::{BinKind, RecordKind};
use crate::domain::error::{Conflict, Error, Result};
use crate::domain::segment::Condition;
use crate::repository::bulk_actions::NewAction;
use crate::repository::chunks::{self, Chunk, FrozenSet};
use crate::repository::db::Tx;
use crate::repository::{bulk_actions, deletions, outbox, settings};
use restoration::RestoreRules;

/// Which records an action is for.
#[derive(Debug, Clone)]
pub enum Target {
    /// A saved segment or inline rules over live records.
    Matching {
        kind: RecordKind,
        condition: Box<Condition>,
    },
    Ids(Vec<Uuid>),
    /// What still lies in the bin of one deletion.
    Deletion(Uuid),
}

/// A request for an action, checked.
#[derive(Debug, Clone)]
pub struct ActionRequest {
    pub action: Action,
    pub entity: BinKind,
    pub target: Target,
    /// The target as it is kept and shown.
    pub summary: TargetSummary,
    pub expected_count: Option<i64>,
    pub on_conflict: OnConflict,
    pub notify: Notify,
    pub reason: Option<String>,
}

/// Accepts an action: freezes its set in this transaction. An empty set is completed at once.
///
/// # Errors
/// `ExpectedCountMismatch` when the set is not of the expected size.
pub fn accept(tx: &mut Tx, actor: &Actor, request: ActionRequest) -> Result<BulkAction> {
    let new = NewAction {
        action: request.action,
        entity: request.entity,
        on_conflict: request.on_conflict,
        notify: request.notify,
        reason: request.reason.clone(),
        target: request.summary,
        undo_of: None,
        retention_days: settings::retention_days(tx)?,
    };
    let id = bulk_actions::insert(tx, actor, new)?;
    let frozen = match request.target {
        Target::Matching { kind, condition } => chunks::freeze_matching(tx, id, kind, &condition)?,
        Target::Ids(ids) => chunks::freeze_ids(tx, id, ids)?,
        Target::Deletion(deletion) => chunks::freeze_deletion(tx, id, request.entity, deletion)?,
    };
    match request.expected_count {
        Some(expected) if expected != frozen.matched => {
            return Err(Error::conflict(Conflict::ExpectedCountMismatch { expected, matched: frozen.matched }));
        }
        _ => {}
    }
    if request.action == Action::Delete {
        deletions::insert(tx, id, actor, request.reason.as_deref(), None)?;
    }
    begin(tx, id, frozen)
}

/// A new action that takes back what `id` deleted.
///
/// # Errors
/// `ActionNotEnded`, `NotUndoable`, `NothingToUndo`, or `AlreadyUndone` with the first undo's id.
pub fn undo(tx: &mut Tx, actor: &Actor, id: Uuid, on_conflict: OnConflict) -> Result<BulkAction> {
    let origin = bulk_actions::find_for_update(tx, id)?.ok_or(Error::NotFound)?;
    if origin.action != Action::Delete {
        return Err(Error::conflict(Conflict::NotUndoable));
    }
    if !origin.status.ended() {
        return Err(Error::conflict(Conflict::ActionNotEnded));
    }
    if let Some(undo) = bulk_actions::undo_of(tx, id)? {
        return Err(Error::conflict(Conflict::AlreadyUndone { undo }));
    }
    if origin.counts.deleted == 0 {
        return Err(Error::conflict(Conflict::NothingToUndo));
    }
    let new = NewAction {
        action: Action::Restore,
        entity: origin.entity,
        on_conflict,
        notify: origin.notify,
        reason: None,
        target: TargetSummary { deletion_id: Some(id), ..TargetSummary::of_kind("undo") },
        undo_of: Some(id),
        retention_days: origin.retention_days,
    };
    let undo = bulk_actions::insert(tx, actor, new)?;
    let frozen = chunks::freeze_succeeded(tx, undo, id)?;
    begin(tx, undo, frozen)
}

fn begin(tx: &mut Tx, id: Uuid, frozen: FrozenSet) -> Result<BulkAction> {
    bulk_actions::set_matched(tx, id, frozen.matched, frozen.chunks)?;
    if frozen.matched == 0
        && let Some(ended) = bulk_actions::end(tx, id, ActionStatus::Completed, None)?
    {
        report(tx, &ended)?;
    }
    bulk_actions::find(tx, id)?.ok_or_else(|| Error::Internal("the new action is gone".to_owned()))
}

/// What came of looking for a chunk to work on.
#[derive(Debug, Clone, PartialEq)]
pub enum ChunkRun {
    /// No chunk of the account is due.
    Idle,
    /// One chunk is done, or dropped because its action has ended.
    Done {
        action: Box<BulkAction>,
        result: ChunkResult,
    },
    Dropped,
}

/// Claims a due chunk of the account, works on it and finishes it, all in this transaction: a crash frees it at once
/// and leaves nothing behind.
///
/// `seen` is told which chunk it is before the work begins, so that a failure can be counted.
pub fn run_chunk(tx: &mut Tx, seen: &mut dyn FnMut(&Chunk)) -> Result<ChunkRun> {
    let Some(chunk) = chunks::claim(tx)? else { return Ok(ChunkRun::Idle) };
    seen(&chunk);
    let action = bulk_actions::find(tx, chunk.action_id)?
        .ok_or_else(|| Error::Internal("a chunk without an action".to_owned()))?;
    if action.status.ended() {
        chunks::drop_one(tx, &chunk)?;
        return Ok(ChunkRun::Dropped);
    }
    let (result, purge_at) = match action.action {
        Action::Delete => {
            let kind = action.entity.record().ok_or_else(|| Error::Internal("deals are not deleted in bulk".into()))?;
            let stamp = deletion::bin_stamp(tx, action.id, action.retention_days);
            let result = deletion::delete_records(tx, kind, &chunk.ids, stamp)?;
            let purge_at = (!result.succeeded.is_empty()).then_some(stamp.purge_at);
            if let Some(purge_at) = purge_at {
                deletions::note_first_purge(tx, action.id, purge_at)?;
            }
            (result, purge_at)
        }
        Action::Restore => {
            let rules =
                RestoreRules { only_of: action.undo_of.or(action.target.deletion_id), on_conflict: action.on_conflict };
            (restoration::restore_records(tx, action.entity, &chunk.ids, rules)?, None)
        }
    };
    chunks::finish(tx, &chunk, &result.exceptions)?;
    let Some(action) = bulk_actions::add_chunk(tx, action.id, &result, purge_at)? else {
        // It ended while the chunk ran: what the chunk did must not stay.
        return Err(Error::Contention);
    };
    if action.status.ended() {
        report(tx, &action)?;
    }
    Ok(ChunkRun::Done { action: Box::new(action), result })
}

/// Counts a failed attempt at a chunk; the last one ends the action as failed, with what was done so far.
pub fn chunk_failed(tx: &mut Tx, chunk: &Chunk, cause: &str) -> Result<()> {
    let Some(attempts) = chunks::back_off(tx, chunk.action_id, chunk.number)? else { return Ok(()) };
    if attempts < MAX_ATTEMPTS {
        return Ok(());
    }
    chunks::drop_pending(tx, chunk.action_id)?;
    let failure = format!("a part of the records failed {MAX_ATTEMPTS} times: {cause}");
    if let Some(ended) = bulk_actions::end(tx, chunk.action_id, ActionStatus::Failed, Some(&failure))? {
        report(tx, &ended)?;
    }
    Ok(())
}

/// Puts the report into the outbox when it is due and there is an address.
fn report(tx: &mut Tx, action: &BulkAction) -> Result<()> {
    if action.report_due() && action.requester.email.is_some() {
        outbox::enqueue_report(tx, action.id)?;
    }
    Ok(())
}
