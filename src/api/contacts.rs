//! Contacts.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Caller;
use super::csv_download::{self, wants_csv};
use super::extractors::{Body, Id, IfMatch, Query, merged, refusal_of_absent};
use super::idempotency::Post;
use super::party_query::party_query;
use super::problem::Problem;
use super::resources::{BinView, Listing, require_live, require_visible, resource, visible};
use super::segments::segment_filter;
use super::trashed_twin::{Created, created_beside, twin_for};
use crate::domain::actor::Actor;
use crate::domain::contact::{CompanyLink, CompanyLinkInput, ContactInput};
use crate::domain::entity::{RecordKind, RecordRef};
use crate::domain::error::{Error, Result};
use crate::repository::contacts::{self, StoredContact};
use crate::repository::db::Read;
use crate::repository::links::{self, LinkTarget};
use crate::repository::parties::{ListFilter, ListKey};
use crate::services::Services;
use crate::services::exports::Export;

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    pub id: Uuid,
    /// First and last name.
    #[schema(example = "Ann Peeters")]
    pub name: String,
    #[serde(flatten)]
    pub fields: ContactInput,
    /// The live companies the contact is linked to.
    pub companies: Vec<CompanyLink>,
    pub added_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Present while the contact lies in the recycle bin.
    #[serde(flatten)]
    pub bin: Option<BinView>,
}

impl From<StoredContact> for ContactView {
    fn from(stored: StoredContact) -> Self {
        Self {
            id: stored.id,
            name: stored.contact.name(),
            fields: stored.contact.into(),
            companies: stored.companies,
            added_at: stored.added_at,
            updated_at: stored.updated_at,
            bin: stored.bin.map(BinView::from),
        }
    }
}

party_query! {
    /// Which contacts, in which order.
    ContactQuery,
    /// Only contacts linked to this company.
    company_id: Option<Uuid>
}

impl ContactQuery {
    fn filter(&self, read: &mut Read, actor: &Actor) -> Result<ListFilter> {
        let segment = segment_filter(read, actor, self.segment_id.as_deref(), RecordKind::Contact)?;
        Ok(ListFilter { segment, company_id: self.company_id, ..self.shared_filter() })
    }
}

/// List contacts
///
/// The live contacts of the account, by name unless `sort` says otherwise. With `format=csv` or `Accept: text/csv` the
/// whole list comes as one file, which can be imported again.
#[utoipa::path(tag = "Contacts", params(ContactQuery),
    responses((status = 200, description = "A page of contacts, or all of them as a file.", content(
        (Listing<ContactView> = "application/json"), (String = "text/csv",
            example = "id,external_id,first_name,last_name,salutation,gender,birthdate,status,email,\
                telephone,mobile,website,line_1,postal_code,city,country,language,vat_number,iban,bic,\
                payment_term_type,payment_term_days,remarks,tags,marketing_mails_consent,\
                company_external_id,company_id,position,division,decision_maker\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,,Ann,Peeters,,,,active,ann@example.com,'+32 2 123 45 67,,,,,Ghent,BE,nl,,,,,,,,,,,,,\r\n")))),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor", "not-found"]))))]
#[get("/contacts")]
pub async fn list_contacts(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<ContactQuery>,
) -> Result<HttpResponse, Problem> {
    if wants_csv(&request, query.format) {
        return export_contacts(actor, services, query).await;
    }
    let page = query.page()?;
    let listed = services
        .db
        .read(actor.account, move |read| {
            let filter = query.filter(read, &actor)?;
            contacts::list(read, &filter, query.sort, &page)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Listing::new(listed, ContactView::from)))
}

async fn export_contacts(
    actor: Actor,
    services: web::Data<Services>,
    query: ContactQuery,
) -> Result<HttpResponse, Problem> {
    query.refuse_page()?;
    let account = actor.account;
    let begin = move |read: &mut Read| {
        let filter = query.filter(read, &actor)?;
        Export::of_contacts(read, filter, query.sort)
    };
    let export = Arc::new(services.db.read(account, begin).await?);
    csv_download::download("contacts.csv", move |after: Option<ListKey>| {
        let (services, export) = (services.clone(), Arc::clone(&export));
        async move { services.db.read(account, move |read| export.contacts(read, after.as_ref())).await }
    })
    .await
}

/// Create a contact
///
/// Adds a contact to the account. An admin is told of a contact in the recycle bin that has the same external id, VAT number or
/// one of the same e-mail addresses: restoring it may be what is wanted.
#[utoipa::path(tag = "Contacts", request_body = ContactInput,
    responses((status = 201, description = "The new contact.", body = Created<ContactView>)),
    extensions(("x-problems" = json!(["validation-failed", "external-id-taken"]))))]
#[post("/contacts")]
pub async fn create_contact(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<ContactInput>,
) -> Result<HttpResponse, Problem> {
    let contact = body.value.validate()?;
    let role = actor.role;
    post.answer(&services.db, &actor, &body.bytes, move |tx| {
        let stored = contacts::insert(tx, contact.clone())?;
        let twin = twin_for(tx, role, RecordKind::Contact, &contact.party)?;
        let (id, version) = (stored.id, stored.version);
        created_beside(twin, ContactView::from(stored), "/contacts", id, version)
    })
    .await
}

