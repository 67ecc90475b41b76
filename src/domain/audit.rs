//! The audit log: who did, or tried to do, what to what. A row keeps ids, kinds and counts, and never a name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::actor::{Actor, Role};
use super::bulk_action::{Action, BulkAction, OriginKind};
use super::entity::{BinKind, RecordKind};
use super::segment::saved::Segment;
use super::settings::AccountSettings;

/// What is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum AuditAction {
    /// One record goes into the recycle bin; an invoice, project, time tracking or ticket for good.
    #[serde(rename = "record.delete")]
    RecordDelete,
    #[serde(rename = "record.restore")]
    RecordRestore,
    /// An admin removes one record from the recycle bin for good.
    #[serde(rename = "record.purge")]
    RecordPurge,
    #[serde(rename = "bulk_action.create")]
    BulkActionCreate,
    #[serde(rename = "bulk_action.cancel")]
    BulkActionCancel,
    #[serde(rename = "bulk_action.undo")]
    BulkActionUndo,
    #[serde(rename = "bulk_action.retry")]
    BulkActionRetry,
    #[serde(rename = "bulk_action.execute")]
    BulkActionExecute,
    #[serde(rename = "bulk_action.approve")]
    BulkActionApprove,
    #[serde(rename = "bulk_action.reject")]
    BulkActionReject,
    /// Nobody approved or rejected it in time.
    #[serde(rename = "bulk_action.lapse")]
    BulkActionLapse,
    /// Upkeep removes records for good whose time in the recycle bin is over: a row for each batch.
    #[serde(rename = "recycle_bin.expire")]
    RecycleBinExpire,
    #[serde(rename = "settings.update")]
    SettingsUpdate,
    /// Of a shared segment, as the next two.
    #[serde(rename = "segment.create")]
    SegmentCreate,
    #[serde(rename = "segment.update")]
    SegmentUpdate,
    #[serde(rename = "segment.delete")]
    SegmentDelete,
    #[serde(rename = "import")]
    Import,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done, or will be: the row was written in the transaction of its effect.
    Accepted,
    /// It was forbidden (403), or the state of the data refused it (409).
    Refused,
}

/// The kind of thing that an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    Contact,
    Company,
    Deal,
    Invoice,
    Project,
    TimeTracking,
    Ticket,
    /// A record of the recycle bin whose kind a refusal did not get to know.
    Record,
    BulkAction,
    /// All that one deletion took: a single one, or a bulk action's.
    Deletion,
    Segment,
    Settings,
    Import,
}

/// What an action is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Subject {
    #[serde(rename = "type")]
    pub kind: SubjectType,
    /// A UUID, or the slug of a standard segment; null where there is none (settings, imports, an action that was not
    /// accepted).
    #[schema(example = "0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f")]
    pub id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditRole {
    Admin,
    Member,
    /// Upkeep: nobody asked for it.
    System,
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditActor {
    /// Null for `system`.
    #[schema(example = "ann")]
    pub user_id: Option<String>,
    pub role: AuditRole,
}

/// What an import made of its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub created: u64,
    pub updated: u64,
    pub rejected: u64,
}

impl std::ops::Add for ImportCounts {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            created: self.created + more.created,
            updated: self.updated + more.updated,
            rejected: self.rejected + more.rejected,
        }
    }
}

/// What happened, before it is written down.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub actor: AuditActor,
    pub action: AuditAction,
    pub outcome: AuditOutcome,
    /// The slug of the problem that a refusal was answered with.
    pub problem: Option<String>,
    pub subject: Subject,
    /// An object.
    pub details: Value,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub entry: AuditEntry,
    pub request_id: Option<String>,
}

impl AuditActor {
    pub const SYSTEM: Self = Self { user_id: None, role: AuditRole::System };
}

impl From<&Actor> for AuditActor {
    fn from(actor: &Actor) -> Self {
        let role = match actor.role {
            Role::Admin => AuditRole::Admin,
            Role::Member => AuditRole::Member,
        };
        Self { user_id: Some(actor.user_id.clone()), role }
    }
}

impl Subject {
    pub fn new(kind: impl Into<SubjectType>, id: &impl ToString) -> Self {
        Self { kind: kind.into(), id: Some(id.to_string()) }
    }

    pub fn without_id(kind: SubjectType) -> Self {
        Self { kind, id: None }
    }
}

impl From<BinKind> for SubjectType {
    fn from(kind: BinKind) -> Self {
        match kind {
            BinKind::Contact => Self::Contact,
            BinKind::Company => Self::Company,
            BinKind::Deal => Self::Deal,
        }
    }
}

impl From<RecordKind> for SubjectType {
    fn from(kind: RecordKind) -> Self {
        BinKind::from(kind).into()
    }
}

impl AuditEntry {
    pub fn accepted(actor: impl Into<AuditActor>, action: AuditAction, subject: Subject, details: Value) -> Self {
        Self { actor: actor.into(), action, outcome: AuditOutcome::Accepted, problem: None, subject, details }
    }

    pub fn refused(actor: impl Into<AuditActor>, action: AuditAction, subject: Subject, problem: &str) -> Self {
        let (outcome, problem) = (AuditOutcome::Refused, Some(problem.to_owned()));
        Self { actor: actor.into(), action, outcome, problem, subject, details: json!({}) }
    }

