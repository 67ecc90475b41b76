//! What becomes of the records of a bulk action: an outcome for each, and how many came to which.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::blocker::Blocker;

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Deleted,
    Restored,
    /// Gone for good.
    Purged,
    Deactivated,
    Reactivated,
    /// It has tags that it did not have.
    Tagged,
    /// It had at least one of the tags, and has none of them now.
    Untagged,
    /// Something live is linked to it: it stayed.
    Blocked,
    /// It is not there: unknown, purged, or in the bin where a live record is wanted.
    Gone,
    /// Something stands in its way: a live record holds the `external_id` of one to restore, or it would have more tags
    /// than a record can. It stayed as it was.
    Conflict,
    /// It is no longer as it was when the action was accepted, or is not in the bin: it stayed.
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
    pub purged: i64,
    pub deactivated: i64,
    pub reactivated: i64,
    pub tagged: i64,
    pub untagged: i64,
    #[schema(example = 500)]
    pub blocked: i64,
    pub gone: i64,
    pub conflict: i64,
    pub changed: i64,
    pub unchanged: i64,
    pub not_processed: i64,
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Purged => "purged",
            Self::Deactivated => "deactivated",
            Self::Reactivated => "reactivated",
            Self::Tagged => "tagged",
            Self::Untagged => "untagged",
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

/// The outcome of one record of an action, with the name it still has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOutcome {
    pub exception: Exception,
    /// Null once the record is purged; of an action that members may start, also while it lies in the bin.
    pub name: Option<String>,
}
