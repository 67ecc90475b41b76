//! The loops that run without a request: chunks of bulk actions, mails, upkeep, live progress, samples of the queues.

mod chunks;
pub mod outbox;
mod progress;
mod queue_sampling;
mod upkeep;

use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, spawn_local};

use self::outbox::OutboxWorker;
use crate::mail::transport::MailTransport;
use crate::services::Services;

/// How long a loop sleeps when nothing wakes it: what other processes queued is found by then.
const POLL: Duration = Duration::from_millis(500);
/// How long a loop waits after the database refused it.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The running loops.
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `chunk_workers` loops over chunks, one for mails, one for upkeep, one for live progress and one for
    /// the queues' metrics.
    ///
    /// `public_url` is where the API is reached from outside, for links in mails.
    pub fn start(services: &Services, chunk_workers: u32, transport: MailTransport, public_url: String) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks: Vec<JoinHandle<()>> =
            (0..chunk_workers).map(|_| spawn_local(chunks::run(services.clone(), stopped.clone()))).collect();
        let mailer = OutboxWorker { services: services.clone(), transport, public_url };
        tasks.push(spawn_local(mailer.run(stopped.clone())));
        tasks.push(spawn_local(upkeep::run(services.clone(), stopped.clone())));
        tasks.push(spawn_local(progress::run(services.clone(), stopped.clone())));
        tasks.push(spawn_local(queue_sampling::run(services.clone(), stopped)));
        Self { stop, tasks }
    }

    /// Lets every loop finish what it has in hand.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        tracing::info!("no request is left: chunks and mails in hand are finished");
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// What an attempt of a loop came to.
enum Step {
    /// There may be more to do at once.
    Worked,
    /// Nothing is due.
    Idle,
    /// It went wrong and was logged.
    Failed,
}

/// Repeats `attempt` until told to stop; sleeps when idle, until `signal` wakes it or `pause` is over.
async fn repeat(
    mut stop: watch::Receiver<bool>,
    signal: &Notify,
    pause: Duration,
    mut attempt: impl AsyncFnMut() -> Step,
) {
    while !*stop.borrow() {
        // Interest is registered before work is looked for, so no signal is lost between the two.
        let notified = signal.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();
        let pause = match attempt().await {
            Step::Worked => continue,
            Step::Idle => pause,
            Step::Failed => AFTER_FAILURE,
        };
        tokio::select! {
            () = &mut notified => {}
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}
