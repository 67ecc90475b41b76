//! Which records of the recycle bin a request means.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fold::folded_words;
use super::validation::Checks;

const TEXT_LENGTH: usize = 255;

/// The recycle bin's filters. All that are given must hold; without any it is everything of the entity in the bin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinTarget {
    /// Words that must all occur in names, e-mail addresses or telephone numbers, or a deal's title; to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "jansen")]
    pub q: Option<String>,
    /// What this user deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ann")]
    pub deleted_by: Option<String>,
    /// What one deletion took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_before: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_after: Option<DateTime<Utc>>,
}

impl BinTarget {
    /// Pointers are those of a request that has the filters at `at`. A blank text is refused: as a filter it would let
    /// everything through.
    pub fn check(&self, at: &str, checks: &mut Checks) {
        for (name, time) in [("deleted_before", self.deleted_before), ("deleted_after", self.deleted_after)] {
            if time.is_some_and(|time| !(1..=9999).contains(&time.year())) {
                checks.fail(format!("{at}/{name}"), "must lie in the years 1 to 9999");
            }
        }
        for (name, text) in [("q", &self.q), ("deleted_by", &self.deleted_by)] {
            if let Some(text) = text {
                let pointer = format!("{at}/{name}");
                checks.length(&pointer, text, TEXT_LENGTH);
                if folded_words(text).is_empty() {
                    checks.fail(pointer, "must not be blank");
                }
            }
        }
    }
}
