//! The outbox: mails that are due, written in the transaction of their cause.
//!
//! A mail is leased to one sender at a time, by a token that its outcome must present: a sender that was too slow cannot
//! overwrite what another one found.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Sweep, Tx};
use super::schema::outbox;
use crate::domain::actor::AccountId;
use crate::domain::error::{Error, Result};
use crate::domain::notification::{Delivery, DeliveryStatus, MailTopic};

/// How long a claimed mail belongs to its sender; longer than a whole send.
const LEASE: TimeDelta = TimeDelta::seconds(60);
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(10);
const LONGEST_RETRY: TimeDelta = TimeDelta::hours(1);
/// A mail that has not left a day after its cause has failed.
const TRIED_FOR: TimeDelta = TimeDelta::hours(24);
/// Longer answers of mail servers are cut, in characters.
const LONGEST_ANSWER: usize = 500;

/// A mail that this sender may send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMail {
    pub id: Uuid,
    pub topic: MailTopic,
    token: Uuid,
    /// 1 for the first try.
    pub attempt: i32,
    created_at: DateTime<Utc>,
}

/// What became of a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    Rescheduled,
    GivenUp,
    /// The lease had lapsed: the mail is another sender's.
    NotOurs,
}

/// Puts a mail into the outbox, once for each topic.
pub fn enqueue(tx: &mut Tx, topic: &MailTopic) -> Result<()> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::account_id.eq(tx.account().0),
            outbox::id.eq(tx.new_id()),
            outbox::kind.eq(topic.kind()),
            outbox::action_id.eq(topic.action_id()),
            outbox::recipient.eq(topic.recipient()),
            outbox::period.eq(topic.period()),
            outbox::status.eq(Word(DeliveryStatus::Pending)),
            outbox::attempts.eq(0),
            outbox::next_attempt_at.eq(tx.now()),
            outbox::created_at.eq(tx.now()),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn)?;
    Ok(())
}

/// Mails of all accounts that are due, the longest waiting first. Each still has to be claimed.
pub fn due(sweep: &mut Sweep, limit: i64) -> Result<Vec<(AccountId, Uuid)>> {
    let rows: Vec<(Uuid, Uuid)> = outbox::table
        .filter(outbox::status.eq(Word(DeliveryStatus::Pending)))
        .filter(outbox::next_attempt_at.le(sweep.now()))
        .order(outbox::next_attempt_at)
        .limit(limit)
        .select((outbox::account_id, outbox::id))
        .load(sweep.conn)?;
    Ok(rows.into_iter().map(|(account, id)| (AccountId(account), id)).collect())
}

/// Leases a mail for 60 s, unless it is no longer due. A sender that dies loses it when the lease lapses.
pub fn claim(tx: &mut Tx, id: Uuid) -> Result<Option<ClaimedMail>> {
    let token = tx.new_id();
    let lease_ends = tx.now() + LEASE;
    let claimed: Option<(TopicColumns, i32, DateTime<Utc>)> = diesel::update(outbox::table.find((tx.account().0, id)))
        .filter(outbox::status.eq(Word(DeliveryStatus::Pending)))
        .filter(outbox::next_attempt_at.le(tx.now()))
        .set((
            outbox::lease_token.eq(token),
            outbox::leased_until.eq(lease_ends),
            outbox::next_attempt_at.eq(lease_ends),
            outbox::attempts.eq(outbox::attempts + 1),
        ))
        .returning((
            (outbox::kind, outbox::action_id, outbox::recipient, outbox::period),
            outbox::attempts,
            outbox::created_at,
        ))
        .get_result(tx.conn)
        .optional()?;
    let Some((columns, attempt, created_at)) = claimed else { return Ok(None) };
    Ok(Some(ClaimedMail { id, topic: topic(columns)?, token, attempt, created_at }))
}

/// Kind, action, recipient, period.
type TopicColumns = (String, Option<Uuid>, Option<String>, Option<NaiveDate>);

fn topic(columns: TopicColumns) -> Result<MailTopic> {
    let (kind, action_id, recipient, period) = columns;
    match (kind.as_str(), action_id, recipient, period) {
        ("report", Some(action_id), None, None) => Ok(MailTopic::Report { action_id }),
        ("approval_asked", Some(action_id), Some(recipient), None) => {
            Ok(MailTopic::ApprovalAsked { action_id, recipient })
        }
        ("approval_answered", Some(action_id), None, None) => Ok(MailTopic::ApprovalAnswered { action_id }),
        ("digest", None, Some(recipient), Some(period)) => Ok(MailTopic::Digest { period, recipient }),
        _ => Err(Error::Internal(format!("a mail of the kind {kind} with another kind's columns"))),
    }
}

