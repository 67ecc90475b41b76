//! Names and titles, joined when read: what is stored of results are ids, so that a purge leaves no name behind.

use std::collections::HashMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::db::Read;
use super::schema::{deals, invoices, projects, tickets, time_trackings};
use super::{companies, contacts, recycle_bin};
use crate::domain::blocker::Blocker;
use crate::domain::entity::BinKind;
use crate::domain::error::Result;
use crate::domain::link_catalogue::LinkedKind;

/// Names by id of those that are live or restorable.
pub fn record_names(read: &mut Read, kind: BinKind, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let names = match kind {
        BinKind::Contact => contacts::names(read, ids)?,
        BinKind::Company => companies::names(read, ids)?,
        BinKind::Deal => deal_titles(read, ids)?,
    };
    Ok(names.into_iter().collect())
}

/// Names by id of those that are live.
pub fn live_names(read: &mut Read, kind: BinKind, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let mut names = record_names(read, kind, ids)?;
    let live = recycle_bin::live_among(read, kind, ids)?;
    names.retain(|id, _| live.binary_search(id).is_ok());
    Ok(names)
}

/// Fills in the titles of linked records that are still there and have one.
pub fn join_titles<'b>(read: &mut Read, blockers: impl IntoIterator<Item = &'b mut Blocker>) -> Result<()> {
    let mut by_kind: HashMap<LinkedKind, Vec<&mut Blocker>> = HashMap::new();
    for blocker in blockers {
        by_kind.entry(blocker.kind).or_default().push(blocker);
    }
    for (kind, blockers) in by_kind {
        let ids: Vec<Uuid> = blockers.iter().flat_map(|blocker| &blocker.sample).map(|linked| linked.id).collect();
        let titles: HashMap<Uuid, String> = linked_titles(read, kind, &ids)?.into_iter().collect();
        for linked in blockers.into_iter().flat_map(|blocker| &mut blocker.sample) {
            linked.title = titles.get(&linked.id).cloned();
        }
    }
    Ok(())
}

fn deal_titles(read: &mut Read, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    Ok(deals::table
        .filter(deals::account_id.eq(read.account().0))
        .filter(deals::id.eq_any(ids))
        .filter(deals::purge_at.is_null().or(deals::purge_at.gt(read.now())))
        .select((deals::id, deals::title))
        .load(read.conn)?)
}

fn linked_titles(read: &mut Read, kind: LinkedKind, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    let account = read.account().0;
    let titles = match kind {
        LinkedKind::Deal => deal_titles(read, ids)?,
        LinkedKind::Invoice => invoices::table
            .filter(invoices::account_id.eq(account))
            .filter(invoices::id.eq_any(ids))
            .filter(invoices::invoice_number.is_not_null())
            .select((invoices::id, invoices::invoice_number.assume_not_null()))
            .load(read.conn)?,
        LinkedKind::Project => projects::table
            .filter(projects::account_id.eq(account))
            .filter(projects::id.eq_any(ids))
            .select((projects::id, projects::title))
            .load(read.conn)?,
        LinkedKind::TimeTracking => time_trackings::table
            .filter(time_trackings::account_id.eq(account))
            .filter(time_trackings::id.eq_any(ids))
            .filter(time_trackings::description.is_not_null())
            .select((time_trackings::id, time_trackings::description.assume_not_null()))
            .load(read.conn)?,
        LinkedKind::Ticket => tickets::table
            .filter(tickets::account_id.eq(account))
            .filter(tickets::id.eq_any(ids))
            .select((tickets::id, tickets::subject))
            .load(read.conn)?,
        LinkedKind::CompanyLink => Vec::new(),
    };
    Ok(titles)
}
