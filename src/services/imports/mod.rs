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

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditEntry, ImportCounts};
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, FieldError};
use crate::repository::db::{Db, Sweep, Tx};
use crate::repository::{audit_log, statistics};
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

/// Who imports what.
#[derive(Debug, Clone)]
pub struct Importer {
    pub actor: Actor,
    /// The kind of records, as the path names it.
    pub kind: String,
}

/// Imports a file as it comes in. No connection is held while waiting for more of it. `observe` is told of each batch
/// that is stored. The audit log gets its row with the last batch, or when the import ends before its file.
///
/// # Errors
/// Batches that were stored before a failure stay.
pub async fn import<K, E>(
    db: &Db,
    importer: Importer,
    pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    observe: &dyn Fn(&Report),
) -> Result<Report, Failure>
where
    K: Importable,
{
    let mut import = Import::<K>::new(db, importer, observe);
    if let Err(failure) = import.read_through(pieces).await {
        import.note_early_end().await;
        return Err(failure);
    }
    import.refresh_statistics().await;
    Ok(import.report)
}

/// Whether more of the file is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Within,
    AtEnd,
}

struct Import<'a, K: Importable> {
    db: &'a Db,
    importer: Importer,
    /// Of which kind twins in the bin are counted: an admin alone may know of them.
    twins_of: Option<RecordKind>,
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
    fn new(db: &'a Db, importer: Importer, observe: &'a dyn Fn(&Report)) -> Self {
        let twins_of = K::TWINS_OF.filter(|_| importer.actor.is_admin());
        Self {
            db,
            importer,
            twins_of,
            observe,
            header: None,
            batch: Vec::new(),
            batch_bytes: 0,
            report: Report { trashed_twins: twins_of.map(|_| 0), ..Report::default() },
            committed_through_line: 0,
            known_to_statistics: 0,
        }
    }

    async fn read_through<E>(
        &mut self,
        mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<(), Failure> {
        let mut reader = CsvReader::new();
        while let Some(piece) = pieces.next().await {
            let Ok(piece) = piece else {
                return Err(Failure::CutOff { committed_through_line: self.committed_through_line });
            };
            reader.push(piece);
            self.take_rows(&mut reader).await?;
        }
        reader.end();
        self.take_rows(&mut reader).await?;
        self.store_batch(Place::AtEnd).await?;
        if self.header.is_none() {
            let detail = "the file is empty; its first row must name the columns";
            return Err(Failure::Header(vec![FieldError::new("", detail)]));
        }
        Ok(())
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
                self.store_batch(Place::Within).await?;
            }
        }
        Ok(())
    }

    async fn store_batch(&mut self, place: Place) -> Result<(), Failure> {
        let Some(header) = self.header.clone() else { return Ok(()) };
        let rows = std::mem::take(&mut self.batch);
        let last_line = rows.last().map_or(self.committed_through_line, |row| row.last_line);
        self.batch_bytes = 0;
        let (importer, before) = (self.importer.clone(), self.report.counts());
        let twins_of = self.twins_of;
        let work = move |tx: &mut Tx| {
            let stored =
                if rows.is_empty() { Report::default() } else { batch::store::<K>(tx, twins_of, &header, &rows)? };
            if place == Place::AtEnd {
                let counts = before + stored.counts();
                audit_log::insert(tx, AuditEntry::of_import(&importer.actor, &importer.kind, counts, true))?;
            }
            Ok(stored)
        };
        let stored = self.db.write(self.importer.actor.account, work).await;
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

    /// Writes down what was stored before the file broke off or the database refused a batch.
    async fn note_early_end(&self) {
        let Importer { actor, kind } = self.importer.clone();
        let counts = self.report.counts();
        if counts == ImportCounts::default() {
            return;
        }
        let account = actor.account;
        let work = move |tx: &mut Tx| audit_log::insert(tx, AuditEntry::of_import(&actor, &kind, counts, false));
        if let Err(error) = self.db.write(account, work).await {
            tracing::error!(%error, ?counts, "the audit log lacks an import that ended early");
        }
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
