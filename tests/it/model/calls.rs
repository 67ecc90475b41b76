//! The calls of a sequence, drawn at random.

use proptest::prelude::*;
use proptest::sample::select;
use sweep::domain::bulk_action::{Action, OnBlocked};

/// One call of an admin, or the clock's or the worker's turn. Numbers choose among what there is, by remainder.
#[derive(Debug, Clone)]
pub enum Call {
    /// A deal is made for a record.
    Link(usize),
    /// One of a record's deals is deleted.
    Unlink(usize),
    DeleteOne(usize),
    RestoreOne(usize),
    PurgeOne(usize),
    /// The record's status is changed by PATCH.
    SetActive(usize, bool),
    Start(Start),
    Verb {
        verb: Verb,
        action: usize,
        twice: bool,
    },
    /// One chunk of what is queued.
    Work,
    /// All of it.
    WorkThrough,
    Wait {
        hours: i64,
    },
}

/// A request for a bulk action.
#[derive(Debug, Clone)]
pub struct Start {
    pub action: Action,
    pub of: Of,
    pub on_blocked: OnBlocked,
    pub dry_run: bool,
    /// Off by this many records; none: not said.
    pub expected: Option<i64>,
    /// The same request comes a second time with the same `Idempotency-Key`.
    pub twice: bool,
}

#[derive(Debug, Clone)]
pub enum Of {
    /// Those whose bit is set.
    Records(usize),
    /// What the rule *status equals active* selects.
    Active,
    /// What lies in the bin of an earlier action.
    Deletion(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Cancel,
    Undo,
    Retry,
    Execute,
    /// By another admin, as the next.
    Approve,
    Reject,
    /// By the one who asked.
    ApproveOwn,
}

impl Call {
    /// The same of the next record or action.
    pub fn next(&self) -> Self {
        match self.clone() {
            Self::Link(record) => Self::Link(record + 1),
            Self::Unlink(record) => Self::Unlink(record + 1),
            Self::DeleteOne(record) => Self::DeleteOne(record + 1),
            Self::RestoreOne(record) => Self::RestoreOne(record + 1),
            Self::PurgeOne(record) => Self::PurgeOne(record + 1),
            Self::SetActive(record, active) => Self::SetActive(record + 1, active),
            Self::Verb { verb, action, twice } => Self::Verb { verb, action: action + 1, twice },
            other => other,
        }
    }
}

impl Verb {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Undo => "undo",
            Self::Retry => "retry",
            Self::Execute => "execute",
            Self::Approve | Self::ApproveOwn => "approve",
            Self::Reject => "reject",
        }
    }
}

/// As often as they are listed.
const VERBS: &[Verb] = &[
    Verb::Cancel,
    Verb::Undo,
    Verb::Undo,
    Verb::Retry,
    Verb::Execute,
    Verb::Execute,
    Verb::Approve,
    Verb::Approve,
    Verb::Reject,
    Verb::ApproveOwn,
];
const ACTIONS: &[Action] = &[
    Action::Delete,
    Action::Delete,
    Action::Delete,
    Action::Restore,
    Action::Purge,
    Action::Deactivate,
    Action::Reactivate,
    Action::AddTags,
    Action::RemoveTags,
];

/// A call, and whether it is aimed at something with which it can succeed.
#[derive(Debug, Clone)]
pub struct Step {
    pub call: Call,
    pub aimed: bool,
}

/// 30 to 80 calls, three of four aimed.
pub fn sequence() -> impl Strategy<Value = Vec<Step>> {
    let step = (call(), proptest::bool::weighted(0.75)).prop_map(|(call, aimed)| Step { call, aimed });
    proptest::collection::vec(step, 30..=80)
}

fn call() -> impl Strategy<Value = Call> {
    let record = || 0..256_usize;
    prop_oneof![
        2 => record().prop_map(Call::Link),
        2 => record().prop_map(Call::Unlink),
        2 => record().prop_map(Call::DeleteOne),
        2 => record().prop_map(Call::RestoreOne),
        1 => record().prop_map(Call::PurgeOne),
        2 => (record(), any::<bool>()).prop_map(|(record, active)| Call::SetActive(record, active)),
        8 => start().prop_map(Call::Start),
        8 => (select(VERBS), record(), any::<bool>())
            .prop_map(|(verb, action, twice)| Call::Verb { verb, action, twice }),
        10 => Just(Call::Work),
        3 => Just(Call::WorkThrough),
        1 => select(vec![10, 25, 500]).prop_map(|hours| Call::Wait { hours }),
    ]
}

fn start() -> impl Strategy<Value = Start> {
    let action = select(ACTIONS);
    let on_blocked = select(vec![OnBlocked::Skip, OnBlocked::Abort, OnBlocked::Deactivate]);
    let expected = select(vec![None, None, None, Some(0), Some(1)]);
    (action, 1..32_usize, any::<bool>(), on_blocked, any::<bool>(), expected, any::<bool>()).prop_map(
        |(action, number, listed, on_blocked, dry_run, expected, twice)| {
            let of = match action {
                _ if listed => Of::Records(number),
                Action::Restore | Action::Purge => Of::Deletion(number),
                _ => Of::Active,
            };
            // A purge has to say what it expects; it is seldom tried without.
            let expected = if action == Action::Purge && number > 2 { expected.or(Some(0)) } else { expected };
            let on_blocked = if action == Action::Delete { on_blocked } else { OnBlocked::Skip };
            Start { action, of, on_blocked, dry_run, expected, twice }
        },
    )
}
