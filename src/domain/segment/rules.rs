//! A rule tree as it is written: what is sent, stored and given back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Condition, parse};
use crate::domain::{entity::RecordKind, error::FieldError};

/// A rule tree that has passed validation for its kind of records.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTree {
    matching: Value,
    rules: Value,
    condition: Condition,
}

impl RuleTree {
    /// Validates `match` and `rules`; `at` is the JSON pointer of the object that holds them.
    pub fn new(kind: RecordKind, matching: Value, rules: Value, at: &str) -> Result<Self, Vec<FieldError>> {
        let condition = parse(kind, &matching, &rules, at)?;
        Ok(Self { matching, rules, condition })
    }

    /// The tree that selects every record; only built-in segments have it.
    pub fn everything() -> Self {
        Self { matching: json!("all"), rules: json!([]), condition: Condition::All(Vec::new()) }
    }

    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// `"all"` or `"any"`, as it was given.
    pub fn matching(&self) -> &Value {
        &self.matching
    }

    /// The rules and groups, as they were given.
    pub fn rules(&self) -> &Value {
        &self.rules
    }

    /// `{"match", "rules"}`: the form in which a tree is stored.
    pub fn to_json(&self) -> Value {
        json!({ "match": self.matching, "rules": self.rules })
    }

    /// Reads back what [`Self::to_json`] stored.
    pub fn from_json(kind: RecordKind, stored: &Value) -> Result<Self, Vec<FieldError>> {
        Self::new(kind, stored["match"].clone(), stored["rules"].clone(), "")
    }
}

// The types below describe the JSON. It is read by `parse`, which counts the members by hand instead of taking the
// first type that fits.

/// Whether all members of a group must match, or any one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    All,
    Any,
}

/// One question to one field. `GET /segments/fields` tells which operators a field has and which value they take.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"field": "country", "operator": "equals", "value": "NL"}))]
pub struct Rule {
    #[schema(example = "country")]
    pub field: String,
    #[schema(example = "equals")]
    pub operator: String,
    /// A text, a number, a date or a list, by the operator; left out where the operator takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// Rules and groups of which all or any must match; nested 5 deep at most, 100 rules in all.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"match": "any", "rules": [{"field": "tags", "operator": "has_any", "value": ["lost"]}]}))]
pub struct RuleGroup {
    #[serde(rename = "match")]
    pub matching: Match,
    #[schema(no_recursion)]
    pub rules: Vec<RuleNode>,
}

/// A rule or a group of rules, never both in one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RuleNode {
    Rule(Rule),
    Group(RuleGroup),
}
