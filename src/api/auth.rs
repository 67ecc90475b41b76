//! Who calls: a bearer token, checked against the one configured key.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::extractors::refuse_stray_query;
use super::problem::Problem;
use crate::config::{JwtAlgorithm, TokenConfig};
use crate::domain::actor::{AccountId, Actor, Role};
use crate::domain::error::{Error, Result};
use crate::services::Services;
use crate::telemetry::LoggedAccount;

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 5;
pub const MIN_SECRET_BYTES: usize = 32;

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub account_id: Uuid,
    pub role: Role,
    pub exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("SWEEP_JWT_SECRET must have at least {MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48")]
    SecretTooShort,
    #[error("SWEEP_JWT_ALGORITHM {0:?} needs SWEEP_JWT_PUBLIC_KEY_FILE, a public key in PEM form")]
    NoPublicKey(JwtAlgorithm),
    #[error(
        "SWEEP_JWT_SECRET holds a public key, which anyone may know; set SWEEP_JWT_ALGORITHM to RS256, ES256 or EdDSA \
         and SWEEP_JWT_PUBLIC_KEY_FILE to its file"
    )]
    PublicKeyAsSecret,
    #[error("SWEEP_JWT_SECRET is for HS256 only; unset it, or set SWEEP_JWT_ALGORITHM to HS256")]
    SecretForPublicKey,
    #[error("SWEEP_JWT_PUBLIC_KEY_FILE cannot be used: {0}")]
    BadPublicKey(String),
}

/// Checks tokens: one algorithm, one key.
pub struct Authenticator {
    key: DecodingKey,
    validation: Validation,
}

impl Authenticator {
    /// `secret` is used for HS256 alone; the other algorithms read their public key's file.
    pub fn new(config: &TokenConfig, secret: &str) -> std::result::Result<Self, KeyError> {
        let algorithm = match config.jwt_algorithm {
            JwtAlgorithm::HS256 => Algorithm::HS256,
            JwtAlgorithm::RS256 => Algorithm::RS256,
            JwtAlgorithm::ES256 => Algorithm::ES256,
            JwtAlgorithm::EdDSA => Algorithm::EdDSA,
        };
        let key = if algorithm == Algorithm::HS256 {
            if secret.len() < MIN_SECRET_BYTES {
                return Err(KeyError::SecretTooShort);
            }
            if secret.contains("-----BEGIN") {
                return Err(KeyError::PublicKeyAsSecret);
            }
            DecodingKey::from_secret(secret.as_bytes())
        } else {
            public_key(config)?
        };
        let mut validation = Validation::new(algorithm);
        let mut required = vec!["exp"];
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.validate_aud = config.jwt_audience.is_some();
        if let Some(audience) = &config.jwt_audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &config.jwt_issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        Ok(Self { key, validation })
    }

    /// Who calls, and for how long the token remains valid.
    ///
    /// # Errors
    /// `Unauthorized` with the reason.
    pub fn check(&self, token: &str) -> Result<(Actor, Duration)> {
        // `aud` may be a list, which our own claims have no place for: only what is needed is read.
        let claims = jsonwebtoken::decode::<ActorClaims>(token, &self.key, &self.validation)
            .map_err(|error| Error::Unauthorized(reason(error.kind())))?
            .claims;
        let now = Duration::from_secs(jsonwebtoken::get_current_timestamp());
        let ends = Duration::try_from_secs_f64(claims.exp).unwrap_or(Duration::MAX);
        let life = ends.saturating_add(Duration::from_secs(LEEWAY)).saturating_sub(now);
        Ok((claims.into_actor().map_err(|detail| Error::Unauthorized(detail.to_owned()))?, life))
    }
}

fn public_key(config: &TokenConfig) -> std::result::Result<DecodingKey, KeyError> {
    if config.jwt_secret.is_some() {
        return Err(KeyError::SecretForPublicKey);
    }
    let path = config.jwt_public_key_file.as_ref().ok_or(KeyError::NoPublicKey(config.jwt_algorithm))?;
    let pem = std::fs::read(path).map_err(|error| KeyError::BadPublicKey(format!("{}: {error}", path.display())))?;
    match config.jwt_algorithm {
        JwtAlgorithm::RS256 => DecodingKey::from_rsa_pem(&pem),
        JwtAlgorithm::ES256 => DecodingKey::from_ec_pem(&pem),
        JwtAlgorithm::EdDSA | JwtAlgorithm::HS256 => DecodingKey::from_ed_pem(&pem),
    }
    .map_err(|error| KeyError::BadPublicKey(format!("{}: {error}", path.display())))
}

