//! Four eyes: large deletions wait for another admin, who approves or rejects them; after 72 hours they lapse.
//!
//! Every move of a waiting action locks its row first and its chunks after: nobody works on chunks that wait, so nobody
//! holds one of them and wants the action.

use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::approval::{Approval, DecidedBy, Decision};
use crate::domain::audit::{AuditAction, AuditActor, AuditEntry};
use crate::domain::bulk_action::{ActionStatus, BulkAction, Notify};
use crate::domain::error::{Conflict, Error, Forbidden, Result};
use crate::domain::notification::MailTopic;
use crate::repository::db::Tx;
use crate::repository::{approvals, audit_log, bulk_actions, chunks, known_admins, outbox};

/// Lets a new action wait, and asks the other admins by mail.
pub(super) fn ask(tx: &mut Tx, action: BulkAction) -> Result<BulkAction> {
    let approval = Approval::asked_at(tx.now());
    approvals::await_approval(tx, action.id, &approval)?;
    for recipient in known_admins::user_ids(tx)? {
        if recipient != action.requested_by {
            outbox::enqueue(tx, &MailTopic::ApprovalAsked { action_id: action.id, recipient })?;
        }
    }
    Ok(BulkAction { status: ActionStatus::AwaitingApproval, approval: Some(approval), ..action })
}

/// Lets the action begin.
///
/// # Errors
/// `OwnApproval` for who asked for it, `NotAwaitingApproval` when it does not wait (any more).
pub fn approve(tx: &mut Tx, actor: &Actor, id: Uuid, reason: Option<&str>) -> Result<BulkAction> {
    let decided = decide(tx, actor, id, Decision::Approved, reason)?;
    approvals::release_chunks(tx, id)?;
    Ok(decided)
}

/// Ends the action with every record as it was.
///
/// # Errors
/// As [`approve`].
pub fn reject(tx: &mut Tx, actor: &Actor, id: Uuid, reason: Option<&str>) -> Result<BulkAction> {
    let decided = decide(tx, actor, id, Decision::Rejected, reason)?;
    chunks::drop_unfinished(tx, id)?;
    Ok(decided)
}

fn decide(tx: &mut Tx, actor: &Actor, id: Uuid, decision: Decision, reason: Option<&str>) -> Result<BulkAction> {
    let action = bulk_actions::find_for_update(tx, id)?.ok_or(Error::NotFound)?;
    if action.requested_by == actor.user_id {
        return Err(Error::Forbidden(Forbidden::OwnApproval));
    }
    let waits = action.status == ActionStatus::AwaitingApproval;
    let Some(asked) = action.approval.clone().filter(|_| waits) else {
        return Err(Error::conflict(Conflict::NotAwaitingApproval));
    };
    let approval = Approval {
        decision: Some(decision),
        decided_by: Some(DecidedBy { user_id: actor.user_id.clone(), name: actor.name.clone() }),
        decided_at: Some(tx.now()),
        reason: reason.map(str::to_owned),
        ..asked
    };
    let decided = settle(tx, action, approval)?.ok_or_else(|| Error::conflict(Conflict::NotAwaitingApproval))?;
    let word = match decision {
        Decision::Approved => AuditAction::BulkActionApprove,
        Decision::Rejected => AuditAction::BulkActionReject,
        Decision::Lapsed => AuditAction::BulkActionLapse,
    };
    audit_log::insert(tx, AuditEntry::of_bulk_action(actor, word, &decided))?;
    Ok(decided)
}

/// Ends an action that nobody decided on in time, unless somebody has moved it meanwhile.
pub fn lapse(tx: &mut Tx, id: Uuid) -> Result<()> {
    let Some(action) = bulk_actions::find_for_update(tx, id)? else { return Ok(()) };
    if action.status != ActionStatus::Lapsed {
        return Ok(());
    }
    let Some(approval) = action.approval.clone() else { return Ok(()) };
    if let Some(lapsed) = settle(tx, action, approval)? {
        chunks::drop_unfinished(tx, id)?;
        audit_log::insert(tx, AuditEntry::of_bulk_action(AuditActor::SYSTEM, AuditAction::BulkActionLapse, &lapsed))?;
    }
    Ok(())
}

/// Writes the decision down and tells who asked; None when the action does not wait any more.
fn settle(tx: &mut Tx, action: BulkAction, approval: Approval) -> Result<Option<BulkAction>> {
    let (status, finished_at) = match approval.decision {
        Some(Decision::Approved) => (ActionStatus::Queued, None),
        Some(Decision::Rejected) => (ActionStatus::Rejected, approval.decided_at),
        Some(Decision::Lapsed) | None => (ActionStatus::Lapsed, Some(approval.expires_at)),
    };
    if !approvals::decide(tx, action.id, status, &approval, finished_at)? {
        return Ok(None);
    }
    if action.notify != Notify::Never && action.requester.email.is_some() {
        outbox::enqueue(tx, &MailTopic::ApprovalAnswered { action_id: action.id })?;
    }
    Ok(Some(BulkAction { status, finished_at, approval: Some(approval), ..action }))
}
