//! The audit log, for admins: page by page or as one file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Admin;
use super::csv_download::{self, wants_csv};
use super::extractors::Query;
use super::list_query::list_query;
use super::problem::Problem;
use super::resources::Listing;
use crate::domain::actor::AccountId;
use crate::domain::audit::{AuditAction, AuditActor, AuditOutcome, AuditRow, Subject, SubjectType};
use crate::domain::audit_csv::AuditCsv;
use crate::repository::audit_log::{self, AuditFilter};
use crate::services::{Services, audit};

/// One thing that was done, or tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditRowView {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub actor: AuditActor,
    #[schema(inline)]
    pub action: AuditAction,
    pub outcome: AuditOutcome,
    /// The slug of the problem that a refusal was answered with.
    #[schema(example = json!(null))]
    pub problem: Option<String>,
    pub subject: Subject,
    /// The `X-Request-Id` of the request; null for what upkeep does.
    #[schema(example = "edeb9e9c-f007-43f5-9a90-343fd35c581c")]
    pub request_id: Option<String>,
    /// By the action: what was asked for. `status` and `counts` are those of the bulk action as it stands; `reason` and
    /// the values of rules are there as long as the action or the deletion has them.
    #[schema(value_type = Object, example = json!({
        "action_id": "0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f", "action": "delete", "entity": "contact", "dry_run": false,
        "on_blocked": "skip", "matched": 3949, "status": "completed", "reason": "GDPR clean-up 2026",
        "target": {"kind": "segment", "segment_id": "0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e20",
            "rules": {"match": "all", "rules": [{"field": "country", "operator": "equals", "value": "NL"}]}},
        "counts": {"matched": 3949, "processed": 3949, "deleted": 3449, "blocked": 500}}))]
    pub details: Value,
}

impl From<AuditRow> for AuditRowView {
    fn from(row: AuditRow) -> Self {
        let entry = row.entry;
        Self {
            id: row.id,
            at: row.at,
            actor: entry.actor,
            action: entry.action,
            outcome: entry.outcome,
            problem: entry.problem,
            subject: entry.subject,
            request_id: row.request_id,
            details: entry.details,
        }
    }
}

list_query! {
    /// Which rows; all conditions must hold.
    AuditQuery, Uuid, {
        /// Only what this user did or tried.
        actor: Option<String>,
        #[param(inline)]
        action: Option<AuditAction>,
        #[param(inline)]
        outcome: Option<AuditOutcome>,
        #[param(inline)]
        subject_type: Option<SubjectType>,
        /// Only what was done to this record, bulk action, deletion or segment.
        subject_id: Option<String>,
        /// Only rows from before this time.
        before: Option<DateTime<Utc>>,
        /// Only rows from after this time.
        after: Option<DateTime<Utc>>,
    }
}

impl AuditQuery {
    fn filter(self) -> AuditFilter {
        AuditFilter {
            user_id: self.actor,
            action: self.action,
            outcome: self.outcome,
            subject_type: self.subject_type,
            subject_id: self.subject_id,
            before: self.before,
            after: self.after,
        }
    }
}

/// Rows in one part of a file.
const ROWS_A_PART: i64 = 1_000;

/// Read the audit log
///
/// Who deleted, restored, purged, imported, changed settings or shared segments, and who was refused it; newest first.
/// Rows are never changed or removed. With `format=csv` or `Accept: text/csv` all come as one file.
#[utoipa::path(tag = "Audit log", params(AuditQuery),
    responses((status = 200, description = "A page of rows, or all of them as a file.", content(
        (Listing<AuditRowView> = "application/json"), (String = "text/csv",
            example = "id,at,user_id,role,action,outcome,problem,subject_type,subject_id,request_id,details\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,2026-11-24T09:14:00.000000Z,max,member,record.purge,refused,\
                admin-only,record,0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e20,edeb9e9c-f007-43f5-9a90-343fd35c581c,{}\r\n")))),
    extensions(("x-problems" = json!(["admin-only", "validation-failed", "invalid-cursor"]))))]
#[get("/audit-log")]
pub async fn list_audit_log(
    Admin(actor): Admin,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    if wants_csv(&request, query.format) {
        query.refuse_page()?;
        return download(actor.account, services, query.filter()).await;
    }
    let page = query.page()?;
    let filter = query.filter();
    let listed = services
        .db
        .read(actor.account, move |read| {
            let rows = audit::list(read, &filter, page.after, page.fetch())?;
            let total = if page.with_total { Some(audit_log::count(read, &filter)?) } else { None };
            page.page(rows, total, |row| row.id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Listing::new(listed, AuditRowView::from)))
}

async fn download(
    account: AccountId,
    services: web::Data<Services>,
    filter: AuditFilter,
) -> Result<HttpResponse, Problem> {
    csv_download::download("audit-log.csv", move |after: Option<Uuid>| {
        let (services, filter) = (services.clone(), filter.clone());
        async move {
            services
                .db
                .read(account, move |read| {
                    let rows = audit::list(read, &filter, after, ROWS_A_PART)?;
                    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == ROWS_A_PART);
                    let next = rows.last().filter(|_| full).map(|row| row.id);
                    let mut file = if after.is_none() { AuditCsv::with_header() } else { AuditCsv::continued() };
                    for row in rows {
                        file.push(row);
                    }
                    Ok((file.into_bytes(), next))
                })
                .await
        }
    })
    .await
}
