//! Looks how far the watched actions are: one statement for all of them, and none while nobody watches.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::AFTER_FAILURE;
use crate::domain::error::Result;
use crate::repository::progress;
use crate::services::Services;
use crate::services::progress::LEAST_GAP;

/// What other processes did shows by then.
const POLL: Duration = Duration::from_millis(300);

pub(super) async fn run(services: Services, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = watch(&services) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn watch(services: &Services) {
    loop {
        services.progress.listener().await;
        // Interest is registered before the look, so that a chunk which ends meanwhile is not missed.
        let moved = services.signals.progress.notified();
        tokio::pin!(moved);
        moved.as_mut().enable();
        if let Err(error) = look(services).await {
            tracing::error!(%error, "the watched actions cannot be looked at");
            sleep(AFTER_FAILURE).await;
            continue;
        }
        sleep(LEAST_GAP).await;
        let _ = tokio::time::timeout(POLL.saturating_sub(LEAST_GAP), moved).await;
    }
}

async fn look(services: &Services) -> Result<()> {
    let watched = services.progress.watched();
    let asked = watched.clone();
    let found = services.db.sweep(move |sweep| progress::find_all(sweep, &asked)).await?;
    let mut found: HashMap<_, _> =
        found.into_iter().map(|(account, progress)| ((account, progress.id), progress)).collect();
    for action in watched {
        services.progress.publish(action, found.remove(&action));
    }
    Ok(())
}
