//! The model: what the rules say about a handful of records and the actions on them, without a database.

use std::collections::{BTreeMap, BTreeSet};

use sweep::domain::bulk_action::{Action, ActionStatus, OnBlocked, OriginKind, Outcome};

use super::calls::{Call, Of, Start, Verb};

/// Few, so that actions meet on them.
pub const RECORDS: usize = 4;
/// An id that names nothing.
pub const UNKNOWN: usize = RECORDS;
/// The bits that choose records and the unknown one.
pub const MASK: usize = (1 << (RECORDS + 1)) - 1;
const APPROVAL_VALID_HOURS: i64 = 72;
const RETENTION_HOURS: i64 = 30 * 24;
const DRY_RUN_VALID_HOURS: i64 = 24;
/// Short of the 90 days after which an action forgets its details.
const LATEST_HOUR: i64 = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Live,
    /// By which bulk action (none: by a single DELETE), and until which hour.
    Bin {
        of: Option<usize>,
        purge_at: i64,
    },
    Nowhere,
}

#[derive(Debug, Clone)]
pub struct Record {
    pub place: Place,
    pub active: bool,
    /// It has the tag that tag actions add and remove.
    pub tagged: bool,
    pub deals: usize,
}

#[derive(Debug, Clone)]
pub struct ModelAction {
    pub action: Action,
    pub inverse_of: Option<Action>,
    pub origin: Option<(OriginKind, usize)>,
    pub on_blocked: OnBlocked,
    pub dry_run: bool,
    /// The set was described by a rule.
    pub by_rule: bool,
    /// What lay in the bin of this action was asked for.
    pub only_of: Option<usize>,
    pub set: BTreeSet<usize>,
    pub status: ActionStatus,
    pub outcomes: BTreeMap<usize, Outcome>,
    /// The first pass of an all-or-nothing delete found no blocker.
    pub looked_through: bool,
    accepted_at: i64,
}

/// How a call is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Done,
    /// The action with this number.
    Action(usize),
    Refused(&'static str),
}

#[derive(Clone)]
pub struct World {
    pub records: Vec<Record>,
    pub actions: Vec<ModelAction>,
    /// Deletes and purges of more records than this need another admin's approval.
    approval_above: Option<usize>,
    hour: i64,
}

/// One of so many actions.
pub fn chosen_of(number: usize, actions: usize) -> usize {
    number % actions
}

impl World {
    pub fn new(approval_above: Option<usize>) -> Self {
        let record = Record { place: Place::Live, active: true, tagged: false, deals: 0 };
        let unknown = Record { place: Place::Nowhere, ..record.clone() };
        let mut records = vec![record; RECORDS];
        records.push(unknown);
        Self { records, actions: Vec::new(), approval_above, hour: 0 }
    }

    /// Whether the call makes sense now.
    pub fn allows(&self, call: &Call) -> bool {
        match call {
            Call::Verb { .. } | Call::Start(Start { of: Of::Deletion(_), .. }) => !self.actions.is_empty(),
            Call::Unlink(record) => self.records[record % RECORDS].deals > 0,
            Call::Wait { hours } => self.hour + hours < LATEST_HOUR,
            _ => true,
        }
    }

    /// The call, or the like of it on another record or action with which it succeeds, if there is one.
    pub fn aim(&self, call: &Call) -> Call {
        let others = std::iter::successors(Some(call.clone()), |call| Some(call.next()));
        let succeeds = |call: &Call| self.allows(call) && !matches!(self.clone().answer(call), Reply::Refused(_));
        others.take(RECORDS.max(self.actions.len())).find(succeeds).unwrap_or_else(|| call.clone())
    }

    /// What the record's place is now: past its `purge_at` it is nowhere.
    pub fn place(&self, record: usize) -> Place {
        match self.records[record].place {
            Place::Bin { purge_at, .. } if purge_at <= self.hour => Place::Nowhere,
            place => place,
        }
    }

    pub fn answer(&mut self, call: &Call) -> Reply {
        match call {
            Call::Link(record) => self.link(record % RECORDS),
            Call::Unlink(record) => {
                self.records[record % RECORDS].deals -= 1;
                Reply::Done
            }
            Call::DeleteOne(record) => self.delete_one(record % RECORDS),
            Call::RestoreOne(record) => self.take_from_bin(record % RECORDS, Place::Live),
            Call::PurgeOne(record) => self.take_from_bin(record % RECORDS, Place::Nowhere),
            Call::SetActive(record, active) => self.set_active(record % RECORDS, *active),
            Call::Start(start) => self.start(start),
            Call::Verb { verb, action, .. } => self.verb(*verb, chosen_of(*action, self.actions.len())),
            Call::Work => {
                self.work();
                Reply::Done
            }
            Call::WorkThrough => {
                while self.work() {}
                Reply::Done
            }
            Call::Wait { hours } => {
                self.wait(*hours);
                Reply::Done
            }
        }
    }

