//! The results of bulk actions: what became of each record, page by page or as one file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::bulk_actions::visible;
use super::csv_download::{self, Format, wants_csv};
use super::extractors::{Id, Query};
use super::problem::Problem;
use super::resources::Listing;
use crate::domain::actor::Actor;
use crate::domain::blocker::Blocker;
use crate::domain::bulk_action::{Outcome, RecordOutcome};
use crate::domain::page::PageRequest;
use crate::domain::results_csv::{ResultRow, ResultsCsv};
use crate::repository::results;
use crate::services::Services;

/// What became of one record.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultView {
    pub record_id: Uuid,
    /// Null once the record is purged; of a change of tags, and for members, also while it lies in the bin.
    #[schema(example = "Ann Peeters")]
    pub name: Option<String>,
    pub outcome: Outcome,
    /// What kept a blocked record.
    pub blockers: Vec<Blocker>,
    /// The live record that holds the `external_id` of a `conflict`; of a deal it may be that of its customer or contact person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict_with: Option<Uuid>,
}

impl From<RecordOutcome> for ResultView {
    fn from(RecordOutcome { exception, name }: RecordOutcome) -> Self {
        Self {
            record_id: exception.record_id,
            name,
            outcome: exception.outcome,
            blockers: exception.blockers,
            conflict_with: exception.conflict_with,
        }
    }
}

/// Which results.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResultQuery {
    /// Only records with this outcome.
    #[param(inline)]
    pub outcome: Option<Outcome>,
    /// `csv` for all of them as a file, with a row for each record and group of blockers.
    #[param(inline)]
    #[serde(skip_serializing)]
    pub format: Option<Format>,
    /// 1 to 200; 50 when left out.
    #[serde(skip_serializing)]
    pub limit: Option<i64>,
    /// `page.next_cursor` of the page before.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
}

/// Results in one part of a file.
const ROWS_A_PART: i64 = 1_000;

/// Read the results
///
/// An outcome for each record of the frozen set; blocked ones name what keeps them. They stay the same after an undo or
/// a purge, but for names, which go with the record. With `format=csv` or `Accept: text/csv` all come as one file.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path), ResultQuery),
    responses((status = 200, description = "A page of results, or all of them as a file.", content(
        (Listing<ResultView> = "application/json"), (String = "text/csv",
            example = "record_id,record_type,name,outcome,blocker_type,blocker_role,blocker_count,blocker_ids,\
                blocker_titles,conflict_with\r\n0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f,contact,Ann Peeters,deleted,,,,,,\r\n")))),
    extensions(("x-problems" = json!(["not-found", "validation-failed", "invalid-cursor"]))))]
#[get("/bulk-actions/{id}/results")]
pub async fn list_results(
    Caller(actor): Caller,
    services: web::Data<Services>,
    request: HttpRequest,
    Id(id): Id,
    Query(query): Query<ResultQuery>,
) -> Result<HttpResponse, Problem> {
    if wants_csv(&request, query.format) {
        return download_results(actor, services, id, query.outcome).await;
    }
    let bound_to: (Uuid, Value) = (id, serde_json::json!(query.outcome));
    let page = PageRequest::new(query.limit, query.cursor.as_deref(), false, &bound_to)?;
    let listed = services
        .db
        .read(actor.account, move |read| {
            let action = visible(read, &actor, id)?;
            let rows = results::list(read, &action, query.outcome, page.after, page.fetch(), actor.is_admin())?;
            page.page(rows, None, |(key, _)| *key)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Listing::new(listed, |(_, outcome)| ResultView::from(outcome))))
}

async fn download_results(
    actor: Actor,
    services: web::Data<Services>,
    id: Uuid,
    outcome: Option<Outcome>,
) -> Result<HttpResponse, Problem> {
    csv_download::download(&format!("results-{id}.csv"), move |after: Option<results::ResultKey>| {
        let (actor, services) = (actor.clone(), services.clone());
        async move {
            services
                .db
                .read(actor.account, move |read| {
                    let action = visible(read, &actor, id)?;
                    let rows = results::list(read, &action, outcome, after, ROWS_A_PART, actor.is_admin())?;
                    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == ROWS_A_PART);
                    let next = rows.last().filter(|_| full).map(|(key, _)| *key);
                    let mut file = if after.is_none() { ResultsCsv::with_header() } else { ResultsCsv::continued() };
                    for row in rows.into_iter().flat_map(|(_, record)| ResultRow::of(record, action.entity)) {
                        file.push(&row);
                    }
                    Ok((file.into_bytes(), next))
                })
                .await
        }
    })
    .await
}
