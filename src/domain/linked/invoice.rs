//! An invoice: what a customer was or will be charged.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{EXTERNAL_ID_LENGTH, LinkedRecord, Money, TITLE_LENGTH, contact_only, customer_and_contact};
use crate::domain::audit::SubjectType;
use crate::domain::contact::date_or_null;
use crate::domain::entity::{LinkTarget, RecordRef};
use crate::domain::error::Result;
use crate::domain::validation::Checks;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    #[default]
    Draft,
    Outstanding,
    /// Paid: matched with a payment.
    Matched,
}

/// What a caller may write of an invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"invoice_number": "2026/77", "status": "outstanding", "invoice_date": "2026-11-24",
    "customer": {"type": "company", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f"},
    "attention_of": {"type": "contact", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e20"},
    "total": {"amount": "121.00", "currency": "EUR"}}))]
pub struct InvoiceInput {
    /// To 255 characters; unique among the invoices of the account.
    pub external_id: Option<String>,
    /// To 255 characters; null for an invoice that has none yet, as drafts do.
    pub invoice_number: Option<String>,
    pub status: InvoiceStatus,
    /// Required, a date: 2026-11-24.
    #[serde(deserialize_with = "date_or_null")]
    #[schema(required = true, value_type = NaiveDate)]
    pub invoice_date: Option<NaiveDate>,
    /// Required. A live contact or company.
    #[schema(required = true, value_type = RecordRef)]
    pub customer: Option<RecordRef>,
    /// A live contact.
    pub attention_of: Option<RecordRef>,
    /// Below zero for a credit note.
    pub total: Option<Money>,
}

/// Whom the invoice was made out to: it outlives the customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerCopy {
    pub name: String,
    pub vat_number: Option<String>,
}

/// A valid invoice.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {
    pub external_id: Option<String>,
    pub invoice_number: Option<String>,
    pub status: InvoiceStatus,
    pub invoice_date: NaiveDate,
    pub customer: RecordRef,
    /// None until the invoice is stored: taken from the customer at that moment.
    pub customer_copy: Option<CustomerCopy>,
    /// A contact.
    pub attention_of: Option<Uuid>,
    pub total: Option<Money>,
}

impl LinkedRecord for Invoice {
    type Input = InvoiceInput;
    const SUBJECT: SubjectType = SubjectType::Invoice;
    type Status = InvoiceStatus;

    fn from_input(mut input: InvoiceInput) -> Result<Self> {
        let mut checks = Checks::default();
        checks.optional_text("/external_id", &mut input.external_id, EXTERNAL_ID_LENGTH);
        checks.optional_text("/invoice_number", &mut input.invoice_number, TITLE_LENGTH);
        let invoice_date = checks.required("/invoice_date", input.invoice_date);
        let customer = checks.required("/customer", input.customer);
        let attention_of = contact_only(&mut checks, "/attention_of", input.attention_of);
        Money::check(&mut input.total, &mut checks, "/total");
        let (invoice_date, customer) = checks.finish_with(invoice_date.zip(customer))?;
        Ok(Self {
            external_id: input.external_id,
            invoice_number: input.invoice_number,
            status: input.status,
            invoice_date,
            customer,
            customer_copy: None,
            attention_of,
            total: input.total,
        })
    }

    /// Another customer makes for another copy of its name.
    fn revised(&self, input: InvoiceInput) -> Result<Self> {
        let mut invoice = Self::from_input(input)?;
        if invoice.customer == self.customer {
            invoice.customer_copy.clone_from(&self.customer_copy);
        }
        Ok(invoice)
    }

    fn links(&self) -> Vec<LinkTarget> {
        customer_and_contact(self.customer, "/attention_of", self.attention_of)
    }
}

impl From<Invoice> for InvoiceInput {
    fn from(invoice: Invoice) -> Self {
        Self {
            external_id: invoice.external_id,
            invoice_number: invoice.invoice_number,
            status: invoice.status,
            invoice_date: Some(invoice.invoice_date),
            customer: Some(invoice.customer),
            attention_of: invoice.attention_of.map(RecordRef::contact),
            total: invoice.total,
        }
    }
}
