//! The columns of deals, invoices, projects, time trackings and tickets; their links stand in further ones.

use chrono::SecondsFormat;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::links::names_cell;
use super::{Column, CsvRecord, ExportedRecord, ExternalIds, LinkColumns, optional, word, word_cell};
use crate::domain::error::FieldError;
use crate::domain::linked::{Amount, DealInput, InvoiceInput, Money, ProjectInput, TicketInput, TimeTrackingInput};
use crate::domain::validation::{parse_date, parse_time};

/// The column with all customers of a project.
pub const CUSTOMERS: &str = "customers";

type Set = Result<(), &'static str>;

/// A column of text that may be absent.
macro_rules! text {
    ($field:ident) => {
        Column {
            name: stringify!($field),
            cell: |record: &Self| record.$field.clone().unwrap_or_default(),
            set: |record, cell| {
                record.$field = optional(cell);
                Ok(())
            },
        }
    };
}
/// A column of text that must be there.
macro_rules! required_text {
    ($field:ident) => {
        Column {
            name: stringify!($field),
            cell: |record: &Self| record.$field.clone(),
            set: |record, cell| {
                cell.clone_into(&mut record.$field);
                Ok(())
            },
        }
    };
}
macro_rules! status {
    ($words:literal) => {
        Column {
            name: "status",
            cell: |record: &Self| word_cell(&record.status),
            set: |record, cell| set_status(&mut record.status, cell, concat!("must be ", $words)),
        }
    };
}
/// The columns of an amount and its currency.
macro_rules! money {
    ($field:ident, $amount:literal, $currency:literal) => {
        [
            Column {
                name: $amount,
                cell: |record: &Self| record.$field.as_ref().map_or_else(String::new, |money| money.amount.to_string()),
                set: |record, cell| set_amount(&mut record.$field, cell),
            },
            Column {
                name: $currency,
                cell: |record: &Self| record.$field.as_ref().map_or_else(String::new, |money| money.currency.clone()),
                set: |record, cell| {
                    set_currency(&mut record.$field, cell);
                    Ok(())
                },
            },
        ]
    };
}

/// The columns of a link: `KIND_type`, or none for one that is always a contact, then the link's field.
macro_rules! link {
    ($kind:expr, $external_id:literal, $id:literal, $field:ident) => {
        LinkColumns {
            kind: $kind,
            external_id: $external_id,
            id: $id,
            get: |record: &Self| record.$field,
            set: |record, target| record.$field = target,
        }
    };
}

impl CsvRecord for DealInput {
    fn columns() -> Vec<Column<Self>> {
        let mut columns: Vec<Column<Self>> =
            vec![text!(external_id), required_text!(title), text!(reference), status!("new, open, won or lost")];
        columns.extend(money!(estimated_value, "estimated_value_amount", "estimated_value_currency"));
        columns
    }

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    fn links() -> Vec<LinkColumns<Self>> {
        vec![
            link!(Some("customer_type"), "customer_external_id", "customer_id", customer),
            link!(None, "contact_person_external_id", "contact_person_id", contact_person),
        ]
    }

    fn column_of(&self, error: &FieldError) -> String {
        column_of(&error.pointer, "customer")
    }
}

impl CsvRecord for InvoiceInput {
    fn columns() -> Vec<Column<Self>> {
        let mut columns: Vec<Column<Self>> = vec![
            text!(external_id),
            text!(invoice_number),
            status!("draft, outstanding or matched"),
            Column {
                name: "invoice_date",
                cell: |invoice| invoice.invoice_date.map_or_else(String::new, |date| date.to_string()),
                set: |invoice, cell| {
                    let date = parse_date(cell.trim());
                    if date.is_none() && !cell.trim().is_empty() {
                        return Err("must be a date such as 2026-11-24");
                    }
                    invoice.invoice_date = date;
                    Ok(())
                },
            },
        ];
        columns.extend(money!(total, "total_amount", "total_currency"));
        columns
    }

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    fn links() -> Vec<LinkColumns<Self>> {
        vec![
            link!(Some("customer_type"), "customer_external_id", "customer_id", customer),
            link!(None, "attention_contact_external_id", "attention_contact_id", attention_of),
        ]
    }

    fn column_of(&self, error: &FieldError) -> String {
        column_of(&error.pointer, "customer")
    }
}

