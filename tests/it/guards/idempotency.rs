//! `Idempotency-Key` on every POST of the document: the same answer again, and one effect; imports refuse it.

use std::collections::BTreeSet;

use serde_json::json;
use sweep::api::openapi::{DOCUMENT, for_each_operation};

use super::calls::{Call, On};
use crate::harness::TestServer;

/// Every POST, what it is called on, and another body for it.
const POSTS: [(&str, On, &str); 16] = [
    ("create_contact", On::Nothing, r#"{"last_name": "Other"}"#),
    ("create_company", On::Nothing, r#"{"name": "Other"}"#),
    ("create_deal", On::Contact, r#"{"title": "Other"}"#),
    ("create_invoice", On::Contact, r#"{"invoice_date": "2026-11-25"}"#),
    ("create_project", On::Contact, r#"{"title": "Other"}"#),
    ("create_time_tracking", On::Contact, r#"{"duration_seconds": 1}"#),
    ("create_ticket", On::Contact, r#"{"subject": "Other"}"#),
    ("create_segment", On::Nothing, r#"{"name": "Other"}"#),
    ("preview_segment", On::Nothing, r#"{"match": "any"}"#),
    ("create_bulk_action", On::Contact, r#"{"reason": "another"}"#),
    ("undo_bulk_action", On::BulkDelete, r#"{"on_conflict": "drop_external_id"}"#),
    ("retry_bulk_action", On::BlockedDelete, "{}"),
    ("execute_bulk_action", On::DryRun, "{}"),
    ("approve_bulk_action", On::WaitingDelete, r#"{"reason": "another"}"#),
    ("reject_bulk_action", On::WaitingDelete, r#"{"reason": "another"}"#),
    ("restore_binned_record", On::BinnedContact, r#"{"on_conflict": "drop_external_id"}"#),
];
const IMPORTS: [&str; 7] = [
    "import_companies",
    "import_contacts",
    "import_deals",
    "import_invoices",
    "import_projects",
    "import_tickets",
    "import_time_trackings",
];

/// It needs an action that still runs: `verbs::cancel` repeats its key.
const ELSEWHERE: [&str; 1] = ["cancel_bulk_action"];

#[test]
fn every_post_is_listed() {
    let mut posts = BTreeSet::new();
    for_each_operation(&DOCUMENT, |_, method, operation| {
        if method == "post" {
            posts.insert(operation["operationId"].as_str().unwrap().to_owned());
        }
    });
    let listed =
        POSTS.iter().map(|(operation, ..)| *operation).chain(IMPORTS).chain(ELSEWHERE).map(ToOwned::to_owned).collect();
    assert_eq!(posts, listed);
}

#[test]
fn every_post_answers_a_repeated_key_with_its_first_answer() {
    let server = TestServer::start();
    let admin = server.admin();
    for (operation, on, change) in POSTS {
        let call = Call::new(&server, operation, on);
        let key = [("idempotency-key", operation)];
        let first = call.send(&admin, &key);
        assert!(first.status < 300, "{operation}: {}", first.text());
        assert_eq!(first.header("idempotency-replayed"), None, "{operation}");
        let again = call.send(&admin, &key);
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{operation}");
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{operation}");
        for header in ["location", "etag", "retry-after", "content-type"] {
            assert_eq!(again.header(header), first.header(header), "{operation}");
        }
        let mut other = serde_json::from_slice(&call.body).unwrap_or(json!({}));
        let changes: serde_json::Value = serde_json::from_str(change).unwrap();
        for (name, value) in changes.as_object().unwrap() {
            other[name] = value.clone();
        }
        call.with_json(&other).send(&admin, &key).refused("idempotency-mismatch");
    }
}

#[test]
fn a_key_holds_for_its_caller_and_path_alone() {
    let server = TestServer::start();
    let key = [("idempotency-key", "one")];
    let call = Call::new(&server, "create_contact", On::Nothing);
    for client in [server.admin(), server.member(), server.stranger()] {
        assert_eq!(call.send(&client, &key).header("idempotency-replayed"), None);
    }
    let elsewhere = Call::new(&server, "create_company", On::Nothing).send(&server.admin(), &key);
    assert_eq!((elsewhere.status, elsewhere.header("idempotency-replayed")), (201, None));
}

#[test]
fn imports_refuse_a_key() {
    let server = TestServer::start();
    for operation in IMPORTS {
        let call = Call::new(&server, operation, On::Nothing);
        call.send(&server.admin(), &[("idempotency-key", "one")]).refused("idempotency-not-supported");
    }
}
