//! A part of the records cannot be deleted at all: the action ends as failed, with the exact account of what was done.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::bulk_delete::ended;
use super::super::harness::TestServer;
use super::super::invariants;
use super::super::many_records::{self, count, lines, shift_clock, wait_until};

#[test]
fn a_chunk_that_always_fails_ends_its_action_with_an_exact_account() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.database.connect();
    many_records::contacts(&admin, &mut connection, 6_000);
    let ids = lines(&mut connection, "SELECT id::text AS line FROM contacts ORDER BY id");
    let cursed = &ids[2_500];
    connection
        .batch_execute(&format!(
            "ALTER TABLE contacts ADD CONSTRAINT cursed CHECK (id <> '{cursed}' OR deleted_at IS NULL)"
        ))
        .unwrap();
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"}});
    let action = admin.post("/bulk-actions", body).expect(202);
    let done = "SELECT chunks_done::bigint FROM bulk_actions";
    assert!(wait_until(|| count(&mut connection, done) == 2), "the other chunks are not held up");
    for attempt in 1..=4 {
        let attempts = format!("SELECT max(attempts)::bigint >= {attempt} FROM bulk_action_chunks");
        assert!(wait_until(|| count(&mut connection, &format!("SELECT ({attempts})::int::bigint")) == 1), "{attempt}");
        shift_clock(&mut connection, "1 minute");
    }
    let failed = ended(&admin, &action);
    assert_eq!(failed["status"], "failed");
    let counts = &failed["counts"];
    assert_eq!((&counts["deleted"], &counts["not_processed"]), (&json!(4_000), &json!(2_000)));
    let why = failed["failure"].as_str().unwrap();
    assert!(why.contains("5 times") && !why.contains(cursed.as_str()), "{why}");
    invariants::hold(&mut connection);
    let path = format!("/bulk-actions/{}", action["id"].as_str().unwrap());
    let left = admin.get(&format!("{path}/results?outcome=not_processed&limit=200")).expect(200);
    let first: Uuid = serde_json::from_value(left["data"][0]["record_id"].clone()).unwrap();
    assert_eq!(first.to_string(), ids[2_000]);
    let sent = "SELECT count(*) FROM outbox WHERE status = 'sent'";
    assert!(wait_until(|| count(&mut connection, sent) == 1), "a failure is reported");

    let undo: Value = ended(&admin, &admin.call(&format!("{path}/undo")).expect(202));
    assert_eq!(undo["counts"]["restored"], 4_000);
    assert_eq!(admin.get("/contacts?with_total=true").expect(200)["page"]["total"], 6_000);
}
