//! The recycle bin: what lies in it, taking one record back, removing one for good. Admins only.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, web};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Admin;
use super::bulk_actions::RestoreInput;
use super::companies::CompanyView;
use super::contacts::ContactView;
use super::deals::DealView;
use super::extractors::{Id, OptionalBody, Query};
use super::idempotency::{Answer, Post};
use super::problem::Problem;
use super::resources::Listing;
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, Result};
use crate::domain::linked::Deal;
use crate::domain::page::PageRequest;
use crate::domain::recycle_bin::BinTarget;
use crate::repository::db::Read;
use crate::repository::recycle_bin::{self, BinFilter, BinnedRecord};
use crate::repository::{companies, contacts, linked};
use crate::services::{Services, purging, restoration};

/// A record in the bin.
#[derive(Debug, Serialize, ToSchema)]
pub struct BinnedView {
    #[serde(rename = "type")]
    pub kind: BinKind,
    pub id: Uuid,
    #[schema(example = "Ann Peeters")]
    pub name: String,
    pub deleted_at: DateTime<Utc>,
    pub deleted_by: DeletedBy,
    /// The single deletion or bulk delete that took it: restore all of it with the target `deletion_id`.
    pub deletion_id: Uuid,
    #[schema(example = "GDPR clean-up 2026")]
    pub reason: Option<String>,
    /// From then on the record is gone for good.
    pub purge_at: DateTime<Utc>,
    /// Whole days left, rounded up: 1 on the last day.
    #[schema(example = 30)]
    pub days_left: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedBy {
    #[schema(example = "ann")]
    pub user_id: Option<String>,
    pub name: Option<String>,
}

fn view(record: BinnedRecord, now: DateTime<Utc>) -> BinnedView {
    let left = record.purge_at - now;
    let days_left = left.num_days() + i64::from(left > TimeDelta::days(left.num_days()));
    BinnedView {
        kind: record.kind.0,
        id: record.id,
        name: record.name,
        deleted_at: record.deleted_at,
        deleted_by: DeletedBy { user_id: record.deleted_by, name: record.deleted_by_name },
        deletion_id: record.deletion_id,
        reason: record.reason,
        purge_at: record.purge_at,
        days_left,
    }
}

/// Which binned records.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BinQuery {
    #[serde(rename = "type")]
    #[param(inline)]
    pub kind: Option<BinKind>,
    /// Words that must all occur in names, e-mail addresses or telephone numbers, or a deal's title.
    pub q: Option<String>,
    /// Only what this user deleted.
    pub deleted_by: Option<String>,
    /// Only what one deletion took.
    pub deletion_id: Option<Uuid>,
    pub deleted_before: Option<DateTime<Utc>>,
    pub deleted_after: Option<DateTime<Utc>>,
    /// 1 to 200; 50 when left out.
    #[serde(skip_serializing)]
    pub limit: Option<i64>,
    /// `page.next_cursor` of the page before.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
    /// Adds `page.total`.
    #[serde(default, skip_serializing)]
    pub with_total: bool,
}

impl BinQuery {
    fn filter(&self) -> BinFilter {
        let filters = BinTarget {
            q: self.q.clone(),
            deleted_by: self.deleted_by.clone(),
            deletion_id: self.deletion_id,
            deleted_before: self.deleted_before,
            deleted_after: self.deleted_after,
        };
        BinFilter { kind: self.kind, ..BinFilter::from(&filters) }
    }
}

/// List the recycle bin
///
/// Deleted contacts, companies and deals that can still be taken back, newest deletion first.
#[utoipa::path(tag = "Recycle bin", params(BinQuery),
    responses((status = 200, description = "A page of the bin.", body = Listing<BinnedView>)),
    extensions(("x-problems" = json!(["admin-only", "validation-failed", "invalid-cursor"]))))]
