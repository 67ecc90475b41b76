//! What the report of an ended bulk action tells, gathered when the mail is about to leave.

use std::vec::IntoIter;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::column_types::{Json, Word};
use super::db::Read;
use super::schema::bulk_action_exceptions;
use super::titles::{join_titles, record_names};
use crate::domain::blocker::Blocker;
use crate::domain::entity::BinKind;
use crate::domain::error::Result;
use crate::domain::link_catalogue::LinkedKind;

/// Exceptions are read by so many at once.
const PAGE: i64 = 500;

/// A record that kept its state, with the names that are still there.
#[derive(Debug, Clone)]
pub struct NamedException {
    pub record_id: Uuid,
    pub name: Option<String>,
    pub outcome: String,
    pub blockers: Vec<Blocker>,
    pub conflict_with: Option<Uuid>,
    pub conflict_name: Option<String>,
}

/// How many records each kind of link kept, the most first. A record can count for several kinds.
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
         WHERE account_id = $1 AND action_id = $2 AND outcome = 'blocked'
         GROUP BY 1 ORDER BY 2 DESC, 1",
    )
    .bind::<SqlUuid, _>(read.account().0)
    .bind::<SqlUuid, _>(action_id)
    .load(read.conn)?;
    Ok(rows.into_iter().map(|row| (row.kind.0, row.records)).collect())
}

/// Every exception of an action, blocked ones first, then by outcome and id; read page by page.
pub struct Exceptions<'r, 'c> {
    read: &'r mut Read<'c>,
    action_id: Uuid,
    kind: BinKind,
    page: IntoIter<NamedException>,
    /// Outcome and id of the last one of the page; None before the first page.
    last: Option<(String, Uuid)>,
    at_end: bool,
}

impl<'r, 'c> Exceptions<'r, 'c> {
    /// `kind` is that of the action's records.
    pub fn new(read: &'r mut Read<'c>, action_id: Uuid, kind: BinKind) -> Self {
        Self { read, action_id, kind, page: Vec::new().into_iter(), last: None, at_end: false }
    }

    fn next_page(&mut self) -> Result<Vec<NamedException>> {
        use bulk_action_exceptions as row;
        type Row = (Uuid, String, Option<Json<Vec<Blocker>>>, Option<Uuid>);
        let mut query = bulk_action_exceptions::table
            .filter(row::account_id.eq(self.read.account().0))
            .filter(row::action_id.eq(self.action_id))
            .order((row::outcome, row::record_id))
            .limit(PAGE)
            .select((row::record_id, row::outcome, row::blockers, row::conflict_with))
            .into_boxed();
        if let Some((last_outcome, last_id)) = &self.last {
            query = query.filter(
                row::outcome.gt(last_outcome).or(row::outcome.eq(last_outcome).and(row::record_id.gt(last_id))),
            );
        }
        let rows: Vec<Row> = query.load(self.read.conn)?;
        self.last = rows.last().map(|(id, outcome, ..)| (outcome.clone(), *id));
        self.at_end = i64::try_from(rows.len()).is_ok_and(|rows| rows < PAGE);
        let exception = |(record_id, outcome, blockers, conflict_with): Row| NamedException {
            record_id,
            name: None,
            outcome,
            blockers: blockers.map(|blockers| blockers.0).unwrap_or_default(),
            conflict_with,
            conflict_name: None,
        };
        let mut page: Vec<NamedException> = rows.into_iter().map(exception).collect();
        self.join_names(&mut page)?;
        Ok(page)
    }

    fn join_names(&mut self, page: &mut [NamedException]) -> Result<()> {
        let ids: Vec<Uuid> = page.iter().flat_map(|row| [Some(row.record_id), row.conflict_with]).flatten().collect();
        let names = record_names(self.read, self.kind, &ids)?;
        for row in page.iter_mut() {
            row.name = names.get(&row.record_id).cloned();
            row.conflict_name = row.conflict_with.and_then(|id| names.get(&id).cloned());
        }
        join_titles(self.read, page.iter_mut().flat_map(|row| &mut row.blockers))
    }
}

impl Iterator for Exceptions<'_, '_> {
    type Item = Result<NamedException>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(exception) = self.page.next() {
            return Some(Ok(exception));
        }
        if self.at_end {
            return None;
        }
        match self.next_page() {
            Ok(page) => {
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.at_end = true;
                Some(Err(error))
            }
        }
    }
}
