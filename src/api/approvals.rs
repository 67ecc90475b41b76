//! Four eyes: the decision of another admin on a bulk action that waits for it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Admin;
use super::bulk_actions::{BulkActionView, view};
use super::extractors::{Id, OptionalBody};
use super::idempotency::{Answer, Post};
use super::problem::Problem;
use crate::domain::actor::Actor;
use crate::domain::approval::Approval;
use crate::domain::bulk_action::{BulkAction, MAX_REASON_LENGTH};
use crate::domain::error::Result;
use crate::domain::validation::Checks;
use crate::repository::db::Tx;
use crate::services::{Services, approvals};

/// The approval of an action that needs one.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalView {
    /// Always true: an action that needs none has no `approval`.
    pub required: bool,
    #[serde(flatten)]
    pub approval: Approval,
}

/// Why an admin decides so.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionInput {
    /// To 500 characters; shown with the action and told to who asked for it.
    #[schema(example = "checked with sales")]
    pub reason: Option<String>,
}

impl DecisionInput {
    /// # Errors
    /// `Invalid` for a reason that is too long.
    fn validate(mut self) -> Result<Option<String>> {
        let mut checks = Checks::default();
        checks.optional_text("/reason", &mut self.reason, MAX_REASON_LENGTH);
        checks.finish()?;
        Ok(self.reason)
    }
}

/// Approve a bulk action
///
/// Lets a bulk delete or purge begin that waits for the approval of a second admin, on exactly the set that was frozen when it was
/// asked for; each record is still checked in its turn. Who asked for it cannot approve it. It can be approved for 72 hours.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path)), request_body = Option<DecisionInput>,
    responses((status = 200, description = "The action is queued.", body = BulkActionView)),
    extensions(("x-problems" = json!(["admin-only", "own-approval", "not-found", "not-awaiting-approval"]))))]
#[post("/bulk-actions/{id}/approve")]
pub async fn approve_bulk_action(
    Admin(actor): Admin,
    services: web::Data<Services>,
    Id(id): Id,
    post: Post,
    body: OptionalBody<DecisionInput>,
) -> Result<HttpResponse, Problem> {
    decide(actor, services, post, body, move |tx, actor, reason| approvals::approve(tx, actor, id, reason)).await
}

/// Reject a bulk action
///
/// Ends a bulk delete or purge that waits for the approval of a second admin; every record stays as it is. Who asked for it cannot
/// reject it, but cancel it.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path)), request_body = Option<DecisionInput>,
    responses((status = 200, description = "The action is rejected.", body = BulkActionView)),
    extensions(("x-problems" = json!(["admin-only", "own-approval", "not-found", "not-awaiting-approval"]))))]
#[post("/bulk-actions/{id}/reject")]
pub async fn reject_bulk_action(
    Admin(actor): Admin,
    services: web::Data<Services>,
    Id(id): Id,
    post: Post,
    body: OptionalBody<DecisionInput>,
) -> Result<HttpResponse, Problem> {
    decide(actor, services, post, body, move |tx, actor, reason| approvals::reject(tx, actor, id, reason)).await
}

async fn decide(
    actor: Actor,
    services: web::Data<Services>,
    post: Post,
    body: OptionalBody<DecisionInput>,
    mut decide: impl FnMut(&mut Tx, &Actor, Option<&str>) -> Result<BulkAction> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let reason = body.value.validate()?;
    let caller = actor.clone();
    let answer = post
        .answer(&services.db, &caller, &body.bytes, move |tx| {
            let action = decide(tx, &actor, reason.as_deref())?;
            Answer::new(StatusCode::OK, &view(tx, &actor, action)?, Vec::new())
        })
        .await;
    services.signals.chunks.notify_waiters();
    services.signals.outbox.notify_waiters();
    services.signals.progress.notify_waiters();
    answer
}
