//! Deals. They can lie in the recycle bin.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Tx};
use super::linked::{LinkedFilter, LinkedKey, LinkedSort, LinkedTable, Stored, filled_link, linked_rows};
use super::parties::BinStamp;
use super::schema::deals;
use crate::domain::actor::AccountId;
use crate::domain::error::{Error, Result};
use crate::domain::fold::fold;
use crate::domain::linked::{Deal, DealStatus, Money};
use crate::domain::page::{Page, PageRequest};

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deals, primary_key(account_id, id), treat_none_as_null = true, treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg))]
pub(super) struct DealRow {
    pub account_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub title: String,
    pub reference: Option<String>,
    pub status: Word<DealStatus>,
    pub customer_contact_id: Option<Uuid>,
    pub customer_company_id: Option<Uuid>,
    pub contact_person_id: Option<Uuid>,
    pub estimated_value_amount: Option<Decimal>,
    pub estimated_value_currency: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    pub deleted_at: Option<DateTime<Utc>>,
    pub deletion_id: Option<Uuid>,
    pub purge_at: Option<DateTime<Utc>>,
    pub search_text: String,
}

impl DealRow {
    pub(super) fn new(account: AccountId, stored: &Stored<Deal>) -> Self {
        let deal = stored.record.clone();
        let search_text = fold(&format!("{}\n{}", deal.title, deal.reference.as_deref().unwrap_or_default()));
        Self {
            account_id: account.0,
            id: stored.id,
            external_id: deal.external_id,
            title: deal.title,
            reference: deal.reference,
            status: Word(deal.status),
            customer_contact_id: deal.customer.contact_id(),
            customer_company_id: deal.customer.company_id(),
            contact_person_id: deal.contact_person,
            estimated_value_amount: deal.estimated_value.as_ref().map(|value| value.amount.decimal()),
            estimated_value_currency: deal.estimated_value.map(|value| value.currency),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            version: stored.version,
            deleted_at: stored.bin.map(|bin| bin.deleted_at),
            deletion_id: stored.bin.map(|bin| bin.deletion_id),
            purge_at: stored.bin.map(|bin| bin.purge_at),
            search_text,
        }
    }

    pub(super) fn into_stored(self) -> Stored<Deal> {
        Stored {
            id: self.id,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            bin: BinStamp::from_columns(self.deleted_at, self.deletion_id, self.purge_at),
            record: Deal {
                external_id: self.external_id,
                title: self.title,
                reference: self.reference,
                status: self.status.0,
                customer: filled_link(self.customer_contact_id, self.customer_company_id),
                contact_person: self.contact_person_id,
                estimated_value: Money::from_columns(self.estimated_value_amount, self.estimated_value_currency),
            },
        }
    }
}

linked_rows!(deals, DealRow, Deal, narrow);

impl LinkedTable for Deal {}

fn narrow<'a>(query: Boxed<'a>, _: &Read, filter: &'a LinkedFilter<DealStatus>) -> Boxed<'a> {
    let mut query = query.filter(deals::deleted_at.is_null());
    if let Some(id) = filter.contact_id {
        query = query.filter(deals::customer_contact_id.eq(id).or(deals::contact_person_id.eq(id)));
    }
    if let Some(id) = filter.company_id {
        query = query.filter(deals::customer_company_id.eq(id));
    }
    if let Some(status) = filter.status {
        query = query.filter(deals::status.eq(Word(status)));
    }
    query
}
