//! What an account may set for itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;
use super::error::Result;
use super::validation::Checks;

/// Days that a deleted record can be taken back, unless the account says otherwise.
pub const DEFAULT_RETENTION_DAYS: i32 = 30;
const MAX_RETENTION_DAYS: i32 = 90;

/// What an admin may write of the account's settings; null brings a default back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"retention_days": 30, "approval_above": 1000, "digest": "weekly"}))]
pub struct AccountSettings {
    /// Days that a deleted record stays in the recycle bin, 1 to 90. A change holds for later deletions only.
    #[schema(minimum = 1, maximum = 90)]
    pub retention_days: i32,
    /// A bulk delete of more records than this waits until another admin approves it; 1 or more. Null: none does. A change
    /// holds for later deletions only.
    #[schema(minimum = 1)]
    pub approval_above: Option<i64>,
    /// How often admins are told by mail what leaves the recycle bin soon.
    pub digest: Digest,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self { retention_days: DEFAULT_RETENTION_DAYS, approval_above: None, digest: Digest::default() }
    }
}

impl AccountSettings {
    /// # Errors
    /// `Invalid` names every wrong field.
    pub fn validate(self) -> Result<Self> {
        let mut checks = Checks::default();
        if !(1..=MAX_RETENTION_DAYS).contains(&self.retention_days) {
            checks.fail("/retention_days", format!("must be a whole number of days from 1 to {MAX_RETENTION_DAYS}"));
        }
        if self.approval_above.is_some_and(|records| records < 1) {
            checks.fail("/approval_above", "must be a number of records from 1 on, or null");
        }
        checks.finish()?;
        Ok(self)
    }
}
