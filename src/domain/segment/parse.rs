//! Raw JSON to a validated rule tree, or to everything that is wrong with it.
//!
//! Members are counted by hand: an unknown or misplaced one is refused, never ignored, because a rule that
//! means something else than its writer thought deletes the wrong records.

use serde_json::{Map, Value};

use super::{Condition, field::Field};
use crate::domain::{entity::RecordKind, error::FieldError, validation::escape_pointer};

/// How deep groups may be nested; the tree itself is the first level.
pub const MAX_DEPTH: usize = 5;
/// How many rules a tree may have.
pub const MAX_RULES: usize = 100;
/// How many values a list may have.
pub const MAX_VALUES: usize = 1_000;
const MAX_ERRORS: usize = 100;

/// Validates the `match` and `rules` members of a segment (or of a target) whose JSON pointer is `at` (empty for
/// the body itself). Needs at least one rule. The first 100 errors are told.
pub fn parse(kind: RecordKind, matching: &Value, rules: &Value, at: &str) -> Result<Condition, Vec<FieldError>> {
    let mut parser = Parser { kind, rules: 0, errors: Vec::new() };
    let condition = parser.group(matching, rules, at, 1);
    match condition {
        Some(condition) if parser.errors.is_empty() => Ok(condition),
        _ => Err(parser.errors),
    }
}

pub(super) struct Parser {
    kind: RecordKind,
    rules: usize,
    errors: Vec<FieldError>,
}

impl Parser {
    fn group(&mut self, matching: &Value, rules: &Value, at: &str, depth: usize) -> Option<Condition> {
        if depth > MAX_DEPTH {
            return self.refuse(at, format!("groups can be nested {MAX_DEPTH} deep at most"));
        }
        let any = match matching.as_str() {
            Some("all") => Some(false),
            Some("any") => Some(true),
            _ => self.refuse(&format!("{at}/match"), "must be \"all\" or \"any\""),
        };
        let at = format!("{at}/rules");
        let members = match rules {
            Value::Array(members) if !members.is_empty() => members,
            Value::Array(_) => return self.refuse(&at, "must have at least one rule"),
            _ => return self.refuse(&at, "must be a list of rules and groups"),
        };
        if self.rules + members.len() > MAX_RULES {
            return self.refuse(&at, format!("a segment can have {MAX_RULES} rules at most"));
        }
        let mut conditions = Vec::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            conditions.extend(self.member(member, &format!("{at}/{index}"), depth));
        }
        if any? { Some(Condition::Any(conditions)) } else { Some(Condition::All(conditions)) }
    }

    fn member(&mut self, member: &Value, at: &str, depth: usize) -> Option<Condition> {
        let Value::Object(object) = member else {
            return self.refuse(at, "must be a rule {field, operator, value} or a group {match, rules}");
        };
        let is_group = object.contains_key("match") || object.contains_key("rules");
        let is_rule = ["field", "operator", "value"].iter().any(|name| object.contains_key(*name));
        if is_group && is_rule {
            return self
                .refuse(at, "must be either a rule {field, operator, value} or a group {match, rules}, not both");
        }
        let names: &[&str] = if is_group { &["match", "rules"] } else { &["field", "operator", "value"] };
        self.refuse_strangers(object, names, at);
        if is_group {
            let part = |name| object.get(name).unwrap_or(&Value::Null);
            self.group(part("match"), part("rules"), at, depth + 1)
        } else {
            self.rules += 1;
            if self.rules > MAX_RULES {
                return self.refuse(at, format!("a segment can have {MAX_RULES} rules at most"));
            }
            self.rule(object, at)
        }
    }

    fn refuse_strangers(&mut self, object: &Map<String, Value>, names: &[&str], at: &str) {
        for name in object.keys().filter(|name| !names.contains(&name.as_str())) {
            let pointer = format!("{at}/{}", escape(name));
            self.refuse::<()>(&pointer, format!("is not known here; expected {}", names.join(", ")));
        }
    }

    fn rule(&mut self, object: &Map<String, Value>, at: &str) -> Option<Condition> {
        let field = match object.get("field").and_then(Value::as_str) {
            Some(name) => Field::named(self.kind, name).or_else(|| {
                let detail = format!("is not a field of a {0}; GET /segments/fields?entity={0} lists them", self.kind);
                self.refuse(&format!("{at}/field"), detail)
            }),
            None => self.refuse(&format!("{at}/field"), "must name a field"),
        };
        let pointer = format!("{at}/operator");
        let operator = match object.get("operator").and_then(Value::as_str) {
            Some(name) => name.parse().ok().or_else(|| self.refuse(&pointer, "is not an operator")),
            None => self.refuse(&pointer, "must name an operator"),
        };
        let (field, operator) = (field?, operator?);
        if !field.class().allows(operator) {
            let known: Vec<_> = field.class().operators().iter().map(|known| known.operator.to_string()).collect();
            return self.refuse(&pointer, format!("cannot be used with this field; use one of {}", known.join(", ")));
        }
        let value = object.get("value").unwrap_or(&Value::Null);
        let at = format!("{at}/value");
        match operator.negated() {
            Some(positive) => Some(Condition::Not(Box::new(Condition::Test(self.test(field, positive, value, &at)?)))),
            None => Some(Condition::Test(self.test(field, operator, value, &at)?)),
        }
    }

    pub(super) fn refuse<T>(&mut self, pointer: &str, detail: impl Into<String>) -> Option<T> {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FieldError { pointer: pointer.to_owned(), detail: detail.into() });
        }
        None
    }
}

/// A member name as a token of a JSON pointer, cut where it would swamp the answer.
fn escape(name: &str) -> String {
    escape_pointer(&name.chars().take(100).collect::<String>())
}
