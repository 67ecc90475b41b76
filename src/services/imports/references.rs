//! The contacts and companies that the rows of a batch link to, looked up and held live for all rows at once.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

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
    pub fn external_id(&mut self, kind: RecordKind, external_id: &str) {
        if !external_id.is_empty() {
            self.external_ids.entry(kind).or_default().insert(external_id.to_owned());
        }
    }

    pub fn record(&mut self, record: RecordRef) {
        self.records.insert(record);
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
    pub fn by_external_id(&self, kind: RecordKind, external_id: &str) -> Option<RecordRef> {
        let id = *self.by_external_id.get(&kind)?.get(external_id)?;
        self.live(RecordRef { kind, id })
    }

    pub fn live(&self, record: RecordRef) -> Option<RecordRef> {
        self.live.contains(&record).then_some(record)
    }
}
