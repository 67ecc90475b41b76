//! Records written as the rows of a file that imports read.

use uuid::Uuid;

use super::party::PartyRecord;
use super::{CUSTOM_FIELD_PREFIX, Column, CsvRecord, custom_cell};
use crate::domain::csv_file::CsvFile;

/// A kind of record whose lists can be exported.
pub trait ExportedRecord: CsvRecord + PartyRecord {
    /// What its row tells beside its own fields.
    type Link;
    const LINK_COLUMNS: &'static [&'static str];

    /// A cell for each link column.
    fn link_cells(link: &Self::Link) -> Vec<String>;
}

/// An export, or a part of one, that grows in memory row by row.
pub struct RecordsCsv<'a, R> {
    columns: Vec<Column<R>>,
    custom_keys: &'a [String],
    file: CsvFile,
}

impl<'a, R: ExportedRecord> RecordsCsv<'a, R> {
    /// The start of a file, with a column for each of these custom fields.
    pub fn with_header(custom_keys: &'a [String]) -> Self {
        let columns = R::columns();
        let mut names = vec!["id".to_owned()];
        names.extend(columns.iter().map(|column| column.name.to_owned()));
        names.extend(R::LINK_COLUMNS.iter().map(|name| (*name).to_owned()));
        names.extend(custom_keys.iter().map(|key| format!("{CUSTOM_FIELD_PREFIX}{key}")));
        Self { columns, custom_keys, file: CsvFile::with_header(names) }
    }

    /// A further part of a file that began with [`RecordsCsv::with_header`] and the same custom fields.
    pub fn continued(custom_keys: &'a [String]) -> Self {
        Self { columns: R::columns(), custom_keys, file: CsvFile::continued() }
    }

    pub fn push(&mut self, id: Uuid, record: &R, link: &R::Link) {
        let mut cells = vec![id.to_string()];
        cells.extend(self.columns.iter().map(|column| (column.cell)(record)));
        cells.extend(R::link_cells(link));
        let fields = &record.party().custom_fields;
        cells.extend(
            self.custom_keys.iter().map(|key| fields.get(key).map(custom_cell).unwrap_or_default().into_owned()),
        );
        self.file.push(cells);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.file.into_bytes()
    }
}
