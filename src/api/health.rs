//! Whether the service lives and can work, and its metrics.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::domain::error::Error;
use crate::repository::db::Db;
use crate::repository::migrations;
use crate::services::Services;
use crate::telemetry;

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// Is the process alive
///
/// Answers as long as the process serves at all.
#[utoipa::path(tag = "Operations", responses((status = 200, description = "It is.", body = Health)),
    extensions(("x-public" = json!(true))))]
#[get("/health/live")]
pub async fn get_live() -> web::Json<Health> {
    web::Json(Health { status: "ok" })
}

/// Can the service work
///
/// Answers 200 when the database is reachable and has every migration of this program.
#[utoipa::path(tag = "Operations", responses((status = 200, description = "It can.", body = Health)),
    extensions(("x-public" = json!(true)), ("x-problems" = json!(["database-unavailable", "overloaded"]))))]
#[get("/health/ready")]
pub async fn get_ready(services: web::Data<Services>) -> Result<web::Json<Health>, Problem> {
    if services.db.sweep(migrations::is_current).await? {
        Ok(web::Json(Health { status: "ok" }))
    } else {
        Err(Error::Unavailable("migrations are missing".to_owned()).into())
    }
}

/// The pools of this process, for their metrics.
pub struct Pools(pub Vec<Db>);

/// Read the metrics
///
/// In Prometheus' text form.
#[utoipa::path(tag = "Operations",
    responses((status = 200, description = "The metrics.", body = String, content_type = "text/plain",
        example = "sweep_http_requests_total{operation=\"get_me\",status=\"200\"} 1")),
    extensions(("x-public" = json!(true))))]
#[get("/metrics")]
pub async fn get_metrics(pools: web::Data<Pools>) -> HttpResponse {
    for db in &pools.0 {
        let (busy, idle) = db.connections();
        telemetry::set_pool_connections(db.settings().name, busy, idle);
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(telemetry::metrics_text())
}
