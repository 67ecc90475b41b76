//! Rows of companies and contacts.

use super::random::Random;
use super::words::{Country, POSITIONS, REMARKS, SOURCES, TAGS, TRADES};
use super::{Account, boolean, company_key, contact_key, date};
use crate::domain::fold::fold;

pub const COMPANY_COLUMNS: &str = "external_id,name,vat_number,email,invoicing_email,telephone,website,line_1,\
    postal_code,city,country,language,preferred_currency,tags,remarks,custom_fields.employees,status";

pub const CONTACT_COLUMNS: &str = "external_id,first_name,last_name,salutation,gender,birthdate,status,email,\
    telephone,mobile,website,line_1,postal_code,city,country,language,vat_number,iban,remarks,tags,\
    marketing_mails_consent,custom_fields.customer_since,custom_fields.score,custom_fields.source,\
    company_external_id,position,decision_maker";

#[allow(clippy::unnecessary_wraps, reason = "the rows of all files are made alike")]
pub fn company(_: &Account, random: &mut Random, number: u64) -> Option<Vec<String>> {
    let home = Country::random(random);
    let name = format!("{} {} {}", random.pick(home.last_names), random.pick(&TRADES), random.pick(home.company_forms));
    let domain = format!("company{number}.example");
    Some(vec![
        company_key(number),
        name,
        random.sometimes(800, |_| format!("{}000{number:07}", home.code)),
        random.sometimes(900, |_| format!("info@{domain}")),
        random.sometimes(300, |_| format!("billing@{domain}")),
        telephone(random),
        format!("https://{domain}"),
        street(random, home),
        postal_code(random),
        random.pick(home.cities).to_owned(),
        home.code.to_owned(),
        home.language.to_owned(),
        random.pick(&["EUR", "EUR", "EUR", "USD", "GBP"]).to_owned(),
        tags(random),
        String::new(),
        random.pick(&["1", "10", "50", "250", "1000"]).to_owned(),
        status(random),
    ])
}

#[allow(clippy::unnecessary_wraps, reason = "the rows of all files are made alike")]
pub fn contact(account: &Account, random: &mut Random, number: u64) -> Option<Vec<String>> {
    let home = Country::random(random);
    let first_name = random.sometimes(970, |random| random.pick(home.first_names).to_owned());
    let last_name = random.pick(home.last_names).to_owned();
    let mail = format!("{}.{}{number}@{}.example", letters(&first_name), letters(&last_name), random.pick(&TRADES));
    let employed = account.companies() > 0 && random.permille(600);
    Some(vec![
        contact_key(number),
        first_name,
        last_name,
        random.sometimes(500, |random| random.pick(&["Dr", "Prof"]).to_owned()),
        random.sometimes(920, |random| random.pick(&["female", "male", "non_binary", "unknown"]).to_owned()),
        random.sometimes(500, |random| date(random, 1940, 2005)),
        status(random),
        random.sometimes(850, |_| mail.to_lowercase()),
        random.sometimes(500, telephone),
        random.sometimes(600, telephone),
        String::new(),
        random.sometimes(700, |random| street(random, home)),
        random.sometimes(700, postal_code),
        random.sometimes(800, |random| random.pick(home.cities).to_owned()),
        home.code.to_owned(),
        home.language.to_owned(),
        String::new(),
        String::new(),
        random.sometimes(50, |random| random.pick(&REMARKS).to_owned()),
        tags(random),
        random.sometimes(660, |random| boolean(random.permille(500))),
        random.sometimes(400, |random| date(random, 2001, 2026)),
        random.sometimes(700, |random| random.below(100).to_string()),
        random.sometimes(600, |random| random.pick(&SOURCES).to_owned()),
        if employed { company_key(random.between(1, account.companies())) } else { String::new() },
        if employed { random.pick(&POSITIONS).to_owned() } else { String::new() },
        if employed { boolean(random.permille(500)) } else { String::new() },
    ])
}

/// The plain letters of a name, as they stand in an address.
fn letters(name: &str) -> String {
    fold(name).chars().filter(char::is_ascii_alphanumeric).collect()
}

/// No country has the code 999.
fn telephone(random: &mut Random) -> String {
    format!("+999 {:09}", random.below(1_000_000_000))
}

fn street(random: &mut Random, home: &Country) -> String {
    format!("{} {}", random.pick(home.streets), random.between(1, 250))
}

fn postal_code(random: &mut Random) -> String {
    random.between(1_000, 99_999).to_string()
}

fn tags(random: &mut Random) -> String {
    let count = random.below(4);
    (0..count).map(|_| random.pick(&TAGS)).collect::<Vec<_>>().join("|")
}

fn status(random: &mut Random) -> String {
    if random.permille(930) { "active".to_owned() } else { "deactivated".to_owned() }
}
