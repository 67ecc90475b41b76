//! A ticket: a customer's question. It outlives its customer, emptied.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DESCRIPTION_LENGTH, EXTERNAL_ID_LENGTH, LinkedRecord, TITLE_LENGTH};
use crate::domain::audit::SubjectType;
use crate::domain::entity::{LinkTarget, RecordRef};
use crate::domain::error::Result;
use crate::domain::validation::Checks;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    #[default]
    New,
    Open,
    Closed,
}

/// What a caller may write of a ticket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"subject": "Cannot log in", "description": "Since this morning.", "status": "open",
    "customer": {"type": "contact", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f"}}))]
pub struct TicketInput {
    /// To 255 characters; unique among the tickets of the account.
    pub external_id: Option<String>,
    /// Required, 1 to 255 characters.
    #[schema(required = true)]
    pub subject: String,
    /// To 65,535 characters.
    pub description: Option<String>,
    pub status: TicketStatus,
    /// Required when written: a live contact or company. Null once the ticket is anonymised.
    #[schema(required = true)]
    pub customer: Option<RecordRef>,
}

/// A valid ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    pub external_id: Option<String>,
    /// Empty once anonymised.
    pub subject: String,
    pub description: Option<String>,
    pub status: TicketStatus,
    /// None exactly when the ticket is anonymised.
    pub customer: Option<RecordRef>,
    /// When its customer was purged and its content with it.
    pub anonymised_at: Option<DateTime<Utc>>,
}

impl Ticket {
    /// Empties the ticket: its customer is gone for good since `at`.
    pub fn anonymise(&mut self, at: DateTime<Utc>) {
        self.external_id = None;
        self.subject.clear();
        self.description = None;
        self.customer = None;
        self.anonymised_at = Some(at);
    }
}

impl LinkedRecord for Ticket {
    type Input = TicketInput;
    const SUBJECT: SubjectType = SubjectType::Ticket;
    type Status = TicketStatus;

    fn from_input(mut input: TicketInput) -> Result<Self> {
        let mut checks = Checks::default();
        checks.optional_text("/external_id", &mut input.external_id, EXTERNAL_ID_LENGTH);
        checks.required_text("/subject", &mut input.subject, TITLE_LENGTH);
        checks.optional_text("/description", &mut input.description, DESCRIPTION_LENGTH);
        let customer = checks.required("/customer", input.customer);
        Ok(Self {
            customer: Some(checks.finish_with(customer)?),
            external_id: input.external_id,
            subject: input.subject,
            description: input.description,
            status: input.status,
            anonymised_at: None,
        })
    }

    /// An anonymised ticket may still be closed or opened, but nothing gives it content or a customer again.
    fn revised(&self, input: TicketInput) -> Result<Self> {
        if self.anonymised_at.is_none() {
            return Self::from_input(input);
        }
        let mut checks = Checks::default();
        let filled = [
            ("/external_id", input.external_id.is_some()),
            ("/subject", !input.subject.is_empty()),
            ("/description", input.description.is_some()),
            ("/customer", input.customer.is_some()),
        ];
        for (pointer, _) in filled.into_iter().filter(|(_, filled)| *filled) {
            checks.fail(pointer, "must stay empty: the ticket was anonymised when its customer was deleted for good");
        }
        checks.finish()?;
        Ok(Self { status: input.status, ..self.clone() })
    }

    fn links(&self) -> Vec<LinkTarget> {
        self.customer.map(|customer| LinkTarget::new(customer, "/customer")).into_iter().collect()
    }
}

impl From<Ticket> for TicketInput {
    fn from(ticket: Ticket) -> Self {
        Self {
            external_id: ticket.external_id,
            subject: ticket.subject,
            description: ticket.description,
            status: ticket.status,
            customer: ticket.customer,
        }
    }
}
