//! Random contacts, companies and what is linked to them: stored in a database, and as plain records.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Map, Value, json};
use sweep::domain::actor::AccountId;
use sweep::domain::company::{Company, CompanyInput};
use sweep::domain::contact::{CompanyLinkInput, Contact, ContactInput};
use sweep::repository::db::{Db, Tx};
use sweep::repository::schema::{companies, contacts};
use sweep::repository::{companies as company_rows, contacts as contact_rows, links};
use uuid::Uuid;

use super::evaluator::{Record, Texts};
use super::linked::Linker;
use crate::harness::{ACCOUNT, OTHER_ACCOUNT, TestDatabase};

/// When the rules are evaluated.
pub const NOW: &str = "2024-03-01T12:00:00Z";

pub const TEXTS: &[&str] = &[
    "Liège",
    "liege",
    "LIÈGE-Guillemins",
    "straße",
    "Strasse",
    "a%b",
    "a_b",
    "axb",
    "100%",
    "\\",
    "a\\b",
    "a\\%b",
    "İstanbul",
    "istanbul",
    "ﬁnley",
    "Finley",
    "Łukasz",
    "lukasz",
    "𝕱𝖗𝖆𝖐",
    "frak",
    "山田",
    "山田太郎",
    "O'Brien",
    "x\ny",
    "é",
    "e\u{301}t",
    "\u{301}",
    "%",
    "_",
    "\"quoted\"",
    "null",
    "true",
    "42",
    "van de Berg",
    "a, b",
    "{a}",
    "$1",
];
pub const EMAILS: &[&str] = &[
    "Ann@Example.com",
    "ann@example.com",
    "info@corp.example",
    "INFO@CORP.Example",
    "a%b@corp.example",
    "a_b@corp.example",
    "é@exämple.com",
];
pub const TELEPHONES: &[&str] = &["+32 2 123 45 67", "0475/12.34.56", "１２３", "123", "100%", "x\ny"];
pub const TAGS: &[&str] = &["VIP", "vip", "Customer", "lost", "é", "a%b", "山田"];
pub const DAYS: &[&str] =
    &["2024-03-01", "2024-02-29", "2024-02-28", "2024-01-31", "2024-03-02", "1959-12-31", "1960-01-01", "2030-01-01"];
pub const INSTANTS: &[&str] = &[
    "2024-03-01T00:00:00Z",
    "2024-02-29T23:59:59.999999Z",
    "2024-02-29T00:00:00Z",
    "2024-03-01T11:00:00.5Z",
    "2024-01-31T12:00:00Z",
    "2024-03-02T00:00:00Z",
    "2023-03-01T12:00:00Z",
    "2024-03-01T01:30:00+02:00",
];
pub const CUSTOM_KEYS: &[&str] = &["a", "score", "since_1"];

/// Two that index keys cannot tell apart: one sign of them folds to 33 bytes.
pub fn long_texts() -> [String; 2] {
    ["", "x"].map(|end| format!("{}{end}", "\u{fdfa}".repeat(40)))
}

pub fn custom_values() -> Vec<Value> {
    let numbers = ["0", "1", "1.0", "-1.5", "80", "80.5", "0.1", "123456789012345", "2024", "0.0000000001"];
    let mut values: Vec<Value> = numbers.iter().map(|number| serde_json::from_str(number).unwrap()).collect();
    values.extend([json!(true), json!(false), json!("")]);
    let days = ["2023-02-29", "2024-2-28", "２０２４-02-28", "2024-02-28T00:00:00Z", "2024-13-01", "0000-01-01"];
    let leap_days = ["1900-02-29", "2000-02-29", "2100-02-28", "2024-04-31", "2024-04-30", "2024-00-10", "9999-12-31"];
    values.extend(days.iter().chain(&leap_days).chain(DAYS).chain(&TEXTS[..20]).map(|text| json!(text)));
    values
}

