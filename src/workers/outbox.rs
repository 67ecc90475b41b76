//! Sends what waits in the outbox: claims a mail, composes and sends it outside any transaction, writes down what became
//! of it.

use tokio::sync::watch;
use uuid::Uuid;

use super::{POLL, Step, repeat};
use crate::domain::actor::AccountId;
use crate::domain::error::{Error, Result};
use crate::mail::transport::{MailTransport, SendError};
use crate::repository::outbox::{self, AfterFailure, ClaimedMail};
use crate::services::Services;
use crate::services::notifications::compose_report;
use crate::telemetry::observe_mail;

/// How many due mails are looked up at once.
const BATCH: i64 = 20;

pub struct OutboxWorker {
    pub services: Services,
    pub transport: MailTransport,
    /// Where the API is reached from outside.
    pub public_url: String,
}

impl OutboxWorker {
    /// Runs until told to stop; the mail in hand is finished first.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        repeat(stop.clone(), &self.services.signals.outbox, POLL, async || match self.send_due(&stop).await {
            Ok(true) => Step::Worked,
            Ok(false) => Step::Idle,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be worked on; it is tried again");
                Step::Failed
            }
        })
        .await;
    }

    /// Sends what is due now, until told to stop; says whether there was anything.
    async fn send_due(&self, stop: &watch::Receiver<bool>) -> Result<bool> {
        let due = self.services.db.sweep(|sweep| outbox::due(sweep, BATCH)).await?;
        for &(account, id) in &due {
            if *stop.borrow() {
                break;
            }
            let claimed = self.services.db.write(account, move |tx| outbox::claim(tx, id)).await?;
            if let Some(mail) = claimed {
                self.send(account, mail).await?;
            }
        }
        Ok(!due.is_empty())
    }

    async fn send(&self, account: AccountId, mail: ClaimedMail) -> Result<()> {
        let (action_id, attempt) = (mail.action_id, mail.attempt);
        let result = match self.compose_and_send(account, &mail).await {
            Ok(()) => {
                self.services.db.write(account, move |tx| outbox::finish_sent(tx, &mail)).await?;
                "sent"
            }
            Err(SendError::Permanent(answer)) => {
                after_failure(self.services.db.write(account, move |tx| outbox::give_up(tx, &mail, &answer)).await?)
            }
            Err(SendError::Temporary(answer)) => {
                after_failure(self.services.db.write(account, move |tx| outbox::reschedule(tx, &mail, &answer)).await?)
            }
        };
        observe_mail("report", result);
        // What the server answered may name the recipient: it is kept with the mail, not in the log.
        tracing::info!(account = %account.0, action = %action_id, attempt, result, "report mail");
        Ok(())
    }

    async fn compose_and_send(&self, account: AccountId, mail: &ClaimedMail) -> std::result::Result<(), SendError> {
        let ClaimedMail { id, action_id, .. } = *mail;
        match compose_report(&self.services.db, account, id, action_id, &self.public_url).await {
            Ok(Some(composed)) => self.transport.send(&composed).await,
            Ok(None) => Err(SendError::Permanent("the requester's token had no e-mail address".to_owned())),
            Err(error) => Err(could_not_compose(action_id, &error)),
        }
    }
}

fn after_failure(outcome: AfterFailure) -> &'static str {
    match outcome {
        AfterFailure::Rescheduled => "retrying",
        AfterFailure::GivenUp => "failed",
        AfterFailure::NotOurs => "lease_lost",
    }
}

fn could_not_compose(action_id: Uuid, error: &Error) -> SendError {
    tracing::error!(action = %action_id, %error, "a report cannot be composed");
    SendError::Temporary("the report could not be composed".to_owned())
}
