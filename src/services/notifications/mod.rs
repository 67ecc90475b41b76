//! Mails are put into words at the moment they leave, so that the outbox holds no name and no address.

mod approval;
mod digest;
mod report;

use crate::domain::actor::AccountId;
use crate::domain::error::Result;
use crate::domain::notification::MailTopic;
use crate::mail::{OutgoingMail, RenderedMail};
use crate::repository::db::{Db, Read};
use crate::repository::known_admins;
use crate::repository::outbox::ClaimedMail;

/// What came of putting a mail into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Composed {
    Mail(Box<OutgoingMail>),
    /// Who started the action gave no address.
    NoAddress,
    /// There is nothing to say any more, or the recipient is no admin any more.
    Moot,
}

/// The mail, ready to be sent; `public_url` is where the API is reached from outside.
pub async fn compose(db: &Db, account: AccountId, mail: &ClaimedMail, public_url: &str) -> Result<Composed> {
    let (id, topic, public_url) = (mail.id, mail.topic.clone(), public_url.to_owned());
    db.read(account, move |read| {
        let date = read.now();
        let composed = match topic {
            MailTopic::Report { action_id } => report::compose(read, action_id, public_url)?,
            MailTopic::ApprovalAnswered { action_id } => approval::compose_answered(read, action_id, public_url)?,
            MailTopic::ApprovalAsked { action_id, recipient } => {
                approval::compose_asked(read, action_id, &recipient, public_url)?
            }
            MailTopic::Digest { period, recipient } => digest::compose(read, period, &recipient, public_url)?,
        };
        Ok(match composed {
            Words::Letter(Recipient { name: to_name, address: to_address, .. }, content) => {
                Composed::Mail(Box::new(OutgoingMail { id, date, to_name, to_address, content }))
            }
            Words::NoAddress => Composed::NoAddress,
            Words::Moot => Composed::Moot,
        })
    })
    .await
}

/// As [`Composed`], before the mail has its id and date.
enum Words {
    Letter(Recipient, RenderedMail),
    NoAddress,
    Moot,
}

/// Whom a mail goes to.
struct Recipient {
    address: String,
    name: Option<String>,
    locale: Option<String>,
}

/// The admin with this user id, while known.
fn admin(read: &mut Read, user_id: &str) -> Result<Option<Recipient>> {
    let known = known_admins::find(read, user_id)?;
    Ok(known.map(|admin| Recipient { address: admin.email, name: admin.name, locale: admin.locale }))
}