    fn wait(&mut self, hours: i64) {
        self.hour += hours;
        for action in &mut self.actions {
            let asked_until = action.accepted_at + APPROVAL_VALID_HOURS;
            if action.status == ActionStatus::AwaitingApproval && asked_until <= self.hour {
                action.status = ActionStatus::Lapsed;
            }
        }
    }

    fn link(&mut self, record: usize) -> Reply {
        if self.place(record) != Place::Live {
            return Reply::Refused("link-target-unavailable");
        }
        self.records[record].deals += 1;
        Reply::Done
    }

    fn delete_one(&mut self, record: usize) -> Reply {
        match self.place(record) {
            Place::Nowhere => Reply::Refused("not-found"),
            Place::Bin { .. } => Reply::Refused("in-recycle-bin"),
            Place::Live if self.records[record].deals > 0 => Reply::Refused("linked-records"),
            Place::Live => {
                self.bin(record, None);
                Reply::Done
            }
        }
    }

    fn take_from_bin(&mut self, record: usize, to: Place) -> Reply {
        if !matches!(self.place(record), Place::Bin { .. }) {
            return Reply::Refused("not-found");
        }
        self.records[record].place = to;
        Reply::Done
    }

    fn set_active(&mut self, record: usize, active: bool) -> Reply {
        match self.place(record) {
            Place::Nowhere => Reply::Refused("not-found"),
            Place::Bin { .. } => Reply::Refused("in-recycle-bin"),
            Place::Live => {
                self.records[record].active = active;
                Reply::Done
            }
        }
    }

    pub fn bin(&mut self, record: usize, of: Option<usize>) {
        self.records[record].place = Place::Bin { of, purge_at: self.hour + RETENTION_HOURS };
    }

    /// What a request's target selects now.
    pub fn selected(&self, of: &Of) -> BTreeSet<usize> {
        match of {
            Of::Records(bits) => (0..=UNKNOWN).filter(|record| bits & MASK & (1 << record) != 0).collect(),
            Of::Active => (0..RECORDS).filter(|r| self.place(*r) == Place::Live && self.records[*r].active).collect(),
            Of::Deletion(action) => {
                let wanted = Some(chosen_of(*action, self.actions.len()));
                (0..RECORDS).filter(|r| matches!(self.place(*r), Place::Bin { of, .. } if of == wanted)).collect()
            }
        }
    }

    fn start(&mut self, start: &Start) -> Reply {
        let set = self.selected(&start.of);
        if start.action == Action::Purge && start.expected.is_none() {
            return Reply::Refused("validation-failed");
        }
        if start.expected.is_some_and(|off| off != 0) {
            return Reply::Refused("expected-count-mismatch");
        }
        let only_of = match start.of {
            Of::Deletion(action) => Some(chosen_of(action, self.actions.len())),
            _ => None,
        };
        self.accept(ModelAction {
            action: start.action,
            inverse_of: None,
            origin: None,
            on_blocked: start.on_blocked,
            dry_run: start.dry_run,
            by_rule: matches!(start.of, Of::Active),
            only_of,
            set,
            status: ActionStatus::Queued,
            outcomes: BTreeMap::new(),
            looked_through: false,
            accepted_at: self.hour,
        })
    }

    fn accept(&mut self, mut action: ModelAction) -> Reply {
        let takes_away = matches!(action.action, Action::Delete | Action::Purge) && !action.dry_run;
        if action.set.is_empty() {
            action.status = ActionStatus::Completed;
        } else if takes_away && self.approval_above.is_some_and(|most| action.set.len() > most) {
            action.status = ActionStatus::AwaitingApproval;
        }
        self.actions.push(action);
        Reply::Action(self.actions.len() - 1)
    }

    /// A new action made from an earlier one.
    fn made_from(&self, origin: usize, kind: OriginKind, set: BTreeSet<usize>) -> ModelAction {
        ModelAction {
            origin: Some((kind, origin)),
            set,
            status: ActionStatus::Queued,
            outcomes: BTreeMap::new(),
            looked_through: false,
            accepted_at: self.hour,
            ..self.actions[origin].clone()
        }
    }

