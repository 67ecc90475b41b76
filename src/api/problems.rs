//! What each kind of problem means, for people who follow a problem's `type`.

use std::fmt::Write;

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
    #[schema(example = "`blockers` names what points at the record. Remove or reassign the links and try again.")]
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

/// docs/problems.md: every kind of problem, by status.
pub fn list_in_markdown() -> String {
    let mut text = "# Problems\n\n\
        Every answer with a status of 400 or above is a problem document (RFC 9457, `application/problem+json`). Its\n\
        `type` leads to the entry below, also on the running service: `GET /problems/{slug}`. `detail` says what is wrong\n\
        with the very request, `request_id` finds it in the log. `make openapi` writes this file.\n"
        .to_owned();
    let mut kinds = PROBLEMS.to_vec();
    kinds.sort_by_key(|kind| kind.status);
    let mut status = 0;
    for kind in kinds {
        if kind.status != status {
            status = kind.status;
            let _ = write!(text, "\n## {status}\n");
        }
        let _ = write!(text, "\n### {}\n\n**{}.** {}\n", kind.slug, kind.title, kind.advice);
    }
    text
}
