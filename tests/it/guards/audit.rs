//! The audit log against the API document: every writing operation says whether it is audited, and does as it says.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sweep::api::audited::{Audited, WRITING_OPERATIONS};
use sweep::api::openapi::{DOCUMENT, for_each_operation};

use super::authorisation::TABLE;
use super::calls::{Call, On};
use crate::harness::{Client, TestServer};

/// They need an action that still runs: `audit::accepted` has them.
const ELSEWHERE: [&str; 1] = ["cancel_bulk_action"];

/// The operations that write and are not listed, and those that are listed and do not exist.
fn gaps(listed: &[(&str, Audited)]) -> (Vec<String>, Vec<String>) {
    let mut writing = BTreeSet::new();
    for_each_operation(&DOCUMENT, |_, method, operation| {
        if method != "get" {
            writing.insert(operation["operationId"].as_str().unwrap().to_owned());
        }
    });
    let listed: BTreeSet<String> = listed.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    (writing.difference(&listed).cloned().collect(), listed.difference(&writing).cloned().collect())
}

#[test]
fn every_operation_that_writes_says_whether_it_is_audited() {
    assert_eq!(gaps(WRITING_OPERATIONS), (Vec::new(), Vec::new()), "add a line to src/api/audited.rs");
    assert_eq!(gaps(&WRITING_OPERATIONS[1..]).0, ["delete_contact"]);
    for (operation, audited) in WRITING_OPERATIONS {
        assert!(!matches!(audited, Audited::Not("")), "{operation} needs a reason");
    }
}

/// The call that the log tells of: others than that of a private segment.
fn call(server: &TestServer, operation: &str, on: On) -> Call {
    let call = Call::new(server, operation, on);
    if operation != "create_segment" {
        return call;
    }
    let mut body: Value = serde_json::from_slice(&call.body).unwrap();
    body["visibility"] = json!("shared");
    call.with_json(&body)
}

/// The rows about one request.
fn rows(admin: &Client, request_id: &str) -> Vec<Value> {
    let all = admin.get("/audit-log?limit=5").expect(200);
    let rows = all["data"].as_array().unwrap().iter();
    rows.filter(|row| row["request_id"] == request_id).cloned().collect()
}

#[test]
fn what_is_accepted_is_written_down_once_and_nothing_else_is() {
    let server = TestServer::start();
    let admin = server.admin();
    for &(operation, audited) in WRITING_OPERATIONS.iter().filter(|(operation, _)| !ELSEWHERE.contains(operation)) {
        let accepted = |(name, on, _, admin, _): &&(&str, On, u16, u16, u16)| {
            *name == operation && *admin < 300 && *on != On::PrivateSegment
        };
        let &(_, on, ..) = TABLE.iter().find(accepted).unwrap_or_else(|| panic!("{operation} is never accepted"));
        let call = call(&server, operation, on);
        let id = format!("accepted-{operation}");
        let answer = call.send(&admin, &[("x-request-id", &id)]);
        assert!(answer.status < 300, "{operation}: {}", answer.text());
        let rows = rows(&admin, &id);
        let Audited::As(action, kind) = audited else {
            assert_eq!(rows, [json!(null); 0], "{operation}");
            continue;
        };
        assert_eq!(rows.len(), 1, "{operation}: {rows:?}");
        let row = &rows[0];
        assert_eq!((&row["action"], &row["outcome"]), (&json!(action), &json!("accepted")), "{operation}");
        assert_eq!(row["actor"], json!({"user_id": "ann", "role": "admin"}), "{operation}");
        assert!(row["problem"].is_null(), "{operation}");
        assert!(row["subject"]["type"] == json!(kind) || json!(kind) == "record", "{operation}: {row}");
        let made_here = operation == "create_segment" || operation == "create_bulk_action";
        if !made_here {
            assert_eq!(row["subject"]["id"], json!(call.ids.first()), "{operation}");
        }
    }
}

#[test]
fn what_is_refused_is_written_down_if_it_is_forbidden_or_meets_a_conflict() {
    let server = TestServer::start();
    let mut seen = BTreeSet::new();
    for &(operation, audited) in WRITING_OPERATIONS {
        for &(_, on, member, admin, _) in TABLE.iter().filter(|row| row.0 == operation) {
            for (client, user, status) in [(server.member(), "max", member), (server.admin(), "ann", admin)] {
                if status < 300 {
                    continue;
                }
                let call = call(&server, operation, on);
                let id = format!("refused-{operation}-{on:?}-{user}");
                let answer = call.send(&client, &[("x-request-id", &id)]);
                assert_eq!(answer.status, status, "{id}");
                let rows = rows(&server.admin(), &id);
                let Audited::As(action, kind) = audited else {
                    assert_eq!(rows, [json!(null); 0], "{id}");
                    continue;
                };
                if status == 404 {
                    assert_eq!(rows, [json!(null); 0], "{id}");
                    continue;
                }
                let problem = answer.expect(status)["type"].as_str().unwrap().replace("/problems/", "");
                let subject = if operation == "create_bulk_action" { None } else { call.ids.first() };
                assert_eq!(rows.len(), 1, "{id}");
                let row = &rows[0];
                let told = [&row["action"], &row["outcome"], &row["problem"], &row["subject"], &row["details"]];
                let subject = json!({"type": kind, "id": subject});
                assert_eq!(told, [&json!(action), &json!("refused"), &json!(problem), &subject, &json!({})], "{id}");
                assert_eq!(row["actor"]["user_id"], user, "{id}");
                seen.insert((operation, status));
            }
        }
    }
    for expected in
        [("delete_contact", 409), ("update_settings", 403), ("update_segment", 403), ("cancel_bulk_action", 409)]
    {
        assert!(seen.contains(&expected), "{expected:?}");
    }
}
