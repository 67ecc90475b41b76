//! Killed at each of the five steps of a chunk: a lock held from outside stops it exactly there.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::super::many_records::{count, text, wait_until, waiting};
use super::node::Node;
use super::{CONTACTS, Case, all_sessions_gone, database, nothing_is_half_done};

/// Where a chunk stands still.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The third chunk cannot be claimed, the first two are done.
    Claim,
    /// A chunk waits for one of its rows.
    LockRows,
    /// The rows are locked; their blockers cannot be looked for.
    FindBlockers,
    /// The records are stamped; the exceptions cannot be written.
    WriteExceptions,
    /// All is written but the action's counts.
    CountUp,
}

struct Stall<'a> {
    case: &'a Case,
    holder: &'a mut PgConnection,
    observer: &'a mut PgConnection,
}

impl Stall<'_> {
    /// Starts the bulk delete and lets it run until it stands at `step`; gives the action's id.
    fn at(&mut self, step: Step, node: &Node) -> String {
        self.holder.batch_execute("BEGIN").unwrap();
        match step {
            Step::LockRows => {
                self.lock_a_contact();
                self.started(node)
            }
            Step::FindBlockers => {
                self.hold("LOCK TABLE deals IN ACCESS EXCLUSIVE MODE");
                self.started(node)
            }
            Step::WriteExceptions => {
                self.hold("LOCK TABLE bulk_action_exceptions IN ACCESS EXCLUSIVE MODE");
                self.started(node)
            }
            Step::CountUp => {
                self.started_then(node, |action| format!("SELECT FROM bulk_actions WHERE id = '{action}' FOR UPDATE"))
            }
            Step::Claim => {
                let action = self.started_then(node, |action| {
                    format!("SELECT FROM bulk_action_chunks WHERE action_id = '{action}' AND number = 2 FOR UPDATE")
                });
                let done = format!("SELECT chunks_done::bigint FROM bulk_actions WHERE id = '{action}'");
                assert!(wait_until(|| count(self.observer, &done) == 2), "two chunks are done");
                action
            }
        }
    }

    fn hold(&mut self, sql: &str) {
        self.holder.batch_execute(sql).unwrap();
    }

    fn lock_a_contact(&mut self) {
        let id = text(
            self.observer,
            &format!("SELECT max(id::text) FROM contacts WHERE account_id = '{}'", self.case.account),
        );
        self.hold(&format!("SELECT FROM contacts WHERE id = '{id}' FOR UPDATE"));
    }

    fn started(&mut self, node: &Node) -> String {
        let action = self.case.delete_all(node);
        assert!(wait_until(|| waiting(self.observer) > 0), "a chunk waits");
        action
    }

    /// Stands still at the blockers first, takes the lock that needs the action's id, and goes on until that one.
    fn started_then(&mut self, node: &Node, lock: impl Fn(&str) -> String) -> String {
        let mut before = PgConnection::establish(node.database_url()).unwrap();
        before.batch_execute("BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE").unwrap();
        let action = self.case.delete_all(node);
        assert!(wait_until(|| waiting(self.observer) == 2), "both workers wait");
        self.hold(&lock(&action));
        before.batch_execute("ROLLBACK").unwrap();
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock' AND query LIKE 'UPDATE \"bulk_actions\"%'";
        if lock("").contains("bulk_actions ") {
            assert!(wait_until(|| count(self.observer, waits) > 0), "a chunk waits for the action");
        }
        action
    }
}

#[test]
fn killed_at_each_step_and_completed_by_the_next_start() {
    let (database, mut observer) = database();
    let mut holder = database.connect();
    let mut node = Node::start(&database);
    for step in [Step::Claim, Step::LockRows, Step::FindBlockers, Step::WriteExceptions, Step::CountUp] {
        let case = Case::prepare(&node, &mut observer);
        let action = Stall { case: &case, holder: &mut holder, observer: &mut observer }.at(step, &node);
        node.kill();
        holder.batch_execute("ROLLBACK").unwrap();
        assert!(all_sessions_gone(&mut observer), "{step:?}");
        nothing_is_half_done(&mut observer, &action);
        let processed =
            count(&mut observer, &format!("SELECT succeeded + blocked FROM bulk_actions WHERE id = '{action}'"));
        assert!(processed < i64::try_from(CONTACTS).unwrap(), "{step:?} came before the end");
        node.restart();
        case.completes(&node, &mut observer, &action, &[&node]);
    }
}
