//! Links to contacts and companies: the one gate through which each becomes live, and the company links themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use uuid::Uuid;

use super::db::{Read, Tx};
use super::schema::{companies, contact_companies, contacts};
use crate::domain::contact::{CompanyLink, CompanyLinkInput};
pub use crate::domain::entity::LinkTarget;
use crate::domain::entity::{RecordKind, RecordRef};
use crate::domain::error::{Conflict, Error, Result};

/// Makes sure that every target is live and stays so until the transaction ends.
///
/// Every write that makes a link live goes through here: it takes `FOR KEY SHARE` on the live rows, which waits for a
/// deletion that has locked them and then no longer finds what it deleted.
///
/// # Errors
/// `LinkTargetUnavailable` names the first target that is unknown, foreign or in the bin.
pub fn hold_live(tx: &mut Tx, targets: &[LinkTarget]) -> Result<()> {
    let records: BTreeSet<RecordRef> = targets.iter().map(|target| target.record).collect();
    let held = hold_live_among(tx, &records)?;
    match targets.iter().find(|target| !held.contains(&target.record)) {
        None => Ok(()),
        Some(missing) => Err(Error::conflict(Conflict::LinkTargetUnavailable { pointer: missing.pointer.clone() })),
    }
}

/// Holds those of `records` that are live and says which they are. Companies first, then contacts, each by id.
pub fn hold_live_among(tx: &mut Tx, records: &BTreeSet<RecordRef>) -> Result<BTreeSet<RecordRef>> {
    let mut held = BTreeSet::new();
    let ids = |kind| records.iter().filter(|record| record.kind == kind).map(|record| record.id).collect::<Vec<_>>();
    let wanted = ids(RecordKind::Company);
    if !wanted.is_empty() {
        let live: Vec<Uuid> = companies::table
            .filter(companies::account_id.eq(tx.account().0))
            .filter(companies::id.eq_any(wanted))
            .filter(companies::deleted_at.is_null())
            .order(companies::id)
            .select(companies::id)
            .for_key_share()
            .load(tx.conn)?;
        held.extend(live.into_iter().map(RecordRef::company));
    }
    let wanted = ids(RecordKind::Contact);
    if !wanted.is_empty() {
        let live: Vec<Uuid> = contacts::table
            .filter(contacts::account_id.eq(tx.account().0))
            .filter(contacts::id.eq_any(wanted))
            .filter(contacts::deleted_at.is_null())
            .order(contacts::id)
            .select(contacts::id)
            .for_key_share()
            .load(tx.conn)?;
        held.extend(live.into_iter().map(RecordRef::contact));
    }
    Ok(held)
}

/// The external ids of those of `records` that are live and have one.
pub fn external_ids(read: &mut Read, records: &BTreeSet<RecordRef>) -> Result<HashMap<RecordRef, String>> {
    let mut known = HashMap::new();
    for kind in RecordKind::ALL {
        let ids: Vec<Uuid> = records.iter().filter(|record| record.kind == kind).map(|record| record.id).collect();
        if ids.is_empty() {
            continue;
        }
        macro_rules! external_ids {
            ($table:ident) => {
                $table::table
                    .filter($table::account_id.eq(read.account().0))
                    .filter($table::id.eq_any(ids))
                    .filter($table::deleted_at.is_null())
                    .filter($table::external_id.is_not_null())
                    .select(($table::id, $table::external_id.assume_not_null()))
                    .load(read.conn)?
            };
        }
        let rows: Vec<(Uuid, String)> = match kind {
            RecordKind::Company => external_ids!(companies),
            RecordKind::Contact => external_ids!(contacts),
        };
        known.extend(rows.into_iter().map(|(id, external_id)| (RecordRef { kind, id }, external_id)));
    }
    Ok(known)
}

/// The company links of each contact that lead to a live company.
pub fn companies_of(read: &mut Read, contact_ids: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<CompanyLink>>> {
    let rows: Vec<(Uuid, Uuid, Option<String>, Option<String>, bool)> = contact_companies::table
        .inner_join(
            companies::table.on(companies::account_id
                .eq(contact_companies::account_id)
                .and(companies::id.eq(contact_companies::company_id))),
        )
        .filter(contact_companies::account_id.eq(read.account().0))
        .filter(contact_companies::contact_id.eq_any(contact_ids))
        .filter(companies::deleted_at.is_null())
        .order((contact_companies::contact_id, contact_companies::company_id))
        .select((
            contact_companies::contact_id,
            contact_companies::company_id,
            contact_companies::position,
            contact_companies::division,
            contact_companies::decision_maker,
        ))
        .load(read.conn)?;
    let mut links: BTreeMap<Uuid, Vec<CompanyLink>> = BTreeMap::new();
    for (contact_id, company_id, position, division, decision_maker) in rows {
        links.entry(contact_id).or_default().push(CompanyLink { company_id, position, division, decision_maker });
    }
    Ok(links)
}

/// Links a contact to a company, or changes that link; the caller holds both live. Bumps the contact's version.
pub fn put_company_link(tx: &mut Tx, contact_id: Uuid, company_id: Uuid, link: &CompanyLinkInput) -> Result<()> {
    let columns = (
        contact_companies::position.eq(&link.position),
        contact_companies::division.eq(&link.division),
        contact_companies::decision_maker.eq(link.decision_maker),
    );
    diesel::insert_into(contact_companies::table)
        .values((
            contact_companies::account_id.eq(tx.account().0),
            contact_companies::contact_id.eq(contact_id),
            contact_companies::company_id.eq(company_id),
            columns,
        ))
        .on_conflict((contact_companies::account_id, contact_companies::contact_id, contact_companies::company_id))
        .do_update()
        .set(columns)
        .execute(tx.conn)?;
    bump_contact(tx, contact_id)
}

/// Removes a company link and says whether it was there. Bumps the contact's version.
pub fn remove_company_link(tx: &mut Tx, contact_id: Uuid, company_id: Uuid) -> Result<bool> {
    let removed = diesel::delete(contact_companies::table)
        .filter(contact_companies::account_id.eq(tx.account().0))
        .filter(contact_companies::contact_id.eq(contact_id))
        .filter(contact_companies::company_id.eq(company_id))
        .execute(tx.conn)?;
    if removed > 0 {
        bump_contact(tx, contact_id)?;
    }
    Ok(removed > 0)
}

fn bump_contact(tx: &mut Tx, contact_id: Uuid) -> Result<()> {
    diesel::update(contacts::table)
        .filter(contacts::account_id.eq(tx.account().0))
        .filter(contacts::id.eq(contact_id))
        .set((contacts::version.eq(contacts::version + 1), contacts::updated_at.eq(tx.now())))
        .execute(tx.conn)?;
    Ok(())
}
