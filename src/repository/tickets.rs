//! Tickets. One whose customer is past its `purge_at` is shown as the purge will leave it: anonymised.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Tx};
use super::linked::{LinkedFilter, LinkedKey, LinkedSort, LinkedTable, Stored, linked_rows};
use super::schema::{companies, contacts, tickets};
use crate::domain::actor::AccountId;
use crate::domain::entity::{RecordKind, RecordRef};
use crate::domain::error::{Error, Result};
use crate::domain::linked::{Ticket, TicketStatus};
use crate::domain::page::{Page, PageRequest};

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tickets, primary_key(account_id, id), treat_none_as_null = true, treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg))]
pub(super) struct TicketRow {
    pub account_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub subject: String,
    pub description: Option<String>,
    pub status: Word<TicketStatus>,
    pub customer_contact_id: Option<Uuid>,
    pub customer_company_id: Option<Uuid>,
    pub anonymised_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

impl TicketRow {
    pub(super) fn new(account: AccountId, stored: &Stored<Ticket>) -> Self {
        let ticket = stored.record.clone();
        Self {
            account_id: account.0,
            id: stored.id,
            external_id: ticket.external_id,
            subject: ticket.subject,
            description: ticket.description,
            status: Word(ticket.status),
            customer_contact_id: ticket.customer.and_then(RecordRef::contact_id),
            customer_company_id: ticket.customer.and_then(RecordRef::company_id),
            anonymised_at: ticket.anonymised_at,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            version: stored.version,
        }
    }

    pub(super) fn into_stored(self) -> Stored<Ticket> {
        Stored {
            id: self.id,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            bin: None,
            record: Ticket {
                external_id: self.external_id,
                subject: self.subject,
                description: self.description,
                status: self.status.0,
                customer: RecordRef::from_columns(self.customer_contact_id, self.customer_company_id),
                anonymised_at: self.anonymised_at,
            },
        }
    }
}

linked_rows!(tickets, TicketRow, Ticket, narrow);

impl LinkedTable for Ticket {
    fn complete(read: &mut Read, tickets: &mut [Stored<Self>]) -> Result<()> {
        let customers: Vec<RecordRef> = tickets.iter().filter_map(|ticket| ticket.record.customer).collect();
        let expired = expired_among(read, &customers)?;
        for ticket in tickets.iter_mut().map(|stored| &mut stored.record) {
            if let Some(expired_at) = ticket.customer.and_then(|customer| expired.get(&customer)) {
                ticket.anonymise(*expired_at);
            }
        }
        Ok(())
    }
}

/// Those of `customers` that are past their `purge_at`, and that.
fn expired_among(read: &mut Read, customers: &[RecordRef]) -> Result<BTreeMap<RecordRef, DateTime<Utc>>> {
    macro_rules! expired {
        ($table:ident, $kind:expr, $reference:expr) => {{
            let ids: Vec<Uuid> =
                customers.iter().filter(|customer| customer.kind == $kind).map(|customer| customer.id).collect();
            let rows: Vec<(Uuid, DateTime<Utc>)> = $table::table
                .filter($table::account_id.eq(read.account().0))
                .filter($table::id.eq_any(ids))
                .filter($table::purge_at.le(read.now()))
                .select(($table::id, $table::purge_at.assume_not_null()))
                .load(read.conn)?;
            rows.into_iter().map(|(id, purge_at)| ($reference(id), purge_at))
        }};
    }
    let contacts = expired!(contacts, RecordKind::Contact, RecordRef::contact);
    Ok(contacts.chain(expired!(companies, RecordKind::Company, RecordRef::company)).collect())
}

fn narrow<'a>(mut query: Boxed<'a>, read: &Read, filter: &'a LinkedFilter<TicketStatus>) -> Boxed<'a> {
    if let Some(id) = filter.contact_id {
        let shown = contacts::table
            .filter(contacts::account_id.eq(read.account().0))
            .filter(contacts::id.eq(id))
            .filter(contacts::purge_at.is_null().or(contacts::purge_at.gt(read.now())))
            .select(contacts::id.nullable());
        query = query.filter(tickets::customer_contact_id.eq_any(shown));
    }
    if let Some(id) = filter.company_id {
        let shown = companies::table
            .filter(companies::account_id.eq(read.account().0))
            .filter(companies::id.eq(id))
            .filter(companies::purge_at.is_null().or(companies::purge_at.gt(read.now())))
            .select(companies::id.nullable());
        query = query.filter(tickets::customer_company_id.eq_any(shown));
    }
    if let Some(status) = filter.status {
        query = query.filter(tickets::status.eq(Word(status)));
    }
    query
}
