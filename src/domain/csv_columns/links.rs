//! How a row names the contacts and companies it links to: by `external_id`, or by `id`, which goes first.

use uuid::Uuid;

use super::word;
use crate::domain::entity::{RecordKind, RecordRef};

/// What a row calls a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordName {
    Id(RecordRef),
    ExternalId(RecordKind, String),
}

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
        for bad in ["CT-1", "deal:1", "contact:", "contact-id:1"] {
            assert!(read_names(bad).is_err(), "{bad}");
        }
    }
}
