//! The id of a request: taken from `X-Request-Id` or made, given back in the answer, written with every log line.

use actix_web::http::header::{HeaderName, HeaderValue};
use uuid::Uuid;

pub use crate::telemetry::{request_id as current, within_request as scope};

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer or stranger ids of callers are replaced by one of ours.
const MAX_LENGTH: usize = 128;

/// The caller's id when it is a plain token, else a new one.
pub fn accept(header: Option<&HeaderValue>) -> String {
    header
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=MAX_LENGTH).contains(&id.len()))
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte)))
        .map_or_else(|| Uuid::new_v4().to_string(), ToOwned::to_owned)
}
