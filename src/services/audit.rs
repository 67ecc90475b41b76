//! The audit log beyond single rows: which changes of segments it has, and what it shows beside its own columns.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditEntry, AuditRow};
use crate::domain::bulk_action::BulkAction;
use crate::domain::error::Result;
use crate::domain::segment::saved::{Segment, Visibility};
use crate::repository::audit_log::{self, AuditFilter};
use crate::repository::db::{Read, Tx};
use crate::repository::{bulk_actions, deletions};

/// Writes a change of a segment down that others use too: one that was shared, or is from now on. `old` is none for a new
/// one, `new` for a deleted one.
pub fn segment_changed(tx: &mut Tx, actor: &Actor, old: Option<&Segment>, new: Option<&Segment>) -> Result<()> {
    let shared = [old, new].into_iter().flatten().any(|segment| segment.visibility == Visibility::Shared);
    match AuditEntry::of_segment(actor, old, new) {
        Some(entry) if shared => audit_log::insert(tx, entry),
        _ => Ok(()),
    }
}

/// Up to `limit` rows, newest first, with what is still known elsewhere: how a bulk action stands, the values of its
/// rules, why it or a single deletion was asked for.
pub fn list(read: &mut Read, filter: &AuditFilter, after: Option<Uuid>, limit: i64) -> Result<Vec<AuditRow>> {
    let mut rows = audit_log::list(read, filter, after, limit)?;
    let actions = bulk_actions::find_several(read, &ids(&rows, "action_id"))?;
    let reasons = deletions::reasons(read, &ids(&rows, "deletion_id"))?;
    for row in &mut rows {
        join(&mut row.entry.details, &actions, &reasons);
    }
    Ok(rows)
}

fn ids(rows: &[AuditRow], member: &str) -> Vec<Uuid> {
    rows.iter().filter_map(|row| id(&row.entry.details, member)).collect()
}

fn id(details: &Value, member: &str) -> Option<Uuid> {
    details[member].as_str().and_then(|text| Uuid::try_parse(text).ok())
}

fn join(details: &mut Value, actions: &BTreeMap<Uuid, BulkAction>, reasons: &BTreeMap<Uuid, String>) {
    if let Some(reason) = id(details, "deletion_id").and_then(|deletion| reasons.get(&deletion)) {
        details["reason"] = json!(reason);
    }
    let Some(action) = id(details, "action_id").and_then(|id| actions.get(&id)) else { return };
    details["status"] = json!(action.status);
    details["counts"] = json!(action.counts);
    if let Some(approval) = &action.approval {
        details["approval"] = json!(approval);
    }
    if let Some(reason) = &action.reason {
        details["reason"] = json!(reason);
    }
    if let Some(rules) = &action.target.rules
        && details["target"].is_object()
    {
        details["target"]["rules"] = rules.clone();
    }
}
