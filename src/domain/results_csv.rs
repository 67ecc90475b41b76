//! The results of a bulk action as CSV: one row for each record and group of blockers. Serves the
//! results download and the report mail's attachment, so that both look the same.

use uuid::Uuid;

use super::blocker::Blocker;
use super::bulk_action::{Exception, Outcome, RecordOutcome};
use super::csv_file::CsvFile;
use super::entity::BinKind;

const COLUMNS: [&str; 10] = [
    "record_id",
    "record_type",
    "name",
    "outcome",
    "blocker_type",
    "blocker_role",
    "blocker_count",
    "blocker_ids",
    "blocker_titles",
    "conflict_with",
];

/// One line of the file. A record that several groups of links keep has a row for each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRow {
    pub record_id: Uuid,
    pub kind: BinKind,
    /// None once the record is purged.
    pub name: Option<String>,
    pub outcome: Outcome,
    /// The group of links that the row is about.
    pub blocker: Option<Blocker>,
    /// The live record that holds the external id, for the outcome `conflict`.
    pub conflict_with: Option<Uuid>,
}

impl ResultRow {
    /// A row for each group of blockers, or one for a record without any.
    pub fn of(record: RecordOutcome, kind: BinKind) -> Vec<Self> {
        let RecordOutcome { exception, name } = record;
        let Exception { record_id, outcome, blockers, conflict_with, .. } = exception;
        let row = |blocker| Self { record_id, kind, name: name.clone(), outcome, blocker, conflict_with };
        if blockers.is_empty() {
            return vec![row(None)];
        }
        blockers.into_iter().map(|blocker| row(Some(blocker))).collect()
    }
}

/// A results file that grows in memory, row by row.
pub struct ResultsCsv {
    file: CsvFile,
}

impl ResultsCsv {
    /// The start of a file: byte order mark and header.
    pub fn with_header() -> Self {
        Self { file: CsvFile::with_header(COLUMNS) }
    }

    /// A further part of a file that began with [`ResultsCsv::with_header`].
    pub fn continued() -> Self {
        Self { file: CsvFile::continued() }
    }

    pub fn push(&mut self, row: &ResultRow) {
        let blocker = row.blocker.as_ref();
        let cells = [
            row.record_id.to_string(),
            row.kind.as_str().to_owned(),
            row.name.clone().unwrap_or_default(),
            row.outcome.as_str().to_owned(),
            blocker.map_or_else(String::new, |group| group.kind.as_str().to_owned()),
            blocker.map_or_else(String::new, |group| group.role.as_str().to_owned()),
            blocker.map_or_else(String::new, |group| group.count.to_string()),
            blocker.map_or_else(String::new, ids),
            blocker.map_or_else(String::new, titles),
            row.conflict_with.map_or_else(String::new, |id| id.to_string()),
        ];
        self.file.push(cells);
    }

    /// Bytes written so far, short by at most the writer's own small buffer.
    pub fn written_bytes(&self) -> usize {
        self.file.written_bytes()
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.file.into_bytes()
    }
}

fn ids(group: &Blocker) -> String {
    let ids: Vec<String> = group.sample.iter().map(|linked| linked.id.to_string()).collect();
    ids.join("|")
}

/// As many titles as ids, so that the two cells can be read together.
fn titles(group: &Blocker) -> String {
    let titles: Vec<&str> = group.sample.iter().map(|linked| linked.title.as_deref().unwrap_or_default()).collect();
    titles.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::blocker::BlockerSample;
    use crate::domain::link_catalogue::{LinkRole, LinkedKind};

    fn row(name: &str, blocker: Option<Blocker>) -> ResultRow {
        ResultRow {
            record_id: Uuid::from_u128(7),
            kind: BinKind::Contact,
            name: Some(name.to_owned()),
            outcome: Outcome::Blocked,
            blocker,
            conflict_with: None,
        }
    }

    #[test]
    fn a_row_names_the_record_and_its_blockers() {
        let mut file = ResultsCsv::with_header();
        file.push(&row(
            "Peeters, Jan",
            Some(Blocker {
                kind: LinkedKind::Deal,
                role: LinkRole::Customer,
                count: 3,
                sample: vec![
                    BlockerSample { id: Uuid::from_u128(1), title: Some("Offer 12".to_owned()) },
                    BlockerSample { id: Uuid::from_u128(2), title: None },
                ],
            }),
        ));
        let text = String::from_utf8(file.into_bytes()).unwrap();
        assert_eq!(
            text,
            "\u{feff}record_id,record_type,name,outcome,blocker_type,blocker_role,blocker_count,\
             blocker_ids,blocker_titles,conflict_with\r\n\
             00000000-0000-0000-0000-000000000007,contact,\"Peeters, Jan\",blocked,deal,customer,3,\
             00000000-0000-0000-0000-000000000001|00000000-0000-0000-0000-000000000002,Offer 12|,\r\n"
        );
    }

    #[test]
    fn a_formula_in_a_name_is_not_executed() {
        let mut file = ResultsCsv::continued();
        file.push(&row("=HYPERLINK(\"http://evil.example\")", None));
        let text = String::from_utf8(file.into_bytes()).unwrap();
        assert!(text.contains(",\"'=HYPERLINK(\"\"http://evil.example\"\")\",blocked,"));
    }

    #[test]
    fn parts_join_to_one_file() {
        let mut whole = ResultsCsv::with_header();
        let mut first = ResultsCsv::with_header();
        let mut second = ResultsCsv::continued();
        whole.push(&row("A", None));
        whole.push(&row("B", None));
        first.push(&row("A", None));
        second.push(&row("B", None));
        assert_eq!(whole.into_bytes(), [first.into_bytes(), second.into_bytes()].concat());
    }
}
