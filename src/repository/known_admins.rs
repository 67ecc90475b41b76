//! The admins of an account, as their tokens told within the last 90 days: whom mails to the other admins go to.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::db::{Read, Sweep, Tx};
use super::schema::known_admins;
use crate::domain::actor::Actor;
use crate::domain::error::Result;

/// An admin who was not seen for so long is none any more, as far as mails go.
const KNOWN_FOR: TimeDelta = TimeDelta::days(90);

/// Where a mail to an admin goes.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct KnownAdmin {
    pub email: String,
    pub name: Option<String>,
    pub locale: Option<String>,
}

fn still_known(now: DateTime<Utc>) -> diesel::dsl::Gt<known_admins::seen_at, DateTime<Utc>> {
    known_admins::seen_at.gt(now - KNOWN_FOR)
}

/// Notes that this admin was seen now, with this address.
pub fn note(tx: &mut Tx, admin: &Actor, email: &str) -> Result<()> {
    let seen = (
        known_admins::email.eq(email.to_owned()),
        known_admins::name.eq(admin.name.clone()),
        known_admins::locale.eq(admin.locale.clone()),
        known_admins::seen_at.eq(tx.now()),
    );
    diesel::insert_into(known_admins::table)
        .values((
            known_admins::account_id.eq(tx.account().0),
            known_admins::user_id.eq(admin.user_id.clone()),
            seen.clone(),
        ))
        .on_conflict((known_admins::account_id, known_admins::user_id))
        .do_update()
        .set(seen)
        .execute(tx.conn)?;
    Ok(())
}

/// Forgets somebody who is no admin any more.
pub fn forget(tx: &mut Tx, user_id: &str) -> Result<()> {
    diesel::delete(known_admins::table.find((tx.account().0, user_id))).execute(tx.conn)?;
    Ok(())
}

/// The user ids of all known admins of the account.
pub fn user_ids(read: &mut Read) -> Result<Vec<String>> {
    Ok(known_admins::table
        .filter(known_admins::account_id.eq(read.account().0))
        .filter(still_known(read.now()))
        .order(known_admins::user_id)
        .select(known_admins::user_id)
        .load(read.conn)?)
}

pub fn find(read: &mut Read, user_id: &str) -> Result<Option<KnownAdmin>> {
    Ok(known_admins::table
        .find((read.account().0, user_id))
        .filter(still_known(read.now()))
        .select((known_admins::email, known_admins::name, known_admins::locale))
        .first(read.conn)
        .optional()?)
}

/// Forgets admins who were not seen for 90 days; gives their number.
pub fn remove_stale(sweep: &mut Sweep) -> Result<usize> {
    Ok(diesel::delete(known_admins::table.filter(known_admins::seen_at.le(sweep.now() - KNOWN_FOR)))
        .execute(sweep.conn)?)
}
