//! The columns that contacts and companies share.

use super::{Column, custom_cell, custom_value, first_part, flag, optional, word, word_cell};
use crate::domain::error::FieldError;
use crate::domain::party::{
    Address, AddressType, CustomFields, Email, EmailType, Party, PaymentTerm, PaymentTermType, Status, Telephone,
    TelephoneType,
};

/// A record with a party in it.
pub(super) trait PartyRecord: 'static {
    fn party(&self) -> &Party;
    fn party_mut(&mut self) -> &mut Party;
}

type Set = Result<(), &'static str>;

/// A column of plain text: its field in the party.
macro_rules! text {
    ($name:literal, $($field:ident).+) => {
        Column {
            name: $name,
            cell: |record| record.party().$($field).+.clone().unwrap_or_default(),
            set: |record, cell| {
                record.party_mut().$($field).+ = optional(cell);
                Ok(())
            },
        }
    };
}
/// A column of the primary address: its field there.
macro_rules! address {
    ($name:literal, $field:ident) => {
        Column {
            name: $name,
            cell: |record| record.party().primary_address().and_then(|a| a.$field.clone()).unwrap_or_default(),
            set: |record, cell| {
                set_address(record.party_mut(), cell, |address| &mut address.$field);
                Ok(())
            },
        }
    };
}
pub(super) use text;

pub(super) fn external_id<R: PartyRecord>() -> Column<R> {
    text!("external_id", external_id)
}

pub(super) fn status<R: PartyRecord>() -> Column<R> {
    Column {
        name: "status",
        cell: |record| word_cell(&record.party().status),
        set: |record, cell| {
            let status = word::<Status>(cell).map_err(|_| "must be active or deactivated")?;
            record.party_mut().status = status.unwrap_or_default();
            Ok(())
        },
    }
}

pub(super) fn email<R: PartyRecord>() -> Column<R> {
    Column {
        name: "email",
        cell: |record| email_cell(record.party(), EmailType::Primary),
        set: |record, cell| {
            set_email(record.party_mut(), EmailType::Primary, cell);
            Ok(())
        },
    }
}

pub(super) fn invoicing_email<R: PartyRecord>() -> Column<R> {
    Column {
        name: "invoicing_email",
        cell: |record| email_cell(record.party(), EmailType::Invoicing),
        set: |record, cell| {
            set_email(record.party_mut(), EmailType::Invoicing, cell);
            Ok(())
        },
    }
}

pub(super) fn telephone<R: PartyRecord>() -> Column<R> {
    Column {
        name: "telephone",
        cell: |record| telephone_cell(record.party(), TelephoneType::Phone),
        set: |record, cell| {
            set_telephone(record.party_mut(), TelephoneType::Phone, cell);
            Ok(())
        },
    }
}

pub(super) fn mobile<R: PartyRecord>() -> Column<R> {
    Column {
        name: "mobile",
        cell: |record| telephone_cell(record.party(), TelephoneType::Mobile),
        set: |record, cell| {
            set_telephone(record.party_mut(), TelephoneType::Mobile, cell);
            Ok(())
        },
    }
}

/// Website, primary address, language, identification, payment term, remarks, tags, consent.
pub(super) fn details<R: PartyRecord>() -> Vec<Column<R>> {
    vec![
        text!("website", profile.website),
        address!("line_1", line_1),
        address!("postal_code", postal_code),
        address!("city", city),
        address!("country", country),
        text!("language", profile.language),
        text!("vat_number", profile.vat_number),
        text!("iban", profile.iban),
        text!("bic", profile.bic),
        // The type first: days belong to a term that is there.
        Column {
            name: "payment_term_type",
            cell: |record| {
                record.party().profile.payment_term.as_ref().map_or_else(String::new, |t| word_cell(&t.kind))
            },
            set: |record, cell| set_term_type(record.party_mut(), cell),
        },
        Column {
            name: "payment_term_days",
            cell: |record| {
                let days = record.party().profile.payment_term.as_ref().and_then(|term| term.days);
                days.map_or_else(String::new, |days| days.to_string())
            },
            set: |record, cell| set_term_days(record.party_mut(), cell),
        },
        text!("remarks", profile.remarks),
        Column {
            name: "tags",
            cell: |record| record.party().tags.join("|"),
            set: |record, cell| {
                // A tag may have a bar in it.
                if record.party().tags.join("|") == cell {
                    return Ok(());
                }
                let tags = cell.split('|').map(str::trim).filter(|tag| !tag.is_empty());
                record.party_mut().tags = tags.map(str::to_owned).collect();
                Ok(())
            },
        },
        Column {
            name: "marketing_mails_consent",
            cell: |record| record.party().marketing_mails_consent.map_or_else(String::new, |flag| flag.to_string()),
            set: |record, cell| {
                record.party_mut().marketing_mails_consent = flag(cell)?;
                Ok(())
            },
        },
    ]
}

