//! What contacts and companies have in common: ways to reach them, details, tags, custom fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::fold::{fold, fold_key};
use super::validation::{Checks, escape_pointer};

pub const NAME_LENGTH: usize = 255;
pub const REMARKS_LENGTH: usize = 65_535;
const DETAIL_LENGTH: usize = 255;
const MAX_ENTRIES: usize = 50;
/// Most tags that a record can have.
pub const MAX_TAGS: usize = 50;
const MAX_CUSTOM_FIELDS: usize = 100;
const CUSTOM_TEXT_LENGTH: usize = 4_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Active,
    Deactivated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailType {
    Primary,
    /// Companies only.
    Invoicing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    #[serde(rename = "type")]
    pub kind: EmailType,
    #[schema(example = "ann@example.com")]
    pub email: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TelephoneType {
    Phone,
    /// Contacts only.
    Mobile,
    Fax,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Telephone {
    #[serde(rename = "type")]
    pub kind: TelephoneType,
    #[schema(example = "+32 2 123 45 67")]
    pub number: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressType {
    Primary,
    Invoicing,
    Delivery,
    Visiting,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    #[serde(rename = "type")]
    pub kind: AddressType,
    #[serde(default)]
    #[schema(example = "Dok Noord 3A")]
    pub line_1: Option<String>,
    #[serde(default)]
    #[schema(example = "9000")]
    pub postal_code: Option<String>,
    #[serde(default)]
    #[schema(example = "Ghent")]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(example = "BE")]
    pub country: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentTermType {
    Cash,
    EndOfMonth,
    AfterInvoiceDate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentTerm {
    #[serde(rename = "type")]
    pub kind: PaymentTermType,
    /// 0 to 3,650; may be left out for `cash`.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: Option<i32>,
}

/// Text to 4,000 characters, a number or a boolean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CustomValue {
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
}

/// How [`CustomValue`] shows in the API document: text to 4,000 characters, a number or a boolean.
#[derive(ToSchema)]
#[schema(as = CustomValue)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes CustomValue, whose number type has no schema of its own")]
pub enum CustomValueSchema {
    Bool(bool),
    Number(f64),
    Text(String),
}

pub type CustomFields = BTreeMap<String, CustomValue>;

/// Plain details that lists neither sort nor filter by themselves; stored together in one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salutation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iban: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_term: Option<PaymentTerm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
}

/// The shared part of a contact and a company.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Party {
    pub external_id: Option<String>,
    pub status: Status,
    pub emails: Vec<Email>,
    pub telephones: Vec<Telephone>,
    pub addresses: Vec<Address>,
    pub profile: Profile,
    pub tags: Vec<String>,
    pub custom_fields: CustomFields,
    pub marketing_mails_consent: Option<bool>,
}

impl Party {
    /// Trims, normalises and checks; pointers are those of the request.
    pub fn check(&mut self, checks: &mut Checks) {
        checks.optional_text("/external_id", &mut self.external_id, 255);
        let profile = &mut self.profile;
        checks.optional_text("/salutation", &mut profile.salutation, DETAIL_LENGTH);
        checks.optional_text("/website", &mut profile.website, 2_000);
        checks.optional_text("/vat_number", &mut profile.vat_number, DETAIL_LENGTH);
        checks.optional_text("/iban", &mut profile.iban, DETAIL_LENGTH);
        checks.optional_text("/bic", &mut profile.bic, DETAIL_LENGTH);
        checks.language("/language", &mut profile.language);
        checks.currency("/preferred_currency", &mut profile.preferred_currency);
        checks.optional_text("/remarks", &mut profile.remarks, REMARKS_LENGTH);
        if let Some(term) = &profile.payment_term {
            let cash = term.kind == PaymentTermType::Cash;
            if term.days.is_none() && !cash || term.days.is_some_and(|days| !(0..=3650).contains(&days)) {
                checks.fail("/payment_term/days", "must be a whole number of days from 0 to 3650");
            }
        }
        self.check_reach(checks);
        check_tags(&mut self.tags, checks);
        self.check_custom_fields(checks);
    }

    fn check_reach(&mut self, checks: &mut Checks) {
        checks.count("/emails", self.emails.len(), MAX_ENTRIES);
        for (index, email) in self.emails.iter_mut().enumerate() {
            checks.email(&format!("/emails/{index}/email"), &mut email.email);
        }
        checks.count("/telephones", self.telephones.len(), MAX_ENTRIES);
        for (index, telephone) in self.telephones.iter_mut().enumerate() {
            checks.required_text(&format!("/telephones/{index}/number"), &mut telephone.number, DETAIL_LENGTH);
        }
        checks.count("/addresses", self.addresses.len(), MAX_ENTRIES);
        for (index, address) in self.addresses.iter_mut().enumerate() {
            checks.optional_text(&format!("/addresses/{index}/line_1"), &mut address.line_1, DETAIL_LENGTH);
            checks.optional_text(&format!("/addresses/{index}/postal_code"), &mut address.postal_code, DETAIL_LENGTH);
            checks.optional_text(&format!("/addresses/{index}/city"), &mut address.city, DETAIL_LENGTH);
            checks.country(&format!("/addresses/{index}/country"), &mut address.country);
        }
        let primary = self.addresses.iter().filter(|address| address.kind == AddressType::Primary).count();
        if primary > 1 {
            checks.fail("/addresses", "must have at most one address of type primary");
        }
    }

    fn check_custom_fields(&mut self, checks: &mut Checks) {
        checks.count("/custom_fields", self.custom_fields.len(), MAX_CUSTOM_FIELDS);
        for (key, value) in &self.custom_fields {
            let pointer = format!("/custom_fields/{}", escape_pointer(key));
            if !is_custom_key(key) {
                checks.fail(&pointer, "a key must be 1 to 64 of a-z, 0-9 and _");
            }
            match value {
                CustomValue::Text(text) => checks.length(&pointer, text, CUSTOM_TEXT_LENGTH),
                CustomValue::Number(number) if !number_fits(number) => {
                    checks.fail(&pointer, "must be a number between -1e15 and 1e15");
                }
                _ => {}
            }
        }
    }

    pub fn primary_address(&self) -> Option<&Address> {
        self.addresses.iter().find(|address| address.kind == AddressType::Primary)
    }

    /// The folded columns; `name` is shown, `sort_by` its parts in sort order, `folded_extra` further texts by field.
    pub fn search_keys(&self, name: &str, sort_by: &[&str], folded_extra: &[(&str, Option<&str>)]) -> SearchKeys {
        let address = self.primary_address();
        let city = address.and_then(|address| address.city.as_deref());
        let telephones: Vec<String> = self.telephones.iter().map(|telephone| fold(&telephone.number)).collect();
        let email_keys: Vec<String> = self.emails.iter().map(|email| fold(&email.email)).collect();
        let profile = &self.profile;
        let mut folded = Map::new();
        let texts = [
            ("name", Some(name)),
            ("salutation", profile.salutation.as_deref()),
            ("website", profile.website.as_deref()),
            ("vat_number", profile.vat_number.as_deref()),
            ("iban", profile.iban.as_deref()),
            ("bic", profile.bic.as_deref()),
            ("remarks", profile.remarks.as_deref()),
            ("line_1", address.and_then(|address| address.line_1.as_deref())),
            ("postal_code", address.and_then(|address| address.postal_code.as_deref())),
            ("city", city),
        ];
        for (field, text) in texts.iter().chain(folded_extra) {
            if let Some(text) = text {
                folded.insert((*field).to_owned(), json!(fold(text)));
            }
        }
        if !telephones.is_empty() {
            folded.insert("telephone".to_owned(), json!(telephones));
        }
        let custom = folded_custom_fields(&self.custom_fields);
        if !custom.is_empty() {
            folded.insert("custom_fields".to_owned(), Value::Object(custom));
        }
        let sort_parts: Vec<String> = sort_by.iter().map(|part| fold(part)).collect();
        let mut search: Vec<String> = vec![fold(name)];
        search.extend(email_keys.iter().cloned());
        search.extend(telephones);
        SearchKeys {
            sort_name: fold_key(&sort_parts.join("\u{1}")),
            search_text: search.join("\n"),
            tag_keys: self.tags.iter().map(|tag| fold(tag)).collect(),
            city_key: city.map(|city| fold_key(&fold(city))),
            country: address.and_then(|address| address.country.clone()),
            email_keys,
            folded: Value::Object(folded),
        }
    }
}

/// Trims and checks tags; doubles (compared folded) are dropped, the first spelling stays.
pub fn check_tags(tags: &mut Vec<String>, checks: &mut Checks) {
    for (index, tag) in tags.iter_mut().enumerate() {
        checks.required_text(&format!("/tags/{index}"), tag, 100);
    }
    let mut seen = std::collections::BTreeSet::new();
    tags.retain(|tag| seen.insert(fold(tag)));
    checks.count("/tags", tags.len(), MAX_TAGS);
}

/// What is stored beside a record so that it can be searched and sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchKeys {
    pub sort_name: String,
    /// Name, e-mails and telephones, a line each.
    pub search_text: String,
    pub email_keys: Vec<String>,
    pub tag_keys: Vec<String>,
    pub city_key: Option<String>,
    pub country: Option<String>,
    pub folded: Value,
}

/// The texts among the custom fields, folded, by key.
fn folded_custom_fields(fields: &CustomFields) -> Map<String, Value> {
    fields
        .iter()
        .filter_map(|(key, value)| match value {
            CustomValue::Text(text) => Some((key.clone(), json!(fold(text)))),
            _ => None,
        })
        .collect()
}

/// `[a-z0-9_]{1,64}`
pub fn is_custom_key(key: &str) -> bool {
    (1..=64).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn number_fits(number: &serde_json::Number) -> bool {
    number.as_f64().is_some_and(|number| number.abs() <= 1e15)
}
