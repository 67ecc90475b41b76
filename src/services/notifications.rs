//! Report mails: their facts are gathered and put into words at the moment they leave, so that the outbox holds no name
//! and no address.

use serde_json::Value;
use uuid::Uuid;

use crate::domain::actor::AccountId;
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, Result};
use crate::domain::results_csv::ResultRow;
use crate::domain::segment::standard;
use crate::mail::OutgoingMail;
use crate::mail::exceptions_file::{ExceptionsFile, MAX_ATTACHMENT_BYTES};
use crate::mail::locale::Language;
use crate::mail::report::{Cause, Counts, Ending, ExceptionFacts, NAMED_EXCEPTIONS, Operation, Report, Source};
use crate::repository::db::{Db, Read};
use crate::repository::report_facts::{self, Exceptions, NamedException, ReportedAction};

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
        let action = report_facts::action(read, action_id)?.ok_or(Error::NotFound)?;
        let Some(to_address) = action.requester.email.clone() else { return Ok(None) };
        let to_name = action.requester.name.clone();
        let date = read.now();
        let content = report(read, action, public_url)?.render();
        Ok(Some(OutgoingMail { id: mail_id, date, to_name, to_address, content }))
    })
    .await
}

fn report(read: &mut Read, action: ReportedAction, public_url: String) -> Result<Report> {
    let (exceptions, exceptions_file) = exceptions(read, &action)?;
    let kept_by = report_facts::kept_by_kind(read, action.id)?;
    let now = read.now();
    Ok(Report {
        language: Language::from_locale(action.requester.locale.as_deref()),
        operation: operation(&action)?,
        kind: action.entity,
        source: source(read, &action)?,
        ending: ending(&action.status)?,
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
    })
}

fn operation(action: &ReportedAction) -> Result<Operation> {
    match (action.action.as_str(), action.origin_kind.as_deref()) {
        ("delete", _) => Ok(Operation::Delete),
        ("restore", Some("undo")) => Ok(Operation::Undo),
        ("restore", _) => Ok(Operation::Restore),
        (other, _) => Err(Error::Internal(format!("no report tells of the action {other}"))),
    }
}

fn ending(status: &str) -> Result<Ending> {
    match status {
        "completed" => Ok(Ending::Completed),
        "aborted" => Ok(Ending::Aborted),
        "cancelled" => Ok(Ending::Cancelled),
        "failed" => Ok(Ending::Failed),
        other => Err(Error::Internal(format!("no report tells of an action that is {other}"))),
    }
}

fn counts(action: &ReportedAction) -> Counts {
    let processed = action.succeeded
        + action.blocked
        + action.gone
        + action.conflict
        + action.changed
        + action.unchanged
        + action.deactivated;
    Counts {
        matched: action.matched.unsigned_abs(),
        done: action.succeeded.unsigned_abs(),
        blocked: action.blocked.unsigned_abs(),
        conflict: action.conflict.unsigned_abs(),
        gone: action.gone.unsigned_abs(),
        unchanged: action.unchanged.unsigned_abs(),
        not_processed: (action.matched - processed).unsigned_abs(),
    }
}

/// How the requester described the set. A segment that is gone by now was a set of rules.
fn source(read: &mut Read, action: &ReportedAction) -> Result<Source> {
    let target = &action.target;
    if let Some(segment) = target.get("segment_id").and_then(Value::as_str) {
        let name = match segment.parse() {
            Ok(id) => report_facts::segment_name(read, id)?,
            Err(_) => standard::find(segment).map(|segment| segment.name.to_owned()),
        };
        return Ok(name.map_or(Source::Rules, Source::Segment));
    }
    Ok(if target.get("ids").is_some() {
        Source::List(action.matched.unsigned_abs())
    } else if target.get("deletion_id").is_some() {
        Source::Deletion
    } else {
        Source::Rules
    })
}

/// The first exceptions for the mail itself, and the file with all of them.
fn exceptions(read: &mut Read, action: &ReportedAction) -> Result<(Vec<ExceptionFacts>, ExceptionsFile)> {
    let kind = action.entity;
    let mut first = Vec::new();
    let mut rows_of = |exception: NamedException| {
        if first.len() < NAMED_EXCEPTIONS {
            first.extend(exception_facts(&exception));
        }
        result_rows(exception, kind)
    };
    let rows = Exceptions::new(read, action.id, kind).flat_map(|exception| match exception {
        Ok(exception) => rows_of(exception).into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    });
    let file = ExceptionsFile::collect(rows, MAX_ATTACHMENT_BYTES)?;
    Ok((first, file))
}

/// What the mail names; records that are merely gone are only counted.
fn exception_facts(exception: &NamedException) -> Option<ExceptionFacts> {
    let cause = match (exception.outcome.as_str(), exception.conflict_with) {
        ("blocked", _) => Cause::Blocked(exception.blockers.clone()),
        ("conflict", Some(with_id)) => Cause::Conflict { with_id, with_name: exception.conflict_name.clone() },
        _ => return None,
    };
    Some(ExceptionFacts { record_id: exception.record_id, name: exception.name.clone(), cause })
}

fn result_rows(exception: NamedException, kind: BinKind) -> Vec<ResultRow> {
    let NamedException { record_id, name, outcome, blockers, conflict_with, .. } = exception;
    let row =
        |blocker| ResultRow { record_id, kind, name: name.clone(), outcome: outcome.clone(), blocker, conflict_with };
    if blockers.is_empty() {
        return vec![row(None)];
    }
    blockers.into_iter().map(|blocker| row(Some(blocker))).collect()
}
