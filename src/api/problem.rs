//! Problem documents (RFC 9457): the one place that knows status codes, slugs and their texts.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::request_id;
use crate::domain::error::{Conflict, Error, Forbidden};

pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// A kind of problem: what it is called, what it means and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    pub slug: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// For `/problems/{slug}` and docs/problems.md.
    pub advice: &'static str,
}

macro_rules! problems {
    ($($name:ident, $slug:literal, $status:literal, $title:literal, $advice:literal;)*) => {
        $(pub static $name: ProblemKind =
            ProblemKind { slug: $slug, status: $status, title: $title, advice: $advice };)*
        /// Every kind of problem the service answers with.
        pub static PROBLEMS: &[&ProblemKind] = &[$(&$name),*];
    };
}

problems! {
    MALFORMED_REQUEST, "malformed-request", 400, "The request cannot be read",
        "The body is not JSON, or a part of the request is not text. Look at the position that `detail` names, correct it and send the request again.";
    IDEMPOTENCY_NOT_SUPPORTED, "idempotency-not-supported", 400, "This request takes no Idempotency-Key",
        "Imports are idempotent by the external_id of each row. Send the request without the Idempotency-Key header.";
    IMPORT_CUT_OFF, "import-cut-off", 400, "The upload ended too early",
        "The connection broke within the file. Everything up to `committed_through_line` is stored; send the whole file again: rows with an external_id or id are updated, not doubled.";
    UNAUTHORIZED, "unauthorized", 401, "A valid token is needed",
        "Send `Authorization: Bearer TOKEN` with a token that is signed with this service's key and has not expired. `detail` says what is wrong with the one that came.";
    ADMIN_ONLY, "admin-only", 403, "Only an admin may do this",
        "Ask an admin of the account. `GET /me` lists what the caller may do.";
    STANDARD_SEGMENT, "standard-segment", 403, "Standard segments cannot be changed",
        "Standard segments are built in. Create a segment of your own with the same rules and change that.";
    OWN_APPROVAL, "own-approval", 403, "Another admin has to decide",
        "Who asked for an action can neither approve nor reject it. Ask another admin of the account; `POST /bulk-actions/{id}/cancel` takes the request back.";
    NOT_FOUND, "not-found", 404, "There is no such record",
        "The id does not exist, belongs to another account, has been purged, or is not for this caller to see.";
    UNKNOWN_ROUTE, "unknown-route", 404, "There is no such address",
        "Check the path against the API document at /docs/ or /openapi.json.";
    METHOD_NOT_ALLOWED, "method-not-allowed", 405, "The address does not answer this method",
        "The `Allow` header lists the methods that it does answer.";
    LINKED_RECORDS, "linked-records", 409, "Something is linked to the record",
        "`blockers` names the live deals, invoices, projects and time trackings that point at the record. Remove or reassign them and try again, or deactivate the record instead.";
    IN_RECYCLE_BIN, "in-recycle-bin", 409, "The record lies in the recycle bin",
        "Restore it first with `POST /recycle-bin/{id}/restore`, then try again.";
    LINK_TARGET_UNAVAILABLE, "link-target-unavailable", 409, "The record to link to is not there",
        "The contact or company that `pointer` names does not exist in this account or lies in the recycle bin. Link to a live one, or restore it first.";
    EXTERNAL_ID_TAKEN, "external-id-taken", 409, "Another live record has this external_id",
        "An external_id is unique among the live records of a kind. Change or clear one of the two.";
    RESTORE_CONFLICT, "restore-conflict", 409, "A live record has taken the external_id",
        "`live_twin` holds the external_id of the record to restore. Change the twin's external_id, or restore with `{\"on_conflict\": \"drop_external_id\"}`. Nothing was restored.";
    PARENT_EXPIRED, "parent-expired", 409, "The deal's customer or contact person is gone",
        "The record that `parent` names is past its purge date and cannot come back, so the deal cannot either. Create a new deal.";
    EXPECTED_COUNT_MISMATCH, "expected-count-mismatch", 409, "Another number of records matches",
        "`matched` records match now, not `expected_count`. Look at the set again and repeat the request with the number you mean. Nothing was changed.";
    ACTION_ENDED, "action-ended", 409, "The bulk action has ended",
        "It can no longer be stopped; look at its status and results.";
    ACTION_NOT_ENDED, "action-not-ended", 409, "The bulk action has not ended yet",
        "Wait until its status is one of completed, cancelled or failed, then try again. One that awaits an approval ends when it is cancelled, rejected or lapses.";
    NOTHING_TO_UNDO, "nothing-to-undo", 409, "The bulk action changed nothing",
        "No record was changed, so there is nothing to take back; or the action ended more than 90 days ago, and which records it changed is not kept any more.";
    ALREADY_UNDONE, "already-undone", 409, "The bulk action has been undone already",
        "The `Location` header leads to the undo, which is a bulk action of its own.";
    NOT_UNDOABLE, "not-undoable", 409, "This bulk action cannot be undone",
        "Deletes, deactivations and reactivations can be undone; `detail` says why this action cannot. Dry runs changed nothing, a restore or an undo is taken back by a new action, what was purged is gone for good, and of a change of tags it is not kept what each record had before.";
    NOTHING_TO_RETRY, "nothing-to-retry", 409, "No record of the bulk action was blocked",
        "A retry tries the blocked records again, and this action has none; or it ended more than 90 days ago, and which ones they were is not kept any more. Start a new action for other records.";
    NOT_A_DRY_RUN, "not-a-dry-run", 409, "Only a dry run can be executed",
        "Start a bulk action with `dry_run: true` and execute that once it is completed.";
    DRY_RUN_EXPIRED, "dry-run-expired", 409, "The dry run is too old",
        "A dry run can be executed for 24 hours after it was accepted. Make a new one and look at its results.";
    ALREADY_EXECUTED, "already-executed", 409, "The dry run has been executed already",
        "The `Location` header leads to the action that executed it.";
    NOT_AWAITING_APPROVAL, "not-awaiting-approval", 409, "The bulk action does not wait for an approval",
        "Somebody has decided on it, it was cancelled, its 72 hours are over, or it never needed an approval. Look at its `status` and `approval`.";
    IDEMPOTENCY_IN_PROGRESS, "idempotency-in-progress", 409, "The first request with this key still runs",
        "Wait a moment and send the same request again: it then gets the first one's answer.";
    PRECONDITION_FAILED, "precondition-failed", 412, "The record has changed meanwhile",
        "The ETag in If-Match is not the current one. Read the record again, look at what changed and repeat the request with the new ETag.";
    PAYLOAD_TOO_LARGE, "payload-too-large", 413, "The body is too large",
        "JSON bodies may have at most 2 MiB. Send less at once; files go through the import endpoints, which have no limit.";
    UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", 415, "The body is of the wrong type",
        "Send `Content-Type: application/json`, or `text/csv` to an import, in UTF-8 and without a Content-Encoding.";
    VALIDATION_FAILED, "validation-failed", 422, "Something in the request is not valid",
        "`errors` lists every wrong field by its JSON pointer (`?name` for a query parameter) with the reason. Nothing was changed.";
    INVALID_CURSOR, "invalid-cursor", 422, "The cursor does not belong to this list",
        "A cursor fits only the list, filters and sort order it was made for. Start again without one.";
    INVALID_HEADER_ROW, "invalid-header-row", 422, "The header row of the file is wrong",
        "`errors` names the columns that are unknown, doubled or missing. No row was read.";
    IDEMPOTENCY_MISMATCH, "idempotency-mismatch", 422, "The key was used for another request",
        "An Idempotency-Key belongs to one request body. Use a new key for a new request.";
    QUERY_TOO_SLOW, "query-too-slow", 422, "The question takes too long to answer",
        "Counting this segment ran into the time limit of 10 seconds. Use fewer or more selective rules.";
    INTERNAL, "internal", 500, "Something went wrong here",
        "The cause is in the service's log under the `request_id`. Nothing was changed; the request may be tried again.";
    RECORD_BUSY, "record-busy", 503, "The record is being changed by someone else",
        "Another request or a bulk action holds the record. Try again after the seconds in `Retry-After`.";
    OVERLOADED, "overloaded", 503, "The service is busy",
        "No database connection became free in time. Try again after the seconds in `Retry-After`.";
    DATABASE_UNAVAILABLE, "database-unavailable", 503, "The database is not reachable",
        "Try again after the seconds in `Retry-After`; if it lasts, the operator has to look at the database.";
}

