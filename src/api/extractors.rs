//! What a request carries: JSON bodies, queries, ids in paths, preconditions. All refuse with a problem document.

use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::openapi;
use super::problem::{MALFORMED_REQUEST, PAYLOAD_TOO_LARGE, Problem, UNSUPPORTED_MEDIA_TYPE};
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::validation::{escape_pointer, find_nul};

/// JSON bodies may have 2 MiB.
pub const MAX_JSON_BYTES: usize = 2 * 1024 * 1024;

/// A JSON body: its value, and the bytes it came in.
pub struct Body<T> {
    pub value: T,
    pub bytes: web::Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let typed = require_json(request.headers());
        let length = content_length(request.headers());
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            typed?;
            if length.is_some_and(|length| length > MAX_JSON_BYTES) {
                return Err(Problem::new(&PAYLOAD_TOO_LARGE));
            }
            let payload = payload.await.map_err(|_| Problem::new(&MALFORMED_REQUEST))?;
            let bytes = match payload.to_bytes_limited(MAX_JSON_BYTES).await {
                Err(_) => return Err(Problem::new(&PAYLOAD_TOO_LARGE)),
                Ok(Err(_)) => return Err(Problem::new(&MALFORMED_REQUEST).detail("the body broke off")),
                Ok(Ok(bytes)) => bytes,
            };
            Ok(Self { value: parse_json(&bytes)?, bytes })
        })
    }
}

/// A JSON body that may be left out.
pub struct OptionalBody<T> {
    pub value: T,
    pub bytes: web::Bytes,
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        if !chunked && content_length(request.headers()).unwrap_or(0) == 0 {
            return Box::pin(ready(Ok(Self { value: T::default(), bytes: web::Bytes::new() })));
        }
        let body = Body::from_request(request, payload);
        Box::pin(async move { body.await.map(|Body { value, bytes }| Self { value, bytes }) })
    }
}

fn require_json(headers: &HeaderMap) -> std::result::Result<(), Problem> {
    require_media_type(headers, "application/json")
}

