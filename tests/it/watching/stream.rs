//! One stream: what it says, when it says it, how it ends.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Standing, Stuck, ends_once_as, id};
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::{Claims, Listener, TestServer, seconds_from_now};
use crate::many_records::{self, wait_until};

fn one_worker() -> TestServer {
    TestServer::start_with(|settings| settings.workers = 1)
}

fn standing(server: &TestServer, members: Value) -> Standing {
    Standing::new(&server.admin(), &mut server.sql(), server.sql(), members)
}

#[test]
fn an_action_is_told_from_where_it_is_to_its_end() {
    let server = one_worker();
    let mut action = standing(&server, json!({}));
    let mut listener = server.listen(&action.id, "");
    assert_eq!(listener.status(), 200);
    for (header, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("connection", "close"),
    ] {
        assert_eq!(listener.header(header), Some(value));
    }
    assert_eq!(listener.block().as_deref(), Some("retry: 2000"));
    let first = listener.next().unwrap();
    assert_eq!((first.id, first.name.as_str()), (2, "progress"));
    let of = |name: &str| &first.data[name];
    assert_eq!((of("id"), of("action"), of("entity")), (&json!(action.id), &json!("delete"), &json!("contact")));
    assert_eq!((of("status"), of("percent"), of("dry_run")), (&json!("running"), &json!(33), &json!(false)));
    assert_eq!(of("counts")["processed"], 2000);
    assert_eq!(of("finished_at"), &Value::Null);

    action.go_on();
    let events = listener.rest();
    ends_once_as(&events, "completed");
    let last = events.last().unwrap();
    assert_eq!((last.id, &last.data["percent"], &last.data["counts"]["deleted"]), (5, &json!(100), &json!(6000)));
    let shown = server.admin().get(&format!("/bulk-actions/{}", action.id)).expect(200);
    for member in ["counts", "created_at", "started_at", "finished_at"] {
        assert_eq!(last.data[member], shown[member]);
    }
    assert!(listener.whole, "the service ends it");
}

#[test]
fn whoever_comes_late_gets_the_end_and_whoever_had_it_is_told_to_stay_away() {
    let server = TestServer::start();
    let action = id(&delete_ids(&server.admin(), "contact", &contacts(&server.admin(), &["a"])));
    for headers in ["", "Last-Event-ID: 0\r\n", "Last-Event-ID: 2\r\n"] {
        let events = server.listen(&action, headers).rest();
        ends_once_as(&events, "completed");
        assert_eq!((events.len(), events[0].id), (1, 3), "{headers}");
    }
    let done = server.listen(&action, "Last-Event-ID: 3\r\n");
    assert_eq!((done.status(), done.header("content-type")), (204, None));
    // What this action never said is no place to go on from.
    for strange in ["", "x", "-1", "4", "3.0", "99999999999999999999999", "3 3", "é"] {
        let events = server.listen(&action, &format!("Last-Event-ID: {strange}\r\n")).rest();
        assert_eq!(events.len(), 1, "{strange}");
    }
}

#[test]
fn every_end_has_its_name() {
    let server = one_worker();
    let mut cancelled = standing(&server, json!({}));
    let mut listener = server.listen(&cancelled.id, "");
    assert_eq!(listener.next().unwrap().id, 2);
    server.admin().call(&format!("/bulk-actions/{}/cancel", cancelled.id)).expect(200);
    let events = listener.rest();
    ends_once_as(&events, "cancelled");
    assert_eq!((events[0].id, &events[0].data["counts"]["not_processed"]), (5, &json!(4000)));
    cancelled.go_on();

    let (admin, mut sql) = (server.admin(), server.sql());
    let person = contacts(&admin, &["a"]);
    let deal = json!({"title": "Offer", "customer": {"type": "contact", "id": person[0]}});
    admin.post("/deals", deal).expect(201);
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": person}, "on_blocked": "abort"});
    let aborted = id(&admin.post("/bulk-actions", body).expect(202));
    ends_once_as(&server.listen(&aborted, "").rest(), "aborted");

    let failed = Stuck::new(&admin, &mut sql);
    let mut listener = server.listen(&failed.0, "");
    listener.next().unwrap();
    failed.set(&mut sql, "status = 'failed', failure = 'the disk is full', finished_at = created_at");
    let events = listener.rest();
    ends_once_as(&events, "failed");
    assert_eq!(events[0].data["failure"], "the disk is full");
}