impl CsvRecord for ProjectInput {
    fn columns() -> Vec<Column<Self>> {
        vec![text!(external_id), required_text!(title), status!("open or closed")]
    }

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }
}

impl CsvRecord for TimeTrackingInput {
    fn columns() -> Vec<Column<Self>> {
        vec![
            text!(external_id),
            text!(description),
            Column {
                name: "started_at",
                cell: |tracking| {
                    let started_at = tracking.started_at;
                    started_at.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
                },
                set: |tracking, cell| {
                    let time = parse_time(cell.trim());
                    if time.is_none() && !cell.trim().is_empty() {
                        return Err("must be a time such as 2026-11-24T09:00:00Z");
                    }
                    tracking.started_at = time;
                    Ok(())
                },
            },
            Column {
                name: "duration_seconds",
                cell: |tracking| tracking.duration_seconds.map_or_else(String::new, |seconds| seconds.to_string()),
                set: |tracking, cell| {
                    let cell = cell.trim();
                    let seconds = if cell.is_empty() { None } else { Some(cell.parse()) };
                    tracking.duration_seconds = seconds.transpose().map_err(|_| "must be a whole number of seconds")?;
                    Ok(())
                },
            },
        ]
    }

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    fn links() -> Vec<LinkColumns<Self>> {
        vec![link!(Some("subject_type"), "subject_external_id", "subject_id", subject)]
    }

    fn column_of(&self, error: &FieldError) -> String {
        column_of(&error.pointer, "subject")
    }
}

impl CsvRecord for TicketInput {
    fn columns() -> Vec<Column<Self>> {
        vec![text!(external_id), required_text!(subject), text!(description), status!("new, open or closed")]
    }

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    fn links() -> Vec<LinkColumns<Self>> {
        vec![link!(Some("customer_type"), "customer_external_id", "customer_id", customer)]
    }

    fn column_of(&self, error: &FieldError) -> String {
        column_of(&error.pointer, "customer")
    }
}

macro_rules! exported {
    ($($input:ty),*) => {
        $(impl ExportedRecord for $input {
            type Link = ExternalIds;

            fn link_columns() -> Vec<&'static str> {
                Self::links().iter().flat_map(LinkColumns::names).collect()
            }

            fn link_cells(&self, known: &ExternalIds) -> Vec<String> {
                Self::links().iter().flat_map(|link| link.cells(self, known)).collect()
            }
        })*
    };
}

exported!(DealInput, InvoiceInput, TimeTrackingInput, TicketInput);

impl ExportedRecord for ProjectInput {
    type Link = ExternalIds;

    fn link_columns() -> Vec<&'static str> {
        vec![CUSTOMERS]
    }

    fn link_cells(&self, known: &ExternalIds) -> Vec<String> {
        vec![names_cell(&self.customers, known)]
    }
}

fn set_status<S: Default + Serialize + DeserializeOwned>(status: &mut S, cell: &str, reason: &'static str) -> Set {
    *status = word(cell).map_err(|_| reason)?.unwrap_or_default();
    Ok(())
}

/// An empty amount clears the money; a new one waits for its currency.
fn set_amount(money: &mut Option<Money>, cell: &str) -> Set {
    let cell = cell.trim();
    if cell.is_empty() {
        *money = None;
        return Ok(());
    }
    let amount = Amount::parse(cell)
        .ok_or("must be a number such as 12.50 with at most 13 digits before the point and 2 after it")?;
    match money {
        Some(money) => money.amount = amount,
        None => *money = Some(Money { amount, currency: String::new() }),
    }
    Ok(())
}

/// A currency without an amount says nothing.
fn set_currency(money: &mut Option<Money>, cell: &str) {
    if let Some(money) = money {
        cell.clone_into(&mut money.currency);
    }
}

/// The column behind a pointer: a link is named by the external id of its target, the parts of money have columns of
/// their own.
fn column_of(pointer: &str, link: &str) -> String {
    let mut steps = pointer.trim_start_matches('/').split('/');
    let field = steps.next().unwrap_or_default();
    match steps.next() {
        _ if field == link => format!("{field}_external_id"),
        Some(part) => format!("{field}_{part}"),
        None => field.to_owned(),
    }
}
