//! Conditional reading: a client that has the current representation is told so, and not sent it again.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, body};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::openapi;

/// Answers a GET whose `If-None-Match` names the entity tag of its answer with 304, where the document says so: these are
/// the resources whose tag changes with anything that they show.
pub async fn answer_if_none_match(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let known: Vec<_> = request.headers().get_all(header::IF_NONE_MATCH).cloned().collect();
    let method = request.method().clone();
    let mut response = next.call(request).await?;
    let template = response.request().match_pattern().unwrap_or_default();
    let current = response.headers().get(header::ETAG).filter(|_| response.status() == StatusCode::OK);
    let unchanged = current.and_then(|tag| tag.to_str().ok()).is_some_and(|tag| {
        known.iter().filter_map(|tags| tags.to_str().ok()).any(|tags| names(tags, tag))
            && openapi::takes_if_none_match(method.as_str(), &template)
    });
    if !unchanged {
        return Ok(response.map_body(|_, body| EitherBody::right(body)));
    }
    response.headers_mut().remove(header::CONTENT_TYPE);
    Ok(response.map_body(|head, _| {
        head.status = StatusCode::NOT_MODIFIED;
        EitherBody::left(body::None::new())
    }))
}

/// Whether a list of entity tags names this one; for reading, weak ones are as good as strong ones (RFC 9110, 13.1.2).
fn names(tags: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.split(',').any(|named| named.trim() == "*" || opaque(named) == opaque(tag))
}

/// A resource that has no version: the tag follows from what is shown.
pub fn tagged_by_content(response: &mut actix_web::HttpResponseBuilder, view: &impl Serialize) -> HttpResponse {
    let Ok(body) = serde_json::to_vec(view) else { return response.json(view) };
    let digest = Sha256::digest(&body);
    let head = digest.first_chunk().copied().map(u128::from_be_bytes).unwrap_or_default();
    response.insert_header((header::ETAG, format!("W/\"{head:032x}\""))).content_type("application/json").body(body)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn tags_are_compared_weakly() {
        for tags in ["\"1\"", "W/\"1\"", "\"0\", \"1\"", " W/\"0\" ,W/\"1\" ", "*"] {
            assert!(names(tags, "\"1\"") && names(tags, "W/\"1\""), "{tags}");
        }
        for tags in ["", "1", "\"11\"", "\"0\", \"2\"", "W/", "\"*\""] {
            assert!(!names(tags, "\"1\"") && !names(tags, "W/\"1\""), "{tags}");
        }
    }
}
