//! Killed in the middle of a purge's chunk: each chunk is purged whole or not at all, and the next start does the rest.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use super::super::bulk_delete::ended;
use super::super::invariants;
use super::super::many_records::{count, wait_until, waiting};
use super::node::Node;
use super::{CONTACTS, Case, all_sessions_gone, database};

/// Where a chunk stands still: before its rows are locked, between what belongs to them and they themselves, when all of
/// them are gone and only its state and its counts are left to write.
const STALLS: [&str; 5] = [
    "SELECT FROM contacts WHERE id = (SELECT max(id::text)::uuid FROM contacts WHERE account_id = 'ACCOUNT') FOR UPDATE",
    "LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE contact_companies IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE",
    "SELECT FROM bulk_actions WHERE id = 'ACTION' FOR UPDATE",
];

/// All contacts of an account in the bin, and the deals of some of them too; gives how many deals there are.
fn bin_all(case: &Case, node: &Node, connection: &mut PgConnection) -> i64 {
    let client = case.client(node);
    let first = client.get("/deals?limit=1").expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    client.delete(&format!("/deals/{first}")).expect(204);
    connection
        .batch_execute(&format!(
            "UPDATE deals AS d SET deleted_at = b.deleted_at, deletion_id = b.deletion_id, purge_at = b.purge_at \
             FROM deals AS b WHERE b.id = '{first}' AND d.account_id = b.account_id"
        ))
        .unwrap();
    let deleted = ended(&client, &json!({"id": case.delete_all(node)}));
    assert_eq!(deleted["counts"]["deleted"], CONTACTS);
    case.blocked
}

#[track_caller]
fn each_chunk_is_whole(connection: &mut PgConnection, account: &str, action: &str) {
    invariants::hold(connection);
    let half_done = format!(
        "SELECT count(*) FROM bulk_action_chunks AS c CROSS JOIN LATERAL unnest(c.ids) AS r(id) \
         LEFT JOIN contacts AS p ON p.account_id = c.account_id AND p.id = r.id \
         WHERE c.action_id = '{action}' AND (c.state = 'done') = (p.id IS NOT NULL)"
    );
    assert_eq!(count(connection, &half_done), 0);
    let left = format!("SELECT count(*) FROM contacts WHERE account_id = '{account}'");
    let matched = format!("SELECT matched - succeeded FROM bulk_actions WHERE id = '{action}'");
    assert_eq!(count(connection, &left), count(connection, &matched));
}

#[test]
fn a_purge_killed_at_any_step_is_completed_by_the_next_start() {
    let (database, mut observer) = database();
    let mut holder = database.connect();
    let mut node = Node::start(&database);
    for stall in STALLS {
        let case = Case::prepare(&node, &mut observer);
        let deals = bin_all(&case, &node, &mut observer);
        assert!(deals > 300);
        holder.batch_execute("BEGIN").unwrap();
        let of_action = stall.contains("ACTION");
        let before = if of_action { "LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE" } else { stall };
        let mut first = database.connect();
        let lock = before.replace("ACCOUNT", &case.account);
        if of_action { first.batch_execute(&format!("BEGIN; {lock}")) } else { holder.batch_execute(&lock) }.unwrap();
        let body = json!({"action": "purge", "entity": "contact", "target": {"bin": {}}, "expected_count": CONTACTS,
            "notify": "always"});
        let action = case.client(&node).post("/bulk-actions", body).expect(202);
        let action = action["id"].as_str().unwrap().to_owned();
        assert!(wait_until(|| waiting(&mut observer) > 0), "{stall}");
        if of_action {
            holder.batch_execute(&stall.replace("ACTION", &action)).unwrap();
            first.batch_execute("ROLLBACK").unwrap();
            let counts_up = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                             AND wait_event_type = 'Lock' AND query LIKE 'UPDATE \"bulk_actions\"%'";
            assert!(wait_until(|| count(&mut observer, counts_up) > 0), "a chunk waits for the action");
        }
        node.kill();
        holder.batch_execute("ROLLBACK").unwrap();
        assert!(all_sessions_gone(&mut observer), "{stall}");
        each_chunk_is_whole(&mut observer, &case.account, &action);
        let done = format!("SELECT chunks_total - chunks_done FROM bulk_actions WHERE id = '{action}'");
        assert!(count(&mut observer, &format!("({done})::bigint")) > 0, "{stall} came before the end");

        node.restart();
        let completed = ended(&case.client(&node), &json!({"id": action}));
        assert_eq!((&completed["status"], &completed["counts"]["purged"]), (&json!("completed"), &json!(CONTACTS)));
        each_chunk_is_whole(&mut observer, &case.account, &action);
        let deals_left = format!("SELECT count(*) FROM deals WHERE account_id = '{}'", case.account);
        assert_eq!(count(&mut observer, &deals_left), 0);
        assert!(wait_until(|| node.mails_about(&action) == 1), "{}", node.log());
    }
}
