//! Actions that wait for the approval of another admin: their status, their chunks, and which have waited too long.

use chrono::{DateTime, Utc};
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz};
use uuid::Uuid;

use super::column_types::{Json, Word};
use super::db::{Sweep, Tx};
use super::schema::{bulk_action_chunks, bulk_actions};
use crate::domain::actor::AccountId;
use crate::domain::approval::Approval;
use crate::domain::bulk_action::ActionStatus;
use crate::domain::error::Result;

/// Lets a new action wait. None of its chunks is due until [`release_chunks`].
pub fn await_approval(tx: &mut Tx, id: Uuid, approval: &Approval) -> Result<()> {
    diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .set((
            bulk_actions::status.eq(Word(ActionStatus::AwaitingApproval)),
            bulk_actions::approval.eq(Json(approval.clone())),
        ))
        .execute(tx.conn)?;
    move_chunks(tx, id, "pending", "waiting")
}

/// Writes down what was decided on an action that waits; false when it does not wait any more.
pub fn decide(
    tx: &mut Tx,
    id: Uuid,
    status: ActionStatus,
    approval: &Approval,
    finished_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let decided = diesel::update(bulk_actions::table.find((tx.account().0, id)))
        .filter(bulk_actions::status.eq(Word(ActionStatus::AwaitingApproval)))
        .set((
            bulk_actions::status.eq(Word(status)),
            bulk_actions::approval.eq(Json(approval.clone())),
            bulk_actions::finished_at.eq(finished_at),
        ))
        .execute(tx.conn)?;
    Ok(decided == 1)
}

/// Makes the chunks of an approved action due.
pub fn release_chunks(tx: &mut Tx, id: Uuid) -> Result<()> {
    move_chunks(tx, id, "waiting", "pending")
}

fn move_chunks(tx: &mut Tx, action_id: Uuid, from: &str, to: &str) -> Result<()> {
    diesel::update(bulk_action_chunks::table)
        .filter(bulk_action_chunks::account_id.eq(tx.account().0))
        .filter(bulk_action_chunks::action_id.eq(action_id))
        .filter(bulk_action_chunks::state.eq(from))
        .set(bulk_action_chunks::state.eq(to))
        .execute(tx.conn)?;
    Ok(())
}

/// Whether the time to decide was over by `now`; of an action that waits.
pub(super) fn overdue(now: DateTime<Utc>) -> UncheckedBind<SqlLiteral<Bool>, AsExprOf<DateTime<Utc>, Timestamptz>> {
    sql::<Bool>("(approval ->> 'expires_at')::timestamptz <= ").bind::<Timestamptz, _>(now)
}

/// An action that nobody decided on in time.
pub fn first_overdue(sweep: &mut Sweep) -> Result<Option<(AccountId, Uuid)>> {
    // The literal lets the planner use the partial index, which holds nothing else.
    let row: Option<(Uuid, Uuid)> = bulk_actions::table
        .filter(bulk_actions::status.eq(sql::<Text>("'awaiting_approval'")))
        .filter(overdue(sweep.now()))
        .select((bulk_actions::account_id, bulk_actions::id))
        .first(sweep.conn)
        .optional()?;
    Ok(row.map(|(account, id)| (AccountId(account), id)))
}
