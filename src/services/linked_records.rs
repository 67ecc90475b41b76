//! Changing and deleting linked records.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditEntry};
use crate::domain::entity::{BinKind, LinkTarget, RecordRef};
use crate::domain::error::{Conflict, Error, Result};
use crate::domain::linked::{Deal, LinkedRecord};
use crate::repository::db::Tx;
use crate::repository::linked::{self, LinkedTable, Stored};
use crate::repository::{audit_log, deletions, links, recycle_bin, settings};
use crate::services::deletion;

/// Changes the record with this id into what `revise` makes of it.
///
/// Contacts and companies are locked before what points at them, so the links that the change adds are held before the
/// record is locked: `revise` is asked twice, before and after. It refuses what may not be changed, and what is absent.
///
/// # Errors
/// Those of `revise`; `LinkTargetUnavailable` when an added link points at what is not live.
pub fn change<T: LinkedTable>(
    tx: &mut Tx,
    id: Uuid,
    revise: impl Fn(Option<&Stored<T>>) -> Result<T>,
) -> Result<Stored<T>> {
    let found = linked::find::<T>(tx, id)?;
    let draft = revise(found.as_ref())?;
    let wanted: BTreeSet<RecordRef> = added_links(found.as_ref(), &draft).map(|link| link.record).collect();
    let held = links::hold_live_among(tx, &wanted)?;

    let found = linked::find_for_update::<T>(tx, id)?;
    let record = revise(found.as_ref())?;
    let stored = found.ok_or(Error::NotFound)?;
    let missing = added_links(Some(&stored), &record).find(|link| !held.contains(&link.record));
    match missing {
        None => linked::update(tx, &stored, record),
        Some(link) if wanted.contains(&link.record) => {
            Err(Error::conflict(Conflict::LinkTargetUnavailable { pointer: link.pointer }))
        }
        // Another change came in between, and this one now adds a link that it did not see before.
        Some(_) => Err(Error::Contention),
    }
}

/// The links of `record` that the stored one does not have.
fn added_links<T: LinkedRecord>(before: Option<&Stored<T>>, record: &T) -> impl Iterator<Item = LinkTarget> + use<T> {
    let before = before.map(|stored| stored.record.links()).unwrap_or_default();
    record.links().into_iter().filter(move |link| !before.iter().any(|old| old.record == link.record))
}

/// Deletes for good the record with this id; `allow` refuses what may not be deleted.
///
/// # Errors
/// `NotFound`, and those of `allow`.
pub fn delete<T: LinkedTable>(
    tx: &mut Tx,
    actor: &Actor,
    id: Uuid,
    allow: impl Fn(&Stored<T>) -> Result<()>,
) -> Result<()> {
    let stored = linked::find_for_update::<T>(tx, id)?.ok_or(Error::NotFound)?;
    allow(&stored)?;
    linked::delete::<T>(tx, id)?;
    audit_log::insert(tx, AuditEntry::of_record(actor, AuditAction::RecordDelete, T::SUBJECT, id))
}

/// Puts the deal with this id into the recycle bin; `allow` refuses what may not be deleted.
///
/// # Errors
/// `NotFound`, and those of `allow`.
pub fn delete_deal(
    tx: &mut Tx,
    actor: &Actor,
    id: Uuid,
    reason: Option<&str>,
    allow: impl Fn(&Stored<Deal>) -> Result<()>,
) -> Result<()> {
    let stored = linked::find_for_update::<Deal>(tx, id)?.ok_or(Error::NotFound)?;
    allow(&stored)?;
    let retention = settings::retention_days(tx)?;
    let stamp = deletion::bin_stamp(tx, tx.new_id(), retention);
    recycle_bin::stamp(tx, BinKind::Deal, &[id], stamp)?;
    deletions::insert(tx, stamp.deletion_id, actor, reason, Some(stamp.purge_at))?;
    audit_log::insert(tx, AuditEntry::of_binned_record(actor, BinKind::Deal, id, stamp.deletion_id))
}
