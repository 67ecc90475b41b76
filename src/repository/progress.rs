//! How far bulk actions are: the few columns that those are shown who watch them.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use uuid::Uuid;

use super::bulk_actions::CountColumns;
use super::column_types::{Json, Word};
use super::db::{Read, Sweep};
use super::schema::bulk_actions;
use crate::domain::actor::AccountId;
use crate::domain::approval::Approval;
use crate::domain::bulk_action::{Action, ActionStatus, Options};
use crate::domain::entity::BinKind;
use crate::domain::error::Result;
use crate::domain::progress::Progress;

#[derive(Queryable, Selectable)]
#[diesel(table_name = bulk_actions, check_for_backend(diesel::pg::Pg))]
struct ProgressRow {
    account_id: Uuid,
    id: Uuid,
    action: Word<Action>,
    entity: Word<BinKind>,
    status: Word<ActionStatus>,
    options: Json<Options>,
    requested_by: String,
    chunks_total: i32,
    chunks_done: i32,
    #[diesel(embed)]
    counted: CountColumns,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    failure: Option<String>,
    approval: Option<Json<Approval>>,
}

impl ProgressRow {
    /// How far the action is at `now`: one that nobody approved in time has lapsed.
    fn into_progress(self, now: DateTime<Utc>) -> Progress {
        let (action, options) = (self.action.0, self.options.0);
        let counts = self.counted.counts(action.main_outcome(options.inverse_of));
        let lapsed_at = self.approval.and_then(|approval| approval.0.lapsed_at(self.status.0, now));
        Progress {
            id: self.id,
            action,
            entity: self.entity.0,
            options,
            status: if lapsed_at.is_some() { ActionStatus::Lapsed } else { self.status.0 },
            counts,
            chunks_done: self.chunks_done,
            chunks_total: self.chunks_total,
            requested_by: self.requested_by,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: lapsed_at.or(self.finished_at),
            failure: self.failure,
        }
    }
}

pub fn find(read: &mut Read, id: Uuid) -> Result<Option<Progress>> {
    let row: Option<ProgressRow> = bulk_actions::table
        .find((read.account().0, id))
        .select(ProgressRow::as_select())
        .first(read.conn)
        .optional()?;
    Ok(row.map(|row| row.into_progress(read.now())))
}

/// Those of these actions that there are, of any accounts, by one statement.
pub fn find_all(sweep: &mut Sweep, actions: &[(AccountId, Uuid)]) -> Result<Vec<(AccountId, Progress)>> {
    let (accounts, ids): (Vec<Uuid>, Vec<Uuid>) = actions.iter().map(|(account, id)| (account.0, *id)).unzip();
    let rows: Vec<ProgressRow> = bulk_actions::table
        .filter(
            sql::<Bool>("(account_id, id) IN (SELECT * FROM unnest(")
                .bind::<Array<SqlUuid>, _>(accounts)
                .sql(", ")
                .bind::<Array<SqlUuid>, _>(ids)
                .sql("))"),
        )
        .select(ProgressRow::as_select())
        .load(sweep.conn)?;
    Ok(rows.into_iter().map(|row| (AccountId(row.account_id), row.into_progress(sweep.now()))).collect())
}
