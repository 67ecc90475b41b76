//! The contacts and companies that the rows of a batch link to, looked up and held live for all rows at once.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use crate::domain::csv_columns::RecordName;
use crate::domain::entity::{RecordKind, RecordRef};
use crate::domain::error::Result;
use crate::repository::db::Tx;
use crate::repository::{imports, links};

/// What rows want to link to.
#[derive(Debug, Default)]
pub struct Wanted {
    external_ids: HashMap<RecordKind, BTreeSet<String>>,
    records: BTreeSet<RecordRef>,
}

/// What of it is there. Everything in here stays live until the transaction ends.
#[derive(Debug, Default)]
pub struct References {
    by_external_id: HashMap<RecordKind, HashMap<String, Uuid>>,
    live: BTreeSet<RecordRef>,
}

impl Wanted {
    pub fn name(&mut self, name: RecordName) {
        match name {
            RecordName::Id(record) => drop(self.records.insert(record)),
            RecordName::ExternalId(kind, external_id) => {
                self.external_ids.entry(kind).or_default().insert(external_id);
            }
        }
    }

    /// Finds what is wanted and holds it.
    pub fn resolve(self, tx: &mut Tx) -> Result<References> {
        let mut records = self.records;
        let mut by_external_id = HashMap::new();
        for (kind, external_ids) in self.external_ids {
            let found: HashMap<String, Uuid> = imports::ids_by_external_id(tx, kind, external_ids)?;
            records.extend(found.values().map(|&id| RecordRef { kind, id }));
            by_external_id.insert(kind, found);
        }
        let live = links::hold_live_among(tx, &records)?;
        Ok(References { by_external_id, live })
    }
}

impl References {
    /// The live record of that name.
    ///
    /// # Errors
    /// The reason to reject the cell that names it.
    pub fn find(&self, name: &RecordName) -> std::result::Result<RecordRef, String> {
        let record = match name {
            RecordName::Id(record) => Some(*record),
            RecordName::ExternalId(kind, external_id) => self
                .by_external_id
                .get(kind)
                .and_then(|ids| ids.get(external_id))
                .map(|&id| RecordRef { kind: *kind, id }),
        };
        record.filter(|record| self.live.contains(record)).ok_or_else(|| match name {
            RecordName::Id(record) => {
                format!("no {} outside the recycle bin has the id {}", record.kind, record.id)
            }
            RecordName::ExternalId(kind, external_id) => {
                format!("no {kind} outside the recycle bin has the external_id {external_id:?}")
            }
        })
    }
}
