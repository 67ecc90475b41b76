//! What the handlers of all resources share: lists, single resources, fields that only some callers see.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::extractors::etag;
use super::idempotency::Answer;
use crate::domain::actor::Actor;
use crate::domain::error::{Conflict, Error, Result};
use crate::domain::page::{Page, PageInfo};
use crate::repository::parties::BinStamp;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    pub data: Vec<T>,
    pub page: PageInfo,
}

impl<T> Listing<T> {
    pub fn of(data: Vec<T>, next_cursor: Option<String>, total: Option<i64>) -> Self {
        Self { data, page: PageInfo { next_cursor, total } }
    }

    pub fn new<R>(page: Page<R>, view: impl Fn(R) -> T) -> Self {
        Self {
            data: page.data.into_iter().map(view).collect(),
            page: PageInfo { next_cursor: page.next_cursor, total: page.total },
        }
    }
}

/// One resource with its entity tag.
pub fn resource(status: StatusCode, body: &impl Serialize, version: i64) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::ETAG, etag(version))).json(body)
}

/// The answer to a POST that made `{collection}/{id}`; `names` as in [`Answer::new`].
pub fn created(body: &impl Serialize, collection: &str, id: Uuid, version: i64, names: Vec<Uuid>) -> Result<Answer> {
    let answer = Answer::new(StatusCode::CREATED, body, names)?;
    Ok(answer.header("location", format!("{collection}/{id}")).header("etag", etag(version)))
}

/// When a record was deleted and when it goes for good; shown to admins, who alone see records in the bin.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct BinView {
    pub deleted_at: DateTime<Utc>,
    pub purge_at: DateTime<Utc>,
}

impl From<BinStamp> for BinView {
    fn from(stamp: BinStamp) -> Self {
        Self { deleted_at: stamp.deleted_at, purge_at: stamp.purge_at }
    }
}

/// Refuses a change of a record in the bin: a member does not see it, an admin is told where it is.
pub fn require_live(actor: &Actor, bin: Option<BinStamp>) -> Result<()> {
    match bin {
        None => Ok(()),
        Some(stamp) if actor.is_admin() => Err(Error::conflict(Conflict::InRecycleBin { purge_at: stamp.purge_at })),
        Some(_) => Err(Error::NotFound),
    }
}

/// Lets an admin read a record in the bin, and hides it from a member.
pub fn require_visible(actor: &Actor, bin: Option<BinStamp>) -> Result<()> {
    if bin.is_none() || actor.is_admin() { Ok(()) } else { Err(Error::NotFound) }
}

/// What was found, unless it lies in the bin and the caller is a member.
pub fn visible<T>(actor: &Actor, found: Option<T>, bin: impl Fn(&T) -> Option<BinStamp>) -> Option<T> {
    found.filter(|record| require_visible(actor, bin(record)).is_ok())
}