    fn has_successor(&self, origin: usize, kind: OriginKind) -> bool {
        self.actions.iter().any(|action| action.origin == Some((kind, origin)))
    }

    fn verb(&mut self, verb: Verb, number: usize) -> Reply {
        match verb {
            Verb::Cancel => self.cancel(number),
            Verb::ApproveOwn => Reply::Refused("own-approval"),
            Verb::Approve => self.decide(number, ActionStatus::Queued),
            Verb::Reject => self.decide(number, ActionStatus::Rejected),
            _ if !self.actions[number].status.ended() => Reply::Refused("action-not-ended"),
            Verb::Undo => self.undo(number),
            Verb::Retry => self.retry(number),
            Verb::Execute => self.execute(number),
        }
    }

    fn cancel(&mut self, number: usize) -> Reply {
        let action = &mut self.actions[number];
        if action.status.ended() && action.status != ActionStatus::Cancelled {
            return Reply::Refused("action-ended");
        }
        action.status = ActionStatus::Cancelled;
        Reply::Action(number)
    }

    fn decide(&mut self, number: usize, decision: ActionStatus) -> Reply {
        let action = &mut self.actions[number];
        if action.status != ActionStatus::AwaitingApproval {
            return Reply::Refused("not-awaiting-approval");
        }
        action.status = decision;
        Reply::Action(number)
    }

    fn undo(&mut self, number: usize) -> Reply {
        let origin = &self.actions[number];
        let undoable = matches!(origin.action, Action::Delete | Action::Deactivate | Action::Reactivate);
        if !undoable || origin.dry_run {
            return Reply::Refused("not-undoable");
        }
        if self.has_successor(number, OriginKind::Undo) {
            return Reply::Refused("already-undone");
        }
        let main = origin.main_outcome();
        let done = origin.outcomes.iter().filter(|(_, o)| **o == main || **o == Outcome::Deactivated);
        let set: BTreeSet<usize> = done.map(|(record, _)| *record).collect();
        if set.is_empty() {
            return Reply::Refused("nothing-to-undo");
        }
        let inverse_of = Some(origin.action);
        let undo = self.made_from(number, OriginKind::Undo, set);
        self.accept(ModelAction {
            action: Action::Restore,
            inverse_of,
            on_blocked: OnBlocked::Skip,
            by_rule: false,
            only_of: Some(number),
            ..undo
        })
    }

    fn retry(&mut self, number: usize) -> Reply {
        let origin = &self.actions[number];
        let blocked: BTreeSet<usize> = origin.with_outcome(Outcome::Blocked);
        if blocked.is_empty() {
            return Reply::Refused("nothing-to-retry");
        }
        let set = if origin.status == ActionStatus::Aborted { origin.set.clone() } else { blocked };
        let by_rule = origin.checks_rule_again();
        let retry = self.made_from(number, OriginKind::Retry, set);
        self.accept(ModelAction { by_rule, ..retry })
    }

    fn execute(&mut self, number: usize) -> Reply {
        let origin = &self.actions[number];
        if !origin.dry_run || origin.status != ActionStatus::Completed {
            return Reply::Refused("not-a-dry-run");
        }
        if self.has_successor(number, OriginKind::Execute) {
            return Reply::Refused("already-executed");
        }
        if origin.accepted_at + DRY_RUN_VALID_HOURS <= self.hour {
            return Reply::Refused("dry-run-expired");
        }
        let execution = self.made_from(number, OriginKind::Execute, origin.set.clone());
        self.accept(ModelAction { dry_run: false, ..execution })
    }
}

impl ModelAction {
    pub fn main_outcome(&self) -> Outcome {
        self.action.main_outcome(self.inverse_of)
    }

    /// Of an executed dry run, and of a retry of one.
    pub fn checks_rule_again(&self) -> bool {
        self.by_rule && matches!(self.origin, Some((OriginKind::Execute | OriginKind::Retry, _)))
    }

    /// Whether a worker can take a chunk of it.
    pub fn has_work(&self) -> bool {
        matches!(self.status, ActionStatus::Queued | ActionStatus::Running)
    }

    fn with_outcome(&self, outcome: Outcome) -> BTreeSet<usize> {
        self.outcomes.iter().filter(|(_, o)| **o == outcome).map(|(record, _)| *record).collect()
    }
}
