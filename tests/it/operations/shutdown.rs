//! SIGTERM and SIGINT: what runs is finished, nothing is lost, the process ends well.

use diesel::connection::SimpleConnection;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::bulk_delete::contacts;
use crate::harness::{SweepProcess, TestDatabase};
use crate::many_records::{count, wait_until, waiting};

#[test]
fn a_request_in_hand_is_answered() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let database = TestDatabase::create();
        let mut service = SweepProcess::start(&database);
        let admin = service.admin();
        let path = format!("/contacts/{}", contacts(&admin, &["a"])[0]);
        let (mut other, mut observer) = (database.connect(), database.connect());
        other.batch_execute("BEGIN; SELECT FROM contacts FOR UPDATE").unwrap();
        let answer = std::thread::scope(|scope| {
            let change = scope.spawn(|| admin.patch(&path, json!({"last_name": "b"})));
            assert!(wait_until(|| waiting(&mut observer) == 1), "the request is in hand");
            service.signal(signal);
            service.says("told to stop");
            assert!(service.is_running());
            other.batch_execute("COMMIT").unwrap();
            change.join().unwrap()
        });
        assert_eq!(answer.expect(200)["last_name"], "b");
        assert!(service.ended().success(), "{}", service.log());
    }
}

#[test]
fn a_chunk_in_hand_is_finished_and_the_rest_waits_for_the_next_start() {
    let database = TestDatabase::create();
    let mut service = SweepProcess::start_with(&database, &["--workers", "1"]);
    let admin = service.admin();
    let ids = contacts(&admin, &["a", "b"]);
    let (mut other, mut sql) = (database.connect(), database.connect());
    other.batch_execute("BEGIN; SELECT FROM contacts FOR UPDATE").unwrap();
    let accept = |id: &String| {
        let body = json!({"action": "delete", "entity": "contact", "target": {"ids": [id]}});
        let action = admin.post("/bulk-actions", body).expect(202);
        format!("/bulk-actions/{}", action["id"].as_str().unwrap())
    };
    let actions: Vec<String> = ids.iter().map(accept).collect();
    assert!(wait_until(|| waiting(&mut sql) == 1), "a chunk is in hand");
    service.signal(Signal::SIGTERM);
    service.says("no request is left");
    assert!(service.is_running(), "{}", service.log());
    other.batch_execute("COMMIT").unwrap();
    assert!(service.ended().success(), "{}", service.log());
    assert_eq!(count(&mut sql, "SELECT count(*) FROM contacts WHERE deleted_at IS NOT NULL"), 1);

    let next = SweepProcess::start(&database);
    let admin = next.admin();
    for action in &actions {
        let ended = crate::bulk_delete::ended(&admin, &admin.get(action).expect(200));
        assert_eq!((&ended["status"], &ended["counts"]["deleted"]), (&json!("completed"), &json!(1)));
    }
    assert_eq!(count(&mut sql, "SELECT count(*) FROM bulk_action_chunks WHERE attempts > 0"), 0);
}
