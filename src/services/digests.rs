//! Decides, once a period and account, whether its admins are told what leaves the recycle bin soon.

use crate::domain::error::Result;
use crate::domain::notification::MailTopic;
use crate::repository::db::Tx;
use crate::repository::{digests, known_admins, outbox, settings};

/// Puts the digest for the current period into the outbox, one mail an admin, unless nothing leaves, digests are off, or
/// this period has been decided on. Safe to run on every node at once.
pub fn decide(tx: &mut Tx) -> Result<()> {
    let Some(period) = settings::get(tx)?.settings.digest.period(tx.now()) else { return Ok(()) };
    if !digests::begin_period(tx, period)? || digests::totals(tx, period.until)?.records.is_empty() {
        return Ok(());
    }
    for recipient in known_admins::user_ids(tx)? {
        outbox::enqueue(tx, &MailTopic::Digest { period: period.day, recipient })?;
    }
    Ok(())
}
