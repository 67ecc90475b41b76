//! What became of the rows of an import.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::audit::ImportCounts;

/// So many rejections are listed; all are counted.
pub const LISTED_REJECTIONS: usize = 1_000;

/// What became of the rows of a file. Blank lines are no rows.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"created": 1998, "updated": 1, "rejected": 1, "trashed_twins": 3,
    "rejections": [{"line": 17, "column": "email", "reason": "must be an e-mail address such as ann@example.com, of at most 254 characters"}]}))]
pub struct Report {
    /// Rows that made a new record.
    pub created: u64,
    /// Rows that changed a record, also one that an earlier row made.
    pub updated: u64,
    /// Rows that changed nothing.
    pub rejected: u64,
    /// How many of the new contacts or companies have a twin in the recycle bin: the same external id, VAT number or
    /// e-mail address. For admins alone, who may look there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trashed_twins: Option<usize>,
    /// The first 1,000 wrong cells; a row can have several.
    pub rejections: Vec<Rejection>,
}

/// Why a row was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejection {
    /// The physical line of the file on which the row starts; the header is on line 1.
    pub line: u64,
    /// Null when it is not about one cell.
    pub column: Option<String>,
    pub reason: String,
}

impl Report {
    pub(super) fn reject(&mut self, line: u64, wrong: Vec<(Option<String>, String)>) {
        self.rejected += 1;
        self.list(wrong.into_iter().map(|(column, reason)| Rejection { line, column, reason }));
    }

    pub(super) fn add(&mut self, later: Self) {
        self.created += later.created;
        self.updated += later.updated;
        self.rejected += later.rejected;
        self.trashed_twins = self.trashed_twins.map(|twins| twins + later.trashed_twins.unwrap_or_default());
        self.list(later.rejections.into_iter());
    }

    pub(super) fn counts(&self) -> ImportCounts {
        ImportCounts { created: self.created, updated: self.updated, rejected: self.rejected }
    }

    fn list(&mut self, rejections: impl Iterator<Item = Rejection>) {
        let room = LISTED_REJECTIONS.saturating_sub(self.rejections.len());
        self.rejections.extend(rejections.take(room));
    }
}
