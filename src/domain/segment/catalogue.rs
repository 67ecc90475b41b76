//! The one table of the fields that rules can ask about.
//!
//! It drives the validation of rules, the rule editor of a front end, and (through [`Field`]) the SQL.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    field::{ChoiceField, Field, LinkField, TextField, TimeField},
    operator::{FieldClass, OperatorDefinition},
};
use crate::domain::{entity::RecordKind, party::is_custom_key};

impl Field {
    /// The field with this name, if records of this kind have it.
    pub fn named(kind: RecordKind, name: &str) -> Option<Self> {
        if let Some(key) = name.strip_prefix("custom_fields.") {
            return is_custom_key(key).then(|| Self::Custom(key.to_owned()));
        }
        FIELDS.iter().find(|entry| entry.name == name && entry.of.includes(kind)).map(|entry| entry.field.clone())
    }
}

/// One field of the catalogue, as a rule editor wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldDescription {
    /// The name to write in a rule. In `custom_fields.KEY`, KEY stands for the key of a custom field.
    #[schema(example = "city")]
    pub field: &'static str,
    #[schema(example = "City")]
    pub label: &'static str,
    #[serde(rename = "type")]
    pub class: FieldClass,
    #[schema(inline)]
    pub operators: &'static [OperatorDefinition],
    /// What a field of type `choice` can hold, else null.
    pub choices: Option<&'static [&'static str]>,
}

/// All fields that rules over records of this kind can ask about.
pub fn fields(kind: RecordKind) -> Vec<FieldDescription> {
    FIELDS
        .iter()
        .filter(|entry| entry.of.includes(kind))
        .map(|entry| FieldDescription {
            field: entry.name,
            label: entry.label,
            class: entry.field.class(),
            operators: entry.field.class().operators(),
            choices: match entry.field {
                Choice(choice) => Some(choice.choices()),
                _ => None,
            },
        })
        .collect()
}

#[derive(Clone, Copy)]
enum Of {
    Both,
    Contacts,
    Companies,
}

impl Of {
    fn includes(self, kind: RecordKind) -> bool {
        match self {
            Self::Both => true,
            Self::Contacts => kind == RecordKind::Contact,
            Self::Companies => kind == RecordKind::Company,
        }
    }
}

struct Entry {
    name: &'static str,
    label: &'static str,
    field: Field,
    of: Of,
}

const fn entry(name: &'static str, label: &'static str, field: Field, of: Of) -> Entry {
    Entry { name, label, field, of }
}

use Field::{Choice, CompanyText, Links, Text, Time};
use Of::{Both, Companies, Contacts};

static FIELDS: &[Entry] = &[
    entry("name", "Name", Text(TextField::Name), Both),
    entry("first_name", "First name", Text(TextField::FirstName), Contacts),
    entry("last_name", "Last name", Text(TextField::LastName), Contacts),
    entry("salutation", "Salutation", Text(TextField::Salutation), Contacts),
    entry("email", "E-mail", Text(TextField::Email), Both),
    entry("telephone", "Telephone", Text(TextField::Telephone), Both),
    entry("website", "Website", Text(TextField::Website), Both),
    entry("vat_number", "VAT number", Text(TextField::VatNumber), Both),
    entry("iban", "IBAN", Text(TextField::Iban), Both),
    entry("bic", "BIC", Text(TextField::Bic), Both),
    entry("remarks", "Remarks", Text(TextField::Remarks), Both),
    entry("line_1", "Street and number", Text(TextField::Line1), Both),
    entry("postal_code", "Postal code", Text(TextField::PostalCode), Both),
    entry("city", "City", Text(TextField::City), Both),
    entry("country", "Country", Choice(ChoiceField::Country), Both),
    entry("status", "Status", Choice(ChoiceField::Status), Both),
    entry("gender", "Gender", Choice(ChoiceField::Gender), Contacts),
    entry("language", "Language", Choice(ChoiceField::Language), Both),
    entry("preferred_currency", "Preferred currency", Choice(ChoiceField::PreferredCurrency), Companies),
    entry("payment_term.type", "Payment term", Choice(ChoiceField::PaymentTermType), Both),
    entry("payment_term.days", "Days of the payment term", Field::PaymentTermDays, Both),
    entry("birthdate", "Date of birth", Field::Birthdate, Contacts),
    entry("added_at", "Added", Time(TimeField::AddedAt), Both),
    entry("updated_at", "Last changed", Time(TimeField::UpdatedAt), Both),
    entry("marketing_mails_consent", "Consent to marketing mails", Field::MarketingMailsConsent, Both),
    entry("tags", "Tags", Field::Tags, Both),
    entry("custom_fields.KEY", "Custom field", Field::Custom(String::new()), Both),
    entry("deals", "Deals", Links(LinkField::Deals), Both),
    entry("invoices", "Invoices", Links(LinkField::Invoices), Both),
    entry("time_trackings", "Time trackings", Links(LinkField::TimeTrackings), Both),
    entry("projects", "Projects", Links(LinkField::Projects), Both),
    entry("companies", "Companies", Links(LinkField::Companies), Contacts),
    entry("contacts", "Contacts", Links(LinkField::Contacts), Companies),
    entry("company.name", "Company: name", CompanyText(TextField::Name), Contacts),
    entry("company.vat_number", "Company: VAT number", CompanyText(TextField::VatNumber), Contacts),
    entry("company.email", "Company: e-mail", CompanyText(TextField::Email), Contacts),
    entry("company.website", "Company: website", CompanyText(TextField::Website), Contacts),
    entry("company.line_1", "Company: street and number", CompanyText(TextField::Line1), Contacts),
    entry("company.postal_code", "Company: postal code", CompanyText(TextField::PostalCode), Contacts),
    entry("company.city", "Company: city", CompanyText(TextField::City), Contacts),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_and_companies_have_the_fields_of_the_contract() {
        let names = |kind| fields(kind).iter().map(|entry| entry.field).collect::<Vec<_>>();
        let (contact, company) = (names(RecordKind::Contact), names(RecordKind::Company));
        assert_eq!((contact.len(), company.len()), (38, 27));
        assert!(contact.contains(&"company.city") && !company.contains(&"company.city"));
        assert!(company.contains(&"preferred_currency") && !contact.contains(&"preferred_currency"));
        for name in ["first_name", "gender", "birthdate", "companies"] {
            assert!(contact.contains(&name) && !company.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_custom_field_is_named_by_its_key() {
        let named = |name| Field::named(RecordKind::Contact, name);
        assert_eq!(named("custom_fields.score"), Some(Field::Custom("score".to_owned())));
        for name in ["custom_fields.", "custom_fields.KEY", "custom_fields.a b", "custom_fields", "custom_fields.é"] {
            assert_eq!(named(name), None, "{name}");
        }
        assert_eq!(named(&format!("custom_fields.{}", "a".repeat(65))), None);
    }

    #[test]
    fn codes_are_taken_in_any_case() {
        assert_eq!(ChoiceField::Country.choice("nl"), Some("NL"));
        assert_eq!(ChoiceField::Language.choice("NL"), Some("nl"));
        assert_eq!(ChoiceField::Country.choice("XX"), None);
        assert_eq!(ChoiceField::Status.choice("Active"), None);
    }
}
