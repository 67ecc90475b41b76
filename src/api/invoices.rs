//! Invoices.

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
use crate::domain::linked::{Invoice, InvoiceInput, InvoiceStatus};
use crate::repository::linked::Stored;
use crate::services::Services;

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceView {
    pub id: Uuid,
    #[serde(flatten)]
    pub fields: InvoiceInput,
    /// The customer's name when `customer` was last set.
    #[schema(example = "Peeters & Zonen")]
    pub customer_name: String,
    /// The customer's VAT number when `customer` was last set.
    #[schema(example = "BE0123456789")]
    pub customer_vat_number: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Stored<Invoice>> for InvoiceView {
    fn from(stored: Stored<Invoice>) -> Self {
        let copy = stored.record.customer_copy.clone().unwrap_or_default();
        Self {
            id: stored.id,
            customer_name: copy.name,
            customer_vat_number: copy.vat_number,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            fields: stored.record.into(),
        }
    }
}

impl LinkedView for InvoiceView {
    type Record = Invoice;
    const COLLECTION: &'static str = "/invoices";
}

linked_query! {
    /// Which invoices, in which order.
    InvoiceQuery, Invoice, status: InvoiceStatus
}

/// List invoices
///
/// The invoices of the account, newest first unless `sort` says otherwise. With `format=csv` or `Accept: text/csv`
/// the whole list comes as one file, which can be imported again.
#[utoipa::path(tag = "Invoices", params(InvoiceQuery),
    responses((status = 200, description = "A page of invoices, or all of them as a file.", content(
        (Listing<InvoiceView> = "application/json"), (String = "text/csv",
            example = "id,external_id,invoice_number,status,invoice_date,total_amount,total_currency,\
                customer_type,customer_external_id,customer_id,attention_contact_external_id,attention_contact_id\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,I-1,2026/77,outstanding,2026-11-24,121.00,EUR,company,CO-1,0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e20,,\r\n")))),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor"]))))]
#[get("/invoices")]
pub async fn list_invoices(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<InvoiceQuery>,
) -> Result<HttpResponse, Problem> {
    linked::list::<InvoiceView>(services, actor, query.read(&request)?).await
}

/// Create an invoice
///
/// Adds an invoice to the account.
#[utoipa::path(tag = "Invoices", request_body = InvoiceInput,
    responses((status = 201, description = "The new invoice.", body = InvoiceView)),
    extensions(("x-problems" = json!(["validation-failed", "link-target-unavailable", "external-id-taken"]))))]
#[post("/invoices")]
pub async fn create_invoice(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<InvoiceInput>,
) -> Result<HttpResponse, Problem> {
    linked::create::<InvoiceView>(&services, &actor, post, body).await
}

/// Read an invoice
///
/// `customer_name` and `customer_vat_number` are the invoice's own copies.
#[utoipa::path(tag = "Invoices", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The invoice.", body = InvoiceView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/invoices/{id}")]
pub async fn get_invoice(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    linked::read::<InvoiceView>(&services, actor, id).await
}

/// Change an invoice
///
/// A merge patch (RFC 7396): null clears a field. Another `customer` brings other copies of its name and VAT number.
#[utoipa::path(tag = "Invoices", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = InvoiceInput,
    responses((status = 200, description = "The changed invoice.", body = InvoiceView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "link-target-unavailable", "external-id-taken"]))))]
#[patch("/invoices/{id}")]
pub async fn update_invoice(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    linked::update::<InvoiceView>(&services, actor, id, if_match, body.value).await
}

/// Delete an invoice
///
/// The invoice is deleted for good: it does not go to the recycle bin.
#[utoipa::path(tag = "Invoices", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The invoice is gone.")),
    extensions(("x-problems" = json!(["not-found", "precondition-failed"]))))]
#[delete("/invoices/{id}")]
pub async fn delete_invoice(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    linked::delete::<InvoiceView>(&services, &actor, id, if_match).await
}
