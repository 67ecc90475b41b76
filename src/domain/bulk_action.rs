//! Bulk actions: one action on one frozen set of records, and what became of each record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::approval::Approval;
use super::blocker::Blocker;
use super::entity::BinKind;

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
    Restore,
    /// Contacts and companies stay, with the status `deactivated`.
    Deactivate,
    Reactivate,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    pub on_blocked: OnBlocked,
    pub on_conflict: OnConflict,
    /// Outcomes and reasons, nothing changed.
    pub dry_run: bool,
    /// Of an undo: the action that it takes back.
    pub inverse_of: Option<Action>,
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

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Deleted,
    Restored,
    Deactivated,
    Reactivated,
    /// Something live is linked to it: it stayed.
    Blocked,
    /// It is not there: unknown, purged, or already in the bin.
    Gone,
    /// A live record holds its `external_id`: it stayed in the bin.
    Conflict,
    /// It is no longer as it was when the action was accepted: it stayed.
    Changed,
    /// It was so already.
    Unchanged,
    /// The action ended before its turn.
    NotProcessed,
}

/// A record whose outcome is not the action's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    pub record_id: Uuid,
    pub outcome: Outcome,
    pub blockers: Vec<Blocker>,
    /// The live twin of a `conflict`.
    pub conflict_with: Option<Uuid>,
    /// The customer or contact person that kept a deal from coming back; not stored.
    pub parent: Option<Uuid>,
}

/// What one chunk, or one single deletion or restore, came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChunkResult {
    /// Ids with the action's own outcome.
    pub succeeded: Vec<Uuid>,
    pub exceptions: Vec<Exception>,
}

/// How many records came to which outcome. `matched` = `processed` + `not_processed`, and `processed` is the sum of the
/// others, at every instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    #[schema(example = 3949)]
    pub matched: i64,
    #[schema(example = 3949)]
    pub processed: i64,
    #[schema(example = 3449)]
    pub deleted: i64,
    pub restored: i64,
    pub deactivated: i64,
    pub reactivated: i64,
    #[schema(example = 500)]
    pub blocked: i64,
    pub gone: i64,
    pub conflict: i64,
    pub changed: i64,
    pub unchanged: i64,
    pub not_processed: i64,
}

/// The set an action was asked for, as it is kept and shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TargetSummary {
    /// `segment`, `rules`, `ids`, `deletion` or `undo`; absent once the details have expired.
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
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
        }
    }
}

impl ActionStatus {
    pub const fn ended(self) -> bool {
        !matches!(self, Self::AwaitingApproval | Self::Queued | Self::Running)
    }
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Deactivated => "deactivated",
            Self::Reactivated => "reactivated",
            Self::Blocked => "blocked",
            Self::Gone => "gone",
            Self::Conflict => "conflict",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::NotProcessed => "not_processed",
        }
    }
}

impl Exception {
    pub fn new(record_id: Uuid, outcome: Outcome) -> Self {
        Self { record_id, outcome, blockers: Vec::new(), conflict_with: None, parent: None }
    }
}

impl ChunkResult {
    fn count(&self, outcome: Outcome) -> i64 {
        length(self.exceptions.iter().filter(|exception| exception.outcome == outcome).count())
    }
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What finished chunks add to their action's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub chunks: i32,
    pub succeeded: i64,
    pub blocked: i64,
    pub gone: i64,
    pub conflict: i64,
    pub changed: i64,
    pub unchanged: i64,
    pub deactivated: i64,
    pub reactivated: i64,
}

impl Tally {
    /// The tally of one chunk.
    pub fn of(result: &ChunkResult) -> Self {
        Self {
            chunks: 1,
            succeeded: length(result.succeeded.len()),
            blocked: result.count(Outcome::Blocked),
            gone: result.count(Outcome::Gone),
            conflict: result.count(Outcome::Conflict),
            changed: result.count(Outcome::Changed),
            unchanged: result.count(Outcome::Unchanged),
            deactivated: result.count(Outcome::Deactivated),
            reactivated: result.count(Outcome::Reactivated),
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.chunks += other.chunks;
        self.succeeded += other.succeeded;
        self.blocked += other.blocked;
        self.gone += other.gone;
        self.conflict += other.conflict;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.deactivated += other.deactivated;
        self.reactivated += other.reactivated;
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

/// The outcome of one record of an action, with the name it still has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOutcome {
    pub exception: Exception,
    /// Null once the record is purged.
    pub name: Option<String>,
}

impl TargetSummary {
    pub fn of_kind(kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..Self::default() }
    }

    pub fn of_rules(rules: serde_json::Value) -> Self {
        Self { rules: Some(rules), ..Self::of_kind("rules") }
    }
}
