//! Account settings. An account that never changed one has no row.

use diesel::prelude::*;

use super::db::Read;
use super::schema::account_settings;
use crate::domain::error::Result;

/// Days that a deleted record stays in the bin unless the account says otherwise.
pub const DEFAULT_RETENTION_DAYS: i32 = 30;

/// Days that records deleted now stay in the bin.
pub fn retention_days(read: &mut Read) -> Result<i32> {
    let days: Option<i32> = account_settings::table
        .find(read.account().0)
        .select(account_settings::retention_days)
        .first(read.conn)
        .optional()?;
    Ok(days.unwrap_or(DEFAULT_RETENTION_DAYS))
}
