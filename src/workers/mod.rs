//! The loops that run without a request: chunks of bulk actions, mails, upkeep.

use std::net::SocketAddr;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::{Settings, StartError};
use crate::services::Services;

/// The running loops.
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    pub fn start(_services: Services, _settings: &Settings, _address: SocketAddr) -> Result<Self, StartError> {
        let (stop, _) = watch::channel(false);
        Ok(Self { stop, tasks: Vec::new() })
    }

    /// Lets every loop finish what it has in hand.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}
