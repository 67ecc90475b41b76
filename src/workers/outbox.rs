//! Sends what waits in the outbox: claims a mail, composes and sends it outside any transaction, writes down what became
//! of it.

use tokio::sync::watch;

use super::{POLL, Step, repeat};
use crate::domain::actor::AccountId;
use crate::domain::error::{Error, Result};
use crate::mail::transport::{MailTransport, SendError};
use crate::repository::outbox::{self, AfterFailure, ClaimedMail};
use crate::services::Services;
use crate::services::notifications::{self, Composed};
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
        let (topic, attempt) = (mail.topic.clone(), mail.attempt);
        let result = match self.compose_and_send(account, &mail).await {
            Ok(Sent::Left) => {
                self.services.db.write(account, move |tx| outbox::finish_sent(tx, &mail)).await?;
                "sent"
            }
            Ok(Sent::Moot) => {
                self.services.db.write(account, move |tx| outbox::drop_claimed(tx, &mail)).await?;
                "dropped"
            }
            Err(SendError::Permanent(answer)) => {
                after_failure(self.services.db.write(account, move |tx| outbox::give_up(tx, &mail, &answer)).await?)
            }
            Err(SendError::Temporary(answer)) => {
                after_failure(self.services.db.write(account, move |tx| outbox::reschedule(tx, &mail, &answer)).await?)
            }
        };
        observe_mail(topic.kind(), result);
        // What the server answered may name the recipient: it is kept with the mail, not in the log.
        let action = topic.action_id().map(|id| id.to_string());
        tracing::info!(account = %account.0, action, kind = topic.kind(), attempt, result, "mail");
        Ok(())
    }

    async fn compose_and_send(&self, account: AccountId, mail: &ClaimedMail) -> std::result::Result<Sent, SendError> {
        match notifications::compose(&self.services.db, account, mail, &self.public_url).await {
            Ok(Composed::Mail(composed)) => self.transport.send(&composed).await.map(|()| Sent::Left),
            Ok(Composed::NoAddress) => {
                Err(SendError::Permanent("the requester's token had no e-mail address".to_owned()))
            }
            Ok(Composed::Moot) => Ok(Sent::Moot),
            Err(error) => Err(could_not_compose(mail, &error)),
        }
    }
}

/// What became of a mail that did not fail.
enum Sent {
    Left,
    /// There was nothing to say any more.
    Moot,
}

fn after_failure(outcome: AfterFailure) -> &'static str {
    match outcome {
        AfterFailure::Rescheduled => "retrying",
        AfterFailure::GivenUp => "failed",
        AfterFailure::NotOurs => "lease_lost",
    }
}

fn could_not_compose(mail: &ClaimedMail, error: &Error) -> SendError {
    tracing::error!(mail = %mail.id, kind = mail.topic.kind(), %error, "a mail cannot be composed");
    SendError::Temporary("the mail could not be composed".to_owned())
}
