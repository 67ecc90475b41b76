//! Bulk actions: accepting one with its frozen set, and the verbs on it: undo, retry, execute, cancel.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditEntry};
use crate::domain::bulk_action::{
    Action, ActionStatus, BulkAction, Notify, OnConflict, Options, Origin, OriginKind, TargetSummary,
};
use crate::domain::entity::{BinKind, RecordKind};
use crate::domain::error::{Conflict, Error, Result};
use crate::domain::notification::MailTopic;
use crate::domain::recycle_bin::BinTarget;
use crate::domain::segment::Condition;
use crate::repository::bulk_actions::NewAction;
use crate::repository::chunks::{self, FrozenSet, Part};
use crate::repository::db::Tx;
use crate::repository::recycle_bin::BinFilter;
use crate::repository::{audit_log, bulk_actions, deletions, outbox, settings, twins};
use crate::services::approvals;

/// How long after it was accepted a dry run can be executed.
const DRY_RUN_VALID: TimeDelta = TimeDelta::hours(24);

/// Which records an action is for.
#[derive(Debug, Clone)]
pub enum Target {
    /// A saved segment or inline rules over live records.
    Matching {
        kind: RecordKind,
        condition: Box<Condition>,
    },
    Ids(Vec<Uuid>),
    /// What lies in the bin and these filters let through.
    Bin(BinTarget),
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
    pub options: Options,
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
        options: request.options.clone(),
        notify: request.notify,
        reason: request.reason.clone(),
        target: request.summary,
        origin: None,
        retention_days: settings::retention_days(tx)?,
    };
    let id = bulk_actions::insert(tx, actor, new)?;
    let frozen = match request.target {
        Target::Matching { kind, condition } => chunks::freeze_matching(tx, id, kind, &condition)?,
        Target::Ids(ids) => chunks::freeze_ids(tx, id, ids)?,
        Target::Bin(filters) => chunks::freeze_bin(tx, id, request.entity, &BinFilter::from(&filters))?,
    };
    match request.expected_count {
        Some(expected) if expected != frozen.matched => {
            return Err(Error::conflict(Conflict::ExpectedCountMismatch { expected, matched: frozen.matched }));
        }
        _ => {}
    }
    if request.action == Action::Delete && !request.options.dry_run {
        deletions::insert(tx, id, actor, request.reason.as_deref(), None)?;
    }
    begin(tx, actor, id, frozen)
}

/// A new action that takes back what `id` did.
///
/// # Errors
/// `ActionNotEnded`, `NotUndoable`, `NothingToUndo`, or `AlreadyUndone` with the first undo's id.
pub fn undo(tx: &mut Tx, actor: &Actor, id: Uuid, on_conflict: OnConflict) -> Result<BulkAction> {
    let origin = ended(tx, id)?;
    let dry_run = origin.options.dry_run.then_some("A dry run changed nothing.");
    if let Some(why) = dry_run.or(origin.action.why_not_undoable()) {
        return Err(Error::conflict(Conflict::NotUndoable { why }));
    }
    if let Some(undo) = bulk_actions::successor(tx, id, OriginKind::Undo)? {
        return Err(Error::conflict(Conflict::AlreadyUndone { undo }));
    }
    let changed = origin.counts.deleted + origin.counts.deactivated + origin.counts.reactivated;
    if changed == 0 || origin.details_expired() {
        return Err(Error::conflict(Conflict::NothingToUndo));
    }
    let new = NewAction {
        action: Action::Restore,
        options: Options { on_conflict, inverse_of: Some(origin.action), ..Options::default() },
        // What was undone is as good to know as what was done.
        notify: if origin.notify == Notify::Never { Notify::Never } else { Notify::Always },
        reason: None,
        target: TargetSummary { deletion_id: Some(id), ..TargetSummary::of_kind("undo") },
        ..successor(&origin, actor, OriginKind::Undo)
    };
    let undo = bulk_actions::insert(tx, actor, new)?;
    let frozen = chunks::freeze_part(tx, undo, id, Part::Changed)?;
    begin(tx, actor, undo, frozen)
}

/// A new action on the records that were blocked in `id`; after an abort, on its whole set.
///
/// # Errors
/// `ActionNotEnded`, or `NothingToRetry`.
pub fn retry(tx: &mut Tx, actor: &Actor, id: Uuid) -> Result<BulkAction> {
    let origin = ended(tx, id)?;
    if origin.counts.blocked == 0 || origin.details_expired() {
        return Err(Error::conflict(Conflict::NothingToRetry));
    }
    let target = TargetSummary { rules: origin.rechecked_rules().cloned(), ..TargetSummary::of_kind("retry") };
    let new = NewAction { target, ..successor(&origin, actor, OriginKind::Retry) };
    let part = if origin.status == ActionStatus::Aborted { Part::All } else { Part::Blocked };
    repeat(tx, actor, &origin, new, part)
}

