//! The worker's turns in the model: what becomes of each record of an action.

use std::collections::BTreeMap;

use sweep::domain::bulk_action::{Action, ActionStatus, OnBlocked, OriginKind, Outcome};

use super::world::{ModelAction, Place, Record, World};

impl World {
    /// One chunk of the oldest action that waits; false when none does. Every set here fits into one chunk.
    pub fn work(&mut self) -> bool {
        let Some(number) = self.actions.iter().position(ModelAction::has_work) else { return false };
        let action = self.actions[number].clone();
        if action.on_blocked == OnBlocked::Abort && !action.dry_run {
            self.work_whole_or_not(number, &action);
        } else {
            let outcomes = self.outcomes(number, &action);
            self.apply(number, &action, &outcomes);
            self.end(number, ActionStatus::Completed, outcomes);
        }
        true
    }

    fn end(&mut self, number: usize, status: ActionStatus, outcomes: BTreeMap<usize, Outcome>) {
        self.actions[number].status = status;
        self.actions[number].outcomes = outcomes;
    }

    fn work_whole_or_not(&mut self, number: usize, action: &ModelAction) {
        let mut outcomes = self.outcomes(number, action);
        if outcomes.values().any(|outcome| *outcome == Outcome::Blocked) {
            outcomes.retain(|_, outcome| *outcome == Outcome::Blocked);
            self.end(number, ActionStatus::Aborted, outcomes);
        } else if action.looked_through {
            self.apply(number, action, &outcomes);
            self.end(number, ActionStatus::Completed, outcomes);
        } else {
            self.actions[number].looked_through = true;
            self.actions[number].status = ActionStatus::Running;
        }
    }

    fn outcomes(&self, number: usize, action: &ModelAction) -> BTreeMap<usize, Outcome> {
        action.set.iter().map(|record| (*record, self.outcome(number, action, *record))).collect()
    }

    fn outcome(&self, number: usize, action: &ModelAction, record: usize) -> Outcome {
        let live = self.place(record) == Place::Live;
        if action.checks_rule_again() && live && !self.records[record].active {
            return Outcome::Changed;
        }
        match (action.action, action.inverse_of) {
            (Action::Delete, _) => self.outcome_of_delete(action, record),
            (Action::Deactivate, _) | (_, Some(Action::Reactivate)) => {
                self.outcome_of_status(record, false, Outcome::Deactivated)
            }
            (Action::Reactivate, _) | (_, Some(Action::Deactivate)) => {
                self.outcome_of_status(record, true, Outcome::Reactivated)
            }
            (Action::Purge, _) => self.outcome_from_bin(action, record, Outcome::Purged, Outcome::Changed),
            (Action::AddTags, _) => self.outcome_of_tags(record, true, Outcome::Tagged),
            (Action::RemoveTags, _) => self.outcome_of_tags(record, false, Outcome::Untagged),
            _ if self.deactivated_instead(number, record) => self.outcome_of_status(record, true, Outcome::Reactivated),
            _ => self.outcome_from_bin(action, record, Outcome::Restored, Outcome::Unchanged),
        }
    }

    /// Whether the deletion that this undo takes back had deactivated the record instead.
    fn deactivated_instead(&self, number: usize, record: usize) -> bool {
        match self.actions[number].origin {
            Some((OriginKind::Undo, origin)) => {
                self.actions[origin].outcomes.get(&record) == Some(&Outcome::Deactivated)
            }
            _ => false,
        }
    }

    fn outcome_of_delete(&self, action: &ModelAction, record: usize) -> Outcome {
        let Record { active, deals, .. } = self.records[record];
        match (self.place(record), deals, action.on_blocked, active) {
            (Place::Live, 0, ..) => Outcome::Deleted,
            (Place::Live, _, OnBlocked::Deactivate, true) => Outcome::Deactivated,
            (Place::Live, _, OnBlocked::Deactivate, false) => Outcome::Unchanged,
            (Place::Live, ..) => Outcome::Blocked,
            _ => Outcome::Gone,
        }
    }

    fn outcome_of_status(&self, record: usize, wanted: bool, outcome: Outcome) -> Outcome {
        match self.place(record) {
            Place::Live if self.records[record].active == wanted => Outcome::Unchanged,
            Place::Live => outcome,
            _ => Outcome::Gone,
        }
    }

    fn outcome_of_tags(&self, record: usize, wanted: bool, outcome: Outcome) -> Outcome {
        match self.place(record) {
            Place::Live if self.records[record].tagged == wanted => Outcome::Unchanged,
            Place::Live => outcome,
            _ => Outcome::Gone,
        }
    }

    fn outcome_from_bin(&self, action: &ModelAction, record: usize, taken: Outcome, live: Outcome) -> Outcome {
        match self.place(record) {
            Place::Live => live,
            Place::Bin { of, .. } if action.only_of.is_some() && of != action.only_of => Outcome::Changed,
            Place::Bin { .. } => taken,
            Place::Nowhere => Outcome::Gone,
        }
    }

    fn apply(&mut self, number: usize, action: &ModelAction, outcomes: &BTreeMap<usize, Outcome>) {
        if action.dry_run {
            return;
        }
        for (record, outcome) in outcomes {
            match outcome {
                Outcome::Deleted => self.bin(*record, Some(number)),
                Outcome::Restored => self.records[*record].place = Place::Live,
                Outcome::Purged => self.records[*record].place = Place::Nowhere,
                Outcome::Tagged => self.records[*record].tagged = true,
                Outcome::Untagged => self.records[*record].tagged = false,
                Outcome::Deactivated => self.records[*record].active = false,
                Outcome::Reactivated => self.records[*record].active = true,
                _ => {}
            }
        }
    }
}