    /// A bulk action that begins: by itself, or made from another one, which then is the subject.
    pub fn of_new_bulk_action(actor: &Actor, action: &BulkAction) -> Self {
        let (word, subject) = match action.origin {
            None => (AuditAction::BulkActionCreate, action.id),
            Some(origin) => (of_origin(origin.kind), origin.action_id),
        };
        let mut details = json!({"action_id": action.id, "action": action.action, "entity": action.entity,
            "dry_run": action.options.dry_run, "matched": action.counts.matched, "target": outline_of_target(action)});
        match action.action {
            Action::Delete => details["on_blocked"] = json!(action.options.on_blocked),
            Action::Restore => details["on_conflict"] = json!(action.options.on_conflict),
            _ => {}
        }
        Self::accepted(actor, word, Subject::new(SubjectType::BulkAction, &subject), details)
    }

    /// A verb on a bulk action that makes no new one.
    pub fn of_bulk_action(actor: impl Into<AuditActor>, word: AuditAction, action: &BulkAction) -> Self {
        let details = json!({"action_id": action.id, "action": action.action, "entity": action.entity,
            "matched": action.counts.matched});
        Self::accepted(actor, word, Subject::new(SubjectType::BulkAction, &action.id), details)
    }

    /// A single record that is deleted, restored or purged.
    pub fn of_record(actor: &Actor, word: AuditAction, kind: impl Into<SubjectType>, id: Uuid) -> Self {
        Self::accepted(actor, word, Subject::new(kind, &id), json!({}))
    }

    /// A record that goes into the bin.
    pub fn of_binned_record(actor: &Actor, kind: impl Into<SubjectType>, id: Uuid, deletion_id: Uuid) -> Self {
        let details = json!({ "deletion_id": deletion_id });
        Self { details, ..Self::of_record(actor, AuditAction::RecordDelete, kind, id) }
    }

    /// Upkeep has removed `count` records for good that one deletion took.
    pub fn of_expiry(deletion_id: Uuid, kind: BinKind, count: usize) -> Self {
        let subject = Subject::new(SubjectType::Deletion, &deletion_id);
        let details = json!({ "type": kind, "purged": count });
        Self::accepted(AuditActor::SYSTEM, AuditAction::RecycleBinExpire, subject, details)
    }

    /// An import of `kind`, as its path names it; not `complete` when it ended before its file.
    pub fn of_import(actor: &Actor, kind: &str, counts: ImportCounts, complete: bool) -> Self {
        let ImportCounts { created, updated, rejected } = counts;
        let details = json!({"kind": kind, "created": created, "updated": updated, "rejected": rejected,
            "complete": complete});
        Self::accepted(actor, AuditAction::Import, Subject::without_id(SubjectType::Import), details)
    }

    pub fn of_settings(actor: &Actor, old: &AccountSettings, new: &AccountSettings) -> Self {
        let subject = Subject::without_id(SubjectType::Settings);
        Self::accepted(actor, AuditAction::SettingsUpdate, subject, json!({ "old": old, "new": new }))
    }

    /// `old` is none for a new segment, `new` for a deleted one.
    pub fn of_segment(actor: &Actor, old: Option<&Segment>, new: Option<&Segment>) -> Option<Self> {
        let word = match (old, new) {
            (None, _) => AuditAction::SegmentCreate,
            (Some(_), Some(_)) => AuditAction::SegmentUpdate,
            (Some(_), None) => AuditAction::SegmentDelete,
        };
        let subject = Subject::new(SubjectType::Segment, &old.or(new)?.id);
        let mut details = json!({});
        for (name, segment) in [("old", old), ("new", new)] {
            if let Some(segment) = segment {
                details[name] = json!({"entity": segment.kind, "visibility": segment.visibility,
                    "owner_id": segment.saved.as_ref().map(|saved| &saved.owner_id),
                    "rules": outline(&segment.tree.to_json())});
            }
        }
        Some(Self::accepted(actor, word, subject, details))
    }
}

const fn of_origin(kind: OriginKind) -> AuditAction {
    match kind {
        OriginKind::Undo => AuditAction::BulkActionUndo,
        OriginKind::Retry => AuditAction::BulkActionRetry,
        OriginKind::Execute => AuditAction::BulkActionExecute,
    }
}

/// The target without what users typed into it.
fn outline_of_target(action: &BulkAction) -> Value {
    let target = &action.target;
    let mut kept = json!({ "kind": target.kind });
    if let Some(id) = &target.segment_id {
        kept["segment_id"] = json!(id);
    }
    if let Some(id) = target.deletion_id {
        kept["deletion_id"] = json!(id);
    }
    if let Some(tree) = &target.rules {
        kept["rules"] = outline(tree);
    }
    if let Some(Value::Object(filters)) = target.bin.as_ref().map(|bin| json!(bin)) {
        kept["filters"] = filters.keys().cloned().collect();
    }
    kept
}

/// A rule tree, or a part of one, with its fields and operators and without its values.
pub fn outline(node: &Value) -> Value {
    let Some(rules) = node["rules"].as_array() else {
        return json!({ "field": node["field"], "operator": node["operator"] });
    };
    json!({ "match": node["match"], "rules": rules.iter().map(outline).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_no_values() {
        let tree = json!({"match": "all", "rules": [
            {"field": "last_name", "operator": "equals", "value": "Zqxvorn"},
            {"match": "any", "rules": [{"field": "tags", "operator": "has_any", "value": ["zqxvorn"]},
                {"field": "birthdate", "operator": "is_empty"}]}]});
        assert_eq!(
            outline(&tree),
            json!({"match": "all", "rules": [{"field": "last_name", "operator": "equals"},
                {"match": "any", "rules": [{"field": "tags", "operator": "has_any"},
                    {"field": "birthdate", "operator": "is_empty"}]}]})
        );
    }
}
