//! What rules ask about: the fields, and the choices of those that have some.

use super::operator::FieldClass;
use crate::domain::codes;

/// What a rule asks about, resolved from its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    Text(TextField),
    /// A text of any live company that the contact is linked to.
    CompanyText(TextField),
    Choice(ChoiceField),
    Birthdate,
    Time(TimeField),
    PaymentTermDays,
    MarketingMailsConsent,
    Tags,
    /// The custom field with this key.
    Custom(String),
    Links(LinkField),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    FirstName,
    LastName,
    Name,
    Salutation,
    Email,
    Telephone,
    Website,
    VatNumber,
    Iban,
    Bic,
    Remarks,
    Line1,
    PostalCode,
    City,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChoiceField {
    Status,
    Gender,
    Country,
    Language,
    PaymentTermType,
    PreferredCurrency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeField {
    AddedAt,
    UpdatedAt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkField {
    Deals,
    Invoices,
    TimeTrackings,
    Projects,
    Companies,
    Contacts,
}

impl Field {
    pub fn class(&self) -> FieldClass {
        match self {
            Self::Text(_) | Self::CompanyText(_) => FieldClass::Text,
            Self::Choice(_) => FieldClass::Choice,
            Self::Birthdate => FieldClass::Date,
            Self::Time(_) => FieldClass::Time,
            Self::PaymentTermDays => FieldClass::Number,
            Self::MarketingMailsConsent => FieldClass::Bool,
            Self::Tags => FieldClass::Tags,
            Self::Custom(_) => FieldClass::Custom,
            Self::Links(_) => FieldClass::Links,
        }
    }
}

impl ChoiceField {
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Self::Status => &["active", "deactivated"],
            Self::Gender => &["female", "male", "non_binary", "prefers_not_to_say", "unknown"],
            Self::Country => codes::countries(),
            Self::Language => codes::languages(),
            Self::PaymentTermType => &["cash", "end_of_month", "after_invoice_date"],
            Self::PreferredCurrency => codes::currencies(),
        }
    }

    /// The choice as it is stored; the case of codes does not matter.
    pub fn choice(self, text: &str) -> Option<&'static str> {
        let code = match self {
            Self::Country | Self::PreferredCurrency => text.to_ascii_uppercase(),
            Self::Language => text.to_ascii_lowercase(),
            Self::Status | Self::Gender | Self::PaymentTermType => text.to_owned(),
        };
        self.choices().iter().copied().find(|choice| *choice == code)
    }

    /// What the choices are, for a message.
    pub fn describe_choices(self) -> String {
        match self {
            Self::Country => "a country code of ISO 3166-1 (two letters)".to_owned(),
            Self::Language => "a language code of ISO 639-1 (two letters)".to_owned(),
            Self::PreferredCurrency => "a currency code of ISO 4217 (three letters)".to_owned(),
            Self::Status | Self::Gender | Self::PaymentTermType => {
                format!("one of {}", self.choices().join(", "))
            }
        }
    }
}
