//! The one list of every column that points at a contact or a company.
//!
//! Blocker queries, `hold_live`, the purge order, the `has` and `count` rules and the race test are all made from it;
//! a test holds it against the foreign keys in the database's own catalogue.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entity::RecordKind;

/// The kinds of record that point at contacts and companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkedKind {
    Deal,
    Invoice,
    Project,
    TimeTracking,
    Ticket,
    CompanyLink,
}

/// As what the record is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkRole {
    Customer,
    ContactPerson,
    AttentionOf,
    Subject,
    Member,
}

/// What happens to the link when the record it points at is purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeFate {
    /// A live one blocks the deletion, so none is left.
    None,
    /// The linked record lies in the bin and goes along.
    PurgeLinked,
    /// The column is set to null.
    Clear,
    /// The linked record stays, its content goes.
    Anonymise,
    /// The link itself goes.
    RemoveLink,
}

#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub kind: LinkedKind,
    /// The table that has the column.
    pub table: &'static str,
    pub column: &'static str,
    /// The column of `table` that names the linked record.
    pub linked_id: &'static str,
    pub target: RecordKind,
    pub role: LinkRole,
    /// A live linked record forbids deleting its target.
    pub blocks: bool,
    /// The linked record can itself lie in the bin, and then does not block.
    pub in_bin: bool,
    pub fate: PurgeFate,
}

const fn blocking(
    kind: LinkedKind,
    table: &'static str,
    column: &'static str,
    target: RecordKind,
    role: LinkRole,
) -> Link {
    Link { kind, table, column, linked_id: "id", target, role, blocks: true, in_bin: false, fate: PurgeFate::None }
}

use LinkRole::{AttentionOf, ContactPerson, Customer, Member, Subject};
use LinkedKind::{CompanyLink, Deal, Invoice, Project, Ticket, TimeTracking};
use RecordKind::{Company, Contact};

pub const LINKS: [Link; 14] = [
    Link {
        in_bin: true,
        fate: PurgeFate::PurgeLinked,
        ..blocking(Deal, "deals", "customer_contact_id", Contact, Customer)
    },
    Link {
        in_bin: true,
        fate: PurgeFate::PurgeLinked,
        ..blocking(Deal, "deals", "customer_company_id", Company, Customer)
    },
    Link {
        in_bin: true,
        fate: PurgeFate::Clear,
        ..blocking(Deal, "deals", "contact_person_id", Contact, ContactPerson)
    },
    blocking(Invoice, "invoices", "customer_contact_id", Contact, Customer),
    blocking(Invoice, "invoices", "customer_company_id", Company, Customer),
    blocking(Invoice, "invoices", "attention_of_id", Contact, AttentionOf),
    Link {
        linked_id: "project_id",
        ..blocking(Project, "project_customers", "customer_contact_id", Contact, Customer)
    },
    Link {
        linked_id: "project_id",
        ..blocking(Project, "project_customers", "customer_company_id", Company, Customer)
    },
    blocking(TimeTracking, "time_trackings", "subject_contact_id", Contact, Subject),
    blocking(TimeTracking, "time_trackings", "subject_company_id", Company, Subject),
    Link {
        blocks: false,
        fate: PurgeFate::Anonymise,
        ..blocking(Ticket, "tickets", "customer_contact_id", Contact, Customer)
    },
    Link {
        blocks: false,
        fate: PurgeFate::Anonymise,
        ..blocking(Ticket, "tickets", "customer_company_id", Company, Customer)
    },
    Link {
        blocks: false,
        fate: PurgeFate::RemoveLink,
        linked_id: "company_id",
        ..blocking(CompanyLink, "contact_companies", "contact_id", Contact, Member)
    },
    Link {
        blocks: false,
        fate: PurgeFate::RemoveLink,
        linked_id: "contact_id",
        ..blocking(CompanyLink, "contact_companies", "company_id", Company, Member)
    },
];

/// The links that point at `target`.
pub fn links_to(target: RecordKind) -> impl Iterator<Item = &'static Link> {
    LINKS.iter().filter(move |link| link.target == target)
}

impl LinkedKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Deal => "deal",
            Invoice => "invoice",
            Project => "project",
            TimeTracking => "time_tracking",
            Ticket => "ticket",
            CompanyLink => "company_link",
        }
    }
}

impl LinkRole {
    pub const fn as_str(self) -> &'static str {
        match self {
            Customer => "customer",
            ContactPerson => "contact_person",
            AttentionOf => "attention_of",
            Subject => "subject",
            Member => "member",
        }
    }
}
