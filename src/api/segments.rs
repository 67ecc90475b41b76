//! Segments: saved rule trees, the fields they can ask about, and how many records they select.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::extractors::{Body, IfMatch, Query, etag, merged};
use super::idempotency::{Answer, Post};
use super::problem::Problem;
use super::resources::{Listing, resource};
use crate::domain::actor::Actor;
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Forbidden};
use crate::domain::page::{PageInfo, PageRequest};
use crate::domain::segment::catalogue::{self, FieldDescription};
use crate::domain::segment::saved::{Segment, SegmentId, SegmentInput, Visibility};
use crate::domain::segment::{Condition, Match, RuleNode, RuleTree, standard};
use crate::repository::db::{Read, Tx};
use crate::repository::segments::{self, Deadline, SegmentCount, TIME_LIMIT};
use crate::services::{Services, audit};

/// A segment: a rule tree over contacts or over companies, evaluated whenever it is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentView {
    /// A UUID, or the slug of a standard segment.
    #[schema(example = "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f")]
    pub id: String,
    #[schema(example = "Dutch newsletter readers")]
    pub name: String,
    pub entity: RecordKind,
    #[serde(rename = "match")]
    #[schema(value_type = Match)]
    pub matching: Value,
    /// As they were written. Only the standard segments of all records have none.
    #[schema(value_type = Vec<RuleNode>)]
    pub rules: Value,
    pub visibility: Visibility,
    /// Built in: every account has it, nobody can change it.
    pub standard: bool,
    /// The user who made it; null for a standard segment.
    #[schema(example = "u-17")]
    pub owner_id: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

impl From<Segment> for SegmentView {
    fn from(segment: Segment) -> Self {
        let (matching, rules) = (segment.tree.matching().clone(), segment.tree.rules().clone());
        let saved = segment.saved;
        Self {
            id: segment.id.to_string(),
            name: segment.name,
            entity: segment.kind,
            matching,
            rules,
            visibility: segment.visibility,
            standard: saved.is_none(),
            created_at: saved.as_ref().map(|saved| saved.created_at),
            updated_at: saved.as_ref().map(|saved| saved.updated_at),
            owner_id: saved.map(|saved| saved.owner_id),
        }
    }
}

/// How many live records a segment selects.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountView {
    #[schema(example = 3949)]
    pub count: i64,
    /// Those that cannot be deleted because a live deal, invoice, project or time tracking is linked to them.
    #[schema(example = 500)]
    pub blocked_count: i64,
}

impl From<SegmentCount> for CountView {
    fn from(counted: SegmentCount) -> Self {
        Self { count: counted.count, blocked_count: counted.blocked }
    }
}

/// Rules to try out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"entity": "contact", "match": "all",
    "rules": [{"field": "country", "operator": "equals", "value": "NL"}]}))]
pub struct PreviewInput {
    pub entity: RecordKind,
    #[serde(rename = "match", default)]
    #[schema(value_type = Match, required = true)]
    pub matching: Value,
    #[serde(default)]
    #[schema(value_type = Vec<RuleNode>, required = true)]
    pub rules: Value,
}

/// What rules select.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    #[serde(flatten)]
    pub counted: CountView,
    /// The first ten by name.
    pub sample: Vec<SampleRecord>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SampleRecord {
    pub id: Uuid,
    #[schema(example = "Ann Peeters")]
    pub name: String,
}

/// Which segments.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SegmentQuery {
    /// Only segments of contacts, or only segments of companies.
    pub entity: Option<RecordKind>,
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

/// Whose fields.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FieldQuery {
    pub entity: RecordKind,
}

/// List segments
///
/// The standard segments first, then those the caller may see, in the order they were made: its own, and what others share.
#[utoipa::path(tag = "Segments", params(SegmentQuery),
    responses((status = 200, description = "A page of segments.", body = Listing<SegmentView>)),
    extensions(("x-problems" = json!(["validation-failed", "invalid-cursor"]))))]
