//! One batch of rows in one transaction: what exists is found and locked, each row is put into its record, and what
//! came out is written by a few statements.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::header::{Header, WrongCell};
use super::reader::{Cells, Row};
use super::references::{References, Wanted};
use super::report::Report;
use crate::domain::csv_columns::CsvRecord;
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Result};
use crate::domain::trashed_twin::IdentityKeys;
use crate::repository::db::Tx;
use crate::repository::imports::{self, Found, Keys, Writes};
use crate::repository::trashed_twins;

/// A kind of record whose files can be imported.
pub trait Importable: Send + Sync + 'static {
    type Record: CsvRecord;
    /// Links of a record that are not stored in its own row.
    type Links: Clone + Default + Send + 'static;
    /// The columns of links to contacts and companies.
    fn link_columns() -> Vec<&'static str>;

    /// Names the contacts and companies that a row links to.
    fn want(row: &LinkCells<Self::Record>, wanted: &mut Wanted);

    /// Puts the row's links into the record and says which cells are wrong.
    fn link(draft: &mut Draft<Self>, row: &LinkCells<Self::Record>, references: &References) -> Vec<WrongCell>;

    /// Trims, normalises and checks the whole record.
    ///
    /// # Errors
    /// `Invalid` names every wrong field.
    fn check(draft: &mut Draft<Self>) -> Result<()>;

    /// The tables that get new rows, that of the records first.
    const TABLES: &'static [&'static str];

    /// Locks the live records with these keys and reads them.
    fn find(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Draft<Self>>>>;

    fn write(tx: &mut Tx, writes: Writes<Draft<Self>>) -> Result<()>;

    /// The kind of which new records may have a twin in the recycle bin, and by which keys.
    const TWINS_OF: Option<RecordKind> = None;

    fn identity_keys(_: &Draft<Self>) -> IdentityKeys {
        IdentityKeys::default()
    }
}

/// A record as the rows of a batch leave it.
pub struct Draft<K: Importable + ?Sized> {
    pub record: K::Record,
    pub links: K::Links,
}

impl<K: Importable + ?Sized> Clone for Draft<K> {
    fn clone(&self) -> Self {
        Self { record: self.record.clone(), links: self.links.clone() }
    }
}

impl<K: Importable + ?Sized> Default for Draft<K> {
    fn default() -> Self {
        Self { record: K::Record::default(), links: K::Links::default() }
    }
}

/// The link columns of one row.
pub struct LinkCells<'a, R> {
    header: &'a Header<R>,
    cells: &'a Cells,
}

impl<'a, R: CsvRecord> LinkCells<'a, R> {
    /// None when the file has no such column, empty when the row has nothing there.
    pub fn get(&self, column: &str) -> Option<&'a str> {
        self.header.link(self.cells, column)
    }

    /// Empty also when the file has no such column.
    pub fn text(&self, column: &str) -> &'a str {
        self.get(column).unwrap_or_default()
    }
}

/// What the rows of a batch have made of the records they name.
struct Workspace<K: Importable + ?Sized> {
    slots: Vec<Slot<K>>,
    by_id: HashMap<Uuid, usize>,
    by_external_id: HashMap<String, usize>,
    binned: HashSet<Uuid>,
}

struct Slot<K: Importable + ?Sized> {
    id: Uuid,
    draft: Draft<K>,
    new: bool,
    changed: bool,
    /// As it is stored; none for a new record.
    stored_external_id: Option<String>,
}

/// Which record a row is about.
enum Key {
    Known(usize),
    New,
}

/// Stores the rows of a batch and says what became of them; twins in the bin are counted of `twins_of`.
pub fn store<K: Importable>(
    tx: &mut Tx,
    twins_of: Option<RecordKind>,
    header: &Header<K::Record>,
    rows: &[Row],
) -> Result<Report> {
    let readable = |row: &'_ Row| row.cells.as_ref().is_ok_and(|cells| cells.len() == header.len());
    imports::prepare(tx)?;
    let mut wanted = Wanted::default();
    let mut keys = Keys::default();
    for cells in rows.iter().filter(|row| readable(row)).filter_map(|row| row.cells.as_ref().ok()) {
        K::want(&LinkCells { header, cells }, &mut wanted);
        keys.ids.extend(Uuid::try_parse(header.id(cells)));
        let external_id = header.external_id(cells);
        if !external_id.is_empty() {
            keys.external_ids.insert(external_id.to_owned());
        }
    }
    // Companies, then contacts, then the records themselves: the order in which everyone locks.
    let references = wanted.resolve(tx)?;
    let mut workspace = Workspace::<K>::new(K::find(tx, &keys)?);
    let mut report = Report::default();
    for row in rows {
        match readable_cells(row, header).and_then(|cells| workspace.apply(tx, header, cells, &references)) {
            Ok(true) => report.created += 1,
            Ok(false) => report.updated += 1,
            Err(wrong) => report.reject(row.line, wrong),
        }
    }
    let writes = workspace.into_writes();
    if let Some(kind) = twins_of {
        let created: Vec<IdentityKeys> = writes.created.iter().map(|(_, draft)| K::identity_keys(draft)).collect();
        report.trashed_twins = Some(trashed_twins::of_each(tx, kind, &created)?.len());
    }
    K::write(tx, writes)?;
    Ok(report)
}

type Wrong = Vec<(Option<String>, String)>;