#[get("/recycle-bin")]
pub async fn list_recycle_bin(
    Admin(actor): Admin,
    services: web::Data<Services>,
    Query(query): Query<BinQuery>,
) -> Result<web::Json<Listing<BinnedView>>, Problem> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref(), query.with_total, &query)?;
    let (now, listed) = services
        .db
        .read(actor.account, move |read| {
            let filter = query.filter();
            let rows = recycle_bin::list(read, &filter, page.after, page.fetch())?;
            let total = if page.with_total { Some(recycle_bin::count(read, &filter)?) } else { None };
            Ok((read.now(), page.page(rows, total, |row| (row.deletion_id, row.id))?))
        })
        .await?;
    Ok(web::Json(Listing::new(listed, |record| view(record, now))))
}

fn find(read: &mut Read, id: Uuid) -> Result<BinnedRecord> {
    let filter = BinFilter { id: Some(id), ..BinFilter::default() };
    recycle_bin::list(read, &filter, None, 1)?.pop().ok_or(Error::NotFound)
}

/// Read one record of the bin
///
/// Who deleted it, when, why, and how long it can still be taken back. The record itself is at its own address.
#[utoipa::path(tag = "Recycle bin", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The binned record.", body = BinnedView)),
    extensions(("x-problems" = json!(["admin-only", "not-found"]))))]
#[get("/recycle-bin/{id}")]
pub async fn get_binned_record(
    Admin(actor): Admin,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<web::Json<BinnedView>, Problem> {
    let found = services.db.read(actor.account, move |read| Ok(view(find(read, id)?, read.now()))).await?;
    Ok(web::Json(found))
}

/// A restored record, as its own address shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RecordView {
    Contact(Box<ContactView>),
    Company(Box<CompanyView>),
    Deal(Box<DealView>),
}

fn restored(read: &mut Read, kind: BinKind, id: Uuid) -> Result<RecordView> {
    let view = match kind {
        BinKind::Contact => contacts::find(read, id)?.map(|contact| RecordView::Contact(Box::new(contact.into()))),
        BinKind::Company => companies::find(read, id)?.map(|company| RecordView::Company(Box::new(company.into()))),
        BinKind::Deal => linked::find::<Deal>(read, id)?.map(|deal| RecordView::Deal(Box::new(deal.into()))),
    };
    view.ok_or(Error::NotFound)
}

/// Restore one record
///
/// Tags, company links and fields are back exactly as they were. A deal brings its customer and contact person along.
#[utoipa::path(tag = "Recycle bin", params(("id" = Uuid, Path)), request_body = Option<RestoreInput>,
    responses((status = 200, description = "The live record.", body = RecordView)),
    extensions(("x-problems" = json!(["admin-only", "not-found", "restore-conflict", "parent-expired"]))))]
#[post("/recycle-bin/{id}/restore")]
pub async fn restore_binned_record(
    Admin(actor): Admin,
    services: web::Data<Services>,
    Id(id): Id,
    post: Post,
    body: OptionalBody<RestoreInput>,
) -> Result<HttpResponse, Problem> {
    let on_conflict = body.value.on_conflict;
    let caller = actor.clone();
    post.answer(&services.db, &caller, &body.bytes, move |tx| {
        let kind = find(tx, id)?.kind.0;
        restoration::restore_one(tx, &actor, kind, id, on_conflict)?;
        Answer::new(StatusCode::OK, &restored(tx, kind, id)?, vec![id])
    })
    .await
}

/// Delete one record for good
///
/// Removes it from the bin at once, with the binned deals whose customer it is; its tickets are emptied. It cannot be
/// taken back.
#[utoipa::path(tag = "Recycle bin", params(("id" = Uuid, Path)),
    responses((status = 204, description = "The record is gone.")),
    extensions(("x-problems" = json!(["admin-only", "not-found"]))))]
#[delete("/recycle-bin/{id}")]
pub async fn purge_binned_record(
    Admin(actor): Admin,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    services
        .db
        .write(actor.account, move |tx| {
            let kind = find(tx, id)?.kind.0;
            purging::purge_one(tx, &actor, kind, id)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
