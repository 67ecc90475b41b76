//! A contact: a person, possibly linked to several companies.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Result;
use super::party::{
    Address, CustomFields, CustomValueSchema, Email, EmailType, NAME_LENGTH, Party, PaymentTerm, Profile, SearchKeys,
    Status, Telephone,
};
use super::validation::Checks;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    Female,
    Male,
    NonBinary,
    PrefersNotToSay,
    Unknown,
}

/// What a caller may write of a contact.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"first_name": "Ann", "last_name": "Peeters",
    "emails": [{"type": "primary", "email": "ann@example.com"}],
    "addresses": [{"type": "primary", "city": "Ghent", "country": "BE"}], "tags": ["newsletter"],
    "custom_fields": {"score": 81}}))]
pub struct ContactInput {
    /// To 255 characters; unique among the live contacts of the account.
    pub external_id: Option<String>,
    /// To 255 characters.
    pub first_name: Option<String>,
    /// Required, 1 to 255 characters.
    #[schema(required = true)]
    pub last_name: String,
    pub salutation: Option<String>,
    pub gender: Option<Gender>,
    /// A date: 1980-05-17.
    #[serde(deserialize_with = "super::contact::date_or_null")]
    pub birthdate: Option<NaiveDate>,
    pub status: Status,
    /// Of type `primary`.
    pub emails: Vec<Email>,
    pub telephones: Vec<Telephone>,
    pub addresses: Vec<Address>,
    pub website: Option<String>,
    pub vat_number: Option<String>,
    pub iban: Option<String>,
    pub bic: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    pub payment_term: Option<PaymentTerm>,
    /// To 65,535 characters.
    pub remarks: Option<String>,
    /// At most 50, each to 100 characters.
    pub tags: Vec<String>,
    /// At most 100; keys of a-z, 0-9 and _.
    #[schema(value_type = BTreeMap<String, CustomValueSchema>)]
    pub custom_fields: CustomFields,
    pub marketing_mails_consent: Option<bool>,
}

/// A valid contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contact {
    pub first_name: Option<String>,
    pub last_name: String,
    pub gender: Option<Gender>,
    pub birthdate: Option<NaiveDate>,
    pub party: Party,
}

/// A contact's place in a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CompanyLink {
    pub company_id: Uuid,
    pub position: Option<String>,
    pub division: Option<String>,
    pub decision_maker: bool,
}

/// What a caller may write of a contact's place in a company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"position": "CFO", "division": "Finance", "decision_maker": true}))]
pub struct CompanyLinkInput {
    pub position: Option<String>,
    pub division: Option<String>,
    pub decision_maker: bool,
}

impl ContactInput {
    /// # Errors
    /// `Invalid` names every wrong field.
    pub fn validate(self) -> Result<Contact> {
        let mut contact = Contact {
            first_name: self.first_name,
            last_name: self.last_name,
            gender: self.gender,
            birthdate: self.birthdate,
            party: Party {
                external_id: self.external_id,
                status: self.status,
                emails: self.emails,
                telephones: self.telephones,
                addresses: self.addresses,
                profile: Profile {
                    salutation: self.salutation,
                    website: self.website,
                    vat_number: self.vat_number,
                    iban: self.iban,
                    bic: self.bic,
                    language: self.language,
                    payment_term: self.payment_term,
                    remarks: self.remarks,
                    preferred_currency: None,
                },
                tags: self.tags,
                custom_fields: self.custom_fields,
                marketing_mails_consent: self.marketing_mails_consent,
            },
        };
        contact.check()?;
        Ok(contact)
    }
}

impl From<Contact> for ContactInput {
    fn from(contact: Contact) -> Self {
        let Contact { first_name, last_name, gender, birthdate, party } = contact;
        let profile = party.profile;
        Self {
            external_id: party.external_id,
            first_name,
            last_name,
            salutation: profile.salutation,
            gender,
            birthdate,
            status: party.status,
            emails: party.emails,
            telephones: party.telephones,
            addresses: party.addresses,
            website: profile.website,
            vat_number: profile.vat_number,
            iban: profile.iban,
            bic: profile.bic,
            language: profile.language,
            payment_term: profile.payment_term,
            remarks: profile.remarks,
            tags: party.tags,
            custom_fields: party.custom_fields,
            marketing_mails_consent: party.marketing_mails_consent,
        }
    }
}

impl Contact {
    /// Trims, normalises and checks every field.
    ///
    /// # Errors
    /// `Invalid` names every wrong field.
    pub fn check(&mut self) -> Result<()> {
        let mut checks = Checks::default();
        checks.optional_text("/first_name", &mut self.first_name, NAME_LENGTH);
        checks.required_text("/last_name", &mut self.last_name, NAME_LENGTH);
        for (index, email) in self.party.emails.iter().enumerate() {
            if email.kind != EmailType::Primary {
                checks.fail(format!("/emails/{index}/type"), "a contact's e-mail addresses are of type primary");
            }
        }
        self.party.check(&mut checks);
        checks.finish()
    }

    pub fn name(&self) -> String {
        full_name(self.first_name.as_deref(), &self.last_name)
    }

    pub fn search_keys(&self) -> SearchKeys {
        let first_name = self.first_name.as_deref();
        self.party.search_keys(
            &self.name(),
            &[&self.last_name, first_name.unwrap_or_default()],
            &[("first_name", first_name), ("last_name", Some(&self.last_name))],
        )
    }
}

pub fn full_name(first_name: Option<&str>, last_name: &str) -> String {
    format!("{} {last_name}", first_name.unwrap_or_default()).trim().to_owned()
}

impl From<CompanyLink> for CompanyLinkInput {
    fn from(link: CompanyLink) -> Self {
        Self { position: link.position, division: link.division, decision_maker: link.decision_maker }
    }
}

impl CompanyLinkInput {
    /// # Errors
    /// `Invalid` names every wrong field.
    pub fn validate(mut self) -> Result<Self> {
        let mut checks = Checks::default();
        checks.optional_text("/position", &mut self.position, NAME_LENGTH);
        checks.optional_text("/division", &mut self.division, NAME_LENGTH);
        checks.finish()?;
        Ok(self)
    }
}

/// A date in the form 2026-11-24 and no other, or null.
pub(super) fn date_or_null<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<NaiveDate>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    super::validation::parse_date(&text)
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom("must be a date such as 1980-05-17"))
}
