//! Taking records back out of the recycle bin: chunks of a restore or undo, and single restores.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditEntry};
use crate::domain::bulk_action::{ChunkResult, Exception, Mode, OnConflict, Outcome};
use crate::domain::entity::{BinKind, RecordKind, RecordRef};
use crate::domain::error::{Conflict, Error, Result};
use crate::repository::db::Tx;
use crate::repository::recycle_bin::{self, LockedRow};
use crate::repository::{audit_log, links};

/// Which records of a set may come back, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreRules {
    /// Only what this deletion took: an undo brings back exactly what its action did.
    pub only_of: Option<Uuid>,
    pub on_conflict: OnConflict,
    pub mode: Mode,
}

/// Restores those of `ids` that lie in the bin. A deal brings its customer and contact person along.
pub fn restore_records(tx: &mut Tx, kind: BinKind, ids: &[Uuid], rules: RestoreRules) -> Result<ChunkResult> {
    if kind == BinKind::Deal {
        return restore_deals(tx, ids, rules);
    }
    let plan = plan(tx, kind, ids, rules, &BTreeMap::new())?;
    if rules.mode == Mode::Apply {
        recycle_bin::unstamp(tx, kind, &plan.restorable, &plan.without_external_id)?;
    }
    Ok(ChunkResult { succeeded: plan.restorable, exceptions: plan.exceptions })
}

/// What can be done with a set of rows, all of them locked.
struct Plan {
    restorable: Vec<Uuid>,
    /// Those of `restorable` that lose their `external_id`.
    without_external_id: Vec<Uuid>,
    exceptions: Vec<Exception>,
}

/// `held_back`: records that stay though they could come back, and why.
fn plan(
    tx: &mut Tx,
    kind: BinKind,
    ids: &[Uuid],
    rules: RestoreRules,
    held_back: &BTreeMap<Uuid, Exception>,
) -> Result<Plan> {
    let locked = recycle_bin::lock(tx, kind, ids)?;
    let mut rows: BTreeMap<Uuid, LockedRow> = locked.into_iter().map(|row| (row.id, row)).collect();
    let mut plan = Plan { restorable: Vec::new(), without_external_id: Vec::new(), exceptions: Vec::new() };
    let mut candidates = Vec::new();
    for id in ids {
        match rows.remove(id).map_or(Err(Outcome::Gone), |row| may_come_back(tx, row, rules)) {
            Ok(row) => match held_back.get(id) {
                Some(exception) => plan.exceptions.push(exception.clone()),
                None => candidates.push(row),
            },
            Err(outcome) => plan.exceptions.push(Exception::new(*id, outcome)),
        }
    }
    let conflicts = external_id_conflicts(tx, kind, &candidates)?;
    for row in &candidates {
        match conflicts.get(&row.id) {
            Some(twin) if rules.on_conflict == OnConflict::Refuse => {
                let exception = Exception { conflict_with: Some(*twin), ..Exception::new(row.id, Outcome::Conflict) };
                plan.exceptions.push(exception);
            }
            conflict => {
                plan.without_external_id.extend(conflict.map(|_| row.id));
                plan.restorable.push(row.id);
            }
        }
    }
    Ok(plan)
}

fn may_come_back(tx: &Tx, row: LockedRow, rules: RestoreRules) -> std::result::Result<LockedRow, Outcome> {
    match row.bin {
        None => Err(Outcome::Unchanged),
        Some(stamp) if stamp.purge_at <= tx.now() => Err(Outcome::Gone),
        Some(stamp) if rules.only_of.is_some_and(|deletion| deletion != stamp.deletion_id) => Err(Outcome::Changed),
        Some(_) => Ok(row),
    }
}

