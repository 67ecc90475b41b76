//! Which operations the audit log tells of, and the rows about those that were refused.
//!
//! What is accepted is written in the transaction of its effect; what is refused, here, in one of its own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::{HttpMessage, web};
use uuid::Uuid;

use super::problem::{IDEMPOTENCY_IN_PROGRESS, Problem};
use super::request_id;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditEntry, Subject, SubjectType};
use crate::domain::segment::standard;
use crate::repository::audit_log;
use crate::services::Services;

/// Whether an operation is audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audited {
    /// As this action, on a subject of this type.
    As(AuditAction, SubjectType),
    /// Not at all, for this reason.
    Not(&'static str),
}

const CHANGES_A_RECORD: Audited = Audited::Not("it creates or changes a record and deletes none");
const CHANGES_NOTHING: Audited = Audited::Not("it changes nothing");

/// Every operation that is no GET.
#[rustfmt::skip]
pub const WRITING_OPERATIONS: &[(&str, Audited)] = &[
    ("delete_contact", Audited::As(AuditAction::RecordDelete, SubjectType::Contact)),
    ("delete_company", Audited::As(AuditAction::RecordDelete, SubjectType::Company)),
    ("delete_deal", Audited::As(AuditAction::RecordDelete, SubjectType::Deal)),
    ("delete_invoice", Audited::As(AuditAction::RecordDelete, SubjectType::Invoice)),
    ("delete_project", Audited::As(AuditAction::RecordDelete, SubjectType::Project)),
    ("delete_time_tracking", Audited::As(AuditAction::RecordDelete, SubjectType::TimeTracking)),
    ("delete_ticket", Audited::As(AuditAction::RecordDelete, SubjectType::Ticket)),
    ("restore_binned_record", Audited::As(AuditAction::RecordRestore, SubjectType::Record)),
    ("purge_binned_record", Audited::As(AuditAction::RecordPurge, SubjectType::Record)),

    ("create_bulk_action", Audited::As(AuditAction::BulkActionCreate, SubjectType::BulkAction)),
    ("cancel_bulk_action", Audited::As(AuditAction::BulkActionCancel, SubjectType::BulkAction)),
    ("undo_bulk_action", Audited::As(AuditAction::BulkActionUndo, SubjectType::BulkAction)),
    ("retry_bulk_action", Audited::As(AuditAction::BulkActionRetry, SubjectType::BulkAction)),
    ("execute_bulk_action", Audited::As(AuditAction::BulkActionExecute, SubjectType::BulkAction)),
    ("approve_bulk_action", Audited::As(AuditAction::BulkActionApprove, SubjectType::BulkAction)),
    ("reject_bulk_action", Audited::As(AuditAction::BulkActionReject, SubjectType::BulkAction)),

    ("update_settings", Audited::As(AuditAction::SettingsUpdate, SubjectType::Settings)),
    ("create_segment", Audited::As(AuditAction::SegmentCreate, SubjectType::Segment)),
    ("update_segment", Audited::As(AuditAction::SegmentUpdate, SubjectType::Segment)),
    ("delete_segment", Audited::As(AuditAction::SegmentDelete, SubjectType::Segment)),
    ("preview_segment", CHANGES_NOTHING),

    ("import_contacts", Audited::As(AuditAction::Import, SubjectType::Import)),
    ("import_companies", Audited::As(AuditAction::Import, SubjectType::Import)),
    ("import_deals", Audited::As(AuditAction::Import, SubjectType::Import)),
    ("import_invoices", Audited::As(AuditAction::Import, SubjectType::Import)),
    ("import_projects", Audited::As(AuditAction::Import, SubjectType::Import)),
    ("import_time_trackings", Audited::As(AuditAction::Import, SubjectType::Import)),
    ("import_tickets", Audited::As(AuditAction::Import, SubjectType::Import)),

    ("create_contact", CHANGES_A_RECORD),
    ("create_company", CHANGES_A_RECORD),
    ("create_deal", CHANGES_A_RECORD),
    ("create_invoice", CHANGES_A_RECORD),
    ("create_project", CHANGES_A_RECORD),
    ("create_time_tracking", CHANGES_A_RECORD),
    ("create_ticket", CHANGES_A_RECORD),
    ("update_contact", CHANGES_A_RECORD),
    ("update_company", CHANGES_A_RECORD),
    ("update_deal", CHANGES_A_RECORD),
    ("update_invoice", CHANGES_A_RECORD),
    ("update_project", CHANGES_A_RECORD),
    ("update_time_tracking", CHANGES_A_RECORD),
    ("update_ticket", CHANGES_A_RECORD),
    ("put_company_link", CHANGES_A_RECORD),
    ("delete_company_link", CHANGES_A_RECORD),
];

static BY_OPERATION: LazyLock<BTreeMap<&str, Audited>> = LazyLock::new(|| WRITING_OPERATIONS.iter().copied().collect());

/// Writes down that an audited operation was forbidden, or refused by the state of the data.
///
/// It is one short insert before the answer. When it fails, the answer stays what it is and the log has the row's facts:
/// a caller who may not do something learns the same while the database is away.
pub async fn note_refusal(operation: &str, response: &ServiceResponse) {
    let Some((actor, entry)) = refusal(operation, response) else { return };
    let Some(services) = response.request().app_data::<web::Data<Services>>() else { return };
    let row = entry.clone();
    let written = services.db.write(actor.account, move |tx| audit_log::insert(tx, row.clone())).await;
    if let Err(error) = written {
        tracing::error!(
            %error, operation, problem = entry.problem, subject_id = entry.subject.id, user_id = actor.user_id,
            account_id = %actor.account.0, request_id = request_id::current(), "the audit log lacks a refusal"
        );
    }
}

fn refusal(operation: &str, response: &ServiceResponse) -> Option<(Actor, AuditEntry)> {
    if !matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::CONFLICT) {
        return None;
    }
    let Some(&Audited::As(action, kind)) = BY_OPERATION.get(operation) else { return None };
    let problem = response.response().error()?.as_error::<Problem>()?.kind();
    // The same request runs already, and writes its own row.
    if *problem == IDEMPOTENCY_IN_PROGRESS {
        return None;
    }
    let request = response.request();
    let actor = request.extensions().get::<Actor>().cloned()?;
    // Nothing but an id may get into the log by way of the path.
    let is_id = |id: &&str| Uuid::try_parse(id).is_ok() || standard::find(id).is_some();
    let subject = Subject { kind, id: request.match_info().get("id").filter(is_id).map(str::to_owned) };
    Some((actor.clone(), AuditEntry::refused(&actor, action, subject, problem.slug)))
}
