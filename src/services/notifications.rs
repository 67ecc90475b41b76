//! Report mails: their facts are gathered and put into words at the moment they leave, so that the outbox holds no name
//! and no address.

use uuid::Uuid;

use crate::domain::actor::AccountId;
use crate::domain::bulk_action::{Action, ActionStatus, BulkAction, Outcome, RecordOutcome};
use crate::domain::error::{Error, Result};
use crate::domain::results_csv::ResultRow;
use crate::mail::OutgoingMail;
use crate::mail::exceptions_file::{ExceptionsFile, MAX_ATTACHMENT_BYTES};
use crate::mail::locale::Language;
use crate::mail::report::{
    Cause, Counts, Effect, Ending, ExceptionFacts, NAMED_EXCEPTIONS, Operation, Report, Source, Undone,
};
use crate::repository::db::{Db, Read};
use crate::repository::{bulk_actions, report_facts, titles};

/// The report of an ended action, ready to be sent as the mail `mail_id`; None when there is nobody to send it to.
pub async fn compose_report(
    db: &Db,
    account: AccountId,
    mail_id: Uuid,
    action_id: Uuid,
    public_url: &str,
) -> Result<Option<OutgoingMail>> {
    let public_url = public_url.to_owned();
    db.read(account, move |read| {
        let action = bulk_actions::find(read, action_id)?.ok_or(Error::NotFound)?;
        let Some(to_address) = action.requester.email.clone() else { return Ok(None) };
        let to_name = action.requester.name.clone();
        let date = read.now();
        let content = report(read, action, public_url)?.render();
        Ok(Some(OutgoingMail { id: mail_id, date, to_name, to_address, content }))
    })
    .await
}

fn report(read: &mut Read, action: BulkAction, public_url: String) -> Result<Report> {
    let (exceptions, exceptions_file) = exceptions(read, &action)?;
    let kept_by = report_facts::kept_by_kind(read, action.id)?;
    let now = read.now();
    Ok(Report {
        language: Language::from_locale(action.requester.locale.as_deref()),
        operation: operation(&action),
        kind: action.entity,
        source: source(&action),
        ending: ending(&action),
        counts: counts(&action),
        finished_at: action.finished_at.unwrap_or(now),
        restorable_until: action.restorable_until.filter(|until| *until > now),
        kept_by: kept_by.into_iter().map(|(kind, records)| (kind, records.unsigned_abs())).collect(),
        exceptions,
        exceptions_file,
        public_url,
        action_id: action.id,
        recipient_name: action.requester.name,
        reason: action.reason,
        tags: action.options.tags,
    })
}

fn operation(action: &BulkAction) -> Operation {
    match (action.action, action.options.inverse_of) {
        (Action::Delete, _) => Operation::Delete,
        (Action::Deactivate, _) => Operation::Deactivate,
        (Action::Reactivate, _) => Operation::Reactivate,
        (Action::Purge, _) => Operation::Purge,
        (Action::AddTags, _) => Operation::AddTags,
        (Action::RemoveTags, _) => Operation::RemoveTags,
        (Action::Restore, Some(Action::Delete)) => Operation::Undo(Undone::Delete),
        (Action::Restore, Some(Action::Deactivate)) => Operation::Undo(Undone::Deactivate),
        (Action::Restore, Some(Action::Reactivate)) => Operation::Undo(Undone::Reactivate),
        (Action::Restore, _) => Operation::Restore,
    }
}

fn ending(action: &BulkAction) -> Ending {
    match action.status {
        ActionStatus::Aborted => Ending::Aborted,
        ActionStatus::Cancelled => Ending::Cancelled,
        ActionStatus::Failed => Ending::Failed,
        ActionStatus::Queued | ActionStatus::Running | ActionStatus::Completed => Ending::Completed,
    }
}

fn counts(action: &BulkAction) -> Counts {
    let counts = action.counts;
    let effect = operation(action).effect();
    let done = match effect {
        Effect::Deleted => counts.deleted,
        Effect::Restored => counts.restored,
        Effect::Deactivated => counts.deactivated,
        Effect::Reactivated => counts.reactivated,
        Effect::Purged => counts.purged,
        Effect::Tagged => counts.tagged,
        Effect::Untagged => counts.untagged,
    };
    let besides = |count: i64, of: Effect| if effect == of { 0 } else { count.unsigned_abs() };
    Counts {
        matched: counts.matched.unsigned_abs(),
        done: done.unsigned_abs(),
        blocked: counts.blocked.unsigned_abs(),
        deactivated_instead: besides(counts.deactivated, Effect::Deactivated),
        reactivated_too: besides(counts.reactivated, Effect::Reactivated),
        conflict: counts.conflict.unsigned_abs(),
        gone: counts.gone.unsigned_abs(),
        changed: counts.changed.unsigned_abs(),
        unchanged: counts.unchanged.unsigned_abs(),
        not_processed: counts.not_processed.unsigned_abs(),
    }
}

/// How the requester described the set.
fn source(action: &BulkAction) -> Source {
    let target = &action.target;
    match (target.kind.as_deref(), &target.segment_name) {
        (_, Some(name)) => Source::Segment(name.clone()),
        (Some("ids"), _) => Source::List(action.counts.matched.unsigned_abs()),
        (Some("deletion" | "undo"), _) => Source::Deletion,
        (Some("bin"), _) => Source::Bin,
        (Some("retry"), _) => Source::Retry,
        _ => Source::Rules,
    }
}

/// The first exceptions for the mail itself, and the file with all of them.
fn exceptions(read: &mut Read, action: &BulkAction) -> Result<(Vec<ExceptionFacts>, ExceptionsFile)> {
    let mut first = Vec::new();
    let rows = report_facts::exception_pages(read, action).flat_map(|page| match page {
        Ok(page) => {
            first.extend(page.iter().take(NAMED_EXCEPTIONS - first.len()).cloned());
            page.into_iter().flat_map(|record| ResultRow::of(record, action.entity)).map(Ok).collect()
        }
        Err(error) => vec![Err(error)],
    });
    let file = ExceptionsFile::collect(rows, MAX_ATTACHMENT_BYTES)?;
    Ok((exception_facts(read, action, first)?, file))
}

/// What the mail names; records that are merely gone are only counted.
fn exception_facts(read: &mut Read, action: &BulkAction, records: Vec<RecordOutcome>) -> Result<Vec<ExceptionFacts>> {
    let twins: Vec<Uuid> = records.iter().filter_map(|record| record.exception.conflict_with).collect();
    let twin_names = titles::record_names(read, action.entity, &twins)?;
    let facts = |RecordOutcome { exception, name }: RecordOutcome| {
        let cause = match (exception.outcome, exception.conflict_with) {
            (Outcome::Blocked | Outcome::Deactivated, _) => Cause::Linked(exception.blockers),
            (Outcome::Conflict, Some(with_id)) => {
                Cause::Conflict { with_id, with_name: twin_names.get(&with_id).cloned() }
            }
            (Outcome::Conflict, None) if action.action == Action::AddTags => Cause::TooManyTags,
            _ => return None,
        };
        Some(ExceptionFacts { record_id: exception.record_id, name, cause })
    };
    Ok(records.into_iter().filter_map(facts).collect())
}
