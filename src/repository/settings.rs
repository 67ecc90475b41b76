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

#[derive(Queryable, Selectable)]
#[diesel(table_name = account_settings, check_for_backend(diesel::pg::Pg))]
struct SettingsRow {
    retention_days: i32,
    approval_above: Option<i64>,
    digest: Word<Digest>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<Option<SettingsRow>> for StoredSettings {
    fn from(row: Option<SettingsRow>) -> Self {
        row.map_or_else(Self::default, |row| Self {
            settings: AccountSettings {
                retention_days: row.retention_days,
                approval_above: row.approval_above,
                digest: row.digest.0,
            },
            updated_at: Some(row.updated_at),
            version: row.version,
        })
    }
}

pub fn get(read: &mut Read) -> Result<StoredSettings> {
    let row = account_settings::table.find(read.account().0).select(SettingsRow::as_select());
    Ok(row.first(read.conn).optional()?.into())
}

/// As [`get`], and locks the row if there is one: by the same statement, for a further one could see a first row that
/// this one did not lock.
pub fn get_for_update(tx: &mut Tx) -> Result<StoredSettings> {
    let row = account_settings::table.find(tx.account().0).select(SettingsRow::as_select()).for_no_key_update();
    Ok(row.first(tx.conn).optional()?.into())
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
