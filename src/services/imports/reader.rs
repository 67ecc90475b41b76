//! Reads rows from a CSV file that comes in pieces, whatever its delimiter and line ends.
//!
//! csv-core knows quoting; lines are counted here, because a row is named by the physical line on which it starts.

use bytes::Bytes;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// What the cells of one row may take together; a longer row is rejected, and never kept.
const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;
const MAX_CELLS: usize = 4096;
/// Within so much of the file the header must have ended.
const MAX_HEADER_BYTES: usize = 64 * 1024;
const BOM: &[u8] = b"\xef\xbb\xbf";
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// One row of the file, which is not a blank line.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The physical line on which it starts; the first line of a file is 1.
    pub line: u64,
    /// The physical line on which it ends.
    pub last_line: u64,
    pub cells: Result<Cells, Fault>,
}

/// Why a row cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 0; none when it is the whole row.
    pub cell: Option<usize>,
    pub reason: &'static str,
}

/// The text of a row's cells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    fn new(bytes: &[u8], ends: &[usize]) -> Result<Self, Fault> {
        let mut start = 0;
        for (index, &end) in ends.iter().enumerate() {
            let fault = |reason| Fault { cell: Some(index), reason };
            let cell = std::str::from_utf8(&bytes[start..end]).map_err(|_| fault("is not UTF-8"))?;
            if cell.contains('\0') {
                return Err(fault("must not contain the NUL character"));
            }
            start = end;
        }
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| Fault { cell: None, reason: "is not UTF-8" })?;
        Ok(Self { text, ends: ends.to_vec() })
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Empty for a cell that is not there.
    pub fn get(&self, index: usize) -> &str {
        let Some(&end) = self.ends.get(index) else { return "" };
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..end]
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    pub fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// What came out of the input so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Row(Row),
    NeedInput,
    End,
}

pub struct CsvReader {
    /// None until the first line shows the delimiter.
    core: Option<Reader>,
    input: Bytes,
    ended: bool,
    /// The line of the next byte.
    line: u64,
    after_cr: bool,
    row: Option<RowInProgress>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

struct RowInProgress {
    line: u64,
    used_bytes: usize,
    used_ends: usize,
    /// Once set, what follows of the row is thrown away.
    fault: Option<Fault>,
}

impl CsvReader {
    pub fn new() -> Self {
        Self {
            core: None,
            input: Bytes::new(),
            ended: false,
            line: 1,
            after_cr: false,
            row: None,
            bytes: vec![0; 16 * 1024],
            ends: vec![0; 256],
        }
    }

    /// Adds the next piece of the file; the pieces before have been read to [`Step::NeedInput`].
    pub fn push(&mut self, piece: Bytes) {
        if self.input.is_empty() {
            self.input = piece;
        } else {
            self.input = [&self.input[..], &piece[..]].concat().into();
        }
    }

    /// The file is whole.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next row, as far as the input goes.
    pub fn next_row(&mut self) -> Step {
        let Some(mut core) = self.core.take().or_else(|| self.detect_delimiter()) else { return Step::NeedInput };
        let step = self.read_row(&mut core);
        self.core = Some(core);
        step
    }

    /// A reader with the delimiter that the header holds most often, once the header is there.
    fn detect_delimiter(&mut self) -> Option<Reader> {
        let body = self.input.strip_prefix(BOM).unwrap_or(&self.input);
        let start = body.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(body.len());
        let mut quoted = false;
        let mut counts = [0_usize; DELIMITERS.len()];
        let mut complete = self.ended || self.input.len() > MAX_HEADER_BYTES;
        for &byte in &body[start..] {
            match byte {
                b'"' => quoted = !quoted,
                b'\r' | b'\n' if !quoted => {
                    complete = true;
                    break;
                }
                _ if quoted => {}
                _ => {
                    if let Some(index) = DELIMITERS.iter().position(|delimiter| *delimiter == byte) {
                        counts[index] += 1;
                    }
                }
            }
        }
        if !complete {
            return None;
        }
        let bom = self.input.len() - body.len();
        self.input = self.input.slice(bom..);
        // The first of equals, so a file of one column counts as one with commas.
        let most = (0..DELIMITERS.len()).rev().max_by_key(|&index| counts[index]).unwrap_or_default();
        Some(ReaderBuilder::new().delimiter(DELIMITERS[most]).build())
    }

