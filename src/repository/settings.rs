//! Settings of an account. No row: the defaults.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::column_types::Word;
use super::db::{Read, Tx};
use super::schema::account_settings;
use crate::domain::digest::Digest;
use crate::domain::error::Result;
use crate::domain::settings::AccountSettings;

/// The settings as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredSettings {
    pub settings: AccountSettings,
    /// None until they are first changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// 0 until they are first changed.
    pub version: i64,
}

pub fn get(read: &mut Read) -> Result<StoredSettings> {
    let row: Option<(i32, Option<i64>, Word<Digest>, DateTime<Utc>, i64)> = account_settings::table
        .find(read.account().0)
        .select((
            account_settings::retention_days,
            account_settings::approval_above,
            account_settings::digest,
            account_settings::updated_at,
            account_settings::version,
        ))
        .first(read.conn)
        .optional()?;
    let stored = |(retention_days, approval_above, Word(digest), updated_at, version)| StoredSettings {
        settings: AccountSettings { retention_days, approval_above, digest },
        updated_at: Some(updated_at),
        version,
    };
    Ok(row.map_or_else(StoredSettings::default, stored))
}

/// As [`get`], and locks the row if there is one.
pub fn get_for_update(tx: &mut Tx) -> Result<StoredSettings> {
    account_settings::table
        .find(tx.account().0)
        .select(account_settings::version)
        .for_no_key_update()
        .execute(tx.conn)?;
    get(tx)
}

/// Replaces `before`, which the caller has locked. Of two first changes at once one is run again.
pub fn put(tx: &mut Tx, before: &StoredSettings, settings: AccountSettings) -> Result<StoredSettings> {
    let stored = StoredSettings { settings, updated_at: Some(tx.now()), version: before.version + 1 };
    let columns = (
        account_settings::retention_days.eq(stored.settings.retention_days),
        account_settings::approval_above.eq(stored.settings.approval_above),
        account_settings::digest.eq(Word(stored.settings.digest)),
        account_settings::updated_at.eq(tx.now()),
        account_settings::version.eq(stored.version),
    );
    if before.updated_at.is_none() {
        diesel::insert_into(account_settings::table)
            .values((account_settings::account_id.eq(tx.account().0), columns))
            .execute(tx.conn)?;
    } else {
        diesel::update(account_settings::table.find(tx.account().0)).set(columns).execute(tx.conn)?;
    }
    Ok(stored)
}

/// Days that records deleted now stay in the bin: 1..=90.
pub fn retention_days(read: &mut Read) -> Result<i32> {
    Ok(get(read)?.settings.retention_days)
}
