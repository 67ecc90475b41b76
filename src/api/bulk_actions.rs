//! Bulk actions: asking for one, watching it, and the verbs on it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::approvals::ApprovalView;
use super::auth::Caller;
use super::bulk_request::BulkActionInput;
use super::conditional::tagged_by_content;
use super::extractors::{Body, Id, OptionalBody, Query};
use super::idempotency::{Answer, Post};
use super::problem::Problem;
use super::resources::Listing;
use crate::domain::actor::Actor;
use crate::domain::bulk_action::{
    Action, ActionStatus, BulkAction, Counts, Notify, OnBlocked, OnConflict, Origin, TargetSummary,
};
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, Result};
use crate::domain::notification::Notification;
use crate::domain::page::PageRequest;
use crate::repository::bulk_actions::{self, ActionFilter};
use crate::repository::db::{Read, Tx};
use crate::repository::outbox;
use crate::services::{self, Services};

/// A bulk action as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkActionView {
    pub id: Uuid,
    pub action: Action,
    pub entity: BinKind,
    pub status: ActionStatus,
    pub counts: Counts,
    pub target: TargetSummary,
    /// What happens to blocked records; of a delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_blocked: Option<OnBlocked>,
    /// Which tags are added or removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["newsletter 2026"]))]
    pub tags: Vec<String>,
    /// Nothing is changed.
    pub dry_run: bool,
    /// The action that this one was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    pub notify: Notify,
    #[schema(example = "GDPR clean-up 2026")]
    pub reason: Option<String>,
    pub requested_by: RequestedBy,
    pub notification: Notification,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// Until then everything that was deleted can be taken back.
    pub restorable_until: Option<DateTime<Utc>>,
    /// Why the action failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Of an action that needs the approval of another admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RequestedBy {
    #[schema(example = "ann")]
    pub user_id: String,
    pub name: Option<String>,
}

/// An action with the state of its report, as this actor may see it.
pub(super) fn view(read: &mut Read, actor: &Actor, action: BulkAction) -> Result<BulkActionView> {
    let delivery = outbox::deliveries(read, &[action.id])?.remove(&action.id);
    // Once the address is forgotten, whether there was one is not known either.
    let wanted = action.notify != Notify::Never && !action.details_expired();
    let mut notification = Notification::new(wanted, action.requester.email.as_deref(), delivery);
    if !actor.is_admin() {
        notification.last_answer = None;
    }
    let mut target = action.target;
    if target.private && actor.user_id != action.requested_by {
        target.segment_name = None;
    }
    target.private = false;
    Ok(BulkActionView {
        id: action.id,
        action: action.action,
        entity: action.entity,
        status: action.status,
        counts: action.counts,
        target,
        on_blocked: (action.action == Action::Delete).then_some(action.options.on_blocked),
        tags: action.options.tags,
        dry_run: action.options.dry_run,
        origin: action.origin,
        notify: action.notify,
        reason: action.reason,
        requested_by: RequestedBy { user_id: action.requested_by, name: action.requester.name },
        notification,
        created_at: action.created_at,
        started_at: action.started_at,
        finished_at: action.finished_at,
        restorable_until: action.restorable_until,
        failure: action.failure,
        approval: action.approval.map(|approval| ApprovalView { required: true, approval }),
    })
}

/// An action that this actor may see: an admin all, a member its own.
pub(super) fn visible(read: &mut Read, actor: &Actor, id: Uuid) -> Result<BulkAction> {
    bulk_actions::find(read, id)?.filter(|action| actor.may_see_action_of(&action.requested_by)).ok_or(Error::NotFound)
}

/// An action that this actor may use a verb on: it sees it, and may start one like it.
fn usable(read: &mut Read, actor: &Actor, id: Uuid) -> Result<()> {
    let action = visible(read, actor, id)?;
    actor.require_may_start(action.action)
}