/// The candidates whose `external_id` is taken, and by which record: a live one, or the twin among the candidates that
/// was deleted last.
fn external_id_conflicts(tx: &mut Tx, kind: BinKind, candidates: &[LockedRow]) -> Result<BTreeMap<Uuid, Uuid>> {
    let external_ids: Vec<&str> = candidates.iter().filter_map(|row| row.external_id.as_deref()).collect();
    let mut holders = recycle_bin::live_holders(tx, kind, &external_ids)?;
    let mut by_last_deleted: Vec<&LockedRow> = candidates.iter().collect();
    by_last_deleted.sort_by_key(|row| std::cmp::Reverse(row.bin.map(|bin| (bin.deleted_at, bin.deletion_id, row.id))));
    let mut conflicts = BTreeMap::new();
    for row in by_last_deleted {
        let Some(external_id) = &row.external_id else { continue };
        if let Some(holder) = holders.get(external_id) {
            conflicts.insert(row.id, *holder);
        } else {
            holders.insert(external_id.clone(), row.id);
        }
    }
    Ok(conflicts)
}

/// Parents first (companies, then contacts), then the deals: the lock order. A deal comes back with its parents or not
/// at all, and no parent comes back for a deal that stays.
fn restore_deals(tx: &mut Tx, ids: &[Uuid], rules: RestoreRules) -> Result<ChunkResult> {
    let parents = recycle_bin::deal_parents(tx, ids)?;
    let parent_rules = RestoreRules { only_of: None, ..rules };
    let mut plans = Vec::new();
    let mut refused: BTreeMap<RecordRef, Exception> = BTreeMap::new();
    for kind in [RecordKind::Company, RecordKind::Contact] {
        let wanted: BTreeSet<Uuid> =
            parents.values().flatten().filter(|parent| parent.kind == kind).map(|parent| parent.id).collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        let plan = plan(tx, kind.into(), &wanted, parent_rules, &BTreeMap::new())?;
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
    if recycle_bin::deal_parents(tx, &deals.restorable)?.iter().any(|(id, now)| parents.get(id) != Some(now)) {
        // A purge took a contact person away before the deal was locked.
        return Err(Error::Contention);
    }
    let needed: BTreeSet<RecordRef> =
        deals.restorable.iter().filter_map(|id| parents.get(id)).flatten().copied().collect();
    if rules.mode == Mode::Apply {
        bring_back(tx, plans, &deals, &needed)?;
    }
    Ok(ChunkResult { succeeded: deals.restorable, exceptions: deals.exceptions })
}

/// Takes the parents that `deals` need out of the bin, then the deals.
fn bring_back(tx: &mut Tx, parents: Vec<(RecordKind, Plan)>, deals: &Plan, needed: &BTreeSet<RecordRef>) -> Result<()> {
    for (kind, plan) in parents {
        let pulled: Vec<Uuid> =
            plan.restorable.into_iter().filter(|id| needed.contains(&RecordRef { kind, id: *id })).collect();
        recycle_bin::unstamp(tx, kind.into(), &pulled, &plan.without_external_id)?;
    }
    if links::hold_live_among(tx, needed)? != *needed {
        return Err(Error::Contention);
    }
    recycle_bin::unstamp(tx, BinKind::Deal, &deals.restorable, &deals.without_external_id)
}

/// Restores one record from the bin.
///
/// # Errors
/// `NotFound` when it does not lie there; `RestoreConflict` and `ParentExpired` when it cannot come back.
pub fn restore_one(tx: &mut Tx, actor: &Actor, kind: BinKind, id: Uuid, on_conflict: OnConflict) -> Result<()> {
    let result = restore_records(tx, kind, &[id], RestoreRules { only_of: None, on_conflict, mode: Mode::Apply })?;
    let Some(exception) = result.exceptions.into_iter().next() else {
        return audit_log::insert(tx, AuditEntry::of_record(actor, AuditAction::RecordRestore, kind, id));
    };
    match (exception.conflict_with, exception.parent) {
        (Some(live_twin), parent) => Err(Error::conflict(Conflict::RestoreConflict { live_twin, parent })),
        (None, Some(parent)) => Err(Error::conflict(Conflict::ParentExpired { parent })),
        (None, None) => Err(Error::NotFound),
    }
}
