//! Rows of companies.

use super::batch::{Draft, Importable, LinkCells};
use super::header::WrongCell;
use super::references::{References, Wanted};
use crate::domain::company::Company;
use crate::domain::error::Result;
use crate::repository::db::Tx;
use crate::repository::imports::{self, Found, Keys, Writes};

/// Imports companies.
pub struct Companies;

impl Importable for Companies {
    type Record = Company;
    type Links = ();
    const LINK_COLUMNS: &'static [&'static str] = &[];

    fn want(_: &LinkCells<Self>, _: &mut Wanted) {}

    fn link(_: &mut Draft<Self>, _: &LinkCells<Self>, _: &References) -> Vec<WrongCell> {
        Vec::new()
    }

    fn find(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Draft<Self>>>> {
        let found = imports::companies::lock(tx, keys)?;
        Ok(found.into_iter().map(|found| found.map(|record| Draft { record, links: () })).collect())
    }

    fn write(tx: &mut Tx, writes: Writes<Draft<Self>>) -> Result<()> {
        imports::companies::write(tx, writes.map(|draft| draft.record))
    }
}
