//! Segments as they are kept: who made one, who may see it, who may change it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Match, RuleNode, RuleTree, standard::StandardSegment};
use crate::domain::{
    actor::Actor,
    entity::RecordKind,
    error::{Error, FieldError, Forbidden, Result},
    party::NAME_LENGTH,
    validation::Checks,
};

/// Who sees a segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its owner alone; for everyone else it does not exist.
    #[default]
    Private,
    /// Everyone in the account.
    Shared,
}

/// What a caller may write of a segment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Dutch newsletter readers", "entity": "contact", "match": "all",
    "rules": [{"field": "country", "operator": "equals", "value": "NL"},
        {"match": "any", "rules": [{"field": "tags", "operator": "has_any", "value": ["newsletter"]},
            {"field": "custom_fields.score", "operator": "greater_than", "value": 80}]}],
    "visibility": "shared"}))]
pub struct SegmentInput {
    /// Required, 1 to 255 characters.
    #[serde(default)]
    #[schema(required = true)]
    pub name: String,
    /// Required; cannot be changed later.
    #[serde(default)]
    #[schema(value_type = RecordKind, required = true)]
    pub entity: Option<RecordKind>,
    /// Required.
    #[serde(rename = "match", default)]
    #[schema(value_type = Match, required = true)]
    pub matching: Value,
    /// Required: at least one rule, 100 at most, nested 5 deep at most.
    #[serde(default)]
    #[schema(value_type = Vec<RuleNode>, required = true)]
    pub rules: Value,
    #[serde(default)]
    pub visibility: Visibility,
}

/// A valid segment that is not stored yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSegment {
    pub name: String,
    pub kind: RecordKind,
    pub tree: RuleTree,
    pub visibility: Visibility,
}

/// A segment of the account, or one of those that every account has.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub id: SegmentId,
    pub name: String,
    pub kind: RecordKind,
    pub tree: RuleTree,
    pub visibility: Visibility,
    /// Who made it, and when; standard segments have been there all along.
    pub saved: Option<Saved>,
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    pub owner_id: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The slug of a standard segment, or a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentId {
    Standard(&'static str),
    Own(Uuid),
}

impl std::fmt::Display for SegmentId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Standard(slug) => formatter.write_str(slug),
            Self::Own(id) => id.fmt(formatter),
        }
    }
}

impl SegmentInput {
    /// # Errors
    /// `Invalid` names every wrong field and rule.
    pub fn validate(mut self) -> Result<NewSegment> {
        let mut checks = Checks::default();
        checks.required_text("/name", &mut self.name, NAME_LENGTH);
        let tree = match self.entity {
            Some(kind) => RuleTree::new(kind, self.matching, self.rules, "").map(|tree| (kind, tree)),
            None => Err(vec![FieldError::new("/entity", "must be \"contact\" or \"company\"")]),
        };
        for error in tree.as_ref().err().into_iter().flatten() {
            checks.fail(&error.pointer, &error.detail);
        }
        checks.finish()?;
        let (kind, tree) = tree.map_err(Error::Invalid)?;
        Ok(NewSegment { name: self.name, kind, tree, visibility: self.visibility })
    }
}

impl Segment {
    /// What a caller would have written to make it.
    pub fn input(&self) -> SegmentInput {
        SegmentInput {
            name: self.name.clone(),
            entity: Some(self.kind),
            matching: self.tree.matching().clone(),
            rules: self.tree.rules().clone(),
            visibility: self.visibility,
        }
    }

    /// # Errors
    /// `Forbidden` unless the caller owns it or is an admin; a standard one nobody may change.
    pub fn require_changeable_by(&self, actor: &Actor) -> Result<()> {
        match &self.saved {
            None => Err(Error::Forbidden(Forbidden::StandardSegment)),
            Some(saved) if saved.owner_id == actor.user_id => Ok(()),
            Some(_) => actor.require_admin(),
        }
    }
}

impl From<StandardSegment> for Segment {
    fn from(standard: StandardSegment) -> Self {
        Self {
            id: SegmentId::Standard(standard.slug),
            name: standard.name.to_owned(),
            kind: standard.kind,
            tree: standard.tree,
            visibility: Visibility::Shared,
            saved: None,
            version: 1,
        }
    }
}
