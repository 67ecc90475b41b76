//! Bulk actions: one action on one frozen set of records, and what became of each record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use super::outcome::{ChunkResult, Counts, Exception, Outcome, RecordOutcome, Tally};

use super::approval::Approval;
use super::entity::BinKind;
use super::recycle_bin::BinTarget;

/// Most ids in a chunk: throughput is the same from 500 to 20,000, but a link writer waits as long as a chunk lasts.
pub const CHUNK_SIZE: i32 = 2_000;
/// A chunk that failed this often ends its action.
pub const MAX_ATTEMPTS: i32 = 5;
/// Days for which an action shows its rules and reason and the outcome of each record; then only its counts.
pub const DETAILS_KEPT_DAYS: i64 = 90;
pub const MAX_REASON_LENGTH: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Delete,
    /// Takes records out of the bin.
    Restore,
    /// Removes records from the bin for good.
    Purge,
    /// Contacts and companies stay, with the status `deactivated`.
    Deactivate,
    Reactivate,
    AddTags,
    RemoveTags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionStatus {
    /// So many records at once need the approval of another admin.
    AwaitingApproval,
    Queued,
    Running,
    Completed,
    /// A blocker where all or nothing was asked for: every record is as it was.
    Aborted,
    /// Stopped by an admin; what was done until then stands.
    Cancelled,
    /// A part of the records failed again and again; what was done until then stands.
    Failed,
    /// Another admin refused it: every record is as it was.
    Rejected,
    /// No other admin decided in time: every record is as it was.
    Lapsed,
}

/// What a delete does with records that something live is linked to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBlocked {
    /// They stay; the rest is deleted.
    #[default]
    Skip,
    /// One of them leaves every record as it was.
    Abort,
    /// They stay, with the status `deactivated`; the rest is deleted.
    Deactivate,
}

/// How an action goes about its records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    pub on_blocked: OnBlocked,
    pub on_conflict: OnConflict,
    /// Outcomes and reasons, nothing changed.
    pub dry_run: bool,
    /// Of an undo: the action that it takes back.
    pub inverse_of: Option<Action>,
    /// Of a tag action: which tags, in the spelling that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What an action was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// It takes back what that action did.
    Undo,
    /// It tries the records again that were blocked in that action.
    Retry,
    /// It does what that dry run rehearsed.
    Execute,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Origin {
    pub kind: OriginKind,
    pub action_id: Uuid,
}

/// Whether a chunk's work is done or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Apply,
    Rehearse,
}

/// When the report is mailed to who started the action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// When a record stayed, or the action failed.
    #[default]
    OnBlocked,
    Always,
    Never,
}

/// What a restore does with a record whose `external_id` a live one now holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// The record stays in the bin.
    #[default]
    Refuse,
    /// The record comes back without its `external_id`.
    DropExternalId,
}

/// The set an action was asked for, as it is kept and shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TargetSummary {
    /// `segment`, `rules`, `ids`, `deletion`, `bin`, `undo` or `retry`; absent once the details have expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "segment")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_name: Option<String>,
    /// The segment's name is for its owner alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(ignore)]
    pub private: bool,
    /// The rules as they were when the action was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_id: Option<Uuid>,
    /// The bin's filters as they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<BinTarget>,
}

/// Who started an action: kept with it for the report mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    pub email: Option<String>,
    pub name: Option<String>,
    pub locale: Option<String>,
}

/// A bulk action as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkAction {
    pub id: Uuid,
    pub action: Action,
    pub entity: BinKind,
    pub status: ActionStatus,
    pub options: Options,
    pub notify: Notify,
    pub reason: Option<String>,
    pub target: TargetSummary,
    pub origin: Option<Origin>,
    pub requested_by: String,
    pub requester: Requester,
    /// Days in the bin, as the account's setting was when the action was accepted.
    pub retention_days: i32,
    pub counts: Counts,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// The earliest `purge_at` of what was deleted.
    pub restorable_until: Option<DateTime<Utc>>,
    /// Why the action failed.
    pub failure: Option<String>,
    /// Of an action that needed one.
    pub approval: Option<Approval>,
}

