//! Deletions: who deleted, when, why, and when the first of what was deleted is due for purging.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::db::{Read, Tx};
use super::schema::deletions;
use crate::domain::actor::Actor;
use crate::domain::error::Result;

/// One single DELETE, or one bulk delete (then `id` is the action's).
pub fn insert(
    tx: &mut Tx,
    id: Uuid,
    actor: &Actor,
    reason: Option<&str>,
    first_purge_at: Option<DateTime<Utc>>,
) -> Result<()> {
    diesel::insert_into(deletions::table)
        .values((
            deletions::account_id.eq(tx.account().0),
            deletions::id.eq(id),
            deletions::deleted_by.eq(&actor.user_id),
            deletions::deleted_by_name.eq(&actor.name),
            deletions::reason.eq(reason),
            deletions::requested_at.eq(tx.now()),
            deletions::first_purge_at.eq(first_purge_at),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Notes when the first record of a bulk delete is due, unless an earlier chunk has.
pub fn note_first_purge(tx: &mut Tx, id: Uuid, purge_at: DateTime<Utc>) -> Result<()> {
    diesel::update(deletions::table.find((tx.account().0, id)))
        .filter(deletions::first_purge_at.is_null())
        .set(deletions::first_purge_at.eq(purge_at))
        .execute(tx.conn)?;
    Ok(())
}

/// The reasons that are still kept of these deletions.
pub fn reasons(read: &mut Read, ids: &[Uuid]) -> Result<BTreeMap<Uuid, String>> {
    let rows: Vec<(Uuid, Option<String>)> = deletions::table
        .filter(deletions::account_id.eq(read.account().0))
        .filter(deletions::id.eq_any(ids))
        .select((deletions::id, deletions::reason))
        .load(read.conn)?;
    Ok(rows.into_iter().filter_map(|(id, reason)| Some((id, reason?))).collect())
}
