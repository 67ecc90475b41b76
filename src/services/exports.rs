//! Exports: a whole list as a CSV file, made part by part, each from one read of the database.

use crate::domain::company::Company;
use crate::domain::contact::Contact;
use crate::domain::csv_columns::{CompanyPlace, ExportedRecord, ExternalIds, RecordsCsv};
use crate::domain::entity::RecordRef;
use crate::domain::error::Result;
use crate::repository::contacts::StoredContact;
use crate::repository::db::Read;
use crate::repository::linked::{self, LinkedFilter, LinkedKey, LinkedSort, LinkedTable};
use crate::repository::parties::{ListFilter, ListKey, Sort};
use crate::repository::{companies, contacts, links};

/// Records in one part of a file.
const ROWS_A_PART: i64 = 1_000;

/// Bytes of the file, and after which record the next part starts, if there may be one.
pub type Part = (Vec<u8>, Option<ListKey>);

/// Which records a file has, in which order, and which custom fields any of them had when it was begun.
pub struct Export {
    filter: ListFilter,
    sort: Sort,
    custom_keys: Vec<String>,
}

impl Export {
    pub fn of_contacts(read: &mut Read, filter: ListFilter, sort: Sort) -> Result<Self> {
        let custom_keys = contacts::custom_keys(read, &filter)?;
        Ok(Self { filter, sort, custom_keys })
    }

    pub fn of_companies(read: &mut Read, filter: ListFilter, sort: Sort) -> Result<Self> {
        let custom_keys = companies::custom_keys(read, &filter)?;
        Ok(Self { filter, sort, custom_keys })
    }

    /// The part after a record; the first one without it.
    pub fn contacts(&self, read: &mut Read, after: Option<&ListKey>) -> Result<Part> {
        let (rows, next) = contacts::list_part(read, &self.filter, self.sort, after, ROWS_A_PART)?;
        let first = |row: &StoredContact| Some(RecordRef::company(row.companies.first()?.company_id));
        let known = links::external_ids(read, &rows.iter().filter_map(first).collect())?;
        let mut file = self.file::<Contact>(after);
        for row in rows {
            let place = row.companies.into_iter().next().map(|link| CompanyPlace {
                external_id: known.get(&RecordRef::company(link.company_id)).cloned(),
                link,
            });
            file.push(row.id, &row.contact, &place);
        }
        Ok((file.into_bytes(), next))
    }

    /// The part after a record; the first one without it.
    pub fn companies(&self, read: &mut Read, after: Option<&ListKey>) -> Result<Part> {
        let (rows, next) = companies::list_part(read, &self.filter, self.sort, after, ROWS_A_PART)?;
        let mut file = self.file::<Company>(after);
        for row in rows {
            file.push(row.id, &row.company, &());
        }
        Ok((file.into_bytes(), next))
    }

    fn file<R: ExportedRecord>(&self, after: Option<&ListKey>) -> RecordsCsv<'_, R> {
        match after {
            None => RecordsCsv::with_header(&self.custom_keys),
            Some(_) => RecordsCsv::continued(&self.custom_keys),
        }
    }
}

/// The part of a file of linked records after one of them; the first one without it.
pub fn linked_part<T: LinkedTable>(
    read: &mut Read,
    filter: &LinkedFilter<T::Status>,
    sort: LinkedSort,
    after: Option<LinkedKey>,
) -> Result<(Vec<u8>, Option<LinkedKey>)>
where
    T::Input: ExportedRecord<Link = ExternalIds>,
{
    let mut file: RecordsCsv<T::Input> =
        if after.is_none() { RecordsCsv::with_header(&[]) } else { RecordsCsv::continued(&[]) };
    let (rows, next) = linked::list_part::<T>(read, filter, sort, after, ROWS_A_PART)?;
    let targets = rows.iter().flat_map(|row| row.record.links()).map(|link| link.record).collect();
    let known = links::external_ids(read, &targets)?;
    for row in rows {
        file.push(row.id, &row.record.into(), &known);
    }
    Ok((file.into_bytes(), next))
}
