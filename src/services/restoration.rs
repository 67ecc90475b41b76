//! Taking records back out of the recycle bin: chunks of a restore or undo, and single restores.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::binned_records::lock_binned;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditEntry};
use crate::domain::bulk_action::{ChunkResult, Exception, Mode, OnConflict, Outcome};
use crate::domain::entity::{BinKind, RecordKind, RecordRef};
use crate::domain::error::{Conflict, Error, Result};
use crate::repository::db::Tx;
use crate::repository::recycle_bin::{self, BinFilter, LockedRow};
use crate::repository::{audit_log, links};

/// Which records of a set may come back, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreRules {
    /// Only what this lets through: an undo brings back exactly what its action did.
    pub meant: BinFilter,
    pub on_conflict: OnConflict,
    /// Records that leave their `external_id` to a twin elsewhere in the set, and to which.
    pub twins: BTreeMap<Uuid, Uuid>,
    pub mode: Mode,
}

/// Restores those of `ids` that lie in the bin. A deal brings its customer and contact person along.
pub fn restore_records(tx: &mut Tx, kind: BinKind, ids: &[Uuid], rules: &RestoreRules) -> Result<ChunkResult> {
    if kind == BinKind::Deal {
        return restore_deals(tx, ids, rules);
    }
    let plan = plan(tx, kind, ids, rules, &BTreeMap::new())?;
    if rules.mode == Mode::Apply {
        take_out(tx, kind, &plan.restorable, &plan.without_external_id)?;
    }
    Ok(plan.result())
}

/// Takes locked rows out of the bin. A live twin that came up since they were looked at shows here alone: then all is
/// looked at again.
fn take_out(tx: &mut Tx, kind: BinKind, rows: &[LockedRow], without_external_id: &[Uuid]) -> Result<()> {
    match recycle_bin::unstamp(tx, kind, rows, without_external_id) {
        Err(Error::Conflict(conflict)) if *conflict == Conflict::ExternalIdTaken => Err(Error::Contention),
        other => other,
    }
}

/// What can be done with a set of rows, all of them locked.
struct Plan {
    restorable: Vec<LockedRow>,
    /// Those of `restorable` that lose their `external_id`.
    without_external_id: Vec<Uuid>,
    exceptions: Vec<Exception>,
}

impl Plan {
    fn restorable_ids(&self) -> Vec<Uuid> {
        self.restorable.iter().map(|row| row.id).collect()
    }

    fn result(self) -> ChunkResult {
        ChunkResult { succeeded: self.restorable_ids(), exceptions: self.exceptions }
    }
}

/// `held_back`: records that stay though they could come back, and why.
fn plan(
    tx: &mut Tx,
    kind: BinKind,
    ids: &[Uuid],
    rules: &RestoreRules,
    held_back: &BTreeMap<Uuid, Exception>,
) -> Result<Plan> {
    let (mut candidates, exceptions) = lock_binned(tx, kind, ids, &rules.meant, Outcome::Unchanged)?;
    let mut plan = Plan { restorable: Vec::new(), without_external_id: Vec::new(), exceptions };
    candidates.retain(|row| match held_back.get(&row.id) {
        Some(exception) => {
            plan.exceptions.push(exception.clone());
            false
        }
        None => true,
    });
    let conflicts = external_id_conflicts(tx, kind, &candidates, &rules.twins)?;
    for row in candidates {
        match conflicts.get(&row.id) {
            Some(twin) if rules.on_conflict == OnConflict::Refuse => {
                let exception = Exception { conflict_with: Some(*twin), ..Exception::new(row.id, Outcome::Conflict) };
                plan.exceptions.push(exception);
            }
            conflict => {
                plan.without_external_id.extend(conflict.map(|_| row.id));
                plan.restorable.push(row);
            }
        }
    }
    Ok(plan)
}

/// The candidates whose `external_id` is taken, and by which record: a live one, or the twin among the candidates or
/// elsewhere in the set that was deleted last.
fn external_id_conflicts(
    tx: &mut Tx,
    kind: BinKind,
    candidates: &[LockedRow],
    twins: &BTreeMap<Uuid, Uuid>,
) -> Result<BTreeMap<Uuid, Uuid>> {
    let external_ids: Vec<&str> = candidates.iter().filter_map(|row| row.external_id.as_deref()).collect();
    let mut holders = recycle_bin::live_holders(tx, kind, &external_ids)?;
    let mut by_last_deleted: Vec<&LockedRow> = candidates.iter().collect();
    by_last_deleted.sort_by_key(|row| std::cmp::Reverse(row.bin.map(|bin| (bin.deleted_at, bin.deletion_id, row.id))));
    let mut conflicts = BTreeMap::new();
    for row in by_last_deleted {
        let Some(external_id) = &row.external_id else { continue };
        if let Some(holder) = holders.get(external_id).or_else(|| twins.get(&row.id)) {
            conflicts.insert(row.id, *holder);
        } else {
            holders.insert(external_id.clone(), row.id);
        }
    }
    Ok(conflicts)
}

