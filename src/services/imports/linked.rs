//! Rows of deals, invoices, projects, time trackings and tickets, each with its links to contacts and companies.

use std::marker::PhantomData;

use super::batch::{Draft, Importable, LinkCells};
use super::header::WrongCell;
use super::references::{References, Wanted};
use crate::domain::csv_columns::{CUSTOMERS, CsvRecord, ExportedRecord, LinkColumns, RecordName, read_names};
use crate::domain::entity::RecordRef;
use crate::domain::error::Result;
use crate::domain::linked::{DealInput, InvoiceInput, ProjectInput, TicketInput, TimeTrackingInput};
use crate::repository::db::Tx;
use crate::repository::imports::linked::{LinkedBatch, Write};
use crate::repository::imports::{self, Found, Keys, Writes};
use crate::repository::linked::Stored;

/// Imports one kind of linked record.
pub struct Linked<T>(PhantomData<T>);

/// The record behind a draft.
#[derive(Debug, Clone)]
pub struct State<T> {
    stored: Option<Stored<T>>,
    /// What the draft becomes, once checked.
    checked: Option<T>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { stored: None, checked: None }
    }
}

/// How the links of a kind stand in its rows: one record in each group of columns, unless the kind says otherwise.
pub trait LinkedInput: ExportedRecord {
    fn want(row: &LinkCells<Self>, wanted: &mut Wanted) {
        for link in Self::links() {
            if let Ok(Some(name)) = read_link(row, &link) {
                wanted.name(name);
            }
        }
    }

    fn link(&mut self, row: &LinkCells<Self>, references: &References) -> Vec<WrongCell> {
        let mut wrong = Vec::new();
        for link in Self::links() {
            if row.get(link.external_id).is_none() && row.get(link.id).is_none() {
                continue;
            }
            match read_link(row, &link) {
                Err((column, reason)) => wrong.push((column.to_owned(), reason.to_owned())),
                Ok(None) => (link.set)(self, None),
                // The link is there already, even if what it leads to lies in the bin by now.
                Ok(Some(RecordName::Id(record))) if (link.get)(self) == Some(record) => {}
                Ok(Some(name)) => match references.find(&name) {
                    Ok(record) => (link.set)(self, Some(record)),
                    Err(reason) => wrong.push((link.naming_column(&name).to_owned(), reason)),
                },
            }
        }
        wrong
    }
}

/// What a row names in the columns of a link, if anything; or the column that is wrong.
fn read_link<R: CsvRecord>(
    row: &LinkCells<R>,
    link: &LinkColumns<R>,
) -> std::result::Result<Option<RecordName>, (&'static str, &'static str)> {
    link.read(link.kind.map_or("", |column| row.text(column)), row.text(link.external_id), row.text(link.id))
}

impl LinkedInput for DealInput {}
impl LinkedInput for InvoiceInput {}
impl LinkedInput for TimeTrackingInput {}
impl LinkedInput for TicketInput {}

/// All customers of a project stand in one cell, and replace those before.
impl LinkedInput for ProjectInput {
    fn want(row: &LinkCells<Self>, wanted: &mut Wanted) {
        for name in read_names(row.text(CUSTOMERS)).unwrap_or_default() {
            wanted.name(name);
        }
    }

    fn link(&mut self, row: &LinkCells<Self>, references: &References) -> Vec<WrongCell> {
        let Some(cell) = row.get(CUSTOMERS) else { return Vec::new() };
        let customers: std::result::Result<Vec<RecordRef>, String> =
            read_names(cell).and_then(|names| names.iter().map(|name| references.find(name)).collect());
        match customers {
            Ok(customers) => {
                self.customers = customers;
                Vec::new()
            }
            Err(reason) => vec![(CUSTOMERS.to_owned(), reason)],
        }
    }
}

impl<T: LinkedBatch> Importable for Linked<T>
where
    T::Input: LinkedInput,
{
    type Record = T::Input;
    type Links = State<T>;

    fn link_columns() -> Vec<&'static str> {
        T::Input::link_columns()
    }

    fn want(row: &LinkCells<T::Input>, wanted: &mut Wanted) {
        T::Input::want(row, wanted);
    }

    fn link(draft: &mut Draft<Self>, row: &LinkCells<T::Input>, references: &References) -> Vec<WrongCell> {
        draft.record.link(row, references)
    }

    fn check(draft: &mut Draft<Self>) -> Result<()> {
        let input = draft.record.clone();
        let checked = match &draft.links.stored {
            Some(stored) => stored.record.revised(input)?,
            None => T::from_input(input)?,
        };
        draft.record = T::Input::from(checked.clone());
        draft.links.checked = Some(checked);
        Ok(())
    }

    const TABLES: &'static [&'static str] = T::TABLES;

    fn find(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Draft<Self>>>> {
        let draft = |stored: Stored<T>| Draft {
            record: T::Input::from(stored.record.clone()),
            links: State { stored: Some(stored), checked: None },
        };
        Ok(imports::linked::lock(tx, keys)?.into_iter().map(|found| found.map(draft)).collect())
    }

    fn write(tx: &mut Tx, writes: Writes<Draft<Self>>) -> Result<()> {
        imports::linked::write(
            tx,
            writes.filter_map(|draft| {
                let State { stored, checked } = draft.links;
                checked.map(|record| Write { before: stored, record })
            }),
        )
    }
}
