//! How a row names the contacts and companies it links to: by `external_id`, or by `id`, which goes first.

use std::collections::HashMap;

use uuid::Uuid;

use super::word;
use crate::domain::entity::{RecordKind, RecordRef};

/// What a row calls a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordName {
    Id(RecordRef),
    ExternalId(RecordKind, String),
}

/// The external ids of the live contacts and companies among those that rows link to, of those that have one.
pub type ExternalIds = HashMap<RecordRef, String>;

/// The columns of a link to one record, and its field.
pub struct LinkColumns<R> {
    /// Says `contact` or `company`; none where it is always a contact.
    pub kind: Option<&'static str>,
    pub external_id: &'static str,
    pub id: &'static str,
    pub get: fn(&R) -> Option<RecordRef>,
    pub set: fn(&mut R, Option<RecordRef>),
}

impl<R> LinkColumns<R> {
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.kind.into_iter().chain([self.external_id, self.id])
    }

    /// A cell for each of the columns.
    pub fn cells(&self, record: &R, known: &ExternalIds) -> Vec<String> {
        let target = (self.get)(record);
        let cell = |text: fn(RecordRef) -> String| target.map(text).unwrap_or_default();
        let kind = self.kind.map(|_| cell(|target| target.kind.to_string()));
        let external_id = target.and_then(|target| known.get(&target).cloned()).unwrap_or_default();
        kind.into_iter().chain([external_id, cell(|target| target.id.to_string())]).collect()
    }

    /// The record that a row's cells name, if they name one.
    ///
    /// # Errors
    /// The column that is wrong, and the reason.
    pub fn read(
        &self,
        kind: &str,
        external_id: &str,
        id: &str,
    ) -> Result<Option<RecordName>, (&'static str, &'static str)> {
        if external_id.is_empty() && id.is_empty() {
            return Ok(None);
        }
        let kind = match self.kind {
            None => RecordKind::Contact,
            Some(column) => word(kind).ok().flatten().ok_or((column, "must be contact or company"))?,
        };
        if id.is_empty() {
            return Ok(Some(RecordName::ExternalId(kind, external_id.to_owned())));
        }
        let id = Uuid::try_parse(id).map_err(|_| (self.id, "must be a UUID"))?;
        Ok(Some(RecordName::Id(RecordRef { kind, id })))
    }

    /// The column that names the record in such a row.
    pub fn naming_column(&self, name: &RecordName) -> &'static str {
        match name {
            RecordName::Id(_) => self.id,
            RecordName::ExternalId(..) => self.external_id,
        }
    }
}

/// Reads a list of records: `contact:EXTERNAL_ID` or `contact-id:UUID`, likewise for companies, joined by bars.
///
/// # Errors
/// The part that is none.
pub fn read_names(cell: &str) -> Result<Vec<RecordName>, String> {
    let parts = cell.split('|').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| read_name(part).ok_or_else(|| format!("{part:?} is neither contact:ID nor company:ID"))).collect()
}

/// The cell that [`read_names`] reads; a record is named by its `id` where its `external_id` would be misread.
pub fn names_cell(records: &[RecordRef], known: &ExternalIds) -> String {
    let name = |record: &RecordRef| match known.get(record).filter(|external_id| !external_id.contains('|')) {
        Some(external_id) => format!("{}:{external_id}", record.kind),
        None => format!("{}-id:{}", record.kind, record.id),
    };
    records.iter().map(name).collect::<Vec<_>>().join("|")
}

fn read_name(part: &str) -> Option<RecordName> {
    let (kind, key) = part.split_once(':')?;
    match kind.strip_suffix("-id") {
        Some(kind) => {
            let id = Uuid::try_parse(key).ok()?;
            Some(RecordName::Id(RecordRef { kind: word(kind).ok().flatten()?, id }))
        }
        None => Some(RecordName::ExternalId(word(kind).ok().flatten()?, key.to_owned())).filter(|_| !key.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_records() {
        let id = Uuid::from_u128(7);
        let names = read_names(&format!("contact:CT:1| company-id:{id}|")).expect("two names");
        let expected =
            [RecordName::ExternalId(RecordKind::Contact, "CT:1".to_owned()), RecordName::Id(RecordRef::company(id))];
        assert_eq!(names, expected);
        let known = ExternalIds::from([(RecordRef::contact(id), "CT:1".to_owned())]);
        let records = [RecordRef::contact(id), RecordRef::company(id)];
        assert_eq!(names_cell(&records, &known), format!("contact:CT:1|company-id:{id}"));
        let barred = ExternalIds::from([(RecordRef::contact(id), "a|b".to_owned())]);
        assert_eq!(names_cell(&records[..1], &barred), format!("contact-id:{id}"));
        for bad in ["CT-1", "deal:1", "contact:", "contact-id:1"] {
            assert!(read_names(bad).is_err(), "{bad}");
        }
    }
}
