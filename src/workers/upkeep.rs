//! Reconciles the database with the clock: ends what nobody approved in time, purges what is past its `purge_at`, announces
//! what leaves the recycle bin soon, forgets what is no longer needed.

use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{Step, repeat};
use crate::domain::error::Result;
use crate::repository::{self, purge};
use crate::services::{Services, approvals, digests, purging};

/// Records are invisible from their `purge_at` on, so nobody waits for this.
const EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(services: Services, stop: watch::Receiver<bool>) {
    repeat(stop, &Notify::new(), EVERY, async || match step(&services).await {
        Ok(true) => Step::Worked,
        Ok(false) => Step::Idle,
        Err(error) => {
            tracing::error!(%error, "upkeep failed");
            Step::Failed
        }
    })
    .await;
}

/// One batch of whatever is due; false when nothing is.
async fn step(services: &Services) -> Result<bool> {
    if let Some((account, id)) = services.db.sweep(repository::approvals::first_overdue).await? {
        services.db.write(account, move |tx| approvals::lapse(tx, id)).await?;
        services.signals.outbox.notify_waiters();
        return Ok(true);
    }
    if let Some(deletion) = services.db.sweep(purge::due_deletion).await? {
        services.db.write(deletion.account, move |tx| purging::purge_due(tx, deletion)).await?;
        return Ok(true);
    }
    if let Some(account) = services.db.sweep(repository::digests::undecided_account).await? {
        services.db.write(account, digests::decide).await?;
        services.signals.outbox.notify_waiters();
        return Ok(true);
    }
    services.db.sweep(purging::clean_up).await
}