#[get("/segments")]
pub async fn list_segments(
    Caller(actor): Caller,
    services: web::Data<Services>,
    Query(query): Query<SegmentQuery>,
) -> Result<web::Json<Listing<SegmentView>>, Problem> {
    let page = PageRequest::new(query.limit, query.cursor.as_deref(), query.with_total, &query)?;
    let listed = services.db.read(actor.account, move |read| segments::list(read, &actor, query.entity, &page)).await?;
    Ok(web::Json(Listing::new(listed, SegmentView::from)))
}

/// Create a segment
///
/// Saves a rule tree under a name. It needs at least one rule.
#[utoipa::path(tag = "Segments", request_body = SegmentInput,
    responses((status = 201, description = "The new segment.", body = SegmentView)),
    extensions(("x-problems" = json!(["validation-failed"]))))]
#[post("/segments")]
pub async fn create_segment(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<SegmentInput>,
) -> Result<HttpResponse, Problem> {
    let new = body.value.validate()?;
    let maker = actor.clone();
    post.answer(&services.db, &actor, &body.bytes, move |tx| {
        let segment = segments::insert(tx, &maker, new.clone())?;
        audit::segment_changed(tx, &maker, None, Some(&segment))?;
        let (id, version) = (segment.id.to_string(), segment.version);
        Ok(Answer::new(StatusCode::CREATED, &SegmentView::from(segment), Vec::new())?
            .header("location", format!("/segments/{id}"))
            .header("etag", etag(version)))
    })
    .await
}

/// Try rules out
///
/// Counts what the rules select, and shows the first ten records by name; nothing is saved.
#[utoipa::path(tag = "Segments", request_body = PreviewInput,
    responses((status = 200, description = "What the rules select.", body = PreviewView)),
    extensions(("x-problems" = json!(["validation-failed", "query-too-slow"]))))]
#[post("/segments/preview")]
pub async fn preview_segment(
    Caller(actor): Caller,
    services: web::Data<Services>,
    post: Post,
    body: Body<PreviewInput>,
) -> Result<HttpResponse, Problem> {
    let PreviewInput { entity, matching, rules } = body.value;
    let tree = RuleTree::new(entity, matching, rules, "").map_err(Error::Invalid)?;
    post.answer(&services.db, &actor, &body.bytes, move |tx| {
        let deadline = Deadline::after(TIME_LIMIT);
        let counted = segments::count(tx, entity, tree.condition(), deadline)?.into();
        let sample: Vec<SampleRecord> = segments::sample(tx, entity, tree.condition(), deadline)?
            .into_iter()
            .map(|(id, name)| SampleRecord { id, name })
            .collect();
        let shown = sample.iter().map(|record| record.id).collect();
        Answer::new(StatusCode::OK, &PreviewView { counted, sample }, shown)
    })
    .await
}

/// List the fields for rules
///
/// What rules over contacts or companies can ask about: each field's type, its operators with their definitions, and its choices.
#[utoipa::path(tag = "Segments", params(FieldQuery),
    responses((status = 200, description = "The fields, all on one page.", body = Listing<FieldDescription>)),
    extensions(("x-problems" = json!(["validation-failed"]))))]
#[get("/segments/fields")]
pub async fn list_segment_fields(
    _caller: Caller,
    Query(query): Query<FieldQuery>,
) -> web::Json<Listing<FieldDescription>> {
    web::Json(Listing { data: catalogue::fields(query.entity), page: PageInfo { next_cursor: None, total: None } })
}

/// Read a segment
///
/// By its UUID, or a standard one by its slug. Another user's private segment is not found.
#[utoipa::path(tag = "Segments", params(("id" = String, Path, example = "all-contacts"),
        ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The segment.", body = SegmentView)))]
#[get("/segments/{id}")]
pub async fn get_segment(
    Caller(actor): Caller,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let segment =
        services.db.read(actor.account, move |read| segments::find(read, &actor, &id)).await?.ok_or(Error::NotFound)?;
    let version = segment.version;
    Ok(resource(StatusCode::OK, &SegmentView::from(segment), version))
}

/// Count a segment
///
/// How many live records it selects now, and how many of them cannot be deleted.
#[utoipa::path(tag = "Segments", params(("id" = String, Path, example = "all-contacts")),
    responses((status = 200, description = "The numbers of this moment.", body = CountView)),
    extensions(("x-problems" = json!(["query-too-slow"]))))]
