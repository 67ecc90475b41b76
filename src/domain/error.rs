//! The meanings an operation can fail with, free of any transport.
//!
//! `api::problem` alone knows which status and slug each becomes.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::blocker::Blocker;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One thing that is wrong with a request: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body, or `?name` for a query parameter.
    #[schema(example = "/emails/0/email")]
    pub pointer: String,
    #[schema(example = "must be an e-mail address such as ann@example.com")]
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not authorised: {0}")]
    Unauthorized(String),
    #[error("forbidden: {0:?}")]
    Forbidden(Forbidden),
    /// Absent, in another account, or not for this caller's eyes.
    #[error("not found")]
    NotFound,
    #[error("invalid: {0:?}")]
    Invalid(Vec<FieldError>),
    #[error("the cursor belongs to another query")]
    InvalidCursor,
    #[error("the idempotency key was used for another body")]
    IdempotencyMismatch,
    #[error("the record has another version")]
    PreconditionFailed,
    #[error("conflict: {0:?}")]
    Conflict(Box<Conflict>),
    /// A lock was not to be had in time, or a deadlock persisted.
    #[error("another transaction holds the record")]
    Busy,
    /// The database undid the transaction (serialization, deadlock, a twin inserted first); running it again may succeed.
    #[error("the transaction met another one")]
    Contention,
    #[error("the query ran into its time limit")]
    TooSlow,
    #[error("no database connection became free in time")]
    Overloaded,
    #[error("the database is not reachable: {0}")]
    Unavailable(String),
    #[error("internal error: {0}")]
    Internal(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    AdminOnly,
    OwnApproval,
    StandardSegment,
}

/// Why the state of the data refuses a well-formed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    LinkedRecords(Vec<Blocker>),
    InRecycleBin {
        purge_at: DateTime<Utc>,
    },
    LinkTargetUnavailable {
        pointer: String,
    },
    ExternalIdTaken,
    /// A live record holds the `external_id` of the one to restore. `parent` names the record that met the conflict
    /// when it is not the one that was asked for.
    RestoreConflict {
        live_twin: Uuid,
        parent: Option<Uuid>,
    },
    ParentExpired {
        parent: Uuid,
    },
    ExpectedCountMismatch {
        expected: i64,
        matched: i64,
    },
    ActionEnded,
    ActionNotEnded,
    NothingToUndo,
    AlreadyUndone {
        undo: Uuid,
    },
    NotUndoable {
        why: &'static str,
    },
    NothingToRetry,
    NotADryRun,
    DryRunExpired,
    AlreadyExecuted {
        execution: Uuid,
    },
    NotAwaitingApproval,
    IdempotencyInProgress,
}

impl Error {
    pub fn conflict(conflict: Conflict) -> Self {
        Self::Conflict(Box::new(conflict))
    }

    /// One wrong field.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, detail)])
    }
}
