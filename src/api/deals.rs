//! Deals. A deleted one goes to the recycle bin.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Caller;
use super::deletion_query::DeletionQuery;
use super::extractors::{Body, Id, IfMatch, Query};
use super::idempotency::Post;
use super::linked::{self, LinkedView, linked_query};
use super::problem::Problem;
use super::resources::{BinView, Listing, require_live, require_visible};
use crate::domain::linked::{Deal, DealInput, DealStatus};
use crate::repository::linked::Stored;
use crate::services::{Services, linked_records};

/// A deal.
#[derive(Debug, Serialize, ToSchema)]
pub struct DealView {
    pub id: Uuid,
    #[serde(flatten)]
    pub fields: DealInput,
    /// Present while the deal lies in the recycle bin.
    #[serde(flatten)]
    pub bin: Option<BinView>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Stored<Deal>> for DealView {
    fn from(stored: Stored<Deal>) -> Self {
        Self {
            id: stored.id,
            bin: stored.bin.map(BinView::from),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            fields: stored.record.into(),
        }
    }
}

impl LinkedView for DealView {
    type Record = Deal;
    const COLLECTION: &'static str = "/deals";
}

linked_query! {
    /// Which deals, in which order.
    DealQuery, Deal, status: DealStatus
}

/// List deals
///
/// The live deals of the account, newest first unless `sort` says otherwise. With `format=csv` or `Accept: text/csv`
/// the whole list comes as one file, which can be imported again.
#[utoipa::path(tag = "Deals", params(DealQuery),
    responses((status = 200, description = "A page of deals, or all of them as a file.", content(
        (Listing<DealView> = "application/json"), (String = "text/csv",
            example = "id,external_id,title,reference,status,estimated_value_amount,estimated_value_currency,\
                customer_type,customer_external_id,customer_id,contact_person_external_id,contact_person_id\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,D-1,Offer 12,2026/12,open,12500.00,EUR,company,CO-1,0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e20,,\r\n")))),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor"]))))]
#[get("/deals")]
pub async fn list_deals(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<DealQuery>,
) -> Result<HttpResponse, Problem> {
    linked::list::<DealView>(services, actor, query.read(&request)?).await
}

/// Create a deal
///
/// Adds a deal to the account.
#[utoipa::path(tag = "Deals", request_body = DealInput,
    responses((status = 201, description = "The new deal.", body = DealView)),
    extensions(("x-problems" = json!(["validation-failed", "link-target-unavailable", "external-id-taken"]))))]
#[post("/deals")]
pub async fn create_deal(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<DealInput>,
) -> Result<HttpResponse, Problem> {
    linked::create::<DealView>(&services, &actor, post, body).await
}

/// Read a deal
///
/// A deal in the recycle bin is shown to admins, with `deleted_at` and `purge_at`.
#[utoipa::path(tag = "Deals", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The deal.", body = DealView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/deals/{id}")]
pub async fn get_deal(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    linked::read::<DealView>(&services, actor, id).await
}

/// Change a deal
///
/// A merge patch (RFC 7396): null clears a field.
#[utoipa::path(tag = "Deals", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = DealInput,
    responses((status = 200, description = "The changed deal.", body = DealView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "link-target-unavailable", "external-id-taken", "in-recycle-bin"]))))]
#[patch("/deals/{id}")]
pub async fn update_deal(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    linked::update::<DealView>(&services, actor, id, if_match, body.value).await
}

/// Delete a deal
///
/// Puts the deal into the recycle bin, from where an admin can take it back.
#[utoipa::path(tag = "Deals",
    params(("id" = Uuid, Path), DeletionQuery, ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The deal lies in the recycle bin.")),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "in-recycle-bin"]))))]
#[delete("/deals/{id}")]
pub async fn delete_deal(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    Query(query): Query<DeletionQuery>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let reason = query.reason()?;
    services
        .db
        .write(actor.account, move |tx| {
            linked_records::delete_deal(tx, &actor, id, reason.as_deref(), |stored| {
                require_visible(&actor, stored.bin)?;
                if_match.check(stored.version)?;
                require_live(&actor, stored.bin)
            })
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
