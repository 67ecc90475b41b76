//! What became of each record of an action: the exceptions as they were kept, the rest derived from its chunks.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use super::db::Read;
use super::titles::{join_titles, live_names, record_names};
use crate::domain::blocker::Blocker;
use crate::domain::bulk_action::{BulkAction, Exception, Outcome, RecordOutcome};
use crate::domain::error::{Error, Result};

/// Where a page of results starts: after this record of this chunk.
pub type ResultKey = (i32, Uuid);

#[derive(QueryableByName)]
struct ResultRow {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = SqlUuid)]
    record_id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    outcome: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    blockers: Option<Value>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    conflict_with: Option<Uuid>,
}

/// Up to `limit` outcomes after `after`, by record id, with the names and titles that there still are; names of what lies
/// in the bin for those alone who see it.
pub fn list(
    read: &mut Read,
    action: &BulkAction,
    outcome: Option<Outcome>,
    after: Option<ResultKey>,
    limit: i64,
    sees_bin: bool,
) -> Result<Vec<(ResultKey, RecordOutcome)>> {
    let main = action.main_outcome();
    let rows = match outcome {
        None => from_chunks(read, action.id, "", after, limit)?,
        Some(outcome) if outcome == main => {
            from_chunks(read, action.id, " AND c.state = 'done' AND e.record_id IS NULL", after, limit)?
        }
        Some(Outcome::NotProcessed) => {
            from_chunks(read, action.id, " AND c.state <> 'done' AND e.record_id IS NULL", after, limit)?
        }
        Some(outcome) => from_exceptions(read, action.id, outcome, after, limit)?,
    };
    let ids: Vec<Uuid> = rows.iter().map(|row| row.record_id).collect();
    // The action may be a member's, or have been started by one who was an admin then.
    let names = if sees_bin && !action.action.is_open_to_members() {
        record_names(read, action.entity, &ids)?
    } else {
        live_names(read, action.entity, &ids)?
    };
    let mut results = rows
        .into_iter()
        .map(|row| {
            let exception = into_exception(&row, main)?;
            let name = names.get(&row.record_id).cloned();
            Ok(((row.number, row.record_id), RecordOutcome { exception, name }))
        })
        .collect::<Result<Vec<_>>>()?;
    join_titles(read, results.iter_mut().flat_map(|(_, result)| &mut result.exception.blockers))?;
    Ok(results)
}

/// The chunk number comes first in every key, so a page sorts no more than the chunks it shows.
fn from_chunks(
    read: &mut Read,
    action_id: Uuid,
    filter: &str,
    after: Option<ResultKey>,
    limit: i64,
) -> Result<Vec<ResultRow>> {
    let sql = format!(
        "SELECT c.number, r.id AS record_id, e.blockers, e.conflict_with, \
         CASE WHEN c.state = 'done' THEN e.outcome ELSE coalesce(e.outcome, 'not_processed') END AS outcome \
         FROM bulk_action_chunks AS c CROSS JOIN LATERAL unnest(c.ids) AS r(id) \
         LEFT JOIN bulk_action_exceptions AS e \
         ON e.account_id = c.account_id AND e.action_id = c.action_id AND e.record_id = r.id \
         WHERE c.account_id = $1 AND c.action_id = $2 AND c.number >= $3 \
         AND (c.number > $3 OR r.id > $4){filter} ORDER BY c.number, r.id LIMIT $5"
    );
    // Before the first record of the first chunk there is none.
    let (number, id) = after.unwrap_or((-1, Uuid::nil()));
    Ok(diesel::sql_query(sql)
        .bind::<SqlUuid, _>(read.account().0)
        .bind::<SqlUuid, _>(action_id)
        .bind::<Integer, _>(number)
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(limit)
        .load(read.conn)?)
}

fn from_exceptions(
    read: &mut Read,
    action_id: Uuid,
    outcome: Outcome,
    after: Option<ResultKey>,
    limit: i64,
) -> Result<Vec<ResultRow>> {
    Ok(diesel::sql_query(
        "SELECT 0 AS number, record_id, outcome, blockers, conflict_with FROM bulk_action_exceptions \
         WHERE account_id = $1 AND action_id = $2 AND outcome = $3 AND ($4 IS NULL OR record_id > $4) \
         ORDER BY record_id LIMIT $5",
    )
    .bind::<SqlUuid, _>(read.account().0)
    .bind::<SqlUuid, _>(action_id)
    .bind::<Text, _>(outcome.as_str())
    .bind::<Nullable<SqlUuid>, _>(after.map(|(_, id)| id))
    .bind::<BigInt, _>(limit)
    .load(read.conn)?)
}

fn into_exception(row: &ResultRow, main: Outcome) -> Result<Exception> {
    let failed = |error: serde_json::Error| Error::Internal(error.to_string());
    let outcome = match &row.outcome {
        Some(word) => serde_json::from_value(Value::String(word.clone())).map_err(failed)?,
        None => main,
    };
    let blockers: Vec<Blocker> =
        row.blockers.clone().map(serde_json::from_value).transpose().map_err(failed)?.unwrap_or_default();
    Ok(Exception { blockers, conflict_with: row.conflict_with, ..Exception::new(row.record_id, outcome) })
}
