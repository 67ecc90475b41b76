//! Works on the chunks of bulk actions, account after account in a circle.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::{POLL, Step, repeat};
use crate::domain::actor::AccountId;
use crate::domain::bulk_action::BulkAction;
use crate::domain::error::{Error, Result};
use crate::repository::chunks::{self, Chunk};
use crate::repository::statistics;
use crate::services::Services;
use crate::services::chunk_work::{self, ChunkRun};
use crate::telemetry;

pub(super) async fn run(services: Services, stop: watch::Receiver<bool>) {
    let mut last = None;
    repeat(stop, &services.signals.chunks, POLL, async || match step(&services, &mut last).await {
        Ok(true) => Step::Worked,
        Ok(false) => Step::Idle,
        Err(error) => {
            tracing::error!(%error, "a chunk could not be worked on");
            Step::Failed
        }
    })
    .await;
}

/// One chunk of the next account that has a free one; false when there is none. An account whose chunks others hold is
/// passed over at once.
async fn step(services: &Services, last: &mut Option<AccountId>) -> Result<bool> {
    let mut busy = BTreeSet::new();
    loop {
        let after = *last;
        let Some(account) = services.db.sweep(move |sweep| chunks::account_with_due(sweep, after)).await? else {
            return Ok(false);
        };
        *last = Some(account);
        if work_on(services, account).await? {
            return Ok(true);
        }
        if !busy.insert(account) {
            return Ok(false);
        }
    }
}

/// One chunk of the account; false when none is free.
async fn work_on(services: &Services, account: AccountId) -> Result<bool> {
    let started = Instant::now();
    let claimed: Arc<Mutex<Option<Chunk>>> = Arc::default();
    let seen = Arc::clone(&claimed);
    let ran = services
        .db
        .write(account, move |tx| {
            chunk_work::run_chunk(tx, &mut |chunk| {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(chunk.clone());
            })
        })
        .await;
    match ran {
        Ok(ChunkRun::Idle) => Ok(false),
        Ok(ChunkRun::Dropped) => Ok(true),
        Ok(ChunkRun::Done { action, result }) => {
            services.signals.progress.notify_waiters();
            telemetry::observe_chunk(&action, &result, started.elapsed());
            if action.status.ended() {
                ended(services, &action).await?;
            }
            Ok(true)
        }
        // The database is away: that is not the chunk's fault.
        Err(error @ (Error::Unavailable(_) | Error::Overloaded)) => Err(error),
        Err(error) => {
            let chunk = claimed.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(chunk) = chunk {
                telemetry::observe_failed_chunk();
                let cause = error.to_string();
                services.db.write(account, move |tx| chunk_work::chunk_failed(tx, &chunk, &cause)).await?;
                services.signals.progress.notify_waiters();
            }
            Err(error)
        }
    }
}

/// Wakes the mailer, and refreshes the planner's statistics after an action that moved much.
async fn ended(services: &Services, action: &BulkAction) -> Result<()> {
    services.signals.outbox.notify_waiters();
    let counts = &action.counts;
    let touched = counts.deleted + counts.restored + counts.purged + counts.tagged + counts.untagged;
    services.db.sweep(move |sweep| statistics::refresh_after(sweep, touched)).await
}
