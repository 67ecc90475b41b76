//! Permanent deletion: of one record at an admin's word, and of what is past its `purge_at`.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditEntry};
use crate::domain::bulk_action::DETAILS_KEPT_DAYS;
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, Result};
use crate::repository::db::{Sweep, Tx};
use crate::repository::purge::{self, DueDeletion};
use crate::repository::{audit_log, idempotency, recycle_bin};

/// Records purged in one transaction.
const BATCH: i64 = 500;

/// Purges one record that lies in the bin.
///
/// # Errors
/// `NotFound` when it does not, or no longer.
pub fn purge_one(tx: &mut Tx, actor: &Actor, kind: BinKind, id: Uuid) -> Result<()> {
    let row = recycle_bin::lock(tx, kind, &[id])?.pop().ok_or(Error::NotFound)?;
    if row.bin.is_none_or(|stamp| stamp.purge_at <= tx.now()) {
        return Err(Error::NotFound);
    }
    purge::purge_locked(tx, kind, &[id])?;
    audit_log::insert(tx, AuditEntry::of_record(actor, AuditAction::RecordPurge, kind, id))
}

/// A batch of what is due of one deletion; true while there may be more. Safe to run on every node at once.
pub fn purge_due(tx: &mut Tx, deletion: DueDeletion) -> Result<bool> {
    for kind in BinKind::ALL {
        let ids = purge::due_ids(tx, kind, deletion.id, BATCH)?;
        if ids.is_empty() {
            continue;
        }
        // The rows first, the deletion last: the lock order. What was restored or purged meanwhile is left out.
        let now = tx.now();
        let due: Vec<Uuid> = recycle_bin::lock(tx, kind, &ids)?
            .into_iter()
            .filter(|row| row.bin.is_some_and(|stamp| stamp.purge_at <= now))
            .map(|row| row.id)
            .collect();
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

/// Forgets what has outlived its purpose: idempotency keys after a day, the details of actions after 90 days.
pub fn clean_up(sweep: &mut Sweep) -> Result<bool> {
    let keys = idempotency::remove_expired(sweep)?;
    let ended_before = sweep.now() - TimeDelta::days(DETAILS_KEPT_DAYS);
    let actions = purge::expire_details(sweep, ended_before, 10)?;
    Ok(keys + actions > 0)
}