/// Marks a mail as sent; false when its lease had lapsed and another sender has it.
pub fn finish_sent(tx: &mut Tx, mail: &ClaimedMail) -> Result<bool> {
    let finished = diesel::update(outbox::table.find((tx.account().0, mail.id)))
        .filter(outbox::lease_token.eq(mail.token))
        .set((
            outbox::status.eq(Word(DeliveryStatus::Sent)),
            outbox::sent_at.eq(tx.now()),
            outbox::lease_token.eq(None::<Uuid>),
            outbox::leased_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx.conn)?;
    Ok(finished == 1)
}

/// Lets a mail wait for its next try (10 s after the first one, doubling to an hour), or gives it up a day after its
/// cause. `answer` is kept.
pub fn reschedule(tx: &mut Tx, mail: &ClaimedMail, answer: &str) -> Result<AfterFailure> {
    let next = tx.now() + wait_after(mail);
    if next > mail.created_at + TRIED_FOR {
        return give_up(tx, mail, answer);
    }
    let rescheduled = diesel::update(outbox::table.find((tx.account().0, mail.id)))
        .filter(outbox::lease_token.eq(mail.token))
        .set((
            outbox::next_attempt_at.eq(next),
            outbox::last_error.eq(shortened(answer)),
            outbox::lease_token.eq(None::<Uuid>),
            outbox::leased_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx.conn)?;
    Ok(if rescheduled == 1 { AfterFailure::Rescheduled } else { AfterFailure::NotOurs })
}

/// Ends the tries for good. `answer` is kept.
pub fn give_up(tx: &mut Tx, mail: &ClaimedMail, answer: &str) -> Result<AfterFailure> {
    let given_up = diesel::update(outbox::table.find((tx.account().0, mail.id)))
        .filter(outbox::lease_token.eq(mail.token))
        .set((
            outbox::status.eq(Word(DeliveryStatus::Failed)),
            outbox::last_error.eq(shortened(answer)),
            outbox::lease_token.eq(None::<Uuid>),
            outbox::leased_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx.conn)?;
    Ok(if given_up == 1 { AfterFailure::GivenUp } else { AfterFailure::NotOurs })
}

/// Ends the tries because there is nothing to say any more.
pub fn drop_claimed(tx: &mut Tx, mail: &ClaimedMail) -> Result<()> {
    diesel::update(outbox::table.find((tx.account().0, mail.id)))
        .filter(outbox::lease_token.eq(mail.token))
        .set((
            outbox::status.eq(Word(DeliveryStatus::Dropped)),
            outbox::lease_token.eq(None::<Uuid>),
            outbox::leased_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Forgets digests of periods before this one; gives their number.
pub fn remove_digests(sweep: &mut Sweep, before: NaiveDate) -> Result<usize> {
    Ok(diesel::delete(outbox::table.filter(outbox::period.lt(before))).execute(sweep.conn)?)
}

/// Where the reports of these actions stand; an action without a mail is absent.
pub fn deliveries(read: &mut Read, action_ids: &[Uuid]) -> Result<HashMap<Uuid, Delivery>> {
    type Row = (Option<Uuid>, Word<DeliveryStatus>, i32, Option<DateTime<Utc>>, Option<String>);
    let rows: Vec<Row> = outbox::table
        .filter(outbox::account_id.eq(read.account().0))
        .filter(outbox::action_id.eq_any(action_ids))
        .filter(outbox::kind.eq("report"))
        .select((outbox::action_id, outbox::status, outbox::attempts, outbox::sent_at, outbox::last_error))
        .load(read.conn)?;
    let delivery = |(action_id, status, attempts, sent_at, last_answer): Row| {
        Some((action_id?, Delivery { status: status.0, attempts, sent_at, last_answer }))
    };
    Ok(rows.into_iter().filter_map(delivery).collect())
}

/// Up to a quarter longer than the doubled wait, so that mails that failed together do not come again together. The
/// chance is in the token.
fn wait_after(mail: &ClaimedMail) -> TimeDelta {
    let doublings = u32::try_from(mail.attempt - 1).unwrap_or_default().min(16);
    let wait = (FIRST_RETRY * 2_i32.pow(doublings)).min(LONGEST_RETRY);
    let chance = i32::from(mail.token.as_bytes()[15]);
    wait + wait * chance / (4 * 256)
}

fn shortened(answer: &str) -> String {
    answer.chars().filter(|c| *c != '\0').take(LONGEST_ANSWER).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_ten_seconds_to_an_hour_and_vary() {
        let wait = |attempt, chance: u8| {
            let mut token = [0; 16];
            token[15] = chance;
            let token = Uuid::from_bytes(token);
            let topic = MailTopic::Report { action_id: token };
            let mail = ClaimedMail { id: token, topic, token, attempt, created_at: DateTime::UNIX_EPOCH };
            wait_after(&mail).num_seconds()
        };
        assert_eq!([1, 2, 3, 9, 10, 40].map(|attempt| wait(attempt, 0)), [10, 20, 40, 2560, 3600, 3600]);
        assert_eq!(wait(10, 255), 4496);
        assert!(wait(1, 255) >= 12);
    }
}