impl Action {
    /// The outcome of a record with which the action succeeded; an undo does the inverse of what it takes back.
    pub const fn main_outcome(self, inverse_of: Option<Self>) -> Outcome {
        match (self, inverse_of) {
            (Self::Delete, _) => Outcome::Deleted,
            (Self::Deactivate, _) | (Self::Restore, Some(Self::Reactivate)) => Outcome::Deactivated,
            (Self::Reactivate, _) | (Self::Restore, Some(Self::Deactivate)) => Outcome::Reactivated,
            (Self::Restore, _) => Outcome::Restored,
            (Self::Purge, _) => Outcome::Purged,
            (Self::AddTags, _) => Outcome::Tagged,
            (Self::RemoveTags, _) => Outcome::Untagged,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Purge => "purge",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
            Self::AddTags => "add_tags",
            Self::RemoveTags => "remove_tags",
        }
    }

    /// Whether it is for records that lie in the bin; the others are for live ones.
    pub const fn is_for_the_bin(self) -> bool {
        matches!(self, Self::Restore | Self::Purge)
    }

    pub const fn changes_tags(self) -> bool {
        matches!(self, Self::AddTags | Self::RemoveTags)
    }

    /// Whether members may start it too.
    pub const fn is_open_to_members(self) -> bool {
        self.changes_tags()
    }

    /// Why what it does cannot be taken back by an undo; None when it can.
    pub const fn why_not_undoable(self) -> Option<&'static str> {
        match self {
            Self::Delete | Self::Deactivate | Self::Reactivate => None,
            Self::Restore => {
                Some("A restore or an undo is taken back by a new action: delete or deactivate the records again.")
            }
            Self::Purge => Some("What was purged is gone for good: nothing of it is kept that could come back."),
            Self::AddTags | Self::RemoveTags => Some(
                "Which tags each record had before is not kept, so they cannot be brought back exactly. Start an action \
                 that removes or adds these tags, on the records that the results name.",
            ),
        }
    }
}

impl ActionStatus {
    pub const fn ended(self) -> bool {
        !matches!(self, Self::AwaitingApproval | Self::Queued | Self::Running)
    }
}

impl BulkAction {
    /// The outcome of a record with which the action succeeded.
    pub fn main_outcome(&self) -> Outcome {
        self.action.main_outcome(self.options.inverse_of)
    }

    /// Whether only the counts are left: which records they were is forgotten.
    pub fn details_expired(&self) -> bool {
        self.target.kind.is_none()
    }

    /// The rules that each record is held against once more: of an executed dry run, and of a retry of one.
    pub fn rechecked_rules(&self) -> Option<&serde_json::Value> {
        let kind = self.origin?.kind;
        self.target.rules.as_ref().filter(|_| matches!(kind, OriginKind::Execute | OriginKind::Retry))
    }

    /// Whether the report is due when the action ends as it stands.
    pub fn report_due(&self) -> bool {
        match self.notify {
            _ if self.options.dry_run => false,
            Notify::Always => true,
            Notify::Never => false,
            Notify::OnBlocked => {
                let ended_badly = matches!(self.status, ActionStatus::Aborted | ActionStatus::Failed);
                self.counts.blocked > 0 || self.counts.conflict > 0 || ended_badly
            }
        }
    }
}

impl TargetSummary {
    pub fn of_kind(kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..Self::default() }
    }

    pub fn of_rules(rules: serde_json::Value) -> Self {
        Self { rules: Some(rules), ..Self::of_kind("rules") }
    }

    /// What of the bin it means: everything, unless it names a deletion or filters.
    pub fn of_the_bin(&self) -> BinTarget {
        let of_deletion = || BinTarget { deletion_id: self.deletion_id, ..BinTarget::default() };
        self.bin.clone().unwrap_or_else(of_deletion)
    }
}
