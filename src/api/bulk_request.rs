//! The request for a bulk action: its shape, and which members go together.

use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::bulk_action::{Action, MAX_REASON_LENGTH, Notify, OnBlocked, OnConflict, Options, TargetSummary};
use crate::domain::entity::BinKind;
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::party::check_tags;
use crate::domain::recycle_bin::BinTarget;
use crate::domain::segment::saved::Visibility;
use crate::domain::segment::{Match, RuleNode, RuleTree};
use crate::domain::validation::Checks;
use crate::repository::db::Tx;
use crate::repository::segments;
use crate::services::bulk_actions::{ActionRequest, Target};

const MAX_IDS: usize = 10_000;

/// Which records. Exactly one of `segment_id`, `ids`, `rules` (with `match`), `deletion_id` and `bin`: the last two go with
/// `restore` and `purge`, segments and rules with the other actions, `ids` with all.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetInput {
    /// A saved or standard segment.
    #[schema(example = "all-contacts")]
    pub segment_id: Option<String>,
    /// 1 to 10,000 ids. Doubles are dropped; unknown ones come out as `gone`.
    pub ids: Option<Vec<Uuid>>,
    /// `all` or `any`; goes with `rules`.
    #[serde(rename = "match")]
    #[schema(value_type = Option<Match>)]
    pub matching: Option<Value>,
    /// Inline rules, as in a segment.
    #[schema(value_type = Option<Vec<RuleNode>>)]
    pub rules: Option<Value>,
    /// What one deletion took and still lies in the bin.
    pub deletion_id: Option<Uuid>,
    /// What lies in the recycle bin and these filters let through; `{}` is everything of the entity.
    #[serde(deserialize_with = "object_or_null")]
    pub bin: Option<BinTarget>,
}

/// One action on one set of records.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"},
    "expected_count": 3949, "reason": "GDPR clean-up 2026"}))]
pub struct BulkActionInput {
    pub action: Action,
    /// `deal` for `restore` and `purge` alone.
    pub entity: BinKind,
    #[serde(deserialize_with = "object")]
    pub target: TargetInput,
    /// For `delete`: what happens to records that something live is linked to; `skip` when left out.
    #[serde(default)]
    pub on_blocked: Option<OnBlocked>,
    /// An outcome and the reasons for each record, and nothing changed. `POST /bulk-actions/{id}/execute` then does it.
    #[serde(default)]
    pub dry_run: bool,
    /// For `restore`.
    #[serde(default)]
    pub on_conflict: Option<OnConflict>,
    /// For `add_tags` and `remove_tags`, and required there: 1 to 50 tags of 1 to 100 characters. Doubles are dropped; case
    /// and accents do not matter.
    #[serde(default)]
    #[schema(example = json!(["newsletter 2026"]))]
    pub tags: Option<Vec<String>>,
    /// Refuses with 409 `expected-count-mismatch` when another number of records matches. Required for `purge`.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub expected_count: Option<i64>,
    #[serde(default)]
    pub notify: Notify,
    /// To 500 characters; kept with the action and shown in the bin.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A request whose shape is right.
#[derive(Debug, Clone)]
pub struct CheckedRequest {
    input: BulkActionInput,
    target: CheckedTarget,
}

#[derive(Debug, Clone)]
enum CheckedTarget {
    Segment(String),
    Ids(Vec<Uuid>),
    Rules(RuleTree),
    Deletion(Uuid),
    Bin(BinTarget),
}

/// serde takes an array for a structure, its entries by their places: as `bin` an empty one would be filters without
/// members, which select everything.
fn object_or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<T>, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }

        fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Object(PhantomData))
}

fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<T, D::Error> {
    object_or_null(deserializer)?.ok_or_else(|| D::Error::custom("must be an object"))
}

impl BulkActionInput {
    /// # Errors
    /// `Invalid` names every wrong member.
    pub fn validate(mut self) -> Result<CheckedRequest> {
        let mut checks = Checks::default();
        checks.optional_text("/reason", &mut self.reason, MAX_REASON_LENGTH);
        if self.expected_count.is_some_and(|count| count < 0) {
            checks.fail("/expected_count", "must not be negative");
        }
        if self.action == Action::Purge && self.expected_count.is_none() {
            let detail = "is required: a purge cannot be taken back, so say how many records you mean";
            checks.fail("/expected_count", detail);
        }
        if !self.action.is_for_the_bin() && self.entity == BinKind::Deal {
            checks.fail("/entity", "in bulk deals can only be restored and purged");
        }
        self.check_tags(&mut checks);
        if self.action != Action::Restore && self.on_conflict.is_some() {
            checks.fail("/on_conflict", "goes with the action restore alone");
        }
        if self.action != Action::Delete && self.on_blocked.is_some() {
            checks.fail("/on_blocked", "goes with the action delete alone");
        }
        let target = self.target.clone().check(&self, &mut checks);
        checks.finish()?;
        let target = target.ok_or_else(|| Error::field("/target", "names no set of records"))?;
        Ok(CheckedRequest { input: self, target })
    }