impl ProblemKind {
    /// What an answer of this status means that no handler gave.
    pub fn of_status(status: StatusCode) -> &'static Self {
        match status {
            StatusCode::NOT_FOUND => &UNKNOWN_ROUTE,
            StatusCode::METHOD_NOT_ALLOWED => &METHOD_NOT_ALLOWED,
            StatusCode::PAYLOAD_TOO_LARGE => &PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => &UNSUPPORTED_MEDIA_TYPE,
            status if status.is_server_error() => &INTERNAL,
            _ => &MALFORMED_REQUEST,
        }
    }
}

/// One problem answer.
#[derive(Debug)]
pub struct Problem {
    kind: &'static ProblemKind,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub fn new(kind: &'static ProblemKind) -> Self {
        Self { kind, detail: None, members: Map::new(), headers: Vec::new() }
    }

    /// What is wrong with this very request.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub fn kind(&self) -> &'static ProblemKind {
        self.kind
    }

    fn retry_after(self, seconds: &str) -> Self {
        self.header(header::RETRY_AFTER, seconds)
    }
}

/// The document in the order in which it reads best.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind.slug)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let body = Document {
            kind: format!("/problems/{}", self.kind.slug),
            title: self.kind.title,
            status: self.kind.status,
            detail: self.detail.as_deref().unwrap_or(self.kind.advice),
            members: &self.members,
            request_id: request_id::current(),
        };
        let mut response = HttpResponse::build(self.status_code());
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.content_type(PROBLEM_MEDIA_TYPE).body(serde_json::to_string(&body).unwrap_or_default())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthorized(reason) => Self::new(&UNAUTHORIZED)
                .detail(reason)
                .header(header::WWW_AUTHENTICATE, "Bearer realm=\"sweep\", error=\"invalid_token\""),
            Error::Forbidden(Forbidden::AdminOnly) => Self::new(&ADMIN_ONLY),
            Error::Forbidden(Forbidden::OwnApproval) => Self::new(&OWN_APPROVAL),
            Error::Forbidden(Forbidden::StandardSegment) => Self::new(&STANDARD_SEGMENT),
            Error::NotFound => Self::new(&NOT_FOUND),
            Error::Invalid(errors) => {
                let first = errors.first().map(|error| match error.pointer.as_str() {
                    "" => format!("the body {}", error.detail),
                    pointer => format!("{pointer} {}", error.detail),
                });
                Self::new(&VALIDATION_FAILED).detail(first.unwrap_or_default()).member("errors", json!(errors))
            }
            Error::InvalidCursor => Self::new(&INVALID_CURSOR),
            Error::IdempotencyMismatch => Self::new(&IDEMPOTENCY_MISMATCH),
            Error::PreconditionFailed => Self::new(&PRECONDITION_FAILED),
            Error::Conflict(conflict) => from_conflict(*conflict),
            Error::Busy | Error::Contention => Self::new(&RECORD_BUSY).retry_after("1"),
            Error::TooSlow => Self::new(&QUERY_TOO_SLOW),
            Error::Overloaded => Self::new(&OVERLOADED).retry_after("1"),
            Error::Unavailable(cause) => {
                tracing::error!(cause, request_id = request_id::current(), "the database is not reachable");
                Self::new(&DATABASE_UNAVAILABLE).retry_after("5")
            }
            Error::Internal(cause) => {
                tracing::error!(cause, request_id = request_id::current(), "internal error");
                Self::new(&INTERNAL)
            }
        }
    }
}

