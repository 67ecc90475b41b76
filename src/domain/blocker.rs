//! Blockers: the live linked records that forbid deleting a record.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::link_catalogue::{LinkRole, LinkedKind};

/// How many of the linked records a blocker names.
pub const SAMPLE_SIZE: usize = 5;

/// The linked records of one kind and role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Blocker {
    #[serde(rename = "type")]
    pub kind: LinkedKind,
    pub role: LinkRole,
    #[schema(example = 2)]
    pub count: i64,
    /// The first five by id.
    pub sample: Vec<BlockerSample>,
}

/// One linked record. Its title is joined when read and null once the linked record is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockerSample {
    pub id: Uuid,
    #[serde(default, skip_deserializing)]
    #[schema(example = "Offer 12")]
    pub title: Option<String>,
}
