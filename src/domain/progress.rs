//! How far a bulk action is, as those are told who watch it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::bulk_action::{Action, ActionStatus, Counts, OnBlocked, Options};
use super::entity::BinKind;

/// What a watched action shows: its row without the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub id: Uuid,
    pub action: Action,
    pub entity: BinKind,
    pub options: Options,
    pub status: ActionStatus,
    pub counts: Counts,
    pub chunks_done: i32,
    pub chunks_total: i32,
    pub requested_by: String,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub failure: Option<String>,
}

impl Progress {
    /// Where in its life the action is: larger after each change that a watcher is told of, and the same wherever and
    /// whenever it is read, for it follows from the row alone.
    pub fn position(&self) -> i64 {
        match self.status {
            status if status.ended() => self.last_position(),
            ActionStatus::Running => 1 + self.steps_done(),
            ActionStatus::Queued => 1,
            _ => 0,
        }
    }

    /// The position of the action once it has ended, in whichever way.
    pub fn last_position(&self) -> i64 {
        self.steps() + 2
    }

    /// How much of the work is done, from 0 to 100. An action that had nothing to do is done.
    pub fn percent(&self) -> i64 {
        if self.status == ActionStatus::Completed { 100 } else { self.steps_done() * 100 / self.steps().max(1) }
    }

    fn looks_through_first(&self) -> bool {
        self.options.on_blocked == OnBlocked::Abort && !self.options.dry_run
    }

    /// Every chunk is a step; where all is looked through before anything happens, it is two.
    fn steps(&self) -> i64 {
        i64::from(self.chunks_total) * if self.looks_through_first() { 2 } else { 1 }
    }

    fn steps_done(&self) -> i64 {
        // An action runs from its first chunk on; at none again it has looked through all of them.
        let looked_through = self.status == ActionStatus::Running && self.chunks_done == 0;
        i64::from(if looked_through { self.chunks_total } else { self.chunks_done })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(on_blocked: OnBlocked, status: ActionStatus, chunks_done: i32) -> Progress {
        Progress {
            id: Uuid::nil(),
            action: Action::Delete,
            entity: BinKind::Contact,
            options: Options { on_blocked, ..Options::default() },
            status,
            counts: Counts::default(),
            chunks_done,
            chunks_total: 4,
            requested_by: "ann".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            failure: None,
        }
    }

    #[test]
    fn positions_rise_through_every_life_and_end_at_the_same_one() {
        use ActionStatus::{Aborted, Cancelled, Completed, Failed, Queued, Running};
        let skip = OnBlocked::Skip;
        let abort = OnBlocked::Abort;
        for (on_blocked, life, percents) in [
            (skip, &[(Queued, 0), (Running, 1), (Running, 3), (Completed, 4)][..], [0, 25, 75, 100]),
            (skip, &[(Queued, 0), (Running, 1), (Running, 3), (Cancelled, 3)], [0, 25, 75, 75]),
            (skip, &[(Queued, 0), (Running, 1), (Running, 2), (Failed, 2)], [0, 25, 50, 50]),
            (abort, &[(Queued, 0), (Running, 3), (Running, 0), (Completed, 4)], [0, 37, 50, 100]),
            (abort, &[(Queued, 0), (Running, 1), (Running, 3), (Aborted, 4)], [0, 12, 37, 50]),
            (abort, &[(Queued, 0), (Running, 1), (Running, 0), (Cancelled, 0)], [0, 12, 50, 0]),
        ] {
            let states: Vec<Progress> =
                life.iter().map(|(status, done)| progress(on_blocked, *status, *done)).collect();
            let positions: Vec<i64> = states.iter().map(Progress::position).collect();
            assert!(positions.is_sorted_by(|a, b| a < b), "{life:?}: {positions:?}");
            assert_eq!(positions[3], states[0].last_position(), "{life:?}");
            assert_eq!(states.iter().map(Progress::percent).collect::<Vec<_>>(), percents, "{life:?}");
        }
    }

    #[test]
    fn nothing_to_do_is_done() {
        let empty = Progress { chunks_total: 0, ..progress(OnBlocked::Skip, ActionStatus::Completed, 0) };
        assert_eq!((empty.position(), empty.percent()), (2, 100));
    }
}
