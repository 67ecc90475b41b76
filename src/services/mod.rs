//! What takes more than one repository call: the engine, taking back, imports, notifications.

mod all_or_nothing;
pub mod approvals;
pub mod audit;
mod binned_records;
pub mod bulk_actions;
pub mod chunk_work;
pub mod deletion;
pub mod digests;
pub mod exports;
pub mod imports;
pub mod known_admins;
pub mod linked_records;
pub mod notifications;
pub mod progress;
pub mod purging;
pub mod restoration;
mod status_changes;
mod tagging;

use std::sync::Arc;

use tokio::sync::Notify;

use self::known_admins::SeenCallers;
use self::progress::ProgressHub;
use crate::repository::db::Db;

/// What requests work with.
#[derive(Clone)]
pub struct Services {
    pub db: Db,
    pub signals: Signals,
    pub callers: Arc<SeenCallers>,
    pub progress: ProgressHub,
}

/// Wakes the workers of this process at once; those of others poll.
#[derive(Clone, Default)]
pub struct Signals {
    /// A bulk action has chunks to work on.
    pub chunks: Arc<Notify>,
    /// A mail waits in the outbox.
    pub outbox: Arc<Notify>,
    /// A bulk action has moved on.
    pub progress: Arc<Notify>,
}