    fn read_row(&mut self, core: &mut Reader) -> Step {
        if self.row.is_none() {
            self.skip_line_ends();
            if self.input.is_empty() {
                return if self.ended { Step::End } else { Step::NeedInput };
            }
            self.row = Some(RowInProgress { line: self.line, used_bytes: 0, used_ends: 0, fault: None });
        }
        while !self.input.is_empty() {
            let input = self.input.clone();
            let (result, read) = self.advance(core, &input);
            self.count_lines(&input[..read]);
            self.input = input.slice(read..);
            if result == ReadRecordResult::Record {
                // The line end that closed the row has been counted.
                return self.finish_row(self.line - 1);
            }
        }
        if self.ended { self.finish_file(core) } else { Step::NeedInput }
    }

    /// The last row has no line end. One more closes it, unless a quoted cell swallows that.
    fn finish_file(&mut self, core: &mut Reader) -> Step {
        let last_line = self.line;
        let mut piece: &[u8] = b"\n";
        loop {
            let (result, read) = self.advance(core, piece);
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => return self.finish_row(last_line),
                ReadRecordResult::InputEmpty => {
                    piece = b"";
                    self.fail("a quoted cell is never closed");
                }
                _ => piece = &piece[read..],
            }
        }
    }

    /// One step of csv-core, with room for what it writes.
    fn advance(&mut self, core: &mut Reader, input: &[u8]) -> (ReadRecordResult, usize) {
        let Some(row) = &mut self.row else { return (ReadRecordResult::End, 0) };
        if row.fault.is_some() {
            (row.used_bytes, row.used_ends) = (0, 0);
        }
        let (result, read, written, ended) =
            core.read_record(input, &mut self.bytes[row.used_bytes..], &mut self.ends[row.used_ends..]);
        row.used_bytes += written;
        row.used_ends += ended;
        let cell = Some(row.used_ends);
        match result {
            ReadRecordResult::OutputFull if self.bytes.len() < MAX_ROW_BYTES => {
                self.bytes.resize(self.bytes.len() * 2, 0);
            }
            ReadRecordResult::OutputFull => {
                row.fault.get_or_insert(Fault { cell, reason: "makes the row longer than 4 MiB" });
            }
            ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_CELLS => {
                self.ends.resize(self.ends.len() * 2, 0);
            }
            ReadRecordResult::OutputEndsFull => {
                row.fault.get_or_insert(Fault { cell: None, reason: "the row has more than 4,096 cells" });
            }
            _ => {}
        }
        (result, read)
    }

    fn fail(&mut self, reason: &'static str) {
        if let Some(row) = &mut self.row {
            row.fault.get_or_insert(Fault { cell: None, reason });
        }
    }

    fn finish_row(&mut self, last_line: u64) -> Step {
        let Some(row) = self.row.take() else { return Step::End };
        let cells = match row.fault {
            Some(fault) => Err(fault),
            None => Cells::new(&self.bytes[..row.used_bytes], &self.ends[..row.used_ends]),
        };
        Step::Row(Row { line: row.line, last_line, cells })
    }

    fn skip_line_ends(&mut self) {
        let blank = self.input.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(self.input.len());
        let blanks = self.input.split_to(blank);
        self.count_lines(&blanks);
    }

    /// CRLF is one line end, so are LF and CR alone.
    fn count_lines(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let ends = byte == b'\r' || byte == b'\n' && !self.after_cr;
            self.line += u64::from(ends);
            self.after_cr = byte == b'\r';
        }
    }
}
