//! A project: work for one customer or several.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EXTERNAL_ID_LENGTH, LinkedRecord, TITLE_LENGTH};
use crate::domain::audit::SubjectType;
use crate::domain::entity::{LinkTarget, RecordRef};
use crate::domain::error::Result;
use crate::domain::validation::Checks;

/// A project has 1 to 50 customers.
pub const MAX_CUSTOMERS: usize = 50;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProjectStatus {
    #[default]
    Open,
    Closed,
}

/// What a caller may write of a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"title": "New website", "status": "open",
    "customers": [{"type": "company", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f"}]}))]
pub struct ProjectInput {
    /// To 255 characters; unique among the projects of the account.
    pub external_id: Option<String>,
    /// Required, 1 to 255 characters.
    #[schema(required = true)]
    pub title: String,
    pub status: ProjectStatus,
    /// Required, 1 to 50 live contacts and companies; doubles are dropped.
    #[schema(required = true, min_items = 1, max_items = 50)]
    pub customers: Vec<RecordRef>,
}

/// A valid project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub external_id: Option<String>,
    pub title: String,
    pub status: ProjectStatus,
    /// 1 to 50 different ones, in the order given. Doubles are still among them until the project is stored, so that
    /// a complaint about one names its place in the request.
    pub customers: Vec<RecordRef>,
}

impl Project {
    /// Keeps the first of each customer.
    pub fn drop_doubles(&mut self) {
        let mut seen = BTreeSet::new();
        self.customers.retain(|customer| seen.insert(*customer));
    }
}

impl LinkedRecord for Project {
    type Input = ProjectInput;
    const SUBJECT: SubjectType = SubjectType::Project;
    type Status = ProjectStatus;

    fn from_input(mut input: ProjectInput) -> Result<Self> {
        let mut checks = Checks::default();
        checks.optional_text("/external_id", &mut input.external_id, EXTERNAL_ID_LENGTH);
        checks.required_text("/title", &mut input.title, TITLE_LENGTH);
        let different = input.customers.iter().collect::<BTreeSet<_>>().len();
        if !(1..=MAX_CUSTOMERS).contains(&different) {
            checks.fail("/customers", format!("must have 1 to {MAX_CUSTOMERS} entries"));
        }
        checks.finish()?;
        Ok(Self {
            external_id: input.external_id,
            title: input.title,
            status: input.status,
            customers: input.customers,
        })
    }

    fn links(&self) -> Vec<LinkTarget> {
        self.customers
            .iter()
            .enumerate()
            .map(|(index, customer)| LinkTarget::new(*customer, format!("/customers/{index}")))
            .collect()
    }
}

impl From<Project> for ProjectInput {
    fn from(project: Project) -> Self {
        Self {
            external_id: project.external_id,
            title: project.title,
            status: project.status,
            customers: project.customers,
        }
    }
}
