//! Rows of companies.

use super::batch::{Draft, Importable, LinkCells};
use super::header::WrongCell;
use super::references::{References, Wanted};
use crate::domain::company::Company;
use crate::domain::entity::RecordKind;
use crate::domain::error::Result;
use crate::domain::trashed_twin::IdentityKeys;
use crate::repository::db::Tx;
use crate::repository::imports::{self, Found, Keys, Writes};

/// Imports companies.
pub struct Companies;

impl Importable for Companies {
    type Record = Company;
    type Links = ();

    fn link_columns() -> Vec<&'static str> {
        Vec::new()
    }

    fn want(_: &LinkCells<Company>, _: &mut Wanted) {}

    fn link(_: &mut Draft<Self>, _: &LinkCells<Company>, _: &References) -> Vec<WrongCell> {
        Vec::new()
    }

    fn check(draft: &mut Draft<Self>) -> Result<()> {
        draft.record.check()
    }

    const TABLES: &'static [&'static str] = &["companies"];

    fn find(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Draft<Self>>>> {
        let found = imports::companies::lock(tx, keys)?;
        Ok(found.into_iter().map(|found| found.map(|record| Draft { record, links: () })).collect())
    }

    fn write(tx: &mut Tx, writes: Writes<Draft<Self>>) -> Result<()> {
        imports::companies::write(tx, writes.map(|draft| draft.record))
    }

    const TWINS_OF: Option<RecordKind> = Some(RecordKind::Company);

    fn identity_keys(draft: &Draft<Self>) -> IdentityKeys {
        IdentityKeys::of(&draft.record.party)
    }
}