    fn check_tags(&mut self, checks: &mut Checks) {
        match (&mut self.tags, self.action.changes_tags()) {
            (Some(tags), true) => {
                if tags.is_empty() {
                    checks.fail("/tags", "must have at least one tag");
                }
                check_tags(tags, checks);
            }
            (None, true) => checks.fail("/tags", "is required"),
            (Some(_), false) => checks.fail("/tags", "goes with the actions add_tags and remove_tags alone"),
            (None, false) => {}
        }
    }
}

impl TargetInput {
    /// Members are counted by hand: taking the first that fits would delete the wrong set.
    fn check(self, request: &BulkActionInput, checks: &mut Checks) -> Option<CheckedTarget> {
        let from_bin = request.action.is_for_the_bin();
        let given = [
            (self.segment_id.is_some(), "segment_id", !from_bin),
            (self.rules.is_some() || self.matching.is_some(), "rules", !from_bin),
            (self.deletion_id.is_some(), "deletion_id", from_bin),
            (self.bin.is_some(), "bin", from_bin),
        ];
        let count = given.iter().filter(|(present, ..)| *present).count() + usize::from(self.ids.is_some());
        if count != 1 {
            let members = if from_bin { "ids, deletion_id and bin" } else { "segment_id, ids and rules (with match)" };
            checks.fail("/target", format!("must have exactly one of {members}"));
            return None;
        }
        if let Some((_, name, _)) = given.iter().find(|(present, _, fits)| *present && !fits) {
            let action = request.action.as_str();
            checks.fail(format!("/target/{name}"), format!("does not go with the action {action}"));
            return None;
        }
        if let Some(mut ids) = self.ids {
            if ids.is_empty() || ids.len() > MAX_IDS {
                checks.fail("/target/ids", format!("must have 1 to {MAX_IDS} ids"));
            }
            ids.sort_unstable();
            ids.dedup();
            return Some(CheckedTarget::Ids(ids));
        }
        if let Some(id) = self.deletion_id {
            return Some(CheckedTarget::Deletion(id));
        }
        if let Some(bin) = self.bin {
            bin.check("/target/bin", checks);
            return Some(CheckedTarget::Bin(bin));
        }
        if let Some(id) = self.segment_id {
            return Some(CheckedTarget::Segment(id));
        }
        let (matching, rules) = (self.matching.unwrap_or_default(), self.rules.unwrap_or_default());
        match RuleTree::new(request.entity.record()?, matching, rules, "/target") {
            Ok(tree) => Some(CheckedTarget::Rules(tree)),
            Err(errors) => {
                for FieldError { pointer, detail } in errors {
                    checks.fail(pointer, detail);
                }
                None
            }
        }
    }
}

impl CheckedRequest {
    /// Looks the target up as it is now.
    ///
    /// # Errors
    /// `NotFound` for a segment that does not exist for this actor, `Invalid` for one of other records.
    pub fn resolve(&self, tx: &mut Tx, actor: &Actor) -> Result<ActionRequest> {
        let (target, summary) = match &self.target {
            CheckedTarget::Segment(id) => self.segment(tx, actor, id)?,
            CheckedTarget::Rules(tree) => (self.matching(tree)?, TargetSummary::of_rules(tree.to_json())),
            CheckedTarget::Ids(ids) => (Target::Ids(ids.clone()), TargetSummary::of_kind("ids")),
            CheckedTarget::Deletion(id) => {
                let summary = TargetSummary { deletion_id: Some(*id), ..TargetSummary::of_kind("deletion") };
                (Target::Bin(summary.of_the_bin()), summary)
            }
            CheckedTarget::Bin(bin) => {
                let summary = TargetSummary { bin: Some(bin.clone()), ..TargetSummary::of_kind("bin") };
                (Target::Bin(bin.clone()), summary)
            }
        };
        let input = &self.input;
        Ok(ActionRequest {
            action: input.action,
            entity: input.entity,
            target,
            summary,
            expected_count: input.expected_count,
            options: Options {
                on_blocked: input.on_blocked.unwrap_or_default(),
                on_conflict: input.on_conflict.unwrap_or_default(),
                dry_run: input.dry_run,
                inverse_of: None,
                tags: input.tags.clone().unwrap_or_default(),
            },
            notify: input.notify,
            reason: input.reason.clone(),
        })
    }

    fn segment(&self, tx: &mut Tx, actor: &Actor, id: &str) -> Result<(Target, TargetSummary)> {
        let segment = segments::find(tx, actor, id)?.ok_or(Error::NotFound)?;
        if BinKind::from(segment.kind) != self.input.entity {
            let detail = format!("is a segment of {}, not of the entity of the action", segment.kind.plural());
            return Err(Error::field("/target/segment_id", detail));
        }
        let summary = TargetSummary {
            segment_id: Some(id.to_owned()),
            segment_name: Some(segment.name),
            private: segment.visibility == Visibility::Private,
            rules: Some(segment.tree.to_json()),
            ..TargetSummary::of_kind("segment")
        };
        Ok((self.matching(&segment.tree)?, summary))
    }

    fn matching(&self, tree: &RuleTree) -> Result<Target> {
        let kind = self.input.entity.record().ok_or_else(|| Error::field("/entity", "must be contact or company"))?;
        Ok(Target::Matching { kind, condition: Box::new(tree.condition().clone()) })
    }
}
