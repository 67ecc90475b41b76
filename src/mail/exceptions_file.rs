//! The exceptions of a bulk action as a file for a spreadsheet, attached while it is small enough.

use crate::domain::results_csv::{ResultRow, ResultsCsv};

/// Larger files are not attached; the mail says how to download them.
pub const MAX_ATTACHMENT_BYTES: usize = 5_000_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExceptionsFile {
    /// There are no exceptions.
    Empty,
    Attached(Vec<u8>),
    TooLarge,
}

impl ExceptionsFile {
    /// Writes rows until there is none or the file outgrows `max_bytes`; keeps no more in memory
    /// than that. Fails when `rows` yields an error.
    pub fn collect<E>(rows: impl IntoIterator<Item = Result<ResultRow, E>>, max_bytes: usize) -> Result<Self, E> {
        let mut file = ResultsCsv::with_header();
        let mut empty = true;
        for row in rows {
            file.push(&row?);
            empty = false;
            if file.written_bytes() > max_bytes {
                return Ok(Self::TooLarge);
            }
        }
        let bytes = file.into_bytes();
        Ok(if empty {
            Self::Empty
        } else if bytes.len() > max_bytes {
            Self::TooLarge
        } else {
            Self::Attached(bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::blocker::{Blocker, BlockerSample};
    use crate::domain::bulk_action::Outcome;
    use crate::domain::entity::BinKind;
    use crate::domain::link_catalogue::{LinkRole, LinkedKind};
    use uuid::Uuid;

    fn row(name: &str) -> ResultRow {
        ResultRow {
            record_id: Uuid::from_u128(1),
            kind: BinKind::Contact,
            name: Some(name.to_owned()),
            outcome: Outcome::Blocked,
            blocker: Some(Blocker {
                kind: LinkedKind::Deal,
                role: LinkRole::Customer,
                count: 1,
                sample: vec![BlockerSample { id: Uuid::from_u128(2), title: Some("+1".to_owned()) }],
            }),
            conflict_with: None,
        }
    }

    fn fine(rows: impl IntoIterator<Item = ResultRow>) -> impl Iterator<Item = Result<ResultRow, String>> {
        rows.into_iter().map(Ok)
    }

    #[test]
    fn the_attachment_executes_no_formula() {
        let file = ExceptionsFile::collect(fine([row("=cmd|' /C calc'!A0")]), MAX_ATTACHMENT_BYTES);
        let Ok(ExceptionsFile::Attached(bytes)) = file else {
            panic!("not attached: {file:?}");
        };
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(",'=cmd|' /C calc'!A0,blocked,"), "{text}");
        assert!(text.contains(",'+1,"), "{text}");
    }

    #[test]
    fn a_file_over_the_cap_is_given_up() {
        let endless = std::iter::repeat_with(|| row("Jan Peeters"));
        let endless = fine(endless);
        let file = ExceptionsFile::collect(endless, 100_000);
        assert_eq!(file, Ok(ExceptionsFile::TooLarge));
    }

    #[test]
    fn no_rows_make_no_file_and_an_error_is_passed_on() {
        let none: [Result<ResultRow, String>; 0] = [];
        assert_eq!(ExceptionsFile::collect(none, 10), Ok(ExceptionsFile::Empty));
        let broken = [Ok(row("Jan")), Err("away".to_owned())];
        assert_eq!(ExceptionsFile::collect(broken, 1000), Err("away".to_owned()));
    }
}
