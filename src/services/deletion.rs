//! Deleting a set of contacts or companies: what is linked stays, the rest goes into the recycle bin.
//!
//! The one way into the bin: a chunk of a bulk delete and a single DELETE both come through here.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::audit::AuditEntry;
use crate::domain::bulk_action::{ChunkResult, Exception, Mode, Outcome};
use crate::domain::entity::RecordKind;
use crate::domain::error::{Conflict, Error, Result};
use crate::domain::party::Status;
use crate::repository::db::Tx;
use crate::repository::parties::BinStamp;
use crate::repository::{audit_log, blockers, deletions, recycle_bin, settings, titles};
use crate::services::status_changes::set_status;

/// When and by which deletion records go into the bin.
pub fn bin_stamp(tx: &Tx, deletion_id: Uuid, retention_days: i32) -> BinStamp {
    let deleted_at = tx.now();
    BinStamp { deleted_at, deletion_id, purge_at: deleted_at + TimeDelta::days(i64::from(retention_days)) }
}

/// Deletes those of `ids` that nothing live is linked to; a rehearsal says what would come of it.
///
/// The rows are locked first; the blockers are then looked for by a further statement, so that a link committed while
/// the lock was waited for is seen. A link made later waits in `hold_live` and finds the record gone.
pub fn delete_records(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], stamp: BinStamp, mode: Mode) -> Result<ChunkResult> {
    let live = recycle_bin::lock_live(tx, kind.into(), ids)?;
    let mut blocked = blockers::of(tx, kind, &live)?;
    let mut result = ChunkResult::default();
    let mut live = live.into_iter().peekable();
    for id in ids {
        if live.next_if_eq(id).is_none() {
            result.exceptions.push(Exception::new(*id, Outcome::Gone));
        } else if let Some(blockers) = blocked.remove(id) {
            result.exceptions.push(Exception { blockers, ..Exception::new(*id, Outcome::Blocked) });
        } else {
            result.succeeded.push(*id);
        }
    }
    if mode == Mode::Apply {
        recycle_bin::stamp(tx, kind.into(), &result.succeeded, stamp)?;
    }
    Ok(result)
}

/// Deactivates the blocked records of a deletion instead; their outcome says so, and still names what keeps them.
pub fn deactivate_blocked(tx: &mut Tx, kind: RecordKind, result: &mut ChunkResult, mode: Mode) -> Result<()> {
    let blocked: Vec<Uuid> = result
        .exceptions
        .iter()
        .filter(|exception| exception.outcome == Outcome::Blocked)
        .map(|exception| exception.record_id)
        .collect();
    let deactivated = set_status(tx, kind, &blocked, Status::Deactivated, mode)?.succeeded;
    for exception in &mut result.exceptions {
        if deactivated.binary_search(&exception.record_id).is_ok() {
            exception.outcome = Outcome::Deactivated;
        } else if exception.outcome == Outcome::Blocked {
            exception.outcome = Outcome::Unchanged;
        }
    }
    Ok(())
}

/// Locks one record for its deletion, so that what is read of it next stays true.
pub fn hold(tx: &mut Tx, kind: RecordKind, id: Uuid) -> Result<()> {
    recycle_bin::lock_live(tx, kind.into(), &[id]).map(|_| ())
}

/// Deletes one record on behalf of `actor`; the caller knows that it is live.
///
/// # Errors
/// `LinkedRecords` with the blockers, titles included.
pub fn delete_one(tx: &mut Tx, actor: &Actor, kind: RecordKind, id: Uuid, reason: Option<&str>) -> Result<()> {
    let retention = settings::retention_days(tx)?;
    let deletion_id = tx.new_id();
    let stamp = bin_stamp(tx, deletion_id, retention);
    let result = delete_records(tx, kind, &[id], stamp, Mode::Apply)?;
    if let Some(mut exception) = result.exceptions.into_iter().next() {
        if exception.outcome != Outcome::Blocked {
            return Err(Error::NotFound);
        }
        titles::join_titles(tx, &mut exception.blockers)?;
        return Err(Error::conflict(Conflict::LinkedRecords(exception.blockers)));
    }
    deletions::insert(tx, deletion_id, actor, reason, Some(stamp.purge_at))?;
    audit_log::insert(tx, AuditEntry::of_binned_record(actor, kind, id, deletion_id))
}
