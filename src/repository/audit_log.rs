//! The audit log: rows are added and read, never changed. The role that serves has no right to.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Tx};
use super::schema::audit_log;
use crate::domain::audit::{
    AuditAction, AuditActor, AuditEntry, AuditOutcome, AuditRole, AuditRow, Subject, SubjectType,
};
use crate::domain::error::Result;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, check_for_backend(diesel::pg::Pg))]
struct StoredRow {
    account_id: Uuid,
    id: Uuid,
    at: DateTime<Utc>,
    user_id: Option<String>,
    role: Word<AuditRole>,
    action: Word<AuditAction>,
    outcome: Word<AuditOutcome>,
    problem: Option<String>,
    subject_type: Word<SubjectType>,
    subject_id: Option<String>,
    request_id: Option<String>,
    details: Value,
}

impl From<StoredRow> for AuditRow {
    fn from(row: StoredRow) -> Self {
        let entry = AuditEntry {
            actor: AuditActor { user_id: row.user_id, role: row.role.0 },
            action: row.action.0,
            outcome: row.outcome.0,
            problem: row.problem,
            subject: Subject { kind: row.subject_type.0, id: row.subject_id },
            details: row.details,
        };
        Self { id: row.id, at: row.at, entry, request_id: row.request_id }
    }
}

/// Adds a row, with the time of the transaction and the id of the request it is for.
pub fn insert(tx: &mut Tx, entry: AuditEntry) -> Result<()> {
    let row = StoredRow {
        account_id: tx.account().0,
        id: tx.new_id(),
        at: tx.now(),
        user_id: entry.actor.user_id,
        role: Word(entry.actor.role),
        action: Word(entry.action),
        outcome: Word(entry.outcome),
        problem: entry.problem,
        subject_type: Word(entry.subject.kind),
        subject_id: entry.subject.id,
        request_id: tx.request_id().map(ToOwned::to_owned),
        details: entry.details,
    };
    diesel::insert_into(audit_log::table).values(&row).execute(tx.conn)?;
    Ok(())
}

/// Which rows; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub user_id: Option<String>,
    pub action: Option<AuditAction>,
    pub outcome: Option<AuditOutcome>,
    pub subject_type: Option<SubjectType>,
    pub subject_id: Option<String>,
    /// Neither bound is included.
    pub before: Option<DateTime<Utc>>,
    pub after: Option<DateTime<Utc>>,
}

type Filtered<'a> = audit_log::BoxedQuery<'a, diesel::pg::Pg>;

fn filtered<'a>(read: &Read, filter: &'a AuditFilter) -> Filtered<'a> {
    let mut query = audit_log::table.filter(audit_log::account_id.eq(read.account().0)).into_boxed();
    if let Some(user_id) = &filter.user_id {
        query = query.filter(audit_log::user_id.eq(user_id));
    }
    if let Some(action) = filter.action {
        query = query.filter(audit_log::action.eq(Word(action)));
    }
    if let Some(outcome) = filter.outcome {
        query = query.filter(audit_log::outcome.eq(Word(outcome)));
    }
    if let Some(kind) = filter.subject_type {
        query = query.filter(audit_log::subject_type.eq(Word(kind)));
    }
    if let Some(id) = &filter.subject_id {
        query = query.filter(audit_log::subject_id.eq(id));
    }
    // An id begins with its row's millisecond, so these bounds let every index skip what is outside of them.
    if let Some(before) = filter.before {
        query = query.filter(audit_log::at.lt(before)).filter(audit_log::id.lt(first_id_of(before, 1)));
    }
    if let Some(after) = filter.after {
        query = query.filter(audit_log::at.gt(after)).filter(audit_log::id.ge(first_id_of(after, 0)));
    }
    query
}

/// The lowest id of the millisecond of `time`, or of the one that is `later` milliseconds after it.
fn first_id_of(time: DateTime<Utc>, later: u128) -> Uuid {
    let milliseconds = u128::try_from(time.timestamp_millis()).unwrap_or_default() + later;
    Uuid::from_u128(milliseconds.min((1 << 48) - 1) << 80)
}

/// Up to `limit` rows, newest first, from the one before `after` on.
pub fn list(read: &mut Read, filter: &AuditFilter, after: Option<Uuid>, limit: i64) -> Result<Vec<AuditRow>> {
    let mut query = filtered(read, filter);
    if let Some(after) = after {
        query = query.filter(audit_log::id.lt(after));
    }
    let rows: Vec<StoredRow> =
        query.order(audit_log::id.desc()).limit(limit).select(StoredRow::as_select()).load(read.conn)?;
    Ok(rows.into_iter().map(AuditRow::from).collect())
}

/// How many rows `filter` lets through.
pub fn count(read: &mut Read, filter: &AuditFilter) -> Result<i64> {
    Ok(filtered(read, filter).count().get_result(read.conn)?)
}