fn accepted(view: &BulkActionView) -> Result<Answer> {
    Ok(Answer::new(StatusCode::ACCEPTED, view, Vec::new())?
        .header("location", format!("/bulk-actions/{}", view.id))
        .header("retry-after", "1"))
}

/// Start a bulk action
///
/// Freezes the set of records that the target describes now; later matches are never touched. Deletes move records into
/// the recycle bin and leave those that something live is linked to, unless `on_blocked` says otherwise. `restore` takes records out of the
/// bin, `purge` removes them from it for good. Exactly one member of `target` must be given. Members may add and remove tags; all else is for admins.
/// A delete or purge of more records than the account's `approval_above` waits until another admin approves it.
#[utoipa::path(tag = "Bulk actions", request_body = BulkActionInput,
    responses((status = 202, description = "The action is queued, or waits for an approval.", body = BulkActionView)),
    extensions(("x-problems" = json!(["admin-only", "not-found", "expected-count-mismatch"]))))]
#[post("/bulk-actions")]
pub async fn create_bulk_action(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<BulkActionInput>,
) -> Result<HttpResponse, Problem> {
    actor.require_may_start(body.value.action)?;
    let input = body.value.validate()?;
    let caller = actor.clone();
    let answer = post
        .answer(&services.db, &caller, &body.bytes, move |tx| {
            let request = input.resolve(tx, &actor)?;
            let action = services::bulk_actions::accept(tx, &actor, request)?;
            accepted(&view(tx, &actor, action)?)
        })
        .await;
    services.signals.chunks.notify_waiters();
    answer
}

/// Which actions.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BulkActionQuery {
    #[param(inline)]
    pub status: Option<ActionStatus>,
    #[param(inline)]
    pub action: Option<Action>,
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

/// List bulk actions
///
/// Newest first; an admin sees all of the account, a member its own.
#[utoipa::path(tag = "Bulk actions", params(BulkActionQuery),
    responses((status = 200, description = "A page of actions.", body = Listing<BulkActionView>)),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor"]))))]
#[get("/bulk-actions")]
pub async fn list_bulk_actions(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Query(query): Query<BulkActionQuery>,
) -> Result<web::Json<Listing<BulkActionView>>, Problem> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref(), query.with_total, &query)?;
    let filter = ActionFilter {
        requested_by: (!actor.is_admin()).then(|| actor.user_id.clone()),
        status: query.status,
        action: query.action,
    };
    let listing = services
        .db
        .read(actor.account, move |read| {
            let page = bulk_actions::list(read, &filter, &page)?;
            let views = page.data.into_iter().map(|action| view(read, &actor, action)).collect::<Result<Vec<_>>>()?;
            Ok(Listing::of(views, page.next_cursor, page.total))
        })
        .await?;
    Ok(web::Json(listing))
}

/// Read a bulk action
///
/// How far it is: `matched` = `processed` + `not_processed` at every instant. While it runs, `Retry-After` says when to
/// look again; with `If-None-Match` the answer is a 304 as long as nothing has changed.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The action.", body = BulkActionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/bulk-actions/{id}")]
pub async fn get_bulk_action(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    let view = services
        .db
        .read(actor.account, move |read| {
            let action = visible(read, &actor, id)?;
            view(read, &actor, action)
        })
        .await?;
    let mut response = HttpResponse::Ok();
    if !view.status.ended() {
        let seconds = if view.status == ActionStatus::AwaitingApproval { "60" } else { "1" };
        response.insert_header(("retry-after", seconds));
    }
    Ok(tagged_by_content(&mut response, &view))
}

/// What an undo does with records whose `external_id` is taken.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RestoreInput {
    pub on_conflict: OnConflict,
}

/// Undo a bulk action
///
/// Starts an action that takes back exactly what a delete, deactivation or reactivation did, also a cancelled or failed
/// one. There is one undo for each action. A restore, a purge and a change of tags cannot be undone; `detail` says why.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path)), request_body = Option<RestoreInput>,
    responses((status = 202, description = "The undo is queued.", body = BulkActionView)),
    extensions(("x-problems" = json!(["admin-only", "not-found", "action-not-ended", "not-undoable",
        "nothing-to-undo", "already-undone"]))))]
