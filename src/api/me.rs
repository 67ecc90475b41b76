//! Who the caller is and what the caller may do.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::Caller;
use crate::domain::actor::Role;

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub account_id: Uuid,
    #[schema(example = "ann")]
    pub user_id: String,
    pub role: Role,
    pub name: Option<String>,
    #[schema(example = "ann@example.com")]
    pub email: Option<String>,
    #[schema(example = "nl-BE")]
    pub locale: Option<String>,
    /// What an Actions menu may offer.
    #[schema(example = json!(["records.read", "bulk.delete"]))]
    pub permissions: Vec<&'static str>,
}

/// Who am I
///
/// Says who the token belongs to and what its owner may do, so that a front end can show or hide its actions.
#[utoipa::path(tag = "Identity", responses((status = 200, description = "The caller.", body = Me)))]
#[get("/me")]
pub async fn get_me(Caller(actor): Caller) -> web::Json<Me> {
    let permissions = actor.permissions();
    web::Json(Me {
        account_id: actor.account.0,
        user_id: actor.user_id,
        role: actor.role,
        name: actor.name,
        email: actor.email,
        locale: actor.locale,
        permissions,
    })
}
