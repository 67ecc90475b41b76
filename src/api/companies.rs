//! Companies.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Caller;
use super::csv_download::{self, wants_csv};
use super::extractors::{Body, Id, IfMatch, Query, merged, refusal_of_absent};
use super::idempotency::Post;
use super::party_query::party_query;
use super::problem::Problem;
use super::resources::{BinView, Listing, require_live, resource, visible};
use super::segments::segment_filter;
use super::trashed_twin::{Created, created_beside, twin_for};
use crate::domain::actor::Actor;
use crate::domain::company::CompanyInput;
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Result};
use crate::domain::fold::fold;
use crate::repository::companies::{self, StoredCompany};
use crate::repository::db::Read;
use crate::repository::parties::{ListFilter, ListKey};
use crate::services::Services;
use crate::services::exports::Export;

/// A company.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyView {
    pub id: Uuid,
    #[serde(flatten)]
    pub fields: CompanyInput,
    pub added_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Present while the company lies in the recycle bin.
    #[serde(flatten)]
    pub bin: Option<BinView>,
}

impl From<StoredCompany> for CompanyView {
    fn from(stored: StoredCompany) -> Self {
        Self {
            id: stored.id,
            fields: stored.company.into(),
            added_at: stored.added_at,
            updated_at: stored.updated_at,
            bin: stored.bin.map(BinView::from),
        }
    }
}

party_query! {
    /// Which companies, in which order.
    CompanyQuery,
    /// Only companies with this VAT number; case does not matter.
    vat_number: Option<String>
}

impl CompanyQuery {
    fn filter(&self, read: &mut Read, actor: &Actor) -> Result<ListFilter> {
        let segment = segment_filter(read, actor, self.segment_id.as_deref(), RecordKind::Company)?;
        Ok(ListFilter { segment, vat_number: self.vat_number.as_deref().map(fold), ..self.shared_filter() })
    }
}

/// List companies
///
/// The live companies of the account, by name unless `sort` says otherwise. With `format=csv` or `Accept: text/csv` the
/// whole list comes as one file, which can be imported again.
#[utoipa::path(tag = "Companies", params(CompanyQuery),
    responses((status = 200, description = "A page of companies, or all of them as a file.", content(
        (Listing<CompanyView> = "application/json"), (String = "text/csv",
            example = "id,external_id,name,status,email,invoicing_email,telephone,website,line_1,postal_code,\
                city,country,language,vat_number,iban,bic,payment_term_type,payment_term_days,remarks,\
                tags,marketing_mails_consent,preferred_currency\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,,Peeters & Zonen,active,ann@example.com,,'+32 2 123 45 67,,,,Ghent,BE,nl,,,,,,,,,\r\n")))),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor", "not-found"]))))]
#[get("/companies")]
pub async fn list_companies(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<CompanyQuery>,
) -> Result<HttpResponse, Problem> {
    if wants_csv(&request, query.format) {
        return export_companies(actor, services, query).await;
    }
    let page = query.page()?;
    let listed = services
        .db
        .read(actor.account, move |read| {
            let filter = query.filter(read, &actor)?;
            companies::list(read, &filter, query.sort, &page)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Listing::new(listed, CompanyView::from)))
}

async fn export_companies(
    actor: Actor,
    services: web::Data<Services>,
    query: CompanyQuery,
) -> Result<HttpResponse, Problem> {
    query.refuse_page()?;
    let account = actor.account;
    let begin = move |read: &mut Read| {
        let filter = query.filter(read, &actor)?;
        Export::of_companies(read, filter, query.sort)
    };
    let export = Arc::new(services.db.read(account, begin).await?);
    csv_download::download("companies.csv", move |after: Option<ListKey>| {
        let (services, export) = (services.clone(), Arc::clone(&export));
        async move { services.db.read(account, move |read| export.companies(read, after.as_ref())).await }
    })
    .await
}

/// Create a company
///
/// Adds a company to the account. An admin is told of a company in the recycle bin that has the same external id, VAT number or
/// one of the same e-mail addresses: restoring it may be what is wanted.
#[utoipa::path(tag = "Companies", request_body = CompanyInput,
    responses((status = 201, description = "The new company.", body = Created<CompanyView>)),
    extensions(("x-problems" = json!(["validation-failed", "external-id-taken"]))))]
#[post("/companies")]
pub async fn create_company(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<CompanyInput>,
) -> Result<HttpResponse, Problem> {
    let company = body.value.validate()?;
    let role = actor.role;
    post.answer(&services.db, &actor, &body.bytes, move |tx| {
        let stored = companies::insert(tx, company.clone())?;
        let twin = twin_for(tx, role, RecordKind::Company, &company.party)?;
        let (id, version) = (stored.id, stored.version);
        created_beside(twin, CompanyView::from(stored), "/companies", id, version)
    })
    .await
}

/// Read a company
///
/// A company in the recycle bin is shown to admins, with `deleted_at` and `purge_at`.
#[utoipa::path(tag = "Companies", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The company.", body = CompanyView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/companies/{id}")]
pub async fn get_company(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    let found = services.db.read(actor.account, move |read| companies::find(read, id)).await?;
    let stored = visible(&actor, found, |stored| stored.bin).ok_or(Error::NotFound)?;
    let version = stored.version;
    Ok(resource(StatusCode::OK, &CompanyView::from(stored), version))
}

/// Change a company
///
/// A merge patch (RFC 7396): null clears a field, lists are replaced, `custom_fields` merge by key.
#[utoipa::path(tag = "Companies", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = CompanyInput,
    responses((status = 200, description = "The changed company.", body = CompanyView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "in-recycle-bin", "external-id-taken"]))))]
#[patch("/companies/{id}")]
pub async fn update_company(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    let stored = services
        .db
        .write(actor.account, move |tx| {
            let Some(stored) = visible(&actor, companies::find_for_update(tx, id)?, |stored| stored.bin) else {
                return Err(refusal_of_absent::<CompanyInput>(&body.value));
            };
            let input: CompanyInput = merged(&CompanyInput::from(stored.company), &body.value)?;
            let company = input.validate()?;
            if_match.check(stored.version)?;
            require_live(&actor, stored.bin)?;
            companies::update(tx, id, company)
        })
        .await?;
    let version = stored.version;
    Ok(resource(StatusCode::OK, &CompanyView::from(stored), version))
}
