//! Deleting one contact or company, and asking beforehand whether that is possible.

use actix_web::{HttpResponse, delete, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Caller;
use super::deletion_query::DeletionQuery;
use super::extractors::{Id, IfMatch, Query};
use super::problem::Problem;
use super::resources::require_live;
use crate::domain::actor::Actor;
use crate::domain::blocker::Blocker;
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Result};
use crate::repository::db::Read;
use crate::repository::parties::BinStamp;
use crate::repository::{blockers, companies, contacts, titles};
use crate::services::{Services, deletion};

/// Whether a record can be deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deletability {
    pub deletable: bool,
    /// What is linked to it.
    pub blockers: Vec<Blocker>,
}

/// Delete a contact
///
/// Moves it into the recycle bin, unless something live is linked to it.
#[utoipa::path(tag = "Contacts",
    params(("id" = Uuid, Path), DeletionQuery, ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The contact lies in the recycle bin.")),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "linked-records",
        "in-recycle-bin"]))))]
#[delete("/contacts/{id}")]
pub async fn delete_contact(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    Query(query): Query<DeletionQuery>,
) -> Result<HttpResponse, Problem> {
    delete_record(&services, actor, RecordKind::Contact, id, if_match, query.reason()?).await
}

/// Delete a company
///
/// Moves it into the recycle bin, unless something live is linked to it.
#[utoipa::path(tag = "Companies",
    params(("id" = Uuid, Path), DeletionQuery, ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The company lies in the recycle bin.")),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "linked-records",
        "in-recycle-bin"]))))]
#[delete("/companies/{id}")]
pub async fn delete_company(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    Query(query): Query<DeletionQuery>,
) -> Result<HttpResponse, Problem> {
    delete_record(&services, actor, RecordKind::Company, id, if_match, query.reason()?).await
}

async fn delete_record(
    services: &Services,
    actor: Actor,
    kind: RecordKind,
    id: Uuid,
    if_match: IfMatch,
    reason: Option<String>,
) -> Result<HttpResponse, Problem> {
    services
        .db
        .write(actor.account, move |tx| {
            deletion::hold(tx, kind, id)?;
            let (version, bin) = standing(tx, kind, id)?.ok_or(Error::NotFound)?;
            if bin.is_some() && !actor.is_admin() {
                return Err(Error::NotFound);
            }
            if_match.check(version)?;
            require_live(&actor, bin)?;
            deletion::delete_one(tx, &actor, kind, id, reason.as_deref())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The version and the bin stamp of a record that is live or restorable.
fn standing(read: &mut Read, kind: RecordKind, id: Uuid) -> Result<Option<(i64, Option<BinStamp>)>> {
    Ok(match kind {
        RecordKind::Contact => contacts::find(read, id)?.map(|contact| (contact.version, contact.bin)),
        RecordKind::Company => companies::find(read, id)?.map(|company| (company.version, company.bin)),
    })
}

/// Ask whether a contact can be deleted
///
/// Names the live deals, invoices, projects and time trackings that forbid it.
#[utoipa::path(tag = "Contacts", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Whether, and because of what not.", body = Deletability)),
    extensions(("x-problems" = json!(["not-found", "in-recycle-bin"]))))]
#[get("/contacts/{id}/deletability")]
pub async fn get_contact_deletability(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<web::Json<Deletability>, Problem> {
    deletability(&services, actor, RecordKind::Contact, id).await
}

/// Ask whether a company can be deleted
///
/// Names the live deals, invoices, projects and time trackings that forbid it.
#[utoipa::path(tag = "Companies", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Whether, and because of what not.", body = Deletability)),
    extensions(("x-problems" = json!(["not-found", "in-recycle-bin"]))))]
#[get("/companies/{id}/deletability")]
pub async fn get_company_deletability(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<web::Json<Deletability>, Problem> {
    deletability(&services, actor, RecordKind::Company, id).await
}

async fn deletability(
    services: &Services,
    actor: Actor,
    kind: RecordKind,
    id: Uuid,
) -> Result<web::Json<Deletability>, Problem> {
    let blockers = services
        .db
        .read(actor.account, move |read| {
            let (_, bin) = standing(read, kind, id)?.ok_or(Error::NotFound)?;
            require_live(&actor, bin)?;
            let mut blockers = blockers::of(read, kind, &[id])?.remove(&id).unwrap_or_default();
            titles::join_titles(read, &mut blockers)?;
            Ok(blockers)
        })
        .await?;
    Ok(web::Json(Deletability { deletable: blockers.is_empty(), blockers }))
}