/// A new action that does what the dry run `id` rehearsed, on the very same records; each is checked again.
///
/// # Errors
/// `ActionNotEnded`, `NotADryRun`, `DryRunExpired` after 24 hours, or `AlreadyExecuted` with the first execution's id.
pub fn execute(tx: &mut Tx, actor: &Actor, id: Uuid) -> Result<BulkAction> {
    let origin = ended(tx, id)?;
    if !origin.options.dry_run || origin.status != ActionStatus::Completed {
        return Err(Error::conflict(Conflict::NotADryRun));
    }
    if let Some(execution) = bulk_actions::successor(tx, id, OriginKind::Execute)? {
        return Err(Error::conflict(Conflict::AlreadyExecuted { execution }));
    }
    if origin.created_at + DRY_RUN_VALID < tx.now() {
        return Err(Error::conflict(Conflict::DryRunExpired));
    }
    let options = Options { dry_run: false, ..origin.options.clone() };
    let new = NewAction { options, ..successor(&origin, actor, OriginKind::Execute) };
    repeat(tx, actor, &origin, new, Part::All)
}

/// Stops an action: when this has been committed, not one more record changes. What was done until then stands.
///
/// # Errors
/// `ActionEnded` when it has ended otherwise.
pub fn cancel(tx: &mut Tx, actor: &Actor, id: Uuid) -> Result<BulkAction> {
    let action = bulk_actions::find_for_update(tx, id)?.ok_or(Error::NotFound)?;
    match action.status {
        ActionStatus::Cancelled => return Ok(action),
        status if status.ended() => return Err(Error::conflict(Conflict::ActionEnded)),
        _ => {}
    }
    // A chunk that runs now is not waited for: it finds the action ended and undoes itself.
    chunks::drop_unfinished(tx, id)?;
    let cancelled = bulk_actions::end(tx, id, ActionStatus::Cancelled, None)?.ok_or(Error::Contention)?;
    report(tx, &cancelled)?;
    audit_log::insert(tx, AuditEntry::of_bulk_action(actor, AuditAction::BulkActionCancel, &cancelled))?;
    Ok(cancelled)
}

/// The action, held against other verbs, once it has ended.
fn ended(tx: &mut Tx, id: Uuid) -> Result<BulkAction> {
    let action = bulk_actions::find_for_update(tx, id)?.ok_or(Error::NotFound)?;
    if action.status.ended() { Ok(action) } else { Err(Error::conflict(Conflict::ActionNotEnded)) }
}

/// An action like `origin`, made from it by `actor`: of another's private segment it shows no name.
fn successor(origin: &BulkAction, actor: &Actor, kind: OriginKind) -> NewAction {
    let mut target = origin.target.clone();
    if target.private && origin.requested_by != actor.user_id {
        target.segment_name = None;
    }
    NewAction {
        action: origin.action,
        entity: origin.entity,
        options: origin.options.clone(),
        notify: origin.notify,
        reason: origin.reason.clone(),
        target,
        origin: Some(Origin { kind, action_id: origin.id }),
        retention_days: origin.retention_days,
    }
}

fn repeat(tx: &mut Tx, actor: &Actor, origin: &BulkAction, new: NewAction, part: Part) -> Result<BulkAction> {
    let new = NewAction { retention_days: settings::retention_days(tx)?, ..new };
    let reason = new.reason.clone();
    let deletes = new.action == Action::Delete && !new.options.dry_run;
    let id = bulk_actions::insert(tx, actor, new)?;
    let frozen = chunks::freeze_part(tx, id, origin.id, part)?;
    if deletes {
        deletions::insert(tx, id, actor, reason.as_deref(), None)?;
    }
    begin(tx, actor, id, frozen)
}

/// Settles which of twins in the set of a restore keeps the `external_id`; within one chunk it settles itself, and what one
/// deletion took was live at once, so it has none.
fn settle_twins(tx: &mut Tx, action: &BulkAction, frozen: FrozenSet) -> Result<()> {
    let can_have_twins = action.action == Action::Restore && action.target.of_the_bin().deletion_id.is_none();
    if can_have_twins && frozen.chunks > 1 { twins::note(tx, action.id, action.entity) } else { Ok(()) }
}

fn begin(tx: &mut Tx, actor: &Actor, id: Uuid, frozen: FrozenSet) -> Result<BulkAction> {
    bulk_actions::set_matched(tx, id, frozen.matched, frozen.chunks)?;
    if frozen.matched == 0
        && let Some(ended) = bulk_actions::end(tx, id, ActionStatus::Completed, None)?
    {
        report(tx, &ended)?;
        audit_log::insert(tx, AuditEntry::of_new_bulk_action(actor, &ended))?;
        return Ok(ended);
    }
    let action = bulk_actions::find(tx, id)?.ok_or_else(|| Error::Internal("the new action is gone".to_owned()))?;
    settle_twins(tx, &action, frozen)?;
    let threshold = settings::get(tx)?.settings.approval_above;
    let action = if action.needs_approval_above(threshold) { approvals::ask(tx, action)? } else { action };
    audit_log::insert(tx, AuditEntry::of_new_bulk_action(actor, &action))?;
    Ok(action)
}

/// Puts the report into the outbox when it is due and there is an address.
pub(super) fn report(tx: &mut Tx, action: &BulkAction) -> Result<()> {
    if action.report_due() && action.requester.email.is_some() {
        outbox::enqueue(tx, &MailTopic::Report { action_id: action.id })?;
    }
    Ok(())
}
