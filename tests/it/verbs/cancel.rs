//! Cancelling: when it has answered, not one more record changes, and the account is exact.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{Scene, counts, path};
use crate::harness::TestServer;
use crate::invariants;
use crate::many_records::{count, wait_until, waiting};

#[test]
fn a_running_action_is_stopped_and_its_account_is_exact() {
    let server = TestServer::start_with(|settings| settings.workers = 1);
    let (admin, mut sql) = (server.admin(), server.sql());
    crate::many_records::contacts(&admin, &mut sql, 6_000);
    // The second chunk waits for this record until the cancel has answered.
    let held: String =
        crate::many_records::text(&mut sql, "SELECT id::text AS line FROM contacts ORDER BY id OFFSET 2500 LIMIT 1");
    let mut holder = server.sql();
    holder.batch_execute(&format!("BEGIN; SELECT FROM contacts WHERE id = '{held}' FOR UPDATE")).unwrap();
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"}});
    let action = admin.post("/bulk-actions", body).expect(202);
    assert!(wait_until(|| waiting(&mut sql) > 0), "the second chunk waits");
    let key = [("idempotency-key", "stop")];
    let cancel = || admin.send("POST", &path(&action, "cancel"), &key, Vec::new());
    let cancelled = cancel().expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    let deleted = cancelled["counts"]["deleted"].as_i64().unwrap();
    assert_eq!(counts(&cancelled, &["matched", "not_processed"]), [&json!(6000), &json!(6000 - deleted)]);
    assert_eq!(deleted, 2000);
    let again = cancel();
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.expect(200), cancelled);
    assert_eq!(admin.call(&path(&action, "cancel")).expect(200), cancelled);
    holder.batch_execute("ROLLBACK").unwrap();
    let unfinished = "SELECT count(*) FROM bulk_action_chunks WHERE state = 'pending'";
    assert!(wait_until(|| count(&mut sql, unfinished) == 0));
    let binned = "SELECT count(*) FROM contacts WHERE deleted_at IS NOT NULL";
    assert_eq!(count(&mut sql, binned), deleted);
    let kept = admin.get(&path(&action, "results?outcome=not_processed&limit=1")).expect(200);
    assert_eq!(kept["data"][0]["outcome"], "not_processed");

    let undo = admin.call(&path(&action, "undo")).expect(202);
    let undo = crate::bulk_delete::ended(&admin, &undo);
    assert_eq!(counts(&undo, &["matched", "restored"]), [deleted, deleted]);
    invariants::hold(&mut sql);
}

#[test]
fn an_ended_action_cannot_be_cancelled() {
    let scene = Scene::new();
    let action = scene.delete(json!({}));
    scene.admin.call(&path(&action, "cancel")).refused("action-ended");
    scene.server.member().call(&path(&action, "cancel")).refused("not-found");
    scene.server.stranger().call(&path(&action, "cancel")).refused("not-found");
}
