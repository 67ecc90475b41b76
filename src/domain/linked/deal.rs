//! A deal: an offer to a customer, on its way to being won or lost.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{EXTERNAL_ID_LENGTH, LinkedRecord, Money, TITLE_LENGTH, contact_only, customer_and_contact};
use crate::domain::audit::SubjectType;
use crate::domain::entity::{LinkTarget, RecordRef};
use crate::domain::error::Result;
use crate::domain::validation::Checks;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DealStatus {
    #[default]
    New,
    Open,
    Won,
    Lost,
}

/// What a caller may write of a deal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"title": "Offer 12", "reference": "2026/12", "status": "open",
    "customer": {"type": "company", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f"},
    "contact_person": {"type": "contact", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e20"},
    "estimated_value": {"amount": "12500.00", "currency": "EUR"}}))]
pub struct DealInput {
    /// To 255 characters; unique among the live deals of the account.
    pub external_id: Option<String>,
    /// Required, 1 to 255 characters.
    #[schema(required = true)]
    pub title: String,
    /// To 255 characters.
    pub reference: Option<String>,
    pub status: DealStatus,
    /// Required. A live contact or company.
    #[schema(required = true, value_type = RecordRef)]
    pub customer: Option<RecordRef>,
    /// A live contact.
    pub contact_person: Option<RecordRef>,
    pub estimated_value: Option<Money>,
}

/// A valid deal.
#[derive(Debug, Clone, PartialEq)]
pub struct Deal {
    pub external_id: Option<String>,
    pub title: String,
    pub reference: Option<String>,
    pub status: DealStatus,
    pub customer: RecordRef,
    /// A contact.
    pub contact_person: Option<Uuid>,
    pub estimated_value: Option<Money>,
}

impl LinkedRecord for Deal {
    type Input = DealInput;
    const SUBJECT: SubjectType = SubjectType::Deal;
    type Status = DealStatus;

    fn from_input(mut input: DealInput) -> Result<Self> {
        let mut checks = Checks::default();
        checks.optional_text("/external_id", &mut input.external_id, EXTERNAL_ID_LENGTH);
        checks.required_text("/title", &mut input.title, TITLE_LENGTH);
        checks.optional_text("/reference", &mut input.reference, TITLE_LENGTH);
        let customer = checks.required("/customer", input.customer);
        let contact_person = contact_only(&mut checks, "/contact_person", input.contact_person);
        Money::check(&mut input.estimated_value, &mut checks, "/estimated_value");
        Ok(Self {
            customer: checks.finish_with(customer)?,
            external_id: input.external_id,
            title: input.title,
            reference: input.reference,
            status: input.status,
            contact_person,
            estimated_value: input.estimated_value,
        })
    }

    fn links(&self) -> Vec<LinkTarget> {
        customer_and_contact(self.customer, "/contact_person", self.contact_person)
    }
}

impl From<Deal> for DealInput {
    fn from(deal: Deal) -> Self {
        Self {
            external_id: deal.external_id,
            title: deal.title,
            reference: deal.reference,
            status: deal.status,
            customer: Some(deal.customer),
            contact_person: deal.contact_person.map(RecordRef::contact),
            estimated_value: deal.estimated_value,
        }
    }
}
