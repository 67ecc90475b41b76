//! Two nodes on one database, and a node that is told to stop.

use diesel::connection::SimpleConnection;
use serde_json::json;
use uuid::Uuid;

use super::super::bulk_delete::{contacts, ended};
use super::super::harness::{Claims, Client, OTHER_ACCOUNT, TestServer};
use super::super::many_records::{count, text, wait_until, waiting};
use super::node::Node;
use super::{CONTACTS, Case, all_sessions_gone, database, nothing_is_half_done};

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

/// A node dies with two of three chunks in its hands, both of them stamped: what it had finished is not touched again, and
/// the next one does exactly those two once more.
#[test]
fn a_killed_node_costs_the_chunks_it_had_in_hand() {
    let (database, mut observer) = database();
    let mut first = Node::start(&database);
    let case = Case::prepare(&first, &mut observer);
    let (mut contacts, mut exceptions) = (database.connect(), database.connect());
    // The ids are frozen in order: the last and the middle one lie in the third and the second chunk.
    let held = format!("SELECT FROM contacts WHERE account_id = '{}' AND id = ANY(ARRAY(", case.account);
    let places = [CONTACTS / 2, CONTACTS - 1].map(|place| {
        format!("(SELECT id FROM contacts WHERE account_id = '{}' ORDER BY id LIMIT 1 OFFSET {place})", case.account)
    });
    contacts.batch_execute(&format!("BEGIN; {held}{})) FOR KEY SHARE", places.join(" UNION ALL "))).unwrap();
    let action = case.delete_all(&first);
    let done = format!("SELECT chunks_done::bigint FROM bulk_actions WHERE id = '{action}'");
    assert!(wait_until(|| count(&mut observer, &done) == 1 && waiting(&mut observer) == 2));
    exceptions.batch_execute("BEGIN; LOCK TABLE bulk_action_exceptions IN EXCLUSIVE MODE").unwrap();
    contacts.batch_execute("ROLLBACK").unwrap();
    let at_exceptions =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'bulk_action_exceptions'::regclass";
    assert!(wait_until(|| count(&mut observer, at_exceptions) == 2), "both workers have stamped a chunk");
    first.kill();
    exceptions.batch_execute("ROLLBACK").unwrap();
    assert!(all_sessions_gone(&mut observer));
    nothing_is_half_done(&mut observer, &action);
    assert_eq!(count(&mut observer, &done), 1, "what was done stays done");
    let finished = text(&mut observer, &format!("SELECT succeeded::text FROM bulk_actions WHERE id = '{action}'"));

    let mut second = Node::start(&database);
    case.completes(&second, &mut observer, &action, &[&first, &second]);
    let succeeded = format!("SELECT succeeded FROM bulk_actions WHERE id = '{action}'");
    let in_hand = count(&mut observer, &succeeded) - finished.parse::<i64>().unwrap();
    second.kill();
    assert!(all_sessions_gone(&mut observer), "so that PostgreSQL has counted what its sessions changed");
    // Undone changes are among them.
    let changes = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'contacts'";
    assert_eq!(count(&mut database.connect(), changes), count(&mut observer, &succeeded) + in_hand);
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
    let told = wait_until(|| node.whole_log().contains("no request is left"));
    assert!(told, "{}", node.log());
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
    let third = server.client(&Claims::admin().with("account_id", Uuid::now_v7().to_string()));
    let mut observer = server.database.connect();
    let delete = |client: &Client, id: &str| {
        let body = json!({"action": "delete", "entity": "contact", "target": {"ids": [id]}});
        client.post("/bulk-actions", body).expect(202)
    };
    let standing = |client: &Client| {
        let id = contacts(client, &["stands still"]).remove(0);
        let mut holder = server.database.connect();
        holder.batch_execute(&format!("BEGIN; SELECT FROM contacts WHERE id = '{id}' FOR UPDATE")).unwrap();
        (holder, delete(client, &id))
    };
    // Both workers stand still while the others are asked for: whoever asks wakes a worker that pauses.
    let ((first, stalled), (mut second, _)) = (standing(&stuck), standing(&third));
    assert!(wait_until(|| waiting(&mut observer) == 2));
    let actions = [(); 20].map(|()| delete(&other, &Uuid::now_v7().to_string()));
    second.batch_execute("ROLLBACK").unwrap();
    for action in &actions {
        assert_eq!(ended(&other, action)["counts"]["gone"], 1);
    }
    let without_pause = format!(
        "SELECT count(*) FROM (SELECT finished_at - lag(finished_at) OVER (ORDER BY finished_at) AS gap \
         FROM bulk_actions WHERE account_id = '{OTHER_ACCOUNT}') AS gaps WHERE gap < interval '400 ms'"
    );
    // All of the 19, unless the machine has other things to do.
    assert!(count(&mut observer, &without_pause) >= 5);
    drop(first);
    assert_eq!(ended(&stuck, &stalled)["counts"]["deleted"], 1);
}
