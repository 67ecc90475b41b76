//! Deletes that happen whole or not at all: every chunk is looked through first, then all are deleted in one transaction.
//!
//! The looking takes no lock for longer than a chunk and shows progress; most blockers end the action there, with
//! nothing touched. A blocker that appears afterwards undoes the one transaction.

use super::bulk_actions::report;
use super::chunk_work::{ChunkRun, work};
use super::deletion::bin_stamp;
use crate::domain::bulk_action::{ActionStatus, BulkAction, ChunkResult, Exception, Mode, Outcome, Tally};
use crate::domain::error::{Error, Result};
use crate::repository::chunks::{self, ALL_AT_ONCE, Chunk};
use crate::repository::db::Tx;
use crate::repository::{bulk_actions, deletions};

/// Works on a claimed chunk of an all-or-nothing delete.
pub(super) fn run(tx: &mut Tx, action: &BulkAction, chunk: &Chunk) -> Result<ChunkRun> {
    if chunk.number == ALL_AT_ONCE { delete_all(tx, action, chunk) } else { look_through(tx, action, chunk) }
}

fn look_through(tx: &mut Tx, action: &BulkAction, chunk: &Chunk) -> Result<ChunkRun> {
    let blocked = blocked_of(work(tx, action, chunk, Mode::Rehearse)?);
    chunks::finish_rehearsal(tx, chunk, &blocked)?;
    let count = i64::try_from(blocked.len()).map_err(|error| Error::Internal(error.to_string()))?;
    let Some((action, last)) = bulk_actions::add_rehearsed(tx, action.id, count)? else {
        return Err(Error::Contention);
    };
    let result = ChunkResult { succeeded: Vec::new(), exceptions: blocked };
    if !last {
        return Ok(ChunkRun::Done { action: Box::new(action), result });
    }
    if action.counts.blocked > 0 {
        let action = abort(tx, &action)?;
        return Ok(ChunkRun::Done { action: Box::new(action), result });
    }
    bulk_actions::restart_chunks(tx, action.id)?;
    chunks::queue_all_at_once(tx, action.id)?;
    Ok(ChunkRun::Done { action: Box::new(action), result })
}

fn blocked_of(result: ChunkResult) -> Vec<Exception> {
    result.exceptions.into_iter().filter(|exception| exception.outcome == Outcome::Blocked).collect()
}

fn abort(tx: &mut Tx, action: &BulkAction) -> Result<BulkAction> {
    let aborted = bulk_actions::end(tx, action.id, ActionStatus::Aborted, None)?.ok_or(Error::Contention)?;
    report(tx, &aborted)?;
    Ok(aborted)
}

/// What the one transaction came to.
enum Pass {
    Deleted(Tally),
    /// Blockers came up after the looking: nothing of it stays.
    Blocked(Vec<Exception>),
}

fn delete_all(tx: &mut Tx, action: &BulkAction, chunk: &Chunk) -> Result<ChunkRun> {
    let mut late = Vec::new();
    let tally = tx.attempt(|tx| match delete_chunks(tx, action)? {
        Pass::Deleted(tally) => Ok(Some(tally)),
        Pass::Blocked(blocked) => {
            late = blocked;
            // Undoes what was deleted so far; the blockers are written down outside.
            Err(Error::Contention)
        }
    });
    let tally = match tally {
        Err(Error::Contention) if !late.is_empty() => None,
        other => other?,
    };
    chunks::drop_one(tx, chunk)?;
    let Some(tally) = tally else {
        chunks::keep_exceptions(tx, action.id, &late)?;
        let count = i64::try_from(late.len()).map_err(|error| Error::Internal(error.to_string()))?;
        bulk_actions::add_blocked(tx, action.id, count)?;
        let action = abort(tx, action)?;
        return Ok(ChunkRun::Done {
            action: Box::new(action),
            result: ChunkResult { succeeded: Vec::new(), exceptions: late },
        });
    };
    let purge_at = bin_stamp(tx, action.id, action.retention_days).purge_at;
    deletions::note_first_purge(tx, action.id, purge_at)?;
    let action = bulk_actions::add_tally(tx, action.id, &tally, Some(purge_at))?.ok_or(Error::Contention)?;
    report(tx, &action)?;
    Ok(ChunkRun::Done { action: Box::new(action), result: ChunkResult::default() })
}

fn delete_chunks(tx: &mut Tx, action: &BulkAction) -> Result<Pass> {
    let mut tally = Tally::default();
    let mut number = ALL_AT_ONCE;
    while let Some(chunk) = chunks::next(tx, action.id, number)? {
        number = chunk.number;
        let result = work(tx, action, &chunk, Mode::Apply)?;
        tally += Tally::of(&result);
        if tally.blocked > 0 {
            return Ok(Pass::Blocked(blocked_of(result)));
        }
        chunks::finish(tx, &chunk, &result.exceptions)?;
    }
    Ok(Pass::Deleted(tally))
}