/// Parents first (companies, then contacts), then the deals: the lock order. A deal comes back with its parents or not
/// at all, and no parent comes back for a deal that stays.
fn restore_deals(tx: &mut Tx, ids: &[Uuid], rules: &RestoreRules) -> Result<ChunkResult> {
    let parents = recycle_bin::deal_parents(tx, ids)?;
    let parent_rules = RestoreRules { meant: BinFilter::default(), ..rules.clone() };
    let mut plans = Vec::new();
    let mut refused: BTreeMap<RecordRef, Exception> = BTreeMap::new();
    for kind in [RecordKind::Company, RecordKind::Contact] {
        let wanted: BTreeSet<Uuid> =
            parents.values().flatten().filter(|parent| parent.kind == kind).map(|parent| parent.id).collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        let plan = plan(tx, kind.into(), &wanted, &parent_rules, &BTreeMap::new())?;
        let refusals = plan.exceptions.iter().filter(|exception| exception.outcome != Outcome::Unchanged);
        refused.extend(refusals.map(|exception| (RecordRef { kind, id: exception.record_id }, exception.clone())));
        plans.push((kind, plan));
    }
    let orphans = parents.iter().filter_map(|(id, of)| {
        let refusal = of.iter().find_map(|parent| refused.get(parent))?;
        let parent = Some(refusal.record_id);
        Some((*id, Exception { record_id: *id, outcome: Outcome::Conflict, parent, ..refusal.clone() }))
    });
    let deals = plan(tx, BinKind::Deal, ids, rules, &orphans.collect())?;
    if recycle_bin::deal_parents(tx, &deals.restorable_ids())?.iter().any(|(id, now)| parents.get(id) != Some(now)) {
        // A purge took a contact person away before the deal was locked.
        return Err(Error::Contention);
    }
    let needed: BTreeSet<RecordRef> =
        deals.restorable.iter().filter_map(|row| parents.get(&row.id)).flatten().copied().collect();
    if rules.mode == Mode::Apply {
        bring_back(tx, plans, &deals, &needed)?;
    }
    Ok(deals.result())
}

/// Takes the parents that `deals` need out of the bin, then the deals.
fn bring_back(tx: &mut Tx, parents: Vec<(RecordKind, Plan)>, deals: &Plan, needed: &BTreeSet<RecordRef>) -> Result<()> {
    for (kind, plan) in parents {
        let pulled: Vec<LockedRow> =
            plan.restorable.into_iter().filter(|row| needed.contains(&RecordRef { kind, id: row.id })).collect();
        take_out(tx, kind.into(), &pulled, &plan.without_external_id)?;
    }
    if links::hold_live_among(tx, needed)? != *needed {
        return Err(Error::Contention);
    }
    take_out(tx, BinKind::Deal, &deals.restorable, &deals.without_external_id)
}

/// Restores one record from the bin.
///
/// # Errors
/// `NotFound` when it does not lie there; `RestoreConflict` and `ParentExpired` when it cannot come back.
pub fn restore_one(tx: &mut Tx, actor: &Actor, kind: BinKind, id: Uuid, on_conflict: OnConflict) -> Result<()> {
    let rules = RestoreRules { meant: BinFilter::default(), on_conflict, twins: BTreeMap::new(), mode: Mode::Apply };
    let result = restore_records(tx, kind, &[id], &rules)?;
    let Some(exception) = result.exceptions.into_iter().next() else {
        return audit_log::insert(tx, AuditEntry::of_record(actor, AuditAction::RecordRestore, kind, id));
    };
    match (exception.conflict_with, exception.parent) {
        (Some(live_twin), parent) => Err(Error::conflict(Conflict::RestoreConflict { live_twin, parent })),
        (None, Some(parent)) => Err(Error::conflict(Conflict::ParentExpired { parent })),
        (None, None) => Err(Error::NotFound),
    }
}
