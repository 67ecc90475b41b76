//! CSV files as Sweep writes them: UTF-8 with a byte order mark, commas, CRLF, and no cell that a spreadsheet would run.

use csv::{Terminator, Writer, WriterBuilder};

use super::csv_cell::escape_formula;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A file, or a part of one, that grows in memory row by row. All rows have as many cells as the first.
pub struct CsvFile {
    writer: Writer<Vec<u8>>,
}

impl CsvFile {
    /// The start of a file: byte order mark and header.
    pub fn with_header<C: AsRef<str>>(columns: impl IntoIterator<Item = C>) -> Self {
        let mut file = Self::over(BYTE_ORDER_MARK.as_bytes().to_vec());
        file.push(columns);
        file
    }

    /// A further part of a file that began with [`CsvFile::with_header`].
    pub fn continued() -> Self {
        Self::over(Vec::new())
    }

    fn over(bytes: Vec<u8>) -> Self {
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(bytes);
        Self { writer }
    }

    #[allow(clippy::missing_panics_doc, reason = "memory does not fail")]
    pub fn push<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        for cell in cells {
            self.writer.write_field(escape_formula(cell.as_ref()).as_bytes()).expect("memory does not fail");
        }
        self.writer.write_record(None::<&[u8]>).expect("writing rows of one length to memory cannot fail");
    }

    /// Bytes written so far, short by at most the writer's own small buffer.
    pub fn written_bytes(&self) -> usize {
        self.writer.get_ref().len()
    }

    #[allow(clippy::missing_panics_doc, reason = "memory does not fail")]
    pub fn into_bytes(self) -> Vec<u8> {
        self.writer.into_inner().expect("flushing to memory cannot fail")
    }
}
