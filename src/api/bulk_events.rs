//! Watching a bulk action: its progress as Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, get, web};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::auth::{Caller, token_life};
use super::extractors::Id;
use super::problem::Problem;
use crate::domain::bulk_action::{Action, ActionStatus, Counts};
use crate::domain::entity::BinKind;
use crate::domain::progress::Progress;
use crate::services::Services;
use crate::services::progress::{self, LEAST_GAP};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long a client should wait before it comes again, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";
const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// After so much silence a stream sends a comment, so that neither side, nor a proxy, takes it for dead.
#[derive(Debug, Clone, Copy)]
pub struct KeepAlive(pub Duration);

/// The data of an event. It has no texts of users: a stream may stay open for long.
#[derive(Serialize)]
struct ProgressView<'a> {
    id: Uuid,
    action: Action,
    entity: BinKind,
    dry_run: bool,
    status: ActionStatus,
    percent: i64,
    counts: Counts,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
}

/// The event that tells of this state. The last one is called by the status the action ended with.
fn event(progress: &Progress) -> serde_json::Result<String> {
    let view = ProgressView {
        id: progress.id,
        action: progress.action,
        entity: progress.entity,
        dry_run: progress.options.dry_run,
        status: progress.status,
        percent: progress.percent(),
        counts: progress.counts,
        created_at: progress.created_at,
        started_at: progress.started_at,
        finished_at: progress.finished_at,
        failure: progress.failure.as_deref(),
    };
    let status = serde_json::to_value(progress.status)?;
    let name = status.as_str().filter(|_| progress.status.ended()).unwrap_or("progress");
    Ok(format!("id: {}\nevent: {name}\ndata: {}\n\n", progress.position(), serde_json::to_string(&view)?))
}

/// The events of one stream, one after the other.
struct Events {
    progress: watch::Receiver<Progress>,
    /// The position that the client knows.
    seen: i64,
    greeted: bool,
    over: bool,
    /// When progress may be told again.
    due: Instant,
    /// When the silence has lasted long enough.
    quiet_until: Instant,
    keep_alive: Duration,
    /// Nobody listens for longer than its token allows.
    token_ends: Instant,
}

impl Events {
    async fn next(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            return Some(RETRY.to_owned());
        }
        while !self.over {
            let latest = self.progress.borrow_and_update().clone();
            let now = Instant::now();
            let (news, ended) = (latest.position() > self.seen, latest.status.ended());
            self.over = ended;
            if news && (ended || now >= self.due) {
                self.seen = latest.position();
                self.due = now + LEAST_GAP;
                self.quiet_until = now + self.keep_alive;
                return event(&latest).inspect_err(|error| tracing::error!(%error, "an event")).ok();
            }
            if ended {
                break;
            }
            tokio::select! {
                changed = self.progress.changed() => self.over = changed.is_err(),
                () = sleep_until(self.due), if news => {}
                () = sleep_until(self.quiet_until) => {
                    self.quiet_until += self.keep_alive;
                    return Some(KEEP_ALIVE.to_owned());
                }
                () = sleep_until(self.token_ends) => self.over = true,
            }
        }
        None
    }
}

/// The position that the client says it knows; none for what is no number.
fn last_event_id(request: &HttpRequest) -> Option<i64> {
    request.headers().get(LAST_EVENT_ID)?.to_str().ok()?.trim().parse().ok()
}

/// Watch a bulk action
///
/// Server-Sent Events: the latest state at once, then `progress` after each change, at most every 200 ms. The last event is
/// called by the status the action ended with (`completed`, `aborted`, `cancelled`, `failed`, `rejected`, `lapsed`); then the stream ends.
/// Each event's data is a JSON object with `id`, `action`, `entity`, `dry_run`, `status`, `percent`, `counts`,
/// `created_at`, `started_at`, `finished_at` and, of a failed action, `failure`. `percent` is how much of the work is done;
/// where all is looked through first (`on_blocked: abort`), that is half of it.
///
/// Ids count up and mean the same on every node: with `Last-Event-ID` the stream goes on after that event, and a client
/// that has had the last one gets a 204. An id that this action cannot have had is ignored. In silence a comment comes every
/// 15 seconds. The stream ends early when the token expires or the service stops; come again then. Read it with `fetch`:
/// `EventSource` cannot send a token, and tokens do not belong into addresses.
#[utoipa::path(tag = "Bulk actions", params(("id" = Uuid, Path),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that the client has had.")),
    responses(
        (status = 200, description = "The events.", body = String, content_type = "text/event-stream",
            example = "retry: 2000\n\nid: 7\nevent: progress\ndata: {\"id\":\"0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f\",\
                \"action\":\"delete\",\"entity\":\"contact\",\"dry_run\":false,\"status\":\"running\",\"percent\":60,\
                \"counts\":{\"matched\":20000,\"processed\":12000,\"deleted\":11963,\"blocked\":37,\"not_processed\":8000},\
                \"created_at\":\"2026-11-24T09:14:00Z\",\"started_at\":\"2026-11-24T09:14:00Z\",\"finished_at\":null}\n\n"),
        (status = 204, description = "The client has had the last event: do not come again.")),
    extensions(("x-problems" = json!(["not-found"]))))]
#[get("/bulk-actions/{id}/events")]
pub async fn watch_bulk_action(
    Caller(actor): Caller,
    services: web::Data<Services>,
    keep_alive: web::Data<KeepAlive>,
    request: HttpRequest,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    let seen = last_event_id(&request);
    let progress = progress::watch(&services, &actor, id, seen).await?;
    let latest = progress.borrow().clone();
    // What this action cannot have said is no place to go on from.
    let seen = seen.filter(|seen| (0..=latest.last_position()).contains(seen));
    if latest.status.ended() && seen == Some(latest.position()) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let now = Instant::now();
    let KeepAlive(keep_alive) = **keep_alive;
    let events = Events {
        progress,
        seen: seen.unwrap_or(-1),
        greeted: false,
        over: false,
        due: now,
        quiet_until: now + keep_alive,
        keep_alive,
        token_ends: now.checked_add(token_life(&request)).unwrap_or_else(|| now + Duration::from_hours(24)),
    };
    let stream = stream::unfold(events, |mut events| async {
        let text = events.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), events))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        // An encoder would cost each listener more memory than all else.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        // So that a service that stops does not wait for what comes after the stream.
        .force_close()
        .streaming(stream))
}