fn from_conflict(conflict: Conflict) -> Problem {
    match conflict {
        Conflict::LinkedRecords(blockers) => Problem::new(&LINKED_RECORDS).member("blockers", json!(blockers)),
        Conflict::InRecycleBin { purge_at } => Problem::new(&IN_RECYCLE_BIN).member("purge_at", json!(purge_at)),
        Conflict::LinkTargetUnavailable { pointer } => Problem::new(&LINK_TARGET_UNAVAILABLE)
            .detail(format!("{pointer} names a record that does not exist or lies in the recycle bin"))
            .member("pointer", pointer),
        Conflict::ExternalIdTaken => Problem::new(&EXTERNAL_ID_TAKEN),
        Conflict::RestoreConflict { live_twin, parent } => {
            let problem = Problem::new(&RESTORE_CONFLICT).member("live_twin", json!(live_twin));
            match parent {
                Some(parent) => problem.member("parent", json!(parent)),
                None => problem,
            }
        }
        Conflict::ParentExpired { parent } => Problem::new(&PARENT_EXPIRED).member("parent", json!(parent)),
        Conflict::ExpectedCountMismatch { expected, matched } => Problem::new(&EXPECTED_COUNT_MISMATCH)
            .detail(format!("{matched} records match, not {expected}; nothing was changed"))
            .member("expected_count", expected)
            .member("matched", matched),
        Conflict::ActionEnded => Problem::new(&ACTION_ENDED),
        Conflict::ActionNotEnded => Problem::new(&ACTION_NOT_ENDED),
        Conflict::NothingToUndo => Problem::new(&NOTHING_TO_UNDO),
        Conflict::AlreadyUndone { undo } => {
            Problem::new(&ALREADY_UNDONE).header(header::LOCATION, &format!("/bulk-actions/{undo}"))
        }
        Conflict::NotUndoable { why } => Problem::new(&NOT_UNDOABLE).detail(why),
        Conflict::NothingToRetry => Problem::new(&NOTHING_TO_RETRY),
        Conflict::NotADryRun => Problem::new(&NOT_A_DRY_RUN),
        Conflict::DryRunExpired => Problem::new(&DRY_RUN_EXPIRED),
        Conflict::AlreadyExecuted { execution } => {
            Problem::new(&ALREADY_EXECUTED).header(header::LOCATION, &format!("/bulk-actions/{execution}"))
        }
        Conflict::NotAwaitingApproval => Problem::new(&NOT_AWAITING_APPROVAL),
        Conflict::IdempotencyInProgress => Problem::new(&IDEMPOTENCY_IN_PROGRESS).retry_after("1"),
    }
}
