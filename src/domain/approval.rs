//! Four eyes: which actions need a second admin, until when one can decide, and what was decided.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bulk_action::{Action, ActionStatus, BulkAction};

/// How long after it was asked for an approval can be given.
pub const APPROVAL_VALID: TimeDelta = TimeDelta::hours(72);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approved,
    Rejected,
    /// Nobody decided in time.
    Lapsed,
}

/// The admin who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecidedBy {
    #[schema(example = "bob")]
    pub user_id: String,
    /// Null when the token had none, and 90 days after the action's end.
    #[serde(default)]
    pub name: Option<String>,
}

/// The approval of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Until then another admin can approve or reject.
    pub expires_at: DateTime<Utc>,
    #[serde(default)]
    pub decision: Option<Decision>,
    /// Null while it waits, and when it lapsed.
    #[serde(default)]
    pub decided_by: Option<DecidedBy>,
    #[serde(default)]
    pub decided_at: Option<DateTime<Utc>>,
    /// What the admin who decided gave as the reason.
    #[serde(default)]
    #[schema(example = "these are still in the newsletter")]
    pub reason: Option<String>,
}

impl Approval {
    /// One that is asked for now.
    pub fn asked_at(now: DateTime<Utc>) -> Self {
        Self { expires_at: now + APPROVAL_VALID, decision: None, decided_by: None, decided_at: None, reason: None }
    }

    /// When the request for it lapsed, of an action with this status: it waits, and its time was over by `now`.
    pub fn lapsed_at(&self, status: ActionStatus, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (status == ActionStatus::AwaitingApproval && self.expires_at <= now).then_some(self.expires_at)
    }

    /// It, once nobody can decide any more.
    #[must_use]
    pub fn lapsed(self) -> Self {
        let decided_at = Some(self.expires_at);
        Self { decision: Some(Decision::Lapsed), decided_at, ..self }
    }
}

impl Action {
    /// Whether an account can demand a second admin for it: what takes records away.
    pub const fn can_need_approval(self) -> bool {
        match self {
            Self::Delete | Self::Purge => true,
            Self::Restore | Self::Deactivate | Self::Reactivate | Self::AddTags | Self::RemoveTags => false,
        }
    }
}

impl BulkAction {
    /// Whether another admin has to approve it: it deletes or purges more than `threshold` records.
    pub fn needs_approval_above(&self, threshold: Option<i64>) -> bool {
        let above = threshold.is_some_and(|threshold| self.counts.matched > threshold);
        above && self.action.can_need_approval() && !self.options.dry_run
    }

    /// It as it stands at `now`: a request that nobody decided on in time has lapsed, whether or not upkeep has written
    /// that down.
    #[must_use]
    pub fn as_of(mut self, now: DateTime<Utc>) -> Self {
        let status = self.status;
        if let Some(approval) = self.approval.take_if(|approval| approval.lapsed_at(status, now).is_some()) {
            self.status = ActionStatus::Lapsed;
            self.finished_at = Some(approval.expires_at);
            self.approval = Some(approval.lapsed());
        }
        self
    }
}
