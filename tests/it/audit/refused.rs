//! What is written down of what was refused, and what is not.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{row, rows};
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::{Claims, SweepProcess, TestDatabase, TestServer};
use crate::many_records::{wait_until, waiting};

#[test]
fn a_refusal_says_who_what_why_and_by_which_request() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let ids = contacts(&admin, &["a"]);
    admin.delete(&format!("/contacts/{}", ids[0])).expect(204);
    let path = format!("/recycle-bin/{}", ids[0]);
    member.send("DELETE", &path, &[("x-request-id", "attempt-1")], Vec::new()).refused("admin-only");
    let told = row(&admin, "outcome=refused");
    assert_eq!(told["actor"], json!({"user_id": "max", "role": "member"}));
    assert_eq!((&told["action"], &told["problem"]), (&json!("record.purge"), &json!("admin-only")));
    assert_eq!(told["subject"], json!({"type": "record", "id": ids[0]}));
    assert_eq!((&told["request_id"], &told["details"]), (&json!("attempt-1"), &json!({})));

    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}, "expected_count": 2});
    admin.post("/bulk-actions", body).refused("expected-count-mismatch");
    let told = row(&admin, "outcome=refused&action=bulk_action.create");
    assert_eq!((&told["problem"], &told["subject"]["id"]), (&json!("expected-count-mismatch"), &Value::Null));
}

#[test]
fn a_path_leaves_nothing_but_an_id() {
    let server = TestServer::start();
    let member = server.member();
    for path in ["/recycle-bin/jan.peeters@example.com", "/recycle-bin/Zqxvorn"] {
        member.delete(path).refused("admin-only");
    }
    let told = rows(&server.admin(), "");
    assert!(told.len() == 2 && told.iter().all(|row| row["subject"]["id"].is_null()), "{told:?}");
    member.delete("/segments/all-contacts").refused("standard-segment");
    assert_eq!(rows(&server.admin(), "subject_id=all-contacts").len(), 1);
}

#[test]
fn reads_and_other_refusals_are_not_written_down() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    member.get("/settings").refused("admin-only");
    member.get("/audit-log").refused("admin-only");
    server.nobody().delete("/recycle-bin/none").refused("unauthorized");
    admin.delete("/contacts/none").refused("not-found");
    admin.patch("/settings", json!({"retention_days": 0})).refused("validation-failed");
    admin.patch("/settings", json!({"retention_days": 9})).expect(200);
    admin.json("PATCH", "/settings", &[("if-match", "\"0\"")], json!({})).refused("precondition-failed");
    member.post("/deals", json!({"title": "t", "customer": {"type": "contact", "id": Value::Null}})).expect(422);
    let words: Vec<Value> = rows(&admin, "").into_iter().map(|row| row["action"].clone()).collect();
    assert_eq!(words, ["settings.update"]);
}

#[test]
fn a_request_that_waits_for_its_twin_is_no_refusal() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a"]);
    let undone = delete_ids(&admin, "contact", &ids);
    let path = format!("/bulk-actions/{}/undo", undone["id"].as_str().unwrap());
    let (mut holder, mut observer) = (server.sql(), server.sql());
    holder.batch_execute("BEGIN; SELECT FROM bulk_actions FOR UPDATE").unwrap();
    let undo = move || server.admin().send("POST", &path, &[("idempotency-key", "k")], Vec::new());
    std::thread::scope(|scope| {
        let first = scope.spawn(&undo);
        assert!(wait_until(|| waiting(&mut observer) == 1));
        undo().refused("idempotency-in-progress");
        holder.batch_execute("ROLLBACK").unwrap();
        first.join().unwrap().expect(202);
    });
    assert_eq!(rows(&admin, "action=bulk_action.undo").len(), 1);
}

#[test]
fn without_its_row_nothing_is_done_and_a_refusal_stays_one() {
    let database = TestDatabase::create();
    let service = SweepProcess::start(&database);
    let admin = service.admin();
    let contact = contacts(&admin, &["a"]).remove(0);
    database.connect().batch_execute("ALTER TABLE audit_log RENAME TO audit_log_away").unwrap();
    admin.delete(&format!("/contacts/{contact}")).refused("internal");
    assert!(admin.get(&format!("/contacts/{contact}")).expect(200)["deleted_at"].is_null());

    let member = admin.with_token(&Claims::member().token());
    let told = [("x-request-id", "refused-1")];
    member.send("DELETE", &format!("/recycle-bin/{contact}"), &told, Vec::new()).refused("admin-only");
    let log = service.log_of("refused-1", 2);
    assert!(log.iter().any(|line| line["message"] == "the audit log lacks a refusal" && line["user_id"] == "max"));
}
