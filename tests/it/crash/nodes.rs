//! Two nodes on one database, and a node that is told to stop.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use serde_json::json;
use uuid::Uuid;

use super::super::bulk_delete::{contacts, ended};
use super::super::harness::{Client, TestServer};
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
    assert!(wait_until(|| waiting(&mut observer) >= 2), "both nodes or both workers have chunks");
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
    assert!(wait_until(|| waiting(&mut observer) == 2), "both workers have a chunk in hand");
    node.terminate();
    thread::sleep(Duration::from_millis(1_500));
    assert!(node.exited().is_none(), "it waits for its chunks");
    holder.batch_execute("ROLLBACK").unwrap();
    let mut status = None;
    wait_until(|| {
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

/// One account's chunk stands still: the worker that is left does not pause at it between any two chunks of another
/// account, half a second each time.
#[test]
fn an_account_that_stands_still_does_not_slow_another() {
    let server = TestServer::start();
    let (stuck, other) = (server.admin(), server.stranger());
    let (mut holder, mut observer) = (server.database.connect(), server.database.connect());
    let ids = contacts(&stuck, &["stuck"]);
    holder.batch_execute(&format!("BEGIN; SELECT FROM contacts WHERE id = '{}' FOR UPDATE", ids[0])).unwrap();
    let delete = |client: &Client, ids: Vec<String>| {
        let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}});
        client.post("/bulk-actions", body).expect(202)
    };
    let stalled = delete(&stuck, ids);
    assert!(wait_until(|| waiting(&mut observer) == 1));
    let unknown = |_| Uuid::now_v7().to_string();
    let actions = [(); 4].map(|()| delete(&other, (0..10_000).map(unknown).collect()));
    let started = Instant::now();
    for action in &actions {
        assert_eq!(ended(&other, action)["counts"]["gone"], 10_000);
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(6), "20 chunks took {took:?}");
    holder.batch_execute("ROLLBACK").unwrap();
    assert_eq!(ended(&stuck, &stalled)["counts"]["deleted"], 1);
}
