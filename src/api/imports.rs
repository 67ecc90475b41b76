//! Imports of CSV files.

use actix_web::web::{Data, Json, Payload};
use actix_web::{HttpRequest, post};
use serde_json::json;

use super::auth::Caller;
use super::extractors::require_media_type;
use super::problem::{IDEMPOTENCY_NOT_SUPPORTED, IMPORT_CUT_OFF, INVALID_HEADER_ROW, Problem};
use crate::domain::actor::Actor;
use crate::services::Services;
use crate::services::imports::{self, Companies, Contacts, Failure, Importable, Report};

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
    let report = imports::import::<K, _>(&services.db, actor.account, payload).await?;
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
