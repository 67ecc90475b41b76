//! Imports of CSV files: streamed, a transaction a batch, each row created, updated or rejected with the reason.

mod batch;
mod companies;
mod contacts;
mod header;
mod linked;
mod reader;
mod references;
mod report;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

pub use batch::Importable;
pub use companies::Companies;
pub use contacts::Contacts;
pub use linked::Linked;
pub use report::{Rejection, Report};

use crate::domain::actor::AccountId;
use crate::domain::error::{Error, FieldError};
use crate::repository::db::{Db, Sweep};
use crate::repository::statistics;
use header::Header;
use reader::{CsvReader, Row, Step};

const BATCH_ROWS: usize = 1_000;
/// Rows with long cells make smaller batches.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Why an import ended before its file.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was read.
    Header(Vec<FieldError>),
    /// The file broke off. What stands on the lines up to this one is stored, or was rejected.
    CutOff { committed_through_line: u64 },
    /// The database refused a batch. What stands on the lines up to this one is stored, or was rejected.
    Stopped { error: Error, committed_through_line: u64 },
}

/// Imports a file as it comes in. No connection is held while waiting for more of it. `observe` is told of each batch
/// that is stored.
///
/// # Errors
/// Batches that were stored before a failure stay.
pub async fn import<K, E>(
    db: &Db,
    account: AccountId,
    mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    observe: &dyn Fn(&Report),
) -> Result<Report, Failure>
where
    K: Importable,
{
    let mut reader = CsvReader::new();
    let mut import = Import::<K>::new(db, account, observe);
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else {
            return Err(Failure::CutOff { committed_through_line: import.committed_through_line });
        };
        reader.push(piece);
        import.take_rows(&mut reader).await?;
    }
    reader.end();
    import.take_rows(&mut reader).await?;
    import.store_batch().await?;
    if import.header.is_none() {
        return Err(Failure::Header(vec![FieldError::new(
            "",
            "the file is empty; its first row must name the columns",
        )]));
    }
    import.refresh_statistics().await;
    Ok(import.report)
}

struct Import<'a, K: Importable> {
    db: &'a Db,
    account: AccountId,
    observe: &'a dyn Fn(&Report),
    header: Option<Arc<Header<K::Record>>>,
    batch: Vec<Row>,
    batch_bytes: usize,
    report: Report,
    committed_through_line: u64,
    /// Rows stored before the last refresh.
    known_to_statistics: u64,
}

impl<'a, K: Importable> Import<'a, K> {
    fn new(db: &'a Db, account: AccountId, observe: &'a dyn Fn(&Report)) -> Self {
        Self {
            db,
            account,
            observe,
            header: None,
            batch: Vec::new(),
            batch_bytes: 0,
            report: Report::default(),
            committed_through_line: 0,
            known_to_statistics: 0,
        }
    }

    async fn take_rows(&mut self, reader: &mut CsvReader) -> Result<(), Failure> {
        while let Step::Row(row) = reader.next_row() {
            if self.header.is_none() {
                self.header = Some(Arc::new(read_header::<K>(&row).map_err(Failure::Header)?));
                continue;
            }
            self.batch_bytes += row.cells.as_ref().map_or(0, reader::Cells::bytes);
            self.batch.push(row);
            if self.batch.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES {
                self.store_batch().await?;
            }
        }
        Ok(())
    }

    async fn store_batch(&mut self) -> Result<(), Failure> {
        let Some(header) = self.header.clone() else { return Ok(()) };
        let Some(last_line) = self.batch.last().map(|row| row.last_line) else { return Ok(()) };
        let rows = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        let stored = self.db.write(self.account, move |tx| batch::store::<K>(tx, &header, &rows)).await;
        let committed_through_line = self.committed_through_line;
        let stored = stored.map_err(|error| Failure::Stopped { error, committed_through_line })?;
        (self.observe)(&stored);
        self.report.add(stored);
        self.committed_through_line = last_line;
        if self.known_to_statistics == 0 {
            self.refresh_statistics().await;
        }
        Ok(())
    }

    /// Without statistics of what was empty until now, plans are bad until autovacuum comes by: for the batches that
    /// follow the first one, and for whatever is asked after the last.
    async fn refresh_statistics(&mut self) {
        let stored = self.report.created + self.report.updated;
        let touched = i64::try_from(stored - self.known_to_statistics).unwrap_or(i64::MAX);
        self.known_to_statistics = stored;
        let refresh = move |sweep: &mut Sweep| statistics::refresh(sweep, K::TABLES.iter().copied(), touched);
        if let Err(error) = self.db.sweep(refresh).await {
            // The rows are stored, and that is what was asked for.
            tracing::warn!(%error, "the statistics are as old as before");
        }
    }
}

fn read_header<K: Importable>(row: &Row) -> Result<Header<K::Record>, Vec<FieldError>> {
    match &row.cells {
        Ok(cells) => Header::read(cells, &K::link_columns()),
        Err(fault) => Err(vec![FieldError::new("", format!("the header row cannot be read: {}", fault.reason))]),
    }
}
