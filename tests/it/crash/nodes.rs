//! Two nodes on one database, and a node that is told to stop.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;

use super::super::many_records::{count, text, wait_until, waiting};
use super::node::Node;
use super::{Case, database, nothing_is_half_done};

/// The node that took the request dies with a chunk in its hands; the other one does the rest, and sends the one mail.
#[test]
fn another_node_completes_what_a_killed_one_began() {
    let (database, mut observer) = database();
    let (mut first, second) = (Node::start(&database), Node::start(&database));
    let case = Case::prepare(&first, &mut observer);
    let mut holder = database.connect();
    holder.batch_execute("BEGIN; LOCK TABLE bulk_action_exceptions IN ACCESS EXCLUSIVE MODE").unwrap();
    let action = case.delete_all(&first);
    assert!(wait_until(10, || waiting(&mut observer) >= 2), "both nodes or both workers have chunks");
    first.kill();
    holder.batch_execute("ROLLBACK").unwrap();
    case.completes(&second, &mut observer, &action, &[&first, &second]);
}

/// SIGTERM: the chunks in hand are finished, no further one is begun, and the exit is clean.
#[test]
fn a_node_that_is_told_to_stop_finishes_what_it_has_in_hand() {
    let (database, mut observer) = database();
    let mut node = Node::start(&database);
    let case = Case::prepare(&node, &mut observer);
    let mut holder = database.connect();
    let held =
        text(&mut observer, &format!("SELECT min(id::text) FROM contacts WHERE account_id = '{}'", case.account));
    holder.batch_execute("BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE").unwrap();
    holder.batch_execute(&format!("SELECT FROM contacts WHERE id = '{held}' FOR KEY SHARE")).unwrap();
    let action = case.delete_all(&node);
    assert!(wait_until(10, || waiting(&mut observer) == 2), "both workers have a chunk in hand");
    node.terminate();
    thread::sleep(Duration::from_millis(1_500));
    assert!(node.exited().is_none(), "it waits for its chunks");
    holder.batch_execute("ROLLBACK").unwrap();
    let mut status = None;
    wait_until(40, || {
        status = node.exited();
        status.is_some()
    });
    assert!(status.is_some_and(|status| status.success()), "{status:?} {}", node.log());
    nothing_is_half_done(&mut observer, &action);
    let done = format!("SELECT chunks_done::bigint FROM bulk_actions WHERE id = '{action}'");
    assert_eq!(count(&mut observer, &done), 2, "the two in hand, and no third");
    node.restart();
    case.completes(&node, &mut observer, &action, &[&node]);
}