/// # Errors
/// `unsupported-media-type` when the body is of another type, charset or encoding.
pub fn require_media_type(headers: &HeaderMap, wanted: &str) -> std::result::Result<(), Problem> {
    let wrong = |detail: String| Err(Problem::new(&UNSUPPORTED_MEDIA_TYPE).detail(detail));
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(wanted)) {
        return wrong(format!("send the body as Content-Type: {wanted}"));
    }
    let charset = parts.find_map(|part| part.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case("charset")));
    if charset.is_some_and(|(_, value)| !value.trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return wrong("send the body in UTF-8".to_owned());
    }
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return wrong("send the body without a Content-Encoding".to_owned());
    }
    Ok(())
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> std::result::Result<T, Problem> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(Problem::new(&MALFORMED_REQUEST).detail("the body is not UTF-8"));
    }
    // Only an escape can carry a NUL: a raw one is no JSON.
    if bytes.windows(6).any(|window| window == b"\\u0000") {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        if let Some(pointer) = find_nul(&value) {
            return Err(Error::field(pointer, "must not contain the NUL character").into());
        }
    }
    // serde would take the members of a list for those of an object, by their places.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        is_json(bytes)?;
        return Err(Error::field("", "must be a JSON object").into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer_of(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            return Error::field(pointer, without_position(&inner)).into();
        }
        // A null in the place of a word is a fault of the syntax to serde_json.
        is_json(bytes).err().unwrap_or_else(|| Error::field(pointer, "has a value of the wrong type").into())
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Read as a value: that keeps to the depth that bodies may have.
fn is_json(bytes: &[u8]) -> std::result::Result<(), Problem> {
    serde_json::from_slice::<Value>(bytes).map(|_| ()).map_err(|error| malformed(&error))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(&MALFORMED_REQUEST).detail(format!("the body is not JSON: {error}"))
}

/// serde's message without its trailing position.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape_pointer(key)),
            Segment::Enum { variant } => format!("/{}", escape_pointer(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// The fields of `current` with the merge patch (RFC 7396) applied: null clears, arrays are replaced, objects merge.
///
/// # Errors
/// `Invalid` when the patch is no object or the result does not fit `T`.
pub fn merged<T: DeserializeOwned>(current: &impl serde::Serialize, patch: &Value) -> Result<T> {
    if !patch.is_object() {
        return Err(Error::field("", "must be a JSON object"));
    }
    let mut document = serde_json::to_value(current).map_err(|error| Error::Internal(error.to_string()))?;
    merge(&mut document, patch);
    serde_path_to_error::deserialize(document).map_err(|error| {
        let pointer = pointer_of(error.path());
        Error::field(pointer, error.into_inner().to_string())
    })
}

/// What a patch of a record that is not there is answered: that its shape is wrong, which comes first, or a 404.
pub fn refusal_of_absent<T: Default + serde::Serialize + DeserializeOwned>(patch: &Value) -> Error {
    merged::<T>(&T::default(), patch).err().unwrap_or(Error::NotFound)
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(members) = target {
        for (key, change) in changes {
            if change.is_null() {
                members.remove(key);
            } else {
                merge(members.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
    }
}

/// The query string; lists are repeated keys (`tags=a&tags=b`), unknown names are refused.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self).map_err(Problem::from))
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T> {
    let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    let value = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let name = pointer_of(error.path());
        Error::field(format!("?{}", name.trim_start_matches('/')), error.into_inner().to_string())
    })?;
    // A percent-encoded NUL would reach the database as one.
    let decoded: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    match decoded.iter().find(|(key, value)| key.contains('\0') || value.contains('\0')) {
        Some((key, _)) => Err(Error::Invalid(vec![FieldError::new(
            format!("?{}", key.replace('\0', "")),
            "must not contain the NUL character",
        )])),
        None => Ok(value),
    }
}

/// Refuses a query string where the operation takes none: what the caller wished for with it would not happen.
///
/// # Errors
/// `Invalid` names the first parameter.
pub fn refuse_stray_query(request: &HttpRequest) -> Result<()> {
    let query = request.query_string();
    let template = request.match_pattern().unwrap_or_default();
    if query.is_empty() || !openapi::is_without_query(request.method().as_str(), &template) {
        return Ok(());
    }
    let name = query.split(['=', '&']).next().unwrap_or_default();
    Err(Error::field(format!("?{name}"), "is not a parameter of this operation"))
}

/// The id at the end of a path; what is no UUID names no record.
pub struct Id(pub Uuid);

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(path_id(request, "id").map(Self).map_err(Problem::from))
    }
}

/// The UUID in the path under `name`.
///
/// # Errors
/// `NotFound` for what is no UUID.
pub fn path_id(request: &HttpRequest, name: &str) -> Result<Uuid> {
    request.match_info().get(name).and_then(|text| Uuid::try_parse(text).ok()).ok_or(Error::NotFound)
}

/// The `If-Match` of a request.
#[derive(Debug, Clone)]
pub struct IfMatch(Option<Vec<String>>);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A tag that is no text is none of ours: it fits no version.
        let tags: Vec<String> = request
            .headers()
            .get_all(header::IF_MATCH)
            .map(|value| value.to_str().unwrap_or_default())
            .flat_map(|value| value.split(',').map(|tag| tag.trim().trim_start_matches("W/").to_owned()))
            .collect();
        ready(Ok(Self((!tags.is_empty()).then_some(tags))))
    }
}

impl IfMatch {
    /// # Errors
    /// `PreconditionFailed` when tags were sent and none is that of `version`.
    pub fn check(&self, version: i64) -> Result<()> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let current = etag(version);
        if tags.iter().any(|tag| tag == "*" || *tag == current) { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}

/// The entity tag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merge_patch_is_rfc_7396() {
        let mut target = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": [1, 2]});
        merge(&mut target, &json!({"a": null, "b": {"c": null, "x": {"y": null}}, "e": [3]}));
        assert_eq!(target, json!({"b": {"d": 2, "x": {}}, "e": [3]}));
    }
}
