//! How much work waits, over all accounts.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min, sql};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::db::Sweep;
use super::schema::{bulk_action_chunks, bulk_actions, deletions, outbox};
use crate::domain::error::Result;

/// A kind of work that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    pub name: &'static str,
    pub depth: i64,
    /// How long the oldest has waited; zero when nothing waits.
    pub oldest_age: Duration,
}

/// Chunks that are not done, mails that are not sent, deletions whose records are past their `purge_at`.
pub fn all(sweep: &mut Sweep) -> Result<[Queue; 3]> {
    let now = sweep.now();
    let queue = |name, (depth, oldest): (i64, Option<DateTime<Utc>>)| Queue {
        name,
        depth,
        oldest_age: oldest.and_then(|since| (now - since).to_std().ok()).unwrap_or_default(),
    };
    let of_the_action = bulk_actions::account_id
        .eq(bulk_action_chunks::account_id)
        .and(bulk_actions::id.eq(bulk_action_chunks::action_id));
    // The literals let the planner use the partial indexes, which hold nothing else.
    let chunks = bulk_action_chunks::table
        .inner_join(bulk_actions::table.on(of_the_action))
        .filter(bulk_action_chunks::state.eq(sql::<Text>("'pending'")))
        .select((count_star(), min(bulk_actions::created_at)))
        .get_result(sweep.conn)?;
    let mails = outbox::table
        .filter(outbox::status.eq(sql::<Text>("'pending'")))
        .select((count_star(), min(outbox::created_at)))
        .get_result(sweep.conn)?;
    let purges = deletions::table
        .filter(deletions::first_purge_at.le(now))
        .select((count_star(), min(deletions::first_purge_at)))
        .get_result(sweep.conn)?;
    Ok([queue("chunks", chunks), queue("outbox", mails), queue("purge", purges)])
}