#[get("/segments/{id}/count")]
pub async fn count_segment(
    Caller(actor): Caller,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Result<web::Json<CountView>, Problem> {
    let counted = services
        .db
        .read(actor.account, move |read| {
            let segment = segments::find(read, &actor, &id)?.ok_or(Error::NotFound)?;
            segments::count(read, segment.kind, segment.tree.condition(), Deadline::after(TIME_LIMIT))
        })
        .await?;
    Ok(web::Json(counted.into()))
}

/// Change a segment
///
/// A merge patch (RFC 7396); `rules` are replaced as a whole, `entity` cannot be changed. Only its owner, or an admin for a
/// shared one, may change a segment.
#[utoipa::path(tag = "Segments",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = SegmentInput,
    responses((status = 200, description = "The changed segment.", body = SegmentView)),
    extensions(("x-problems" = json!(["validation-failed", "precondition-failed", "standard-segment", "admin-only"]))))]
#[patch("/segments/{id}")]
pub async fn update_segment(
    Caller(actor): Caller,
    services: web::Data<Services>,
    id: web::Path<String>,
    if_match: IfMatch,
    body: Body<Value>,
) -> Result<HttpResponse, Problem> {
    refuse_standard(&id)?;
    // The shape is refused before the segment is looked for.
    merged::<SegmentInput>(&SegmentInput::default(), &body.value)?;
    let segment = services
        .db
        .write(actor.account, move |tx| {
            let (segment, own_id) = changeable(tx, &actor, &id)?;
            let new = merged::<SegmentInput>(&segment.input(), &body.value)?.validate()?;
            if new.kind != segment.kind {
                return Err(Error::field("/entity", "cannot be changed"));
            }
            if_match.check(segment.version)?;
            let changed = segments::update(tx, own_id, new)?;
            audit::segment_changed(tx, &actor, Some(&segment), Some(&changed))?;
            Ok(changed)
        })
        .await?;
    let version = segment.version;
    Ok(resource(StatusCode::OK, &SegmentView::from(segment), version))
}

/// Delete a segment
///
/// The records that it selects stay. Only its owner, or an admin for a shared one, may delete a segment.
#[utoipa::path(tag = "Segments", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "The segment is gone.")),
    extensions(("x-problems" = json!(["precondition-failed", "standard-segment", "admin-only"]))))]
#[delete("/segments/{id}")]
pub async fn delete_segment(
    Caller(actor): Caller,
    services: web::Data<Services>,
    id: web::Path<String>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    refuse_standard(&id)?;
    services
        .db
        .write(actor.account, move |tx| {
            let (segment, own_id) = changeable(tx, &actor, &id)?;
            if_match.check(segment.version)?;
            segments::delete(tx, own_id)?;
            audit::segment_changed(tx, &actor, Some(&segment), None)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a list's `segment_id` asks for; the segment has to be one of the listed kind.
///
/// # Errors
/// `NotFound` when the caller has no such segment, `Invalid` when it selects the other kind of records.
pub fn segment_filter(
    read: &mut Read,
    actor: &Actor,
    segment_id: Option<&str>,
    kind: RecordKind,
) -> Result<Option<Condition>, Error> {
    let Some(id) = segment_id else { return Ok(None) };
    let segment = segments::find(read, actor, id)?.ok_or(Error::NotFound)?;
    if segment.kind == kind {
        Ok(Some(segment.tree.condition().clone()))
    } else {
        Err(Error::field("?segment_id", format!("is a segment of {}, not of {}", segment.kind.plural(), kind.plural())))
    }
}

fn refuse_standard(id: &str) -> Result<(), Error> {
    if standard::find(id).is_some() { Err(Error::Forbidden(Forbidden::StandardSegment)) } else { Ok(()) }
}

/// The segment, locked, if the caller may change it.
fn changeable(tx: &mut Tx, actor: &Actor, id: &str) -> Result<(Segment, Uuid), Error> {
    let segment = segments::find_for_update(tx, actor, id)?.ok_or(Error::NotFound)?;
    segment.require_changeable_by(actor)?;
    match segment.id {
        SegmentId::Own(own_id) => Ok((segment, own_id)),
        SegmentId::Standard(_) => Err(Error::NotFound),
    }
}