/// A small source of chance that a seed repeats.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    pub fn pick<'a, T>(&mut self, pool: &'a [T]) -> &'a T {
        &pool[self.roll(pool.len())]
    }

    pub fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(5) > 1).then(|| make(self))
    }

    fn text(&mut self) -> Option<String> {
        self.maybe(|dice| if dice.roll(30) == 0 { "\u{fdfa}".repeat(40) } else { (*dice.pick(TEXTS)).to_owned() })
    }

    fn some_of(&mut self, pool: &[&str]) -> Vec<String> {
        (0..self.roll(4)).map(|_| (*self.pick(pool)).to_owned()).collect()
    }
}

/// What was stored: the live records by id.
pub struct Records {
    pub contacts: BTreeMap<Uuid, Record>,
    pub companies: BTreeMap<Uuid, Record>,
}

pub fn account() -> AccountId {
    AccountId(ACCOUNT.parse().unwrap())
}

/// Fills an empty database.
pub fn fill(database: &TestDatabase, db: &Db, dice: &mut Dice) -> Records {
    let contact_inputs: Vec<Value> = (0..150).map(|_| contact(dice)).collect();
    let company_inputs: Vec<Value> = (0..70).map(|_| company(dice)).collect();
    let pairs: BTreeSet<(usize, usize)> = (0..150).map(|_| (dice.roll(150), dice.roll(70))).collect();
    let (contact_ids, company_ids) = store(db, &contact_inputs, &company_inputs, &pairs);

    let sql = &mut database.connect();
    let mut all_contacts = stamp(sql, "contacts", &contact_ids, contact_inputs, dice);
    let mut all_companies = stamp(sql, "companies", &company_ids, company_inputs, dice);
    let binned: BTreeSet<Uuid> =
        contact_ids.iter().chain(&company_ids).copied().filter(|_| dice.roll(6) == 0).collect();
    put_in_bin(sql, &binned);
    for (contact, company) in pairs {
        let (contact, company) = (contact_ids[contact], company_ids[company]);
        if !binned.contains(&company) {
            let texts = all_companies[&company].texts.clone();
            let record = all_contacts.get_mut(&contact).unwrap();
            record.companies.push(texts);
            *record.links.entry("companies".to_owned()).or_default() += 1;
        }
        if !binned.contains(&contact) {
            *all_companies.get_mut(&company).unwrap().links.entry("contacts".to_owned()).or_default() += 1;
        }
    }
    let mut linker = Linker { sql, dice, contact_ids: &contact_ids, company_ids: &company_ids };
    for (kind, linked) in linker.link_everything() {
        for id in linked {
            let record = all_contacts.get_mut(&id).or_else(|| all_companies.get_mut(&id)).unwrap();
            *record.links.entry(kind.to_owned()).or_default() += 1;
        }
    }
    double_in_other_account(sql);
    all_contacts.retain(|id, _| !binned.contains(id));
    all_companies.retain(|id, _| !binned.contains(id));
    Records { contacts: all_contacts, companies: all_companies }
}

fn reach(dice: &mut Dice) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| fields.insert(name.to_owned(), value));
    for name in ["website", "vat_number", "iban", "bic", "remarks"] {
        put(name, dice.text().map(Value::from));
    }
    put("status", Some(json!(dice.pick(&["active", "deactivated"]))));
    put("language", dice.maybe(|dice| json!(dice.pick(&["nl", "fr", "de"]))));
    put("marketing_mails_consent", dice.maybe(|dice| json!(dice.roll(2) == 0)));
    put(
        "payment_term",
        dice.maybe(|dice| match dice.roll(3) {
            0 => json!({"type": "cash"}),
            1 => json!({"type": "end_of_month", "days": 30}),
            _ => json!({"type": "after_invoice_date", "days": dice.pick(&[0, 14, 30])}),
        }),
    );
    let emails: Vec<Value> =
        dice.some_of(EMAILS).iter().map(|email| json!({"type": "primary", "email": email})).collect();
    put("emails", Some(json!(emails)));
    let telephones: Vec<Value> =
        dice.some_of(TELEPHONES).iter().map(|number| json!({"type": "phone", "number": number})).collect();
    put("telephones", Some(json!(telephones)));
    let mut addresses = vec![json!({"type": "delivery", "city": dice.pick(TEXTS), "country": "FR"})];
    if dice.roll(4) > 0 {
        let country = dice.maybe(|dice| *dice.pick(&["NL", "BE", "GB"]));
        addresses.push(json!({"type": "primary", "line_1": dice.text(), "postal_code": dice.text(),
            "city": dice.text(), "country": country}));
    }
    put("addresses", Some(json!(addresses)));
    put("tags", Some(json!(dice.some_of(TAGS))));
    let values = custom_values();
    let custom: Map<String, Value> = CUSTOM_KEYS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), dice.maybe(|dice| dice.pick(&values).clone())?)))
        .collect();
    put("custom_fields", Some(Value::Object(custom)));
    fields
}

