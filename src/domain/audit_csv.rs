//! The audit log as CSV: one line a row, the details as JSON in one cell.

use serde::Serialize;

use super::audit::AuditRow;
use super::csv_file::CsvFile;

const COLUMNS: [&str; 11] = [
    "id",
    "at",
    "user_id",
    "role",
    "action",
    "outcome",
    "problem",
    "subject_type",
    "subject_id",
    "request_id",
    "details",
];

/// A file, or a part of one, that grows in memory row by row.
pub struct AuditCsv {
    file: CsvFile,
}

impl AuditCsv {
    /// The start of a file: byte order mark and header.
    pub fn with_header() -> Self {
        Self { file: CsvFile::with_header(COLUMNS) }
    }

    /// A further part of a file that began with [`AuditCsv::with_header`].
    pub fn continued() -> Self {
        Self { file: CsvFile::continued() }
    }

    pub fn push(&mut self, row: AuditRow) {
        let AuditRow { id, at, entry, request_id } = row;
        self.file.push([
            id.to_string(),
            at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            entry.actor.user_id.unwrap_or_default(),
            word(entry.actor.role),
            word(entry.action),
            word(entry.outcome),
            entry.problem.unwrap_or_default(),
            word(entry.subject.kind),
            entry.subject.id.unwrap_or_default(),
            request_id.unwrap_or_default(),
            entry.details.to_string(),
        ]);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.file.into_bytes()
    }
}

/// A value as the API writes it.
fn word(value: impl Serialize) -> String {
    let word = serde_json::to_value(value).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}