/// Read a contact
///
/// A contact in the recycle bin is shown to admins, with `deleted_at` and `purge_at`.
#[utoipa::path(tag = "Contacts", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The contact.", body = ContactView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/contacts/{id}")]
pub async fn get_contact(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    let stored = services.db.read(actor.account, move |read| contacts::find(read, id)).await?.ok_or(Error::NotFound)?;
    require_visible(&actor, stored.bin)?;
    let version = stored.version;
    Ok(resource(StatusCode::OK, &ContactView::from(stored), version))
}

/// Change a contact
///
/// A merge patch (RFC 7396): null clears a field, lists are replaced, `custom_fields` merge by key.
#[utoipa::path(tag = "Contacts", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = ContactInput,
    responses((status = 200, description = "The changed contact.", body = ContactView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "in-recycle-bin", "external-id-taken"]))))]
#[patch("/contacts/{id}")]
pub async fn update_contact(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    let stored = services
        .db
        .write(actor.account, move |tx| {
            let Some(stored) = visible(&actor, contacts::find_for_update(tx, id)?, |stored| stored.bin) else {
                return Err(refusal_of_absent::<ContactInput>(&body.value));
            };
            let input: ContactInput = merged(&ContactInput::from(stored.contact), &body.value)?;
            let contact = input.validate()?;
            if_match.check(stored.version)?;
            require_live(&actor, stored.bin)?;
            contacts::update(tx, id, contact)
        })
        .await?;
    let version = stored.version;
    Ok(resource(StatusCode::OK, &ContactView::from(stored), version))
}

/// The contact and the company in a link's path.
#[derive(Debug, Deserialize)]
pub struct CompanyLinkPath {
    id: String,
    company_id: String,
}

impl CompanyLinkPath {
    fn ids(&self) -> Result<(Uuid, Uuid), Error> {
        let id = |text: &str| Uuid::try_parse(text).map_err(|_| Error::NotFound);
        Ok((id(&self.id)?, id(&self.company_id)?))
    }
}

fn require_live_pair(
    tx: &mut crate::repository::db::Tx,
    actor: &Actor,
    contact_id: Uuid,
    company_id: Uuid,
) -> Result<(), Error> {
    let contact = contacts::find(tx, contact_id)?.ok_or(Error::NotFound)?;
    let company = crate::repository::companies::find(tx, company_id)?.ok_or(Error::NotFound)?;
    require_live(actor, contact.bin)?;
    require_live(actor, company.bin)
}

/// Link a contact to a company
///
/// Makes the link, or replaces its position, division and decision maker.
#[utoipa::path(tag = "Contacts", params(("id" = Uuid, Path), ("company_id" = Uuid, Path)),
    request_body = CompanyLinkInput,
    responses((status = 200, description = "The contact with its links.", body = ContactView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "in-recycle-bin", "link-target-unavailable"]))))]
#[put("/contacts/{id}/companies/{company_id}")]
pub async fn put_company_link(
    Caller(actor): Caller,
    services: web::Data<Services>,
    path: web::Path<CompanyLinkPath>,
    body: Body<CompanyLinkInput>,
) -> Result<HttpResponse, Problem> {
    let link = body.value.validate()?;
    let (contact_id, company_id) = path.ids()?;
    let stored = services
        .db
        .write(actor.account, move |tx| {
            require_live_pair(tx, &actor, contact_id, company_id)?;
            let targets = [
                LinkTarget::new(RecordRef::company(company_id), "company_id"),
                LinkTarget::new(RecordRef::contact(contact_id), "id"),
            ];
            links::hold_live(tx, &targets)?;
            links::put_company_link(tx, contact_id, company_id, &link)?;
            contacts::find(tx, contact_id)?.ok_or(Error::NotFound)
        })
        .await?;
    let version = stored.version;
    Ok(resource(StatusCode::OK, &ContactView::from(stored), version))
}

/// Unlink a contact from a company
///
/// Removes the link; contact and company stay.
#[utoipa::path(tag = "Contacts", params(("id" = Uuid, Path), ("company_id" = Uuid, Path)),
    responses((status = 204, description = "The link is gone.")),
    extensions(("x-problems" = json!(["not-found", "in-recycle-bin"]))))]
#[delete("/contacts/{id}/companies/{company_id}")]
pub async fn delete_company_link(
    Caller(actor): Caller,
    services: web::Data<Services>,
    path: web::Path<CompanyLinkPath>,
) -> Result<HttpResponse, Problem> {
    let (contact_id, company_id) = path.ids()?;
    services
        .db
        .write(actor.account, move |tx| {
            require_live_pair(tx, &actor, contact_id, company_id)?;
            if links::remove_company_link(tx, contact_id, company_id)? { Ok(()) } else { Err(Error::NotFound) }
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