#[derive(Deserialize)]
struct ActorClaims {
    sub: String,
    account_id: Uuid,
    role: Role,
    exp: f64,
    email: Option<String>,
    name: Option<String>,
    locale: Option<String>,
}

impl ActorClaims {
    fn into_actor(self) -> std::result::Result<Actor, &'static str> {
        if self.sub.is_empty() || self.sub.chars().count() > 255 {
            return Err("the token's sub must have 1 to 255 characters");
        }
        let texts = [Some(&self.sub), self.email.as_ref(), self.name.as_ref(), self.locale.as_ref()];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err("a claim of the token contains the NUL character");
        }
        Ok(Actor {
            account: AccountId(self.account_id),
            user_id: self.sub,
            role: self.role,
            email: self.email.filter(|email| crate::domain::validation::is_email(email)),
            name: self.name.filter(|name| !name.is_empty()),
            locale: self.locale,
        })
    }
}

fn reason(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::ExpiredSignature => "the token has expired".to_owned(),
        ErrorKind::ImmatureSignature => "the token is not valid yet (nbf)".to_owned(),
        ErrorKind::InvalidSignature => "the token is not signed with this service's key".to_owned(),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            "the token is signed with another algorithm than this service accepts".to_owned()
        }
        ErrorKind::InvalidIssuer => "the token's iss is not the one this service accepts".to_owned(),
        ErrorKind::InvalidAudience => "the token's aud is not the one this service accepts".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the token has no {claim}"),
        ErrorKind::Json(error) => format!("the token's claims are not as they should be: {error}"),
        _ => "the token cannot be read".to_owned(),
    }
}

/// Anyone with a valid token.
#[derive(Debug, Clone)]
pub struct Caller(pub Actor);

/// An admin with a valid token.
#[derive(Debug, Clone)]
pub struct Admin(pub Actor);

/// How long the token of a request remains valid.
#[derive(Debug, Clone, Copy)]
struct TokenLife(Duration);

/// How long the token of this request, which has been checked, remains valid.
pub fn token_life(request: &HttpRequest) -> Duration {
    request.extensions().get::<TokenLife>().map_or(Duration::ZERO, |life| life.0)
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request, |_| Ok(())).map(Self).map_err(Problem::from))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request, Actor::require_admin).map(Self).map_err(Problem::from))
    }
}

/// Has a caller written down whom this process has not seen today; the request does not wait for it.
fn note_caller(request: &HttpRequest, actor: &Actor) {
    let Some(services) = request.app_data::<web::Data<Services>>() else { return };
    if services.callers.is_news(actor) {
        let (services, actor) = (services.clone(), actor.clone());
        actix_web::rt::spawn(async move { services.callers.write_down(&services.db, actor).await });
    }
}

/// The caller, if its role is allowed; what the request asks for is looked at only then.
fn authenticate(request: &HttpRequest, allowed: impl Fn(&Actor) -> Result<()>) -> Result<Actor> {
    let authenticator = request
        .app_data::<web::Data<Arc<Authenticator>>>()
        .ok_or_else(|| Error::Internal("no authenticator is configured".to_owned()))?;
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .ok_or_else(|| Error::Unauthorized("the request has no Authorization header".to_owned()))?;
    let token = header
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Error::Unauthorized("the Authorization header must be: Bearer TOKEN".to_owned()))?;
    let (actor, life) = authenticator.check(token)?;
    note_caller(request, &actor);
    request.extensions_mut().insert(LoggedAccount(actor.account.0));
    request.extensions_mut().insert(TokenLife(life));
    request.extensions_mut().insert(actor.clone());
    allowed(&actor)?;
    refuse_stray_query(request)?;
    Ok(actor)
}
