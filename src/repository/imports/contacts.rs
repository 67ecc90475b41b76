//! Contacts and their company links, many at a time.

use std::collections::BTreeMap;

use diesel::dsl::copy_from;
use diesel::prelude::*;
use diesel::upsert::excluded;
use uuid::Uuid;

use super::{Found, Keys, Writes, clear_external_ids, lock_rows, overwrite_rows, run_again_if_taken};
use crate::domain::actor::AccountId;
use crate::domain::contact::{CompanyLink, CompanyLinkInput, Contact};
use crate::domain::error::Result;
use crate::repository::contacts::{ContactRow, ShownContact};
use crate::repository::db::Tx;
use crate::repository::links;
use crate::repository::schema::{contact_companies, contacts};

/// A contact and its links to live companies.
pub type Linked = (Contact, Vec<CompanyLink>);

/// Locks and reads the contacts with these keys; those in the bin only when they are named by id.
pub fn lock(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Linked>>> {
    let rows: Vec<ShownContact> = lock_rows!(contacts with bin, ShownContact, tx, keys);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut companies = if ids.is_empty() { BTreeMap::new() } else { links::companies_of(tx, &ids)? };
    let found = rows.into_iter().map(|row| {
        let links = companies.remove(&row.id).unwrap_or_default();
        let stored = row.into_stored(Vec::new());
        Found { id: stored.id, live: stored.bin.is_none().then_some((stored.contact, links)) }
    });
    Ok(found.collect())
}

pub fn write(tx: &mut Tx, writes: Writes<Contact>) -> Result<()> {
    let Writes { created, updated, rekeyed } = writes;
    clear_external_ids!(contacts, &rekeyed, tx);
    let (account, now) = (tx.account(), tx.now());
    let rows = |records: Vec<(Uuid, Contact)>| -> Vec<ContactRow> {
        records.into_iter().map(|(id, contact)| ContactRow::new(account, id, contact, now)).collect()
    };
    overwrite_rows!(
        contacts,
        rows(updated),
        tx,
        [
            external_id,
            first_name,
            last_name,
            gender,
            birthdate,
            status,
            emails,
            telephones,
            addresses,
            profile,
            tags,
            custom_fields,
            marketing_mails_consent,
            updated_at,
            sort_name,
            search_text,
            email_keys,
            tag_keys,
            city_key,
            country,
            folded
        ]
    );
    let rows = rows(created);
    if !rows.is_empty() {
        copy_from(contacts::table).from_insertable(&rows[..]).execute(tx.conn).map_err(run_again_if_taken)?;
    }
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = contact_companies, treat_none_as_default_value = false)]
struct CompanyLinkRow {
    account_id: Uuid,
    contact_id: Uuid,
    company_id: Uuid,
    position: Option<String>,
    division: Option<String>,
    decision_maker: bool,
}

impl CompanyLinkRow {
    fn all(account: AccountId, links: Vec<(Uuid, Uuid, CompanyLinkInput)>) -> Vec<Self> {
        let row = |(contact_id, company_id, place): (Uuid, Uuid, CompanyLinkInput)| Self {
            account_id: account.0,
            contact_id,
            company_id,
            position: place.position,
            division: place.division,
            decision_maker: place.decision_maker,
        };
        links.into_iter().map(row).collect()
    }
}

/// Links new contacts to companies, which the caller holds live.
pub fn add_company_links(tx: &mut Tx, links: Vec<(Uuid, Uuid, CompanyLinkInput)>) -> Result<()> {
    let rows = CompanyLinkRow::all(tx.account(), links);
    if !rows.is_empty() {
        copy_from(contact_companies::table).from_insertable(&rows[..]).execute(tx.conn)?;
    }
    Ok(())
}

/// Links contacts to companies, or changes those links. The caller holds both ends live, names no pair twice, and has
/// bumped the contacts' versions.
pub fn put_company_links(tx: &mut Tx, links: Vec<(Uuid, Uuid, CompanyLinkInput)>) -> Result<()> {
    let rows = CompanyLinkRow::all(tx.account(), links);
    // A statement takes at most 65,535 parameters.
    for rows in rows.chunks(5_000) {
        diesel::insert_into(contact_companies::table)
            .values(rows)
            .on_conflict((contact_companies::account_id, contact_companies::contact_id, contact_companies::company_id))
            .do_update()
            .set((
                contact_companies::position.eq(excluded(contact_companies::position)),
                contact_companies::division.eq(excluded(contact_companies::division)),
                contact_companies::decision_maker.eq(excluded(contact_companies::decision_maker)),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}
