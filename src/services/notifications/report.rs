//! Report mails: the facts of an action that ended.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Recipient, Words};
use crate::domain::approval::{Approval, Decision};
use crate::domain::bulk_action::{Action, ActionStatus, BulkAction, Outcome, RecordOutcome};
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, Result};
use crate::domain::results_csv::ResultRow;
use crate::mail::exceptions_file::{ExceptionsFile, MAX_ATTACHMENT_BYTES};
use crate::mail::locale::Language;
use crate::mail::report::{
    Cause, Counts, Effect, Ending, ExceptionFacts, NAMED_EXCEPTIONS, Operation, Report, Source, Undone,
};
use crate::repository::db::Read;
use crate::repository::{bulk_actions, report_facts, titles};

/// The report of an ended action, for who started it.
pub(super) fn compose(read: &mut Read, action_id: Uuid, public_url: String) -> Result<Words> {
    let action = bulk_actions::find(read, action_id)?.ok_or(Error::NotFound)?;
    let Some(address) = action.requester.email.clone() else { return Ok(Words::NoAddress) };
    let recipient = Recipient { address, name: action.requester.name.clone(), locale: action.requester.locale.clone() };
    Ok(Words::Letter(recipient, report(read, action, public_url)?.render()))
}

fn report(read: &mut Read, action: BulkAction, public_url: String) -> Result<Report> {
    let (exceptions, exceptions_file) = exceptions(read, &action)?;
    let kept_by = report_facts::kept_by_kind(read, action.id)?;
    let now = read.now();
    Ok(Report {
        language: Language::from_locale(action.requester.locale.as_deref()),
        approved_by: action.approval.as_ref().and_then(approved_by),
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

/// Who approved it, and when.
fn approved_by(approval: &Approval) -> Option<(String, DateTime<Utc>)> {
    let approved = approval.decision == Some(Decision::Approved);
    let admin = approval.decided_by.as_ref().filter(|_| approved)?;
    Some((admin.name.clone().unwrap_or_else(|| admin.user_id.clone()), approval.decided_at?))
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
        ActionStatus::Cancelled | ActionStatus::Rejected | ActionStatus::Lapsed => Ending::Cancelled,
        ActionStatus::Failed => Ending::Failed,
        ActionStatus::AwaitingApproval | ActionStatus::Queued | ActionStatus::Running | ActionStatus::Completed => {
            Ending::Completed
        }
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
pub(super) fn source(action: &BulkAction) -> Source {
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
    let mut twin_names = HashMap::new();
    // What keeps a deal may be the twin of its customer or contact person.
    for kind in BinKind::ALL.into_iter().filter(|kind| *kind == action.entity || action.entity == BinKind::Deal) {
        twin_names.extend(titles::record_names(read, kind, &twins)?);
    }
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
