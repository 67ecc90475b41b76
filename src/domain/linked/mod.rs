//! Linked records: what points at contacts and companies, and what makes each kind valid.

mod deal;
mod invoice;
mod money;
mod project;
mod ticket;
mod time_tracking;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use deal::{Deal, DealInput, DealStatus};
pub use invoice::{CustomerCopy, Invoice, InvoiceInput, InvoiceStatus};
pub use money::{Amount, Money};
pub use project::{MAX_CUSTOMERS, Project, ProjectInput, ProjectStatus};
pub use ticket::{Ticket, TicketInput, TicketStatus};
pub use time_tracking::{MAX_DURATION_SECONDS, NoStatus, TimeTracking, TimeTrackingInput};
use uuid::Uuid;

use super::audit::SubjectType;
use super::entity::{LinkTarget, RecordKind, RecordRef};
use super::error::Result;
use super::validation::Checks;

const EXTERNAL_ID_LENGTH: usize = 255;
const TITLE_LENGTH: usize = 255;
const DESCRIPTION_LENGTH: usize = 65_535;

/// A valid linked record of one kind.
pub trait LinkedRecord: Debug + Clone + Send + Sync + 'static {
    /// What a caller may write of it.
    type Input: Default + Clone + Serialize + DeserializeOwned + From<Self> + Send + Sync + 'static;
    /// What the audit log calls it.
    const SUBJECT: SubjectType;
    type Status: Debug + Copy + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// # Errors
    /// `Invalid` names every wrong field.
    fn from_input(input: Self::Input) -> Result<Self>;

    /// What becomes of this record when its fields are those of `input`.
    ///
    /// # Errors
    /// `Invalid` names every wrong field.
    fn revised(&self, input: Self::Input) -> Result<Self> {
        let _ = self;
        Self::from_input(input)
    }

    /// Every contact and company it points at, each with its place in a request.
    fn links(&self) -> Vec<LinkTarget>;
}

/// The contact behind a reference that must be one.
fn contact_only(checks: &mut Checks, pointer: &str, reference: Option<RecordRef>) -> Option<Uuid> {
    let reference = reference?;
    if reference.kind != RecordKind::Contact {
        checks.fail(format!("{pointer}/type"), "must be contact");
    }
    reference.contact_id()
}

/// One customer, and the contact who stands for it.
fn customer_and_contact(customer: RecordRef, pointer: &str, contact: Option<Uuid>) -> Vec<LinkTarget> {
    let contact = contact.map(|id| LinkTarget::new(RecordRef::contact(id), pointer));
    std::iter::once(LinkTarget::new(customer, "/customer")).chain(contact).collect()
}