#[post("/bulk-actions/{id}/undo")]
pub async fn undo_bulk_action(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    post: Post,
    body: OptionalBody<RestoreInput>,
) -> Result<HttpResponse, Problem> {
    let caller = actor.clone();
    let on_conflict = body.value.on_conflict;
    let answer = post
        .answer(&services.db, &caller, &body.bytes, move |tx| {
            usable(tx, &actor, id)?;
            let undo = services::bulk_actions::undo(tx, &actor, id, on_conflict)?;
            accepted(&view(tx, &actor, undo)?)
        })
        .await;
    services.signals.chunks.notify_waiters();
    answer
}

/// A body without members, which may as well be left out.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NoMembers {}

/// Retry a bulk action
///
/// Starts a new action on the records that were blocked; after an abort on the whole set. Each is checked again.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path)), request_body = Option<NoMembers>,
    responses((status = 202, description = "The retry is queued, or waits for an approval.", body = BulkActionView)),
    extensions(("x-problems" = json!(["admin-only", "not-found", "action-not-ended", "nothing-to-retry"]))))]
#[post("/bulk-actions/{id}/retry")]
pub async fn retry_bulk_action(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    post: Post,
    body: OptionalBody<NoMembers>,
) -> Result<HttpResponse, Problem> {
    make_from(actor, services, post, &body.bytes, id, services::bulk_actions::retry).await
}

/// Execute a dry run
///
/// Starts an action on exactly the records of a completed dry run, within 24 hours and once. Each record is checked
/// again: what was linked since is `blocked`, what vanished is `gone`, what the rules no longer select is `changed`.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path)), request_body = Option<NoMembers>,
    responses((status = 202, description = "The action is queued, or waits for an approval.", body = BulkActionView)),
    extensions(("x-problems" = json!(["admin-only", "not-found", "action-not-ended", "not-a-dry-run",
        "dry-run-expired", "already-executed"]))))]
#[post("/bulk-actions/{id}/execute")]
pub async fn execute_bulk_action(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    post: Post,
    body: OptionalBody<NoMembers>,
) -> Result<HttpResponse, Problem> {
    make_from(actor, services, post, &body.bytes, id, services::bulk_actions::execute).await
}

async fn make_from(
    actor: Actor,
    services: web::Data<Services>,
    post: Post,
    body: &[u8],
    id: Uuid,
    make: fn(&mut Tx, &Actor, Uuid) -> Result<BulkAction>,
) -> Result<HttpResponse, Problem> {
    let caller = actor.clone();
    let answer = post
        .answer(&services.db, &caller, body, move |tx| {
            usable(tx, &actor, id)?;
            let action = make(tx, &actor, id)?;
            accepted(&view(tx, &actor, action)?)
        })
        .await;
    services.signals.chunks.notify_waiters();
    answer
}

/// Cancel a bulk action
///
/// Stops it: once this has answered, not one more record changes. What was done until then stands, and can be undone.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path)), request_body = Option<NoMembers>,
    responses((status = 200, description = "The action is cancelled.", body = BulkActionView)),
    extensions(("x-problems" = json!(["admin-only", "not-found", "action-ended"]))))]
#[post("/bulk-actions/{id}/cancel")]
pub async fn cancel_bulk_action(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Id(id): Id,
    post: Post,
    body: OptionalBody<NoMembers>,
) -> Result<HttpResponse, Problem> {
    let caller = actor.clone();
    let answer = post
        .answer(&services.db, &caller, &body.bytes, move |tx| {
            usable(tx, &actor, id)?;
            let action = services::bulk_actions::cancel(tx, &actor, id)?;
            Answer::new(StatusCode::OK, &view(tx, &actor, action)?, Vec::new())
        })
        .await;
    services.signals.outbox.notify_waiters();
    services.signals.progress.notify_waiters();
    answer
}
