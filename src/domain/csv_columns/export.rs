//! Records written as the rows of a file that imports read.

use uuid::Uuid;

use super::{CUSTOM_FIELD_PREFIX, Column, CsvRecord, custom_cell};
use crate::domain::csv_file::CsvFile;
use crate::domain::party::CustomFields;

/// A kind of record whose lists can be exported.
pub trait ExportedRecord: CsvRecord {
    /// What its row tells beside its own fields.
    type Link;

    fn link_columns() -> Vec<&'static str>;

    /// A cell for each link column.
    fn link_cells(&self, link: &Self::Link) -> Vec<String>;

    /// None for kinds without custom fields.
    fn custom_fields(&self) -> Option<&CustomFields> {
        None
    }
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
        names.extend(R::link_columns().into_iter().map(str::to_owned));
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
        cells.extend(record.link_cells(link));
        let fields = record.custom_fields();
        let field = |key: &String| fields.and_then(|fields| fields.get(key)).map(custom_cell).unwrap_or_default();
        cells.extend(self.custom_keys.iter().map(|key| field(key).into_owned()));
        self.file.push(cells);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.file.into_bytes()
    }
}
