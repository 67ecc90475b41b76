//! Mails about approvals.

use uuid::Uuid;

use super::report::source;
use super::{Recipient, Words, admin};
use crate::domain::approval::{Approval, Decision};
use crate::domain::bulk_action::{Action, ActionStatus, BulkAction, TargetSummary};
use crate::domain::error::{Error, Result};
use crate::mail::approval::{ApprovalAnswered, ApprovalAsked, Deletion, Fate, Request, Verdict};
use crate::mail::locale::Language;
use crate::repository::bulk_actions;
use crate::repository::db::Read;

/// Asks another admin; moot once the action does not wait any more.
pub(super) fn compose_asked(read: &mut Read, action_id: Uuid, user_id: &str, public_url: String) -> Result<Words> {
    let mut action = bulk_actions::find(read, action_id)?.ok_or(Error::NotFound)?;
    let (Some(approval), Some(recipient)) = (action.approval.clone(), admin(read, user_id)?) else {
        return Ok(Words::Moot);
    };
    if action.status != ActionStatus::AwaitingApproval {
        return Ok(Words::Moot);
    }
    if action.target.private {
        // A private segment's name is for its owner alone.
        action.target = TargetSummary { segment_name: None, ..action.target };
    }
    let mail = ApprovalAsked {
        language: Language::from_locale(recipient.locale.as_deref()),
        recipient_name: recipient.name.clone(),
        request: request(&action, public_url),
        asked_by: action.requester.name.unwrap_or(action.requested_by),
        expires_at: approval.expires_at,
    };
    let content = mail.render();
    Ok(Words::Letter(recipient, content))
}

/// Tells who asked what was decided.
pub(super) fn compose_answered(read: &mut Read, action_id: Uuid, public_url: String) -> Result<Words> {
    let action = bulk_actions::find(read, action_id)?.ok_or(Error::NotFound)?;
    let Some(address) = action.requester.email.clone() else { return Ok(Words::NoAddress) };
    let Some(approval) = action.approval.clone() else { return Ok(Words::Moot) };
    let Some(verdict) = verdict(&approval) else { return Ok(Words::Moot) };
    let mail = ApprovalAnswered {
        language: Language::from_locale(action.requester.locale.as_deref()),
        recipient_name: action.requester.name.clone(),
        request: request(&action, public_url),
        verdict,
        reason_given: approval.reason,
    };
    let recipient = Recipient { address, name: action.requester.name, locale: action.requester.locale };
    Ok(Words::Letter(recipient, mail.render()))
}

fn request(action: &BulkAction, public_url: String) -> Request {
    Request {
        deletion: Deletion { kind: action.entity, records: action.counts.matched.unsigned_abs(), fate: fate(action) },
        source: source(action),
        reason: action.reason.clone(),
        action_id: action.id,
        public_url,
    }
}

fn fate(action: &BulkAction) -> Fate {
    if action.action == Action::Purge {
        return Fate::Purged;
    }
    Fate::Binned {
        on_blocked: action.options.on_blocked,
        days: u64::try_from(action.retention_days).unwrap_or_default(),
    }
}

fn verdict(approval: &Approval) -> Option<Verdict> {
    let at = approval.decided_at?;
    let by = || approval.decided_by.as_ref().map(|admin| admin.name.clone().unwrap_or_else(|| admin.user_id.clone()));
    match approval.decision? {
        Decision::Approved => Some(Verdict::Approved { by: by()?, at }),
        Decision::Rejected => Some(Verdict::Rejected { by: by()?, at }),
        Decision::Lapsed => Some(Verdict::Lapsed { at }),
    }
}
