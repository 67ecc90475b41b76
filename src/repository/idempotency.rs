//! Stored answers to requests that carried an `Idempotency-Key`.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::column_types::Json;
use super::db::{Sweep, Tx};
use super::schema::idempotency_keys;
use crate::domain::error::{Conflict, Error, Result};

const KEPT: TimeDelta = TimeDelta::hours(24);

/// Whose key it is and for which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyScope {
    pub user_id: String,
    pub method: String,
    pub path: String,
    pub key: String,
}

/// An answer as it was given, and the records it tells of: it goes when one of them is purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub names: Vec<Uuid>,
}

/// Claims the key for this transaction and gives the stored answer, if there is one.
///
/// # Errors
/// `IdempotencyInProgress` while another request with the key runs, `IdempotencyMismatch` for another body.
pub fn claim(tx: &mut Tx, scope: &KeyScope, body_digest: &[u8]) -> Result<Option<StoredAnswer>> {
    let locked: bool =
        diesel::select(sql::<Bool>("pg_try_advisory_xact_lock(").bind::<BigInt, _>(lock_number(tx, scope)).sql(")"))
            .get_result(tx.conn)?;
    if !locked {
        return Err(Error::conflict(Conflict::IdempotencyInProgress));
    }
    let found: Option<(Vec<u8>, i32, Json<Vec<(String, String)>>, String, Vec<Uuid>, DateTime<Utc>)> =
        idempotency_keys::table
            .find((tx.account().0, &scope.user_id, &scope.method, &scope.path, &scope.key))
            .select((
                idempotency_keys::body_digest,
                idempotency_keys::status,
                idempotency_keys::headers,
                idempotency_keys::body,
                idempotency_keys::names,
                idempotency_keys::created_at,
            ))
            .first(tx.conn)
            .optional()?;
    let Some((digest, status, headers, body, names, created_at)) = found else { return Ok(None) };
    if created_at + KEPT <= tx.now() {
        diesel::delete(idempotency_keys::table.find((
            tx.account().0,
            &scope.user_id,
            &scope.method,
            &scope.path,
            &scope.key,
        )))
        .execute(tx.conn)?;
        return Ok(None);
    }
    if digest != body_digest {
        return Err(Error::IdempotencyMismatch);
    }
    let status = u16::try_from(status).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Some(StoredAnswer { status, headers: headers.0, body, names }))
}

/// Keeps the answer, in the transaction of its effect.
pub fn store(tx: &mut Tx, scope: &KeyScope, body_digest: &[u8], answer: &StoredAnswer) -> Result<()> {
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::account_id.eq(tx.account().0),
            idempotency_keys::user_id.eq(&scope.user_id),
            idempotency_keys::method.eq(&scope.method),
            idempotency_keys::path.eq(&scope.path),
            idempotency_keys::key.eq(&scope.key),
            idempotency_keys::body_digest.eq(body_digest),
            idempotency_keys::status.eq(i32::from(answer.status)),
            idempotency_keys::headers.eq(Json(&answer.headers)),
            idempotency_keys::body.eq(&answer.body),
            idempotency_keys::names.eq(&answer.names),
            idempotency_keys::created_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Forgets the answers that tell of any of `ids`.
pub fn forget_naming(tx: &mut Tx, ids: &[Uuid]) -> Result<()> {
    // Behind a SELECT the planner does not see how many ids there are: it would expect them to name half of the answers,
    // and hold each answer against each id instead of asking the index.
    let named = sql::<Bool>("names && (SELECT ").bind::<Array<SqlUuid>, _>(ids).sql("::uuid[])");
    diesel::delete(idempotency_keys::table)
        .filter(idempotency_keys::account_id.eq(tx.account().0))
        .filter(named)
        .execute(tx.conn)?;
    Ok(())
}

/// Removes the keys that are past their 24 hours and says how many there were.
pub fn remove_expired(sweep: &mut Sweep) -> Result<usize> {
    let expired = sweep.now() - KEPT;
    Ok(diesel::delete(idempotency_keys::table).filter(idempotency_keys::created_at.le(expired)).execute(sweep.conn)?)
}

/// The advisory lock that stands for the key.
fn lock_number(tx: &Tx, scope: &KeyScope) -> i64 {
    let mut digest = Sha256::new();
    for part in [tx.account().0.as_bytes(), scope.user_id.as_bytes(), scope.method.as_bytes(), scope.path.as_bytes()] {
        digest.update(part);
        digest.update([0]);
    }
    digest.update(scope.key.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest.finalize()[..8]);
    i64::from_be_bytes(first)
}
