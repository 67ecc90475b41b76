//! Rows of what is linked to companies and contacts. For each contact the dice say of every kind whether there is one;
//! most lead to that contact, some to a company.

use super::random::Random;
use super::{Account, company_key, contact_key, date};

pub const DEAL_COLUMNS: &str = "external_id,title,reference,status,customer_type,customer_external_id,\
    contact_person_external_id,estimated_value_amount,estimated_value_currency";

pub const INVOICE_COLUMNS: &str = "external_id,invoice_number,status,invoice_date,customer_type,\
    customer_external_id,attention_contact_external_id,total_amount,total_currency";

pub const PROJECT_COLUMNS: &str = "external_id,title,status,customers";

pub const TIME_TRACKING_COLUMNS: &str =
    "external_id,description,started_at,duration_seconds,subject_type,subject_external_id";

/// A linked record's customer, and the contact at that customer when it is a company.
struct Parties {
    kind: &'static str,
    customer: String,
    person: String,
}

/// With `direct` of 1,000 contacts as customer, with `person` as the contact at a customer that is a company.
fn parties(account: &Account, random: &mut Random, contact: u64, direct: u64, person: u64) -> Option<Parties> {
    let dice = random.below(1_000);
    if dice < direct {
        return Some(Parties { kind: "contact", customer: contact_key(contact), person: String::new() });
    }
    if dice >= direct + 2 * person || account.companies() == 0 {
        return None;
    }
    let customer = company_key(random.between(1, account.companies()));
    let person = if dice < direct + person { contact_key(contact) } else { String::new() };
    Some(Parties { kind: "company", customer, person })
}

pub fn deal(account: &Account, random: &mut Random, number: u64) -> Option<Vec<String>> {
    let Parties { kind, customer, person } = parties(account, random, number, 28, 5)?;
    Some(vec![
        format!("D-{number:06}"),
        format!("Offer {number}"),
        format!("2026/{number}"),
        random.pick(&["new", "open", "won", "lost"]).to_owned(),
        kind.to_owned(),
        customer,
        person,
        amount(random),
        "EUR".to_owned(),
    ])
}

pub fn invoice(account: &Account, random: &mut Random, number: u64) -> Option<Vec<String>> {
    let Parties { kind, customer, person } = parties(account, random, number, 26, 6)?;
    let status = random.pick(&["draft", "outstanding", "matched"]);
    Some(vec![
        format!("I-{number:06}"),
        if status == "draft" { String::new() } else { format!("2026/{number}") },
        status.to_owned(),
        date(random, 2023, 2026),
        kind.to_owned(),
        customer,
        person,
        amount(random),
        "EUR".to_owned(),
    ])
}

pub fn project(account: &Account, random: &mut Random, number: u64) -> Option<Vec<String>> {
    if !random.permille(30) {
        return None;
    }
    let mut customers = format!("contact:{}", contact_key(number));
    if account.companies() > 0 && random.permille(200) {
        customers.push_str("|company:");
        customers.push_str(&company_key(random.between(1, account.companies())));
    }
    let status = random.pick(&["open", "closed"]).to_owned();
    Some(vec![format!("P-{number:06}"), format!("Project {number}"), status, customers])
}

pub fn time_tracking(account: &Account, random: &mut Random, number: u64) -> Option<Vec<String>> {
    let Parties { kind, customer, .. } = parties(account, random, number, 24, 1)?;
    Some(vec![
        format!("T-{number:06}"),
        random.pick(&["call", "meeting", "support", "travel"]).to_owned(),
        format!("{}T{:02}:00:00Z", date(random, 2024, 2026), random.between(7, 19)),
        random.pick(&["900", "1800", "3600", "7200"]).to_owned(),
        kind.to_owned(),
        customer,
    ])
}

fn amount(random: &mut Random) -> String {
    let cents = random.between(10_000, 5_000_000);
    format!("{}.{:02}", cents / 100, cents % 100)
}
