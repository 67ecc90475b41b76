//! Lists as CSV files, sent page by page: a slow reader holds no database connection, and no file is ever whole in
//! memory.

use std::future::Future;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::domain::error::{Error, Result};

/// The form of a list: `csv` for a file; JSON, or what the `Accept` header says, when left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Json,
    Csv,
}

/// Whether the caller asks for a file: by `format`, else by an `Accept` that names `text/csv`.
pub fn wants_csv(request: &HttpRequest, format: Option<Format>) -> bool {
    let accepts = || {
        request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok()).any(|value| {
            value.split(',').any(|range| range.split(';').next().is_some_and(|media| media.trim() == "text/csv"))
        })
    };
    format.map_or_else(accepts, |format| format == Format::Csv)
}

/// A part of the file, and where the next one starts, if there is one.
pub type Part<K> = (Vec<u8>, Option<K>);

/// Answers with the parts that `next` makes, the first one for `None`. What fails at the first part is answered as a
/// problem; a failure later on breaks the download off, so that no half file passes for a whole one.
pub async fn download<K, F>(file_name: &str, next: impl Fn(Option<K>) -> F + 'static) -> Result<HttpResponse, Problem>
where
    K: 'static,
    F: Future<Output = Result<Part<K>>> + 'static,
{
    let first = next(None).await?;
    let parts = stream::try_unfold((Some(first), next), |(part, next)| async move {
        let Some((bytes, after)) = part else { return Ok::<_, Error>(None) };
        let following = match after {
            Some(key) => Some(next(Some(key)).await?),
            None => None,
        };
        Ok(Some((Bytes::from(bytes), (following, next))))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")))
        .streaming(parts))
}
