//! The outbox.

use diesel::prelude::*;
use uuid::Uuid;

use super::db::Tx;
use super::schema::outbox;
use crate::domain::error::Result;

/// Puts the report of an action into the outbox, once for each action.
pub fn enqueue_report(tx: &mut Tx, action_id: Uuid) -> Result<()> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::account_id.eq(tx.account().0),
            outbox::id.eq(tx.new_id()),
            outbox::kind.eq("report"),
            outbox::action_id.eq(action_id),
            outbox::status.eq("pending"),
            outbox::attempts.eq(0),
            outbox::next_attempt_at.eq(tx.now()),
            outbox::created_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    Ok(())
}
