//! Permanent deletion: of one record at an admin's word, and of what is past its `purge_at`.

use chrono::TimeDelta;
use uuid::Uuid;

use super::binned_records::lock_binned;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditEntry};
use crate::domain::bulk_action::{CHUNK_SIZE, ChunkResult, DETAILS_KEPT_DAYS, Mode, Outcome};
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, Result};
use crate::repository::db::{Sweep, Tx};
use crate::repository::purge::{self, DueDeletion};
use crate::repository::recycle_bin::BinFilter;
use crate::repository::{audit_log, idempotency, known_admins, outbox, recycle_bin};

/// Purges those of `ids` that lie in the bin and that `meant` lets through. One that is live is `changed`.
///
/// What goes along with a customer (deals in the bin) is not of the set, and has no outcome of its own.
pub fn purge_records(tx: &mut Tx, kind: BinKind, ids: &[Uuid], meant: &BinFilter, mode: Mode) -> Result<ChunkResult> {
    let (binned, exceptions) = lock_binned(tx, kind, ids, meant, Outcome::Changed)?;
    if mode == Mode::Apply {
        purge::purge_locked(tx, kind, &binned)?;
    }
    Ok(ChunkResult { succeeded: binned.into_iter().map(|row| row.id).collect(), exceptions })
}

/// Purges one record that lies in the bin.
///
/// # Errors
/// `NotFound` when it does not, or no longer.
pub fn purge_one(tx: &mut Tx, actor: &Actor, kind: BinKind, id: Uuid) -> Result<()> {
    let result = purge_records(tx, kind, &[id], &BinFilter::default(), Mode::Apply)?;
    if !result.exceptions.is_empty() {
        return Err(Error::NotFound);
    }
    audit_log::insert(tx, AuditEntry::of_record(actor, AuditAction::RecordPurge, kind, id))
}

/// A batch of what is due of one deletion, as large as a chunk; true while there may be more. Safe to run on every node
/// at once.
pub fn purge_due(tx: &mut Tx, deletion: DueDeletion) -> Result<bool> {
    for kind in BinKind::ALL {
        let ids = purge::due_ids(tx, kind, deletion.id, CHUNK_SIZE)?;
        if ids.is_empty() {
            continue;
        }
        // The rows first, the deletion last: the lock order. What was restored or purged meanwhile is left out.
        let now = tx.now();
        let mut due = recycle_bin::lock(tx, kind, &ids)?;
        due.retain(|row| row.bin.is_some_and(|stamp| stamp.purge_at <= now));
        if !due.is_empty() {
            purge::purge_locked(tx, kind, &due)?;
            audit_log::insert(tx, AuditEntry::of_expiry(deletion.id, kind, due.len()))?;
        }
        return Ok(true);
    }
    if purge::hold_deletion(tx, deletion.id)? {
        purge::settle_deletion(tx, deletion.id)?;
    }
    Ok(false)
}

/// Forgets what has outlived its purpose: idempotency keys after a day; the details of actions, digests, and admins who
/// were not seen any more after 90 days.
pub fn clean_up(sweep: &mut Sweep) -> Result<bool> {
    let keys = idempotency::remove_expired(sweep)?;
    let ended_before = sweep.now() - TimeDelta::days(DETAILS_KEPT_DAYS);
    let actions = purge::expire_details(sweep, ended_before, 10)?;
    let digests = outbox::remove_digests(sweep, ended_before.date_naive())?;
    let admins = known_admins::remove_stale(sweep)?;
    Ok(keys + actions + digests + admins > 0)
}
