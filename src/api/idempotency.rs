//! `Idempotency-Key`: the same answer again for the same request, stored in the transaction of its effect.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::{MALFORMED_REQUEST, Problem};
use crate::domain::actor::Actor;
use crate::domain::error::{Error, Result};
use crate::repository::db::{Db, Tx};
use crate::repository::idempotency::{self, KeyScope, StoredAnswer};

const MAX_KEY_BYTES: usize = 255;

/// A POST that may carry an `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct Post {
    method: String,
    path: String,
    key: Option<String>,
}

impl FromRequest for Post {
    type Error = Problem;
    type Future = Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_key(request).map(|key| Self {
            method: request.method().to_string(),
            path: request.path().to_owned(),
            key,
        }))
    }
}

/// The key, quoted (a structured header) or bare.
fn read_key(request: &HttpRequest) -> std::result::Result<Option<String>, Problem> {
    let Some(header) = request.headers().get("idempotency-key") else { return Ok(None) };
    let text = header
        .to_str()
        .map_err(|_| Problem::new(&MALFORMED_REQUEST).detail("the Idempotency-Key is not ASCII text"))?
        .trim();
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(Error::field("Idempotency-Key", "must have 1 to 255 bytes").into());
    }
    Ok(Some(key.to_owned()))
}

/// A successful answer, before it is sent.
#[derive(Debug)]
pub struct Answer(StoredAnswer);

impl Answer {
    /// `names`: the records whose personal data the body may hold.
    pub fn new(status: StatusCode, body: &impl Serialize, names: Vec<Uuid>) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self(StoredAnswer { status: status.as_u16(), headers: Vec::new(), body, names }))
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl Post {
    /// Runs `work` in a write transaction, or gives the stored answer of an earlier run of the same request.
    ///
    /// # Errors
    /// Those of `work`, and those of a key in use.
    pub async fn answer(
        self,
        db: &Db,
        actor: &Actor,
        body: &[u8],
        mut work: impl FnMut(&mut Tx) -> Result<Answer> + Send + 'static,
    ) -> std::result::Result<HttpResponse, Problem> {
        let digest = Sha256::digest(body).to_vec();
        let scope =
            self.key.map(|key| KeyScope { user_id: actor.user_id.clone(), method: self.method, path: self.path, key });
        let (answer, replayed) = db
            .write(actor.account, move |tx| {
                let Some(scope) = &scope else { return Ok((work(tx)?.0, false)) };
                if let Some(stored) = idempotency::claim(tx, scope, &digest)? {
                    return Ok((stored, true));
                }
                let answer = work(tx)?.0;
                idempotency::store(tx, scope, &digest, &answer)?;
                Ok((answer, false))
            })
            .await?;
        let status = StatusCode::from_u16(answer.status).map_err(|error| Error::Internal(error.to_string()))?;
        let mut response = HttpResponse::build(status);
        for (name, value) in &answer.headers {
            response.insert_header((name.as_str(), value.as_str()));
        }
        if replayed {
            response.insert_header(("idempotency-replayed", "true"));
        }
        Ok(response.content_type("application/json").body(answer.body))
    }
}
