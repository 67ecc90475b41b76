//! Rows of contacts, each possibly with the contact's place in one company.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::batch::{Draft, Importable, LinkCells};
use super::header::WrongCell;
use super::references::{References, Wanted};
use crate::domain::contact::{CompanyLinkInput, Contact};
use crate::domain::csv_columns::{ExportedRecord, RecordName, flag};
use crate::domain::entity::{RecordKind, RecordRef};
use crate::domain::error::{Error, Result};
use crate::domain::trashed_twin::IdentityKeys;
use crate::repository::db::Tx;
use crate::repository::imports::{self, Found, Keys, Writes};

/// Imports contacts.
pub struct Contacts;

/// The places of a contact in companies, by company.
#[derive(Debug, Clone, Default)]
pub struct CompanyLinks {
    places: BTreeMap<Uuid, CompanyLinkInput>,
    /// Those that rows have added or changed.
    changed: BTreeSet<Uuid>,
}

impl Importable for Contacts {
    type Record = Contact;
    type Links = CompanyLinks;

    fn link_columns() -> Vec<&'static str> {
        <Contact as ExportedRecord>::link_columns()
    }

    fn want(row: &LinkCells<Contact>, wanted: &mut Wanted) {
        if let Ok(Some(name)) = company_name(row) {
            wanted.name(name);
        }
    }

    /// An empty company cell never unlinks; a filled one adds or changes that link and leaves others.
    fn link(draft: &mut Draft<Self>, row: &LinkCells<Contact>, references: &References) -> Vec<WrongCell> {
        let company = match company_of(row, references) {
            Ok(company) => company,
            Err(wrong) => return vec![wrong],
        };
        let decision_maker = match row.get("decision_maker").map(flag) {
            Some(Err(reason)) => return vec![("decision_maker".to_owned(), reason.to_owned())],
            Some(Ok(flag)) => Some(flag.unwrap_or(false)),
            None => None,
        };
        let Some(company) = company else {
            let needless = [
                ("position", !row.text("position").is_empty()),
                ("division", !row.text("division").is_empty()),
                ("decision_maker", decision_maker == Some(true)),
            ];
            let reason = "belongs to a company, and the row names none";
            return needless.iter().filter(|(_, filled)| *filled).map(|(c, _)| ((*c).into(), reason.into())).collect();
        };
        let mut place = draft.links.places.get(&company).cloned().unwrap_or_default();
        if let Some(position) = row.get("position") {
            place.position = Some(position.to_owned());
        }
        if let Some(division) = row.get("division") {
            place.division = Some(division.to_owned());
        }
        if let Some(decision_maker) = decision_maker {
            place.decision_maker = decision_maker;
        }
        match place.validate() {
            Ok(place) => {
                draft.links.places.insert(company, place);
                draft.links.changed.insert(company);
                Vec::new()
            }
            Err(Error::Invalid(errors)) => {
                errors.into_iter().map(|e| (e.pointer.trim_start_matches('/').to_owned(), e.detail)).collect()
            }
            Err(other) => vec![("company_external_id".to_owned(), other.to_string())],
        }
    }

    fn check(draft: &mut Draft<Self>) -> Result<()> {
        draft.record.check()
    }

    const TABLES: &'static [&'static str] = &["contacts", "contact_companies"];

    fn find(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Draft<Self>>>> {
        let found = imports::contacts::lock(tx, keys)?;
        let draft = |(record, companies): imports::contacts::Linked| {
            let places = companies.into_iter().map(|link| (link.company_id, link.into())).collect();
            Draft { record, links: CompanyLinks { places, changed: BTreeSet::new() } }
        };
        Ok(found.into_iter().map(|found| found.map(draft)).collect())
    }

    fn write(tx: &mut Tx, writes: Writes<Draft<Self>>) -> Result<()> {
        let (added, changed) = (places(&writes.created), places(&writes.updated));
        imports::contacts::write(tx, writes.map(|draft| draft.record))?;
        imports::contacts::add_company_links(tx, added)?;
        imports::contacts::put_company_links(tx, changed)
    }

    const TWINS_OF: Option<RecordKind> = Some(RecordKind::Contact);

    fn identity_keys(draft: &Draft<Self>) -> IdentityKeys {
        IdentityKeys::of(&draft.record.party)
    }
}

/// What rows have added to or changed of the places of these contacts.
fn places(contacts: &[(Uuid, Draft<Contacts>)]) -> Vec<(Uuid, Uuid, CompanyLinkInput)> {
    let links = contacts.iter().flat_map(|(contact, draft)| {
        let changed = draft.links.places.iter().filter(|(company, _)| draft.links.changed.contains(company));
        changed.map(|(company, place)| (*contact, *company, place.clone()))
    });
    links.collect()
}

/// The company that the row names, if it names one.
fn company_name(row: &LinkCells<Contact>) -> std::result::Result<Option<RecordName>, WrongCell> {
    let (id, external_id) = (row.text("company_id"), row.text("company_external_id"));
    if id.is_empty() {
        let name = RecordName::ExternalId(RecordKind::Company, external_id.to_owned());
        return Ok(Some(name).filter(|_| !external_id.is_empty()));
    }
    match Uuid::try_parse(id) {
        Ok(id) => Ok(Some(RecordName::Id(RecordRef::company(id)))),
        Err(_) => Err(("company_id".to_owned(), "must be a UUID".to_owned())),
    }
}

/// The live company that the row names, if it names one.
fn company_of(row: &LinkCells<Contact>, references: &References) -> std::result::Result<Option<Uuid>, WrongCell> {
    let Some(name) = company_name(row)? else { return Ok(None) };
    let column = if matches!(name, RecordName::Id(_)) { "company_id" } else { "company_external_id" };
    references.find(&name).map(|company| Some(company.id)).map_err(|reason| (column.to_owned(), reason))
}
