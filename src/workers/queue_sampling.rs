//! Samples the queues for the metrics: never at the scrape, which would let anyone cause queries.

use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{Step, repeat};
use crate::repository::queues;
use crate::services::Services;
use crate::telemetry;

const EVERY: Duration = Duration::from_secs(15);

pub(super) async fn run(services: Services, stop: watch::Receiver<bool>) {
    repeat(stop, &Notify::new(), EVERY, async || match services.db.sweep(queues::all).await {
        Ok(queues) => {
            for queue in queues {
                telemetry::set_queue(queue.name, queue.depth, queue.oldest_age);
            }
            Step::Idle
        }
        Err(error) => {
            tracing::error!(%error, "the queues cannot be sampled");
            Step::Failed
        }
    })
    .await;
}