fn email_cell(party: &Party, kind: EmailType) -> String {
    party.emails.iter().find(|email| email.kind == kind).map_or_else(String::new, |email| email.email.clone())
}

fn set_email(party: &mut Party, kind: EmailType, cell: &str) {
    let first = party.emails.iter().position(|email| email.kind == kind);
    match (first, cell.trim().is_empty()) {
        (Some(index), true) => drop(party.emails.remove(index)),
        (Some(index), false) => cell.clone_into(&mut party.emails[index].email),
        (None, true) => {}
        (None, false) => party.emails.push(Email { kind, email: cell.to_owned() }),
    }
}

fn telephone_cell(party: &Party, kind: TelephoneType) -> String {
    let first = party.telephones.iter().find(|telephone| telephone.kind == kind);
    first.map_or_else(String::new, |telephone| telephone.number.clone())
}

fn set_telephone(party: &mut Party, kind: TelephoneType, cell: &str) {
    let first = party.telephones.iter().position(|telephone| telephone.kind == kind);
    match (first, cell.trim().is_empty()) {
        (Some(index), true) => drop(party.telephones.remove(index)),
        (Some(index), false) => cell.clone_into(&mut party.telephones[index].number),
        (None, true) => {}
        (None, false) => party.telephones.push(Telephone { kind, number: cell.to_owned() }),
    }
}

/// An address of which nothing is left goes.
fn set_address(party: &mut Party, cell: &str, field: fn(&mut Address) -> &mut Option<String>) {
    let value = optional(cell.trim());
    let primary = party.addresses.iter().position(|address| address.kind == AddressType::Primary);
    let index = match primary {
        Some(index) => index,
        None if value.is_none() => return,
        None => {
            let kind = AddressType::Primary;
            party.addresses.push(Address { kind, line_1: None, postal_code: None, city: None, country: None });
            party.addresses.len() - 1
        }
    };
    let address = &mut party.addresses[index];
    *field(address) = value;
    let left = [&address.line_1, &address.postal_code, &address.city, &address.country];
    if left.iter().all(|part| part.is_none()) {
        party.addresses.remove(index);
    }
}

fn set_term_type(party: &mut Party, cell: &str) -> Set {
    let kind = word::<PaymentTermType>(cell).map_err(|_| "must be cash, end_of_month or after_invoice_date")?;
    let term = &mut party.profile.payment_term;
    *term = kind.map(|kind| PaymentTerm { kind, days: term.as_ref().and_then(|term| term.days) });
    Ok(())
}

fn set_term_days(party: &mut Party, cell: &str) -> Set {
    let cell = cell.trim();
    let days = if cell.is_empty() {
        None
    } else {
        Some(cell.parse().map_err(|_| "must be a whole number of days from 0 to 3650")?)
    };
    match &mut party.profile.payment_term {
        Some(term) => term.days = days,
        None if days.is_none() => {}
        None => return Err("needs a payment_term_type beside it"),
    }
    Ok(())
}

/// Sets or, with an empty cell, removes a custom field. A cell that tells what is already there changes nothing: an
/// exported `true` stays a boolean, and a text that looks like a number stays a text.
pub fn set_custom(fields: &mut CustomFields, key: &str, cell: &str) {
    if fields.get(key).is_some_and(|value| custom_cell(value) == cell) {
        return;
    }
    if cell.is_empty() {
        fields.remove(key);
    } else {
        fields.insert(key.to_owned(), custom_value(cell));
    }
}

/// The column behind a wrong field of a party.
pub(super) fn column_of(party: &Party, error: &FieldError) -> String {
    let mut steps = error.pointer.trim_start_matches('/').split('/');
    let (field, second) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    let index = second.parse().unwrap_or(usize::MAX);
    match field {
        "emails" => match party.emails.get(index).map(|email| email.kind) {
            Some(EmailType::Invoicing) => "invoicing_email".to_owned(),
            _ => "email".to_owned(),
        },
        "telephones" => match party.telephones.get(index).map(|telephone| telephone.kind) {
            Some(TelephoneType::Mobile) => "mobile".to_owned(),
            _ => "telephone".to_owned(),
        },
        "addresses" => steps.next().unwrap_or("line_1").to_owned(),
        "payment_term" => "payment_term_days".to_owned(),
        "custom_fields" if !second.is_empty() => format!("custom_fields.{second}"),
        _ => first_part(&error.pointer).to_owned(),
    }
}
