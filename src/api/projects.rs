//! Projects.

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
use crate::domain::linked::{Project, ProjectInput, ProjectStatus};
use crate::repository::linked::Stored;
use crate::services::Services;

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectView {
    pub id: Uuid,
    #[serde(flatten)]
    pub fields: ProjectInput,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Stored<Project>> for ProjectView {
    fn from(stored: Stored<Project>) -> Self {
        Self {
            id: stored.id,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            fields: stored.record.into(),
        }
    }
}

impl LinkedView for ProjectView {
    type Record = Project;
    const COLLECTION: &'static str = "/projects";
}

linked_query! {
    /// Which projects, in which order.
    ProjectQuery, Project, status: ProjectStatus
}

/// List projects
///
/// The projects of the account, newest first unless `sort` says otherwise. With `format=csv` or `Accept: text/csv`
/// the whole list comes as one file, which can be imported again.
#[utoipa::path(tag = "Projects", params(ProjectQuery),
    responses((status = 200, description = "A page of projects, or all of them as a file.", content(
        (Listing<ProjectView> = "application/json"), (String = "text/csv",
            example = "id,external_id,title,status,customers\r\n\
                0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,P-1,New website,open,company:CO-1|contact:CT-1\r\n")))),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor"]))))]
#[get("/projects")]
pub async fn list_projects(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Query(query): Query<ProjectQuery>,
) -> Result<HttpResponse, Problem> {
    linked::list::<ProjectView>(services, actor, query.read(&request)?).await
}

/// Create a project
///
/// Adds a project to the account.
#[utoipa::path(tag = "Projects", request_body = ProjectInput,
    responses((status = 201, description = "The new project.", body = ProjectView)),
    extensions(("x-problems" = json!(["validation-failed", "link-target-unavailable", "external-id-taken"]))))]
#[post("/projects")]
pub async fn create_project(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<ProjectInput>,
) -> Result<HttpResponse, Problem> {
    linked::create::<ProjectView>(&services, &actor, post, body).await
}

/// Read a project
///
/// Its customers come in the order in which they were given.
#[utoipa::path(tag = "Projects", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The project.", body = ProjectView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/projects/{id}")]
pub async fn get_project(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    linked::read::<ProjectView>(&services, actor, id).await
}

/// Change a project
///
/// A merge patch (RFC 7396): null clears a field, `customers` are replaced as a whole.
#[utoipa::path(tag = "Projects", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    request_body = ProjectInput,
    responses((status = 200, description = "The changed project.", body = ProjectView)),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "precondition-failed", "link-target-unavailable", "external-id-taken"]))))]
#[patch("/projects/{id}")]
pub async fn update_project(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    linked::update::<ProjectView>(&services, actor, id, if_match, body.value).await
}

/// Delete a project
///
/// The project is deleted for good: it does not go to the recycle bin.
#[utoipa::path(tag = "Projects", params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The project is gone.")),
    extensions(("x-problems" = json!(["not-found", "precondition-failed"]))))]
#[delete("/projects/{id}")]
pub async fn delete_project(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    linked::delete::<ProjectView>(&services, &actor, id, if_match).await
}