fn readable_cells<'a, R: CsvRecord>(row: &'a Row, header: &Header<R>) -> std::result::Result<&'a Cells, Wrong> {
    let cells = row.cells.as_ref().map_err(|fault| {
        let column = fault.cell.and_then(|position| header.name_of(position)).map(str::to_owned);
        vec![(column, fault.reason.to_owned())]
    })?;
    if cells.len() == header.len() {
        Ok(cells)
    } else {
        let reason = format!("the row has {} cells, the header {}", cells.len(), header.len());
        Err(vec![(None, reason)])
    }
}

/// Whether what is wrong with `column` follows from what is already known to be wrong: with the cell itself, or with
/// another one of the same link.
fn is_known<R: CsvRecord>(wrong: &[WrongCell], column: &str) -> bool {
    let known = |name: &str| wrong.iter().any(|(known, _)| known == name);
    known(column) || R::links().iter().any(|link| link.names().any(|name| name == column) && link.names().any(known))
}

impl<K: Importable> Workspace<K> {
    fn new(found: Vec<Found<Draft<K>>>) -> Self {
        let mut workspace =
            Self { slots: Vec::new(), by_id: HashMap::new(), by_external_id: HashMap::new(), binned: HashSet::new() };
        for Found { id, live } in found {
            let Some(draft) = live else {
                workspace.binned.insert(id);
                continue;
            };
            let index = workspace.slots.len();
            let stored_external_id = draft.record.external_id().map(str::to_owned);
            workspace.by_id.insert(id, index);
            if let Some(external_id) = &stored_external_id {
                workspace.by_external_id.insert(external_id.clone(), index);
            }
            workspace.slots.push(Slot { id, draft, new: false, changed: false, stored_external_id });
        }
        workspace
    }

    /// Puts one row into its record, whole or not at all; says whether the record is new.
    fn apply(
        &mut self,
        tx: &Tx,
        header: &Header<K::Record>,
        cells: &Cells,
        references: &References,
    ) -> std::result::Result<bool, Wrong> {
        let key = self.key(header, cells).map_err(|(column, reason)| vec![(Some(column), reason)])?;
        let mut draft = match key {
            Key::Known(index) => self.slots[index].draft.clone(),
            Key::New => Draft::default(),
        };
        let mut wrong = header.fill(&mut draft.record, cells);
        wrong.extend(K::link(&mut draft, &LinkCells { header, cells }, references));
        if let Err(Error::Invalid(errors)) = K::check(&mut draft) {
            for error in errors {
                let column = draft.record.column_of(&error);
                if !is_known::<K::Record>(&wrong, &column) {
                    wrong.push((column, error.detail));
                }
            }
        }
        let known = if let Key::Known(index) = key { Some(index) } else { None };
        if let Some(&holder) = draft.record.external_id().and_then(|id| self.by_external_id.get(id))
            && known != Some(holder)
        {
            wrong.push(("external_id".to_owned(), "another record has this external_id".to_owned()));
        }
        if !wrong.is_empty() {
            return Err(wrong.into_iter().map(|(column, reason)| (Some(column), reason)).collect());
        }
        self.keep(tx, known, draft);
        Ok(known.is_none())
    }

    fn key(&self, header: &Header<K::Record>, cells: &Cells) -> std::result::Result<Key, WrongCell> {
        let wrong = |reason: &str| Err(("id".to_owned(), reason.to_owned()));
        let id = header.id(cells);
        if id.is_empty() {
            let known = self.by_external_id.get(header.external_id(cells));
            return Ok(known.map_or(Key::New, |&index| Key::Known(index)));
        }
        let Ok(id) = Uuid::try_parse(id) else {
            return wrong("must be a UUID, as an export writes it");
        };
        match self.by_id.get(&id) {
            Some(&index) => Ok(Key::Known(index)),
            None if self.binned.contains(&id) => wrong("this record lies in the recycle bin; restore it first"),
            None => wrong("no record has this id"),
        }
    }

    fn keep(&mut self, tx: &Tx, known: Option<usize>, draft: Draft<K>) {
        let index = known.unwrap_or(self.slots.len());
        let external_id = draft.record.external_id().map(str::to_owned);
        if let Some(slot) = self.slots.get_mut(index) {
            if let Some(before) =
                slot.draft.record.external_id().filter(|before| Some(*before) != external_id.as_deref())
            {
                self.by_external_id.remove(before);
            }
            slot.draft = draft;
            slot.changed = true;
        } else {
            let slot = Slot { id: tx.new_id(), draft, new: true, changed: true, stored_external_id: None };
            self.slots.push(slot);
        }
        if let Some(external_id) = external_id {
            self.by_external_id.insert(external_id, index);
        }
    }

    fn into_writes(self) -> Writes<Draft<K>> {
        let mut writes = Writes { created: Vec::new(), updated: Vec::new(), rekeyed: Vec::new() };
        for slot in self.slots.into_iter().filter(|slot| slot.changed) {
            let external_id = slot.draft.record.external_id();
            if slot.new {
                writes.created.push((slot.id, slot.draft));
                continue;
            }
            if slot.stored_external_id.is_some() && slot.stored_external_id.as_deref() != external_id {
                writes.rekeyed.push(slot.id);
            }
            writes.updated.push((slot.id, slot.draft));
        }
        // Two imports that make the same records at once wait for each other in one order, and never in a ring.
        writes.created.sort_by(|(_, a), (_, b)| a.record.external_id().cmp(&b.record.external_id()));
        writes
    }
}
