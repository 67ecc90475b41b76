//! The account's settings.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, patch, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::auth::Admin;
use super::extractors::{Body, IfMatch, merged};
use super::problem::Problem;
use super::resources::resource;
use crate::domain::audit::AuditEntry;
use crate::domain::settings::AccountSettings;
use crate::repository::audit_log;
use crate::repository::settings::{self, StoredSettings};
use crate::services::Services;

/// The account's settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsView {
    #[serde(flatten)]
    pub fields: AccountSettings,
    /// Null while they are the defaults.
    pub updated_at: Option<DateTime<Utc>>,
}

fn answer(stored: StoredSettings) -> HttpResponse {
    let view = SettingsView { fields: stored.settings, updated_at: stored.updated_at };
    resource(StatusCode::OK, &view, stored.version)
}

/// Read the settings
///
/// Admins only. Until they are first changed the settings are the defaults.
#[utoipa::path(tag = "Settings", params(("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The account's settings.", body = SettingsView)),
    extensions(("x-problems" = json!(["admin-only"]))))]
#[get("/settings")]
pub async fn get_settings(Admin(actor): Admin, services: web::Data<Services>) -> Result<HttpResponse, Problem> {
    Ok(answer(services.db.read(actor.account, settings::get).await?))
}

/// Change the settings
///
/// Admins only. A merge patch (RFC 7396): null brings a default back. A change holds for later deletions only.
#[utoipa::path(tag = "Settings", params(("If-Match" = Option<String>, Header)), request_body = AccountSettings,
    responses((status = 200, description = "The changed settings.", body = SettingsView)),
    extensions(("x-problems" = json!(["admin-only", "validation-failed", "precondition-failed"]))))]
#[patch("/settings")]
pub async fn update_settings(
    Admin(actor): Admin,
    services: web::Data<Services>,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    let stored = services
        .db
        .write(actor.account, move |tx| {
            let before = settings::get_for_update(tx)?;
            let changed: AccountSettings = merged(&before.settings, &body.value)?;
            let changed = changed.validate()?;
            if_match.check(before.version)?;
            let stored = settings::put(tx, &before, changed)?;
            audit_log::insert(tx, AuditEntry::of_settings(&actor, &before.settings, &stored.settings))?;
            Ok(stored)
        })
        .await?;
    Ok(answer(stored))
}
