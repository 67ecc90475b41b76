//! What the report of an ended bulk action tells besides its counts.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::column_types::Word;
use super::db::Read;
use super::results::{self, ResultKey};
use crate::domain::bulk_action::{BulkAction, Outcome, RecordOutcome};
use crate::domain::error::Result;
use crate::domain::link_catalogue::LinkedKind;

/// Exceptions are read by so many at once.
const PAGE: i64 = 500;

/// The outcomes of a record with which the action did not succeed, those that the requester can do something about first.
const EXCEPTIONS: [Outcome; 6] =
    [Outcome::Blocked, Outcome::Deactivated, Outcome::Conflict, Outcome::Changed, Outcome::Gone, Outcome::Unchanged];

/// How many records each kind of link kept from being deleted, the most first. A record can count for several kinds.
pub fn kept_by_kind(read: &mut Read, action_id: Uuid) -> Result<Vec<(LinkedKind, i64)>> {
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Text)]
        kind: Word<LinkedKind>,
        #[diesel(sql_type = BigInt)]
        records: i64,
    }
    let rows: Vec<Kept> = diesel::sql_query(
        "SELECT blocker ->> 'type' AS kind, count(DISTINCT record_id) AS records
         FROM bulk_action_exceptions, jsonb_array_elements(blockers) AS blocker
         WHERE account_id = $1 AND action_id = $2 AND outcome IN ('blocked', 'deactivated')
         GROUP BY 1 ORDER BY 2 DESC, 1",
    )
    .bind::<SqlUuid, _>(read.account().0)
    .bind::<SqlUuid, _>(action_id)
    .load(read.conn)?;
    Ok(rows.into_iter().map(|row| (row.kind.0, row.records)).collect())
}

/// Every exception of an action, blocked ones first, page by page; ends after an error.
pub fn exception_pages(read: &mut Read, action: &BulkAction) -> impl Iterator<Item = Result<Vec<RecordOutcome>>> {
    let main = action.main_outcome();
    let mut outcomes = EXCEPTIONS.into_iter().filter(move |outcome| *outcome != main);
    let mut outcome = outcomes.next();
    let mut after: Option<ResultKey> = None;
    std::iter::from_fn(move || {
        let page = results::list(read, action, Some(outcome?), after, PAGE, true);
        match &page {
            Ok(rows) if i64::try_from(rows.len()) == Ok(PAGE) => after = rows.last().map(|(key, _)| *key),
            Ok(_) => (outcome, after) = (outcomes.next(), None),
            Err(_) => outcome = None,
        }
        Some(page.map(|rows| rows.into_iter().map(|(_, record)| record).collect()))
    })
}
