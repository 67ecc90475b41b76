//! Imports of CSV files.

use actix_web::web::{Data, Json, Payload};
use actix_web::{HttpRequest, post};
use serde_json::json;

use super::auth::Caller;
use super::extractors::require_media_type;
use super::problem::{IDEMPOTENCY_NOT_SUPPORTED, IMPORT_CUT_OFF, INVALID_HEADER_ROW, Problem};
use crate::domain::actor::Actor;
use crate::domain::linked::{Deal, Invoice, Project, Ticket, TimeTracking};
use crate::services::Services;
use crate::services::imports::{self, Companies, Contacts, Failure, Importable, Importer, Linked, Report};
use crate::telemetry;

/// Import contacts
///
/// Creates and updates contacts from a CSV file: UTF-8, with commas, semicolons or tabs, and a header row. A row is
/// about the contact that its `id`, else its `external_id` names; else it makes a new one. A column that the file does
/// not have leaves its field alone, an empty cell clears it. Rows are stored in batches: what a rejection does not
/// name is stored.
#[utoipa::path(tag = "Imports", request_body(content = String, content_type = "text/csv",
        example = json!("external_id;first_name;last_name;email\nCT-1;Ann;Peeters;ann@example.com\n")),
    responses((status = 200, description = "What became of the rows, also when all are rejected.", body = Report)),
    extensions(("x-problems" = json!(["idempotency-not-supported", "import-cut-off", "invalid-header-row"]))))]
#[post("/contacts/import")]
pub async fn import_contacts(
    Caller(actor): Caller,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    import::<Contacts>(&actor, &services, &request, payload).await
}

/// Import companies
///
/// Creates and updates companies from a CSV file, as contacts are imported. Import companies before the contacts that
/// name them.
#[utoipa::path(tag = "Imports", request_body(content = String, content_type = "text/csv",
        example = json!("external_id,name,vat_number,city,country\nCO-1,Peeters & Zonen,BE0123456789,Ghent,BE\n")),
    responses((status = 200, description = "What became of the rows, also when all are rejected.", body = Report)),
    extensions(("x-problems" = json!(["idempotency-not-supported", "import-cut-off", "invalid-header-row"]))))]
#[post("/companies/import")]
pub async fn import_companies(
    Caller(actor): Caller,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    import::<Companies>(&actor, &services, &request, payload).await
}

/// Import deals
///
/// Creates and updates deals from a CSV file, as contacts are imported. `customer_type` is `contact` or
/// `company`; customer and contact person are named by `external_id`, or by `id` in `customer_id` and
/// `contact_person_id`.
#[utoipa::path(tag = "Imports", request_body(content = String, content_type = "text/csv",
        example = json!("external_id,title,status,customer_type,customer_external_id,contact_person_external_id,estimated_value_amount,estimated_value_currency\nD-1,Offer 12,open,company,CO-1,CT-1,12500.00,EUR\n")),
    responses((status = 200, description = "What became of the rows, also when all are rejected.", body = Report)),
    extensions(("x-problems" = json!(["idempotency-not-supported", "import-cut-off", "invalid-header-row"]))))]
#[post("/deals/import")]
pub async fn import_deals(
    Caller(actor): Caller,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    import::<Linked<Deal>>(&actor, &services, &request, payload).await
}

/// Import invoices
///
/// Creates and updates invoices from a CSV file, as contacts are imported. `customer_type` is `contact` or
/// `company`; customer and attention are named by `external_id`, or by `id` in `customer_id` and
/// `attention_contact_id`.
#[utoipa::path(tag = "Imports", request_body(content = String, content_type = "text/csv",
        example = json!("external_id,invoice_number,status,invoice_date,customer_type,customer_external_id,attention_contact_external_id,total_amount,total_currency\nI-1,2026/77,outstanding,2026-11-24,company,CO-1,CT-1,121.00,EUR\n")),
    responses((status = 200, description = "What became of the rows, also when all are rejected.", body = Report)),
    extensions(("x-problems" = json!(["idempotency-not-supported", "import-cut-off", "invalid-header-row"]))))]
