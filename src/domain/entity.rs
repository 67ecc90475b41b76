//! The kinds of record, and references to them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a segment describes and a bulk delete takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    // In lock order: companies before contacts.
    Company,
    Contact,
}

/// What can lie in the recycle bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinKind {
    // In lock order.
    Company,
    Contact,
    Deal,
}

impl RecordKind {
    pub const ALL: [Self; 2] = [Self::Contact, Self::Company];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
        }
    }

    pub const fn plural(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Company => "companies",
        }
    }
}

impl std::fmt::Display for RecordKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl BinKind {
    pub const ALL: [Self; 3] = [Self::Company, Self::Contact, Self::Deal];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
            Self::Deal => "deal",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The table that holds this kind.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Company => "companies",
            Self::Deal => "deals",
        }
    }

    /// The kind as one that other records link to; a deal is none.
    pub const fn record(self) -> Option<RecordKind> {
        match self {
            Self::Contact => Some(RecordKind::Contact),
            Self::Company => Some(RecordKind::Company),
            Self::Deal => None,
        }
    }
}

impl From<RecordKind> for BinKind {
    fn from(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Contact => Self::Contact,
            RecordKind::Company => Self::Company,
        }
    }
}

/// A link to a contact or a company, as requests and answers carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRef {
    #[serde(rename = "type")]
    pub kind: RecordKind,
    #[schema(example = "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f")]
    pub id: Uuid,
}

impl RecordRef {
    pub const fn contact(id: Uuid) -> Self {
        Self { kind: RecordKind::Contact, id }
    }

    pub const fn company(id: Uuid) -> Self {
        Self { kind: RecordKind::Company, id }
    }

    /// The reference behind two nullable columns of which one is filled.
    pub fn from_columns(contact: Option<Uuid>, company: Option<Uuid>) -> Option<Self> {
        contact.map(Self::contact).or(company.map(Self::company))
    }

    pub fn contact_id(self) -> Option<Uuid> {
        (self.kind == RecordKind::Contact).then_some(self.id)
    }

    pub fn company_id(self) -> Option<Uuid> {
        (self.kind == RecordKind::Company).then_some(self.id)
    }
}

/// A reference in a request, and where it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    pub record: RecordRef,
    /// JSON pointer.
    pub pointer: String,
}

impl LinkTarget {
    pub fn new(record: RecordRef, pointer: impl Into<String>) -> Self {
        Self { record, pointer: pointer.into() }
    }
}
