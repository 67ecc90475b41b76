//! A company.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Result;
use super::party::{
    Address, CustomFields, CustomValueSchema, Email, NAME_LENGTH, Party, PaymentTerm, Profile, SearchKeys, Status,
    Telephone, TelephoneType,
};
use super::validation::Checks;

/// What a caller may write of a company.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"name": "Peeters & Zonen", "vat_number": "BE0123456789",
    "emails": [{"type": "invoicing", "email": "billing@peeters.example"}],
    "addresses": [{"type": "primary", "city": "Ghent", "country": "BE"}], "tags": ["customer"]}))]
pub struct CompanyInput {
    /// To 255 characters; unique among the live companies of the account.
    pub external_id: Option<String>,
    /// Required, 1 to 255 characters.
    #[schema(required = true)]
    pub name: String,
    pub status: Status,
    /// Of type `primary` or `invoicing`.
    pub emails: Vec<Email>,
    /// Of type `phone` or `fax`.
    pub telephones: Vec<Telephone>,
    pub addresses: Vec<Address>,
    pub website: Option<String>,
    pub vat_number: Option<String>,
    pub iban: Option<String>,
    pub bic: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// ISO 4217.
    pub preferred_currency: Option<String>,
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

/// A valid company.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Company {
    pub name: String,
    pub party: Party,
}

impl CompanyInput {
    /// # Errors
    /// `Invalid` names every wrong field.
    pub fn validate(self) -> Result<Company> {
        let mut company = Company {
            name: self.name,
            party: Party {
                external_id: self.external_id,
                status: self.status,
                emails: self.emails,
                telephones: self.telephones,
                addresses: self.addresses,
                profile: Profile {
                    salutation: None,
                    website: self.website,
                    vat_number: self.vat_number,
                    iban: self.iban,
                    bic: self.bic,
                    language: self.language,
                    preferred_currency: self.preferred_currency,
                    payment_term: self.payment_term,
                    remarks: self.remarks,
                },
                tags: self.tags,
                custom_fields: self.custom_fields,
                marketing_mails_consent: self.marketing_mails_consent,
            },
        };
        company.check()?;
        Ok(company)
    }
}

impl From<Company> for CompanyInput {
    fn from(Company { name, party }: Company) -> Self {
        let profile = party.profile;
        Self {
            external_id: party.external_id,
            name,
            status: party.status,
            emails: party.emails,
            telephones: party.telephones,
            addresses: party.addresses,
            website: profile.website,
            vat_number: profile.vat_number,
            iban: profile.iban,
            bic: profile.bic,
            language: profile.language,
            preferred_currency: profile.preferred_currency,
            payment_term: profile.payment_term,
            remarks: profile.remarks,
            tags: party.tags,
            custom_fields: party.custom_fields,
            marketing_mails_consent: party.marketing_mails_consent,
        }
    }
}

impl Company {
    /// Trims, normalises and checks every field.
    ///
    /// # Errors
    /// `Invalid` names every wrong field.
    pub fn check(&mut self) -> Result<()> {
        let mut checks = Checks::default();
        checks.required_text("/name", &mut self.name, NAME_LENGTH);
        for (index, telephone) in self.party.telephones.iter().enumerate() {
            if telephone.kind == TelephoneType::Mobile {
                checks.fail(format!("/telephones/{index}/type"), "a company's telephones are of type phone or fax");
            }
        }
        self.party.check(&mut checks);
        checks.finish()
    }

    /// A company is also found by its VAT number.
    pub fn search_keys(&self) -> SearchKeys {
        let mut keys = self.party.search_keys(&self.name, &[&self.name], &[]);
        if let Some(vat_number) = &self.party.profile.vat_number {
            keys.search_text.push('\n');
            keys.search_text.push_str(&super::fold::fold(vat_number));
        }
        keys
    }
}