fn contact(dice: &mut Dice) -> Value {
    let mut fields = reach(dice);
    fields.insert("last_name".to_owned(), json!(dice.pick(TEXTS)));
    for name in ["first_name", "salutation"] {
        if let Some(text) = dice.text() {
            fields.insert(name.to_owned(), json!(text));
        }
    }
    let gender = dice.maybe(|dice| *dice.pick(&["female", "male", "unknown"]));
    fields.insert("gender".to_owned(), json!(gender));
    fields.insert("birthdate".to_owned(), json!(dice.maybe(|dice| *dice.pick(DAYS))));
    Value::Object(fields)
}

fn company(dice: &mut Dice) -> Value {
    let mut fields = reach(dice);
    fields.insert("name".to_owned(), json!(dice.pick(TEXTS)));
    let currency = dice.maybe(|dice| *dice.pick(&["EUR", "USD"]));
    fields.insert("preferred_currency".to_owned(), json!(currency));
    Value::Object(fields)
}

/// The records go in through the service's own writes: what they keep beside the record is tested too.
fn store(db: &Db, contacts: &[Value], companies: &[Value], pairs: &BTreeSet<(usize, usize)>) -> (Vec<Uuid>, Vec<Uuid>) {
    let contacts: Vec<Contact> = contacts
        .iter()
        .map(|input| serde_json::from_value::<ContactInput>(input.clone()).unwrap().validate().unwrap())
        .collect();
    let companies: Vec<Company> = companies
        .iter()
        .map(|input| serde_json::from_value::<CompanyInput>(input.clone()).unwrap().validate().unwrap())
        .collect();
    let pairs = pairs.clone();
    let work = move |tx: &mut Tx| {
        let mut contact_ids = Vec::new();
        for contact in &contacts {
            contact_ids.push(contact_rows::insert(tx, contact.clone())?.id);
        }
        let mut company_ids = Vec::new();
        for company in &companies {
            company_ids.push(company_rows::insert(tx, company.clone())?.id);
        }
        for (contact, company) in &pairs {
            links::put_company_link(tx, contact_ids[*contact], company_ids[*company], &CompanyLinkInput::default())?;
        }
        Ok((contact_ids, company_ids))
    };
    actix_web::rt::System::new().block_on(db.write(account(), work)).unwrap()
}

/// Gives the records times of their own.
fn stamp(
    sql: &mut PgConnection,
    table: &str,
    ids: &[Uuid],
    inputs: Vec<Value>,
    dice: &mut Dice,
) -> BTreeMap<Uuid, Record> {
    let mut records = BTreeMap::new();
    for (id, input) in ids.iter().zip(inputs) {
        let (added_at, updated_at) = (*dice.pick(INSTANTS), *dice.pick(INSTANTS));
        sql.batch_execute(&format!(
            "UPDATE {table} SET added_at = '{added_at}', updated_at = '{updated_at}' WHERE id = '{id}'"
        ))
        .unwrap();
        let mut record = record(&input);
        record.added_at = DateTime::parse_from_rfc3339(added_at).unwrap().to_utc();
        record.updated_at = DateTime::parse_from_rfc3339(updated_at).unwrap().to_utc();
        records.insert(*id, record);
    }
    records
}

