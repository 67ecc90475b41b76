//! What each kind of problem means, for people who follow a problem's `type`.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{PROBLEMS, Problem, UNKNOWN_ROUTE};

#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDescription {
    #[schema(example = "linked-records")]
    pub slug: &'static str,
    #[schema(example = 409)]
    pub status: u16,
    #[schema(example = "Something is linked to the record")]
    pub title: &'static str,
    /// What it means and what to do about it.
    pub advice: &'static str,
}

/// Explain a kind of problem
///
/// Every problem document's `type` leads here.
#[utoipa::path(tag = "Document", params(("slug" = String, Path, example = "linked-records")),
    responses((status = 200, description = "What the problem means.", body = ProblemDescription)),
    extensions(("x-public" = json!(true)), ("x-problems" = json!(["unknown-route"]))))]
#[get("/problems/{slug}")]
pub async fn get_problem(slug: web::Path<String>) -> Result<web::Json<ProblemDescription>, Problem> {
    let kind = PROBLEMS.iter().find(|kind| kind.slug == *slug).ok_or_else(|| Problem::new(&UNKNOWN_ROUTE))?;
    Ok(web::Json(ProblemDescription { slug: kind.slug, status: kind.status, title: kind.title, advice: kind.advice }))
}
