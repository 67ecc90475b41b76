//! Invoices. Each keeps its own copy of the customer's name and VAT number.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Tx};
use super::linked::{LinkedFilter, LinkedKey, LinkedSort, LinkedTable, Stored, filled_link, linked_rows};
use super::schema::invoices;
use super::{companies, contacts};
use crate::domain::actor::AccountId;
use crate::domain::entity::{RecordKind, RecordRef};
use crate::domain::error::{Error, Result};
use crate::domain::linked::{CustomerCopy, Invoice, InvoiceStatus, Money};
use crate::domain::page::{Page, PageRequest};

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = invoices, primary_key(account_id, id), treat_none_as_null = true, treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg))]
pub(super) struct InvoiceRow {
    pub account_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub invoice_number: Option<String>,
    pub status: Word<InvoiceStatus>,
    pub invoice_date: NaiveDate,
    pub customer_contact_id: Option<Uuid>,
    pub customer_company_id: Option<Uuid>,
    pub attention_of_id: Option<Uuid>,
    pub customer_name: String,
    pub customer_vat_number: Option<String>,
    pub total_amount: Option<Decimal>,
    pub total_currency: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

impl InvoiceRow {
    pub(super) fn new(account: AccountId, stored: &Stored<Invoice>) -> Self {
        let invoice = stored.record.clone();
        let copy = invoice.customer_copy.unwrap_or_default();
        Self {
            account_id: account.0,
            id: stored.id,
            external_id: invoice.external_id,
            invoice_number: invoice.invoice_number,
            status: Word(invoice.status),
            invoice_date: invoice.invoice_date,
            customer_contact_id: invoice.customer.contact_id(),
            customer_company_id: invoice.customer.company_id(),
            attention_of_id: invoice.attention_of,
            customer_name: copy.name,
            customer_vat_number: copy.vat_number,
            total_amount: invoice.total.as_ref().map(|total| total.amount.decimal()),
            total_currency: invoice.total.map(|total| total.currency),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            version: stored.version,
        }
    }

    pub(super) fn into_stored(self) -> Stored<Invoice> {
        Stored {
            id: self.id,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            bin: None,
            record: Invoice {
                external_id: self.external_id,
                invoice_number: self.invoice_number,
                status: self.status.0,
                invoice_date: self.invoice_date,
                customer: filled_link(self.customer_contact_id, self.customer_company_id),
                customer_copy: Some(CustomerCopy { name: self.customer_name, vat_number: self.customer_vat_number }),
                attention_of: self.attention_of_id,
                total: Money::from_columns(self.total_amount, self.total_currency),
            },
        }
    }
}

linked_rows!(invoices, InvoiceRow, Invoice, narrow);

impl LinkedTable for Invoice {
    fn before_write(tx: &mut Tx, invoice: &mut Self) -> Result<()> {
        if invoice.customer_copy.is_none() {
            invoice.customer_copy = Some(copy_customer(tx, invoice.customer)?);
        }
        Ok(())
    }
}

fn copy_customer(read: &mut Read, customer: RecordRef) -> Result<CustomerCopy> {
    let copy = match customer.kind {
        RecordKind::Contact => contacts::find(read, customer.id)?
            .map(|stored| (stored.contact.name(), stored.contact.party.profile.vat_number)),
        RecordKind::Company => companies::find(read, customer.id)?
            .map(|stored| (stored.company.name, stored.company.party.profile.vat_number)),
    };
    let (name, vat_number) = copy.ok_or_else(|| Error::Internal("a held customer is not there".to_owned()))?;
    Ok(CustomerCopy { name, vat_number })
}

fn narrow<'a>(mut query: Boxed<'a>, _: &Read, filter: &'a LinkedFilter<InvoiceStatus>) -> Boxed<'a> {
    if let Some(id) = filter.contact_id {
        query = query.filter(invoices::customer_contact_id.eq(id).or(invoices::attention_of_id.eq(id)));
    }
    if let Some(id) = filter.company_id {
        query = query.filter(invoices::customer_company_id.eq(id));
    }
    if let Some(status) = filter.status {
        query = query.filter(invoices::status.eq(Word(status)));
    }
    query
}
