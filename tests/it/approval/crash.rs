//! The real program, killed while an action waits and while it is approved.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::*;
use crate::crash::node::Node;
use crate::harness::TestDatabase;
use crate::invariants;
use crate::many_records::{self, waiting};

const CONTACTS: usize = 4_400;

#[test]
fn a_killed_program_neither_forgets_a_request_nor_approves_by_halves() {
    let database = TestDatabase::create();
    let (mut sql, mut holder) = (database.connect(), database.connect());
    let mut node = Node::start(&database);
    let [ann, bob] = ["ann", "bob"].map(|user| admin_named(user).token());
    let client = node.client(&ann);
    client.patch("/settings", json!({"approval_above": 1000})).expect(200);
    many_records::contacts(&client, &mut sql, CONTACTS);
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"}});
    let action = client.post("/bulk-actions", body).expect(202);
    assert_eq!(action["status"], "awaiting_approval");
    node.kill();
    node.restart();
    assert_eq!(node.client(&ann).get(&path(&action, "")).expect(200), action);

    // The approval has changed the action's row and stands at its last chunk.
    let id = action["id"].as_str().unwrap();
    let hold = format!("BEGIN; SELECT FROM bulk_action_chunks WHERE action_id = '{id}' AND number = 2 FOR UPDATE");
    holder.batch_execute(&hold).unwrap();
    let (client, approve) = (node.client(&bob), path(&action, "/approve"));
    let broken = std::thread::spawn(move || client.call(&approve));
    assert!(wait_until(|| waiting(&mut sql) == 1), "the approval waits");
    node.kill();
    holder.batch_execute("ROLLBACK").unwrap();
    assert!(broken.join().is_err(), "the caller has no answer");
    let sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sweep'";
    assert!(wait_until(|| count(&mut sql, sessions) == 0));
    assert_eq!(stored_status(&mut sql, &action), "awaiting_approval");
    assert_eq!([chunks(&mut sql, &action, "waiting"), chunks(&mut sql, &action, "pending")], [3, 0]);

    node.restart();
    let approved = node.client(&bob).call(&path(&action, "/approve")).expect(200);
    assert_eq!(approved["approval"]["decided_by"]["user_id"], "bob");
    // Its answer is there, its chunks are not yet done, or not all.
    node.kill();
    node.restart();
    let ann = node.client(&ann);
    assert!(wait_until(|| ann.get(&path(&action, "")).expect(200)["status"] == "completed"), "{}", node.log());
    let done = ann.get(&path(&action, "")).expect(200);
    assert_eq!(done["counts"]["deleted"], json!(CONTACTS));
    assert_eq!(done["approval"], approved["approval"]);
    invariants::hold(&mut sql);
}
