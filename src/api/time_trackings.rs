//! Time trackings.

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
use crate::domain::linked::{TimeTracking, TimeTrackingInput};
use crate::repository::linked::Stored;
use crate::services::Services;

/// A time tracking.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimeTrackingView {
    pub id: Uuid,
    #[serde(flatten)]
    pub fields: TimeTrackingInput,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Stored<TimeTracking>> for TimeTrackingView {
    fn from(stored: Stored<TimeTracking>) -> Self {
        Self {
            id: stored.id,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            fields: stored.record.into(),
        }
    }
}

impl LinkedView for TimeTrackingView {
    type Record = TimeTracking;
    const COLLECTION: &'static str = "/time-trackings";
}

linked_query! {
    /// Which time trackings, in which order.
    TimeTrackingQuery, TimeTracking
}

/// List time trackings
///
/// The time trackings of the account, newest first unless `sort` says otherwise. With `format=csv` or `Accept: text/csv`
/// the whole list comes as one file, which can be imported again.
#[utoipa::path(tag = "Time trackings", params(TimeTrackingQuery),
    responses((status = 200, description = "A page of time trackings, or all of them as a file.", content(
        (Listing<TimeTrackingView> = "application/json"), (String = "text/csv",
            example = "id,external_id,description,started_at,duration_seconds,subject_type,subject_external_id,subject_id\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,T-1,call,2026-11-24T09:00:00Z,900,contact,CT-1,0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e20\r\n")))),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor"]))))]
#[get("/time-trackings")]
pub async fn list_time_trackings(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<TimeTrackingQuery>,
) -> Result<HttpResponse, Problem> {
    linked::list::<TimeTrackingView>(services, actor, query.read(&request)?).await
}

/// Create a time tracking
///
/// Adds a time tracking to the account.
#[utoipa::path(tag = "Time trackings", request_body = TimeTrackingInput,
    responses((status = 201, description = "The new time tracking.", body = TimeTrackingView)),
    extensions(("x-problems" = json!(["validation-failed", "link-target-unavailable", "external-id-taken"]))))]
#[post("/time-trackings")]
pub async fn create_time_tracking(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<TimeTrackingInput>,
) -> Result<HttpResponse, Problem> {
    linked::create::<TimeTrackingView>(&services, &actor, post, body).await
}

/// Read a time tracking
///
/// Times are UTC.
#[utoipa::path(tag = "Time trackings", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The time tracking.", body = TimeTrackingView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/time-trackings/{id}")]
pub async fn get_time_tracking(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    linked::read::<TimeTrackingView>(&services, actor, id).await
}

/// Change a time tracking
///
/// A merge patch (RFC 7396): null clears a field.
#[utoipa::path(tag = "Time trackings", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = TimeTrackingInput,
    responses((status = 200, description = "The changed time tracking.", body = TimeTrackingView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "link-target-unavailable", "external-id-taken"]))))]
#[patch("/time-trackings/{id}")]
pub async fn update_time_tracking(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    linked::update::<TimeTrackingView>(&services, actor, id, if_match, body.value).await
}

/// Delete a time tracking
///
/// The time tracking is deleted for good: it does not go to the recycle bin.
#[utoipa::path(tag = "Time trackings", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The time tracking is gone.")),
    extensions(("x-problems" = json!(["not-found", "precondition-failed"]))))]
#[delete("/time-trackings/{id}")]
pub async fn delete_time_tracking(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    linked::delete::<TimeTrackingView>(&services, &actor, id, if_match).await
}
