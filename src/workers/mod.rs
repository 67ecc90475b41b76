//! The loops that run without a request: chunks of bulk actions, mails, upkeep.

pub mod outbox;

use std::net::SocketAddr;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::outbox::OutboxWorker;
use crate::app::{Settings, StartError};
use crate::mail::transport::{MailSettings, MailTransport, SEND_TIMEOUT};
use crate::services::Services;

/// The running loops.
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    pub fn start(services: Services, settings: &Settings, address: SocketAddr) -> Result<Self, StartError> {
        let (stop, stopped) = watch::channel(false);
        let outbox = outbox_worker(services, settings, address, stopped)?;
        Ok(Self { stop, tasks: vec![tokio::spawn(outbox.run())] })
    }

    /// Lets every loop finish what it has in hand.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

fn outbox_worker(
    services: Services,
    settings: &Settings,
    address: SocketAddr,
    stop: watch::Receiver<bool>,
) -> Result<OutboxWorker, StartError> {
    let mail = &settings.mail;
    let transport = MailTransport::from_settings(&MailSettings {
        smtp_url: mail.smtp_url.clone(),
        smtp_ca_file: mail.smtp_ca_file.clone(),
        from: mail.mail_from.clone(),
        folder: settings.data_dir.join("mail"),
        send_timeout: SEND_TIMEOUT,
    })
    .map_err(StartError::Mail)?;
    let public_url = mail.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    Ok(OutboxWorker { db: services.db, transport, public_url, wake: services.signals.outbox, stop })
}