/// The plain record that the input describes.
fn record(input: &Value) -> Record {
    let words = |value: &Value| value.as_str().map(str::to_owned);
    let all_of = |list: &str, member: &str| -> Vec<String> {
        input[list].as_array().unwrap().iter().filter_map(|entry| words(&entry[member])).collect()
    };
    let primary = input["addresses"].as_array().unwrap().iter().find(|address| address["type"] == "primary");
    let primary = primary.cloned().unwrap_or_default();
    let name = match (words(&input["name"]), words(&input["first_name"]), words(&input["last_name"])) {
        (Some(name), ..) => name,
        (None, Some(first), Some(last)) => format!("{first} {last}"),
        (None, _, last) => last.unwrap(),
    };
    let mut texts = Texts::new();
    let names = ["first_name", "last_name", "salutation", "website", "vat_number", "iban", "bic", "remarks"];
    texts.extend(names.map(|field| (field.to_owned(), words(&input[field]).into_iter().collect())));
    texts.extend(
        ["line_1", "postal_code", "city"].map(|field| (field.to_owned(), words(&primary[field]).into_iter().collect())),
    );
    texts.insert("name".to_owned(), vec![name]);
    texts.insert("email".to_owned(), all_of("emails", "email"));
    texts.insert("telephone".to_owned(), all_of("telephones", "number"));
    let choices = ["status", "gender", "language", "preferred_currency"]
        .into_iter()
        .map(|field| (field, words(&input[field])))
        .chain([("country", words(&primary["country"])), ("payment_term.type", words(&input["payment_term"]["type"]))]);
    Record {
        texts,
        choices: choices.filter_map(|(field, choice)| Some((field.to_owned(), choice?))).collect(),
        payment_days: input["payment_term"]["days"].as_i64().map(|days| i32::try_from(days).unwrap()),
        birthdate: words(&input["birthdate"]).map(|date| date.parse::<NaiveDate>().unwrap()),
        consent: input["marketing_mails_consent"].as_bool(),
        tags: input["tags"].as_array().unwrap().iter().filter_map(words).collect(),
        custom_fields: input["custom_fields"].as_object().unwrap().clone().into_iter().collect(),
        ..Record::default()
    }
}

fn put_in_bin(sql: &mut PgConnection, ids: &BTreeSet<Uuid>) {
    let (deleted_at, purge_at) = (now(), now() + chrono::Days::new(30));
    diesel::update(contacts::table.filter(contacts::id.eq_any(ids)))
        .set((
            contacts::deleted_at.eq(deleted_at),
            contacts::deletion_id.eq(Uuid::nil()),
            contacts::purge_at.eq(purge_at),
        ))
        .execute(sql)
        .unwrap();
    diesel::update(companies::table.filter(companies::id.eq_any(ids)))
        .set((
            companies::deleted_at.eq(deleted_at),
            companies::deletion_id.eq(Uuid::nil()),
            companies::purge_at.eq(purge_at),
        ))
        .execute(sql)
        .unwrap();
}

/// The same ids in another account, all of them with a deal: none of it may be seen from the first.
fn double_in_other_account(sql: &mut PgConnection) {
    for table in ["companies", "contacts", "contact_companies"] {
        sql.batch_execute(&format!(
            "INSERT INTO {table} SELECT (jsonb_populate_record(original, '{{\"account_id\": \"{OTHER_ACCOUNT}\"}}')).* \
             FROM {table} AS original"
        ))
        .unwrap();
    }
    sql.batch_execute(&format!(
        "INSERT INTO deals (account_id, id, title, status, customer_contact_id, created_at, updated_at, version, search_text) \
         SELECT account_id, id, 'theirs', 'new', id, '{NOW}', '{NOW}', 1, 'theirs' FROM contacts \
         WHERE account_id = '{OTHER_ACCOUNT}'"
    ))
    .unwrap();
}

pub fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(NOW).unwrap().to_utc()
}
