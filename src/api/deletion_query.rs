//! Why a single record is deleted.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::bulk_action::MAX_REASON_LENGTH;
use crate::domain::error::Result;
use crate::domain::validation::Checks;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeletionQuery {
    /// Kept with the deletion and shown in the recycle bin; to 500 characters.
    reason: Option<String>,
}

impl DeletionQuery {
    /// # Errors
    /// `Invalid` for one that is too long.
    pub fn reason(mut self) -> Result<Option<String>> {
        let mut checks = Checks::default();
        checks.optional_text("?reason", &mut self.reason, MAX_REASON_LENGTH);
        checks.finish()?;
        Ok(self.reason)
    }
}
