//! Working on the chunks of bulk actions: one chunk is one transaction, whatever the action.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::all_or_nothing;
use super::bulk_actions::report;
use super::deletion;
use super::purging;
use super::restoration::{self, RestoreRules};
use super::status_changes::set_status;
use super::tagging;
use crate::domain::bulk_action::{
    Action, ActionStatus, BulkAction, ChunkResult, Exception, MAX_ATTEMPTS, Mode, OnBlocked, Outcome, Tally,
};
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Result};
use crate::domain::party::Status;
use crate::domain::segment::RuleTree;
use crate::repository::chunks::{self, Chunk};
use crate::repository::db::Tx;
use crate::repository::recycle_bin::BinFilter;
use crate::repository::{bulk_actions, deletions, recycle_bin};

/// What came of looking for a chunk to work on.
#[derive(Debug, Clone, PartialEq)]
pub enum ChunkRun {
    /// No chunk of the account is due.
    Idle,
    /// One chunk is done.
    Done { action: Box<BulkAction>, result: ChunkResult },
    /// A chunk was taken out of the work because its action has ended.
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
    if action.options.on_blocked == OnBlocked::Abort && !action.options.dry_run {
        return all_or_nothing::run(tx, &action, &chunk);
    }
    let mode = if action.options.dry_run { Mode::Rehearse } else { Mode::Apply };
    let result = work(tx, &action, &chunk, mode)?;
    let deleted = action.action == Action::Delete && mode == Mode::Apply && !result.succeeded.is_empty();
    let purge_at = deleted.then(|| deletion::bin_stamp(tx, action.id, action.retention_days).purge_at);
    if let Some(purge_at) = purge_at {
        deletions::note_first_purge(tx, action.id, purge_at)?;
    }
    chunks::finish(tx, &chunk, &result.exceptions)?;
    let Some(action) = bulk_actions::add_tally(tx, action.id, &Tally::of(&result), purge_at)? else {
        // It ended while the chunk ran: what the chunk did must not stay.
        return Err(Error::Contention);
    };
    if action.status.ended() {
        report(tx, &action)?;
    } else {
        // A crash that undoes the chunk leaves it to be done again. The end is waited for, and all chunks with it.
        tx.commit_unwaited()?;
    }
    Ok(ChunkRun::Done { action: Box::new(action), result })
}

/// Does to these records what the action is for.
pub(super) fn work(tx: &mut Tx, action: &BulkAction, chunk: &Chunk, mode: Mode) -> Result<ChunkResult> {
    let strays = strays(tx, action, &chunk.ids)?;
    if strays.is_empty() {
        return handle(tx, action, chunk, &chunk.ids, mode);
    }
    let rest: Vec<Uuid> = chunk.ids.iter().filter(|id| strays.binary_search(id).is_err()).copied().collect();
    let mut result = handle(tx, action, chunk, &rest, mode)?;
    result.exceptions.extend(strays.into_iter().map(|id| Exception::new(id, Outcome::Changed)));
    Ok(result)
}

/// The records of an executed dry run that its rules no longer select, locked so that they stay so.
fn strays(tx: &mut Tx, action: &BulkAction, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let (Some(rules), Some(kind)) = (action.rechecked_rules(), action.entity.record()) else { return Ok(Vec::new()) };
    if rules["rules"].as_array().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let tree = RuleTree::from_json(kind, rules)
        .map_err(|errors| Error::Internal(format!("the rules of {} are invalid: {errors:?}", action.id)))?;
    recycle_bin::lock(tx, action.entity, ids)?;
    chunks::no_longer_matching(tx, kind, ids, tree.condition())
}

/// `ids`: those of the chunk that are still meant.
fn handle(tx: &mut Tx, action: &BulkAction, chunk: &Chunk, ids: &[Uuid], mode: Mode) -> Result<ChunkResult> {
    match action.action {
        Action::Delete => {
            let kind = record_kind(action)?;
            let stamp = deletion::bin_stamp(tx, action.id, action.retention_days);
            let mut result = deletion::delete_records(tx, kind, ids, stamp, mode)?;
            if action.options.on_blocked == OnBlocked::Deactivate {
                deletion::deactivate_blocked(tx, kind, &mut result, mode)?;
            }
            Ok(result)
        }
        Action::Deactivate => set_status(tx, record_kind(action)?, ids, Status::Deactivated, mode),
        Action::Reactivate => set_status(tx, record_kind(action)?, ids, Status::Active, mode),
        Action::Purge => purging::purge_records(tx, action.entity, ids, &meant(action), mode),
        Action::AddTags => tagging::add_tags(tx, record_kind(action)?, ids, &action.options.tags, mode),
        Action::RemoveTags => tagging::remove_tags(tx, record_kind(action)?, ids, &action.options.tags, mode),
        Action::Restore => match (action.options.inverse_of, action.origin) {
            (Some(Action::Deactivate), _) => set_status(tx, record_kind(action)?, ids, Status::Active, mode),
            (Some(Action::Reactivate), _) => set_status(tx, record_kind(action)?, ids, Status::Deactivated, mode),
            (Some(_), Some(origin)) => undo_deletion(tx, action, origin.action_id, ids, mode),
            _ => {
                let rules = RestoreRules { twins: chunk.twins.clone(), ..rules(action, mode) };
                restoration::restore_records(tx, action.entity, ids, &rules)
            }
        },
    }
}

/// Brings back what the deletion took, and reactivates what it deactivated instead.
fn undo_deletion(tx: &mut Tx, action: &BulkAction, deletion: Uuid, ids: &[Uuid], mode: Mode) -> Result<ChunkResult> {
    let instead = chunks::excepted_as(tx, deletion, ids, Outcome::Deactivated)?;
    let taken: Vec<Uuid> = ids.iter().filter(|id| instead.binary_search(id).is_err()).copied().collect();
    let mut result = restoration::restore_records(tx, action.entity, &taken, &rules(action, mode))?;
    if !instead.is_empty() {
        let reactivated = set_status(tx, record_kind(action)?, &instead, Status::Active, mode)?;
        result.exceptions.extend(reactivated.exceptions);
        let succeeded = reactivated.succeeded.into_iter();
        result.exceptions.extend(succeeded.map(|id| Exception::new(id, Outcome::Reactivated)));
    }
    Ok(result)
}

fn rules(action: &BulkAction, mode: Mode) -> RestoreRules {
    RestoreRules { meant: meant(action), on_conflict: action.options.on_conflict, twins: BTreeMap::new(), mode }
}

/// What of the bin the action is for: of an undo, what its deletion took.
fn meant(action: &BulkAction) -> BinFilter {
    BinFilter::from(&action.target.of_the_bin())
}

fn record_kind(action: &BulkAction) -> Result<RecordKind> {
    action.entity.record().ok_or_else(|| Error::Internal("this action is not for deals".to_owned()))
}

/// Counts a failed attempt at a chunk; the last one ends the action as failed, with what was done so far.
pub fn chunk_failed(tx: &mut Tx, chunk: &Chunk, cause: &str) -> Result<()> {
    let Some(attempts) = chunks::back_off(tx, chunk.action_id, chunk.number)? else { return Ok(()) };
    if attempts < MAX_ATTEMPTS {
        return Ok(());
    }
    chunks::drop_unfinished(tx, chunk.action_id)?;
    let failure = format!("a part of the records failed {MAX_ATTEMPTS} times: {cause}");
    if let Some(ended) = bulk_actions::end(tx, chunk.action_id, ActionStatus::Failed, Some(&failure))? {
        report(tx, &ended)?;
    }
    Ok(())
}