/// All or nothing: the counts stand still while everything is looked through, but not the percentage.
#[test]
fn looking_through_is_progress_too() {
    let server = one_worker();
    many_records::contacts(&server.admin(), &mut server.sql(), 6_000);
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"},
        "on_blocked": "abort"});
    let action = id(&server.admin().post("/bulk-actions", body).expect(202));
    let stuck = Stuck(action.clone());
    crate::bulk_delete::ended(&server.admin(), &json!({"id": action}));
    let mut sql = server.sql();
    stuck.set(&mut sql, "status = 'running', finished_at = NULL, chunks_done = 2, succeeded = 0");
    let mut listener = server.listen(&action, "");
    let mut told = vec![listener.next().unwrap()];
    for (columns, percent) in [("chunks_done = 3", 50), ("status = 'completed', finished_at = created_at", 100)] {
        stuck.set(&mut sql, columns);
        told.push(listener.next().unwrap());
        assert_eq!(told.last().unwrap().data["percent"], percent);
    }
    assert_eq!(told[0].data["percent"], 33);
    assert_eq!(told[0].data["counts"]["processed"], 0);
    ends_once_as(&told, "completed");
}

/// Between two events of progress lie 200 ms, so there cannot be more of them than fit into the time that all took.
#[test]
fn progress_is_told_no_more_often_than_every_200_ms() {
    let server = TestServer::start();
    many_records::contacts(&server.admin(), &mut server.sql(), 30_000);
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"},
        "dry_run": true});
    let started = Instant::now();
    let action = id(&server.admin().post("/bulk-actions", body).expect(202));
    let events = server.listen(&action, "").rest();
    let took = started.elapsed();
    ends_once_as(&events, "completed");
    let gaps = u32::try_from(events.len().saturating_sub(2)).unwrap();
    assert!(Duration::from_millis(200) * gaps <= took, "{gaps} gaps in {took:?}");
}

#[test]
fn nothing_new_is_not_told_but_that_the_stream_lives() {
    let server = TestServer::start_with(|settings| settings.keep_alive = Duration::from_millis(40));
    let action = Stuck::new(&server.admin(), &mut server.sql());
    let mut listener = server.listen(&action.0, "");
    listener.next().unwrap();
    // Longer than the watcher needs to look again and again.
    for _ in 0..20 {
        assert_eq!(listener.block().as_deref(), Some(": keep-alive"));
    }
}

#[test]
fn nobody_listens_for_longer_than_its_token_allows() {
    let server = TestServer::start();
    let action = Stuck::new(&server.admin(), &mut server.sql());
    // Five seconds of leeway leave the first about three. If that is too little to get in, the next has more.
    let in_time = [-2, 20, 120].into_iter().find_map(|left| {
        let token = Claims::admin().with("exp", seconds_from_now(left)).token();
        let listener = Listener::open(server.address, &token, &action.0, "");
        (listener.status() == 200).then_some((token, listener))
    });
    let (token, mut listener) = in_time.expect("a token that holds for two minutes lets in");
    let events = listener.rest();
    assert_eq!((events.len(), events[0].name.as_str(), listener.whole), (1, "progress", true));
    // Tokens are checked by whole seconds.
    assert!(wait_until(|| Listener::open(server.address, &token, &action.0, "").status() == 401));
}

#[test]
fn events_come_at_once_also_where_answers_are_compressed() {
    let server = TestServer::start();
    let action = Stuck::new(&server.admin(), &mut server.sql());
    for accepted in ["gzip", "br", "gzip, deflate, br, zstd"] {
        let mut listener = server.listen(&action.0, &format!("Accept-Encoding: {accepted}\r\n"));
        assert_eq!(listener.header("content-encoding"), None);
        assert_eq!(listener.next().unwrap().name, "progress");
    }
}

#[test]
fn head_has_no_stream() {
    let server = TestServer::start();
    let action = Stuck::new(&server.admin(), &mut server.sql());
    let path = format!("/bulk-actions/{}/events", action.0);
    let head = server.admin().send("HEAD", &path, &[], Vec::new());
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
}