#[post("/invoices/import")]
pub async fn import_invoices(
    Caller(actor): Caller,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    import::<Linked<Invoice>>(&actor, &services, &request, payload).await
}

/// Import projects
///
/// Creates and updates projects from a CSV file, as contacts are imported. `customers` are
/// `contact:EXTERNAL_ID` or `company:EXTERNAL_ID` (or `contact-id:UUID`, `company-id:UUID`), joined by bars; they
/// replace those before.
#[utoipa::path(tag = "Imports", request_body(content = String, content_type = "text/csv",
        example = json!("external_id,title,status,customers\nP-1,New website,open,company:CO-1|contact:CT-1\n")),
    responses((status = 200, description = "What became of the rows, also when all are rejected.", body = Report)),
    extensions(("x-problems" = json!(["idempotency-not-supported", "import-cut-off", "invalid-header-row"]))))]
#[post("/projects/import")]
pub async fn import_projects(
    Caller(actor): Caller,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    import::<Linked<Project>>(&actor, &services, &request, payload).await
}

/// Import time trackings
///
/// Creates and updates time trackings from a CSV file, as contacts are imported. `subject_type` is `contact` or
/// `company`; the subject is named by `external_id`, or by `id` in `subject_id`.
#[utoipa::path(tag = "Imports", request_body(content = String, content_type = "text/csv",
        example = json!("external_id,description,started_at,duration_seconds,subject_type,subject_external_id\nT-1,call,2026-11-24T09:00:00Z,900,contact,CT-1\n")),
    responses((status = 200, description = "What became of the rows, also when all are rejected.", body = Report)),
    extensions(("x-problems" = json!(["idempotency-not-supported", "import-cut-off", "invalid-header-row"]))))]
#[post("/time-trackings/import")]
pub async fn import_time_trackings(
    Caller(actor): Caller,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    import::<Linked<TimeTracking>>(&actor, &services, &request, payload).await
}

/// Import tickets
///
/// Creates and updates tickets from a CSV file, as contacts are imported. `customer_type` is `contact` or
/// `company`; the customer is named by `external_id`, or by `id` in `customer_id`.
#[utoipa::path(tag = "Imports", request_body(content = String, content_type = "text/csv",
        example = json!("external_id,subject,description,status,customer_type,customer_external_id\nTI-1,Cannot log in,Since this morning.,open,contact,CT-1\n")),
    responses((status = 200, description = "What became of the rows, also when all are rejected.", body = Report)),
    extensions(("x-problems" = json!(["idempotency-not-supported", "import-cut-off", "invalid-header-row"]))))]
#[post("/tickets/import")]
pub async fn import_tickets(
    Caller(actor): Caller,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    import::<Linked<Ticket>>(&actor, &services, &request, payload).await
}

async fn import<K: Importable>(
    actor: &Actor,
    services: &Services,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Json<Report>, Problem> {
    if request.headers().contains_key("idempotency-key") {
        return Err(Problem::new(&IDEMPOTENCY_NOT_SUPPORTED));
    }
    require_media_type(request.headers(), "text/csv")?;
    let kind = request.path().split('/').nth(1).unwrap_or_default();
    let observe = |batch: &Report| {
        telemetry::observe_import(kind, [batch.created, batch.updated, batch.rejected]);
    };
    let importer = Importer { actor: actor.clone(), kind: kind.to_owned() };
    let report = imports::import::<K, _>(&services.db, importer, payload, &observe).await?;
    Ok(Json(report))
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Header(errors) => {
                let first = errors.first().map(|error| format!("{} {}", error.pointer, error.detail));
                Self::new(&INVALID_HEADER_ROW).detail(first.unwrap_or_default().trim()).member("errors", json!(errors))
            }
            Failure::CutOff { committed_through_line } => {
                Self::new(&IMPORT_CUT_OFF).member("committed_through_line", committed_through_line)
            }
            Failure::Stopped { error, committed_through_line } => {
                Self::from(error).member("committed_through_line", committed_through_line)
            }
        }
    }
}
