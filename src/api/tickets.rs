//! Tickets.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Caller;
use super::extractors::{Body, Id, IfMatch, Query};
use super::idempotency::Post;
use super::linked::{self, LinkedView, linked_query};
use super::problem::Problem;
use super::resources::Listing;
use crate::domain::linked::{Ticket, TicketInput, TicketStatus};
use crate::repository::linked::Stored;
use crate::services::Services;

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    pub id: Uuid,
    #[serde(flatten)]
    pub fields: TicketInput,
    /// When the customer was deleted for good, and the ticket's content with it.
    pub anonymised_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Stored<Ticket>> for TicketView {
    fn from(stored: Stored<Ticket>) -> Self {
        Self {
            id: stored.id,
            anonymised_at: stored.record.anonymised_at,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            fields: stored.record.into(),
        }
    }
}

impl LinkedView for TicketView {
    type Record = Ticket;
    const COLLECTION: &'static str = "/tickets";
}

linked_query! {
    /// Which tickets, in which order.
    TicketQuery, Ticket, status: TicketStatus
}

/// List tickets
///
/// The tickets of the account, newest first unless `sort` says otherwise. With `format=csv` or `Accept: text/csv`
/// the whole list comes as one file, which can be imported again.
#[utoipa::path(tag = "Tickets", params(TicketQuery),
    responses((status = 200, description = "A page of tickets, or all of them as a file.", content(
        (Listing<TicketView> = "application/json"), (String = "text/csv",
            example = "id,external_id,subject,description,status,customer_type,customer_external_id,customer_id\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,TI-1,Cannot log in,Since this morning.,open,contact,CT-1,0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e20\r\n")))),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor"]))))]
#[get("/tickets")]
pub async fn list_tickets(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<TicketQuery>,
) -> Result<HttpResponse, Problem> {
    linked::list::<TicketView>(services, actor, query.read(&request)?).await
}

/// Create a ticket
///
/// Adds a ticket to the account.
#[utoipa::path(tag = "Tickets", request_body = TicketInput,
    responses((status = 201, description = "The new ticket.", body = TicketView)),
    extensions(("x-problems" = json!(["validation-failed", "link-target-unavailable", "external-id-taken"]))))]
#[post("/tickets")]
pub async fn create_ticket(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<TicketInput>,
) -> Result<HttpResponse, Problem> {
    linked::create::<TicketView>(&services, &actor, post, body).await
}

/// Read a ticket
///
/// A ticket whose customer was deleted for good is anonymised: it has no customer and no content.
#[utoipa::path(tag = "Tickets", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The ticket.", body = TicketView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/tickets/{id}")]
pub async fn get_ticket(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    linked::read::<TicketView>(&services, actor, id).await
}

/// Change a ticket
///
/// A merge patch (RFC 7396): null clears a field. Of an anonymised ticket only `status` and `external_id` can change.
#[utoipa::path(tag = "Tickets", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = TicketInput,
    responses((status = 200, description = "The changed ticket.", body = TicketView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "link-target-unavailable", "external-id-taken"]))))]
#[patch("/tickets/{id}")]
pub async fn update_ticket(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    linked::update::<TicketView>(&services, actor, id, if_match, body.value).await
}

/// Delete a ticket
///
/// The ticket is deleted for good: it does not go to the recycle bin.
#[utoipa::path(tag = "Tickets", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The ticket is gone.")),
    extensions(("x-problems" = json!(["not-found", "precondition-failed"]))))]
#[delete("/tickets/{id}")]
pub async fn delete_ticket(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    linked::delete::<TicketView>(&services, &actor, id, if_match).await
}
