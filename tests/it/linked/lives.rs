//! Every kind is created, read, changed and deleted in the same way.

use serde_json::json;

use super::{KINDS, company, contact, id};
use crate::harness::TestServer;

#[test]
fn each_kind_is_created_read_changed_and_deleted() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let (contact, company) = (contact(&admin), company(&admin));
    for kind in &KINDS {
        let answer = member.post(kind.path, kind.body(&contact));
        assert_eq!(answer.header("etag"), Some("\"1\""));
        let location = answer.header("location").unwrap().to_owned();
        let created = answer.expect(201);
        assert_eq!(location, format!("{}/{}", kind.path, id(&created)));
        assert_eq!(member.get(&location).expect(200), created);
        assert_eq!(created["created_at"], created["updated_at"]);

        let mut patch = kind.customer_field(&company);
        patch["external_id"] = json!(" X-1 ");
        let answer = member.json("PATCH", &location, &[("if-match", "\"1\"")], patch.clone());
        assert_eq!(answer.header("etag"), Some("\"2\""));
        let changed = answer.expect(200);
        let mut expected = created.clone();
        for (field, value) in patch.as_object().unwrap() {
            expected[field] = value.clone();
        }
        expected["external_id"] = json!("X-1");
        expected["updated_at"] = changed["updated_at"].clone();
        for copied in ["customer_name", "customer_vat_number"] {
            if let Some(value) = changed.get(copied) {
                expected[copied] = value.clone();
            }
        }
        assert_eq!(changed, expected);
        assert!(changed["updated_at"].as_str() > created["updated_at"].as_str());
        assert_eq!(member.get(&location).expect(200), changed);

        member.json("PATCH", &location, &[("if-match", "\"1\"")], json!({})).refused("precondition-failed");
        member.send("DELETE", &location, &[("if-match", "\"1\"")], Vec::new()).refused("precondition-failed");
        assert_eq!(member.send("DELETE", &location, &[("if-match", "\"2\"")], Vec::new()).status, 204);
        member.get(&location).refused("not-found");
        member.patch(&location, json!({})).refused("not-found");
        member.delete(&location).refused("not-found");
    }
}

#[test]
fn no_account_meets_the_records_of_another() {
    let server = TestServer::start();
    let (admin, stranger) = (server.admin(), server.stranger());
    let contact = contact(&admin);
    for kind in &KINDS {
        let location = kind.create(&admin, &contact);
        stranger.get(&location).refused("not-found");
        stranger.patch(&location, json!({"external_id": "x"})).refused("not-found");
        stranger.delete(&location).refused("not-found");
        assert_eq!(stranger.get(kind.path).expect(200)["data"], json!([]));
        assert_eq!(admin.get(&location).expect(200)["external_id"], json!(null));
    }
}

#[test]
fn an_external_id_is_held_once_in_each_kind() {
    let server = TestServer::start();
    let admin = server.admin();
    let contact = contact(&admin);
    for kind in &KINDS {
        let mut body = kind.body(&contact);
        body["external_id"] = json!("1");
        admin.post(kind.path, body.clone()).expect(201);
        admin.post(kind.path, body).refused("external-id-taken");
        let other = kind.create(&admin, &contact);
        admin.patch(&other, json!({"external_id": "1"})).refused("external-id-taken");
    }
}

#[test]
fn an_idempotency_key_makes_one_record_and_is_forgotten_with_it() {
    let server = TestServer::start();
    let admin = server.admin();
    let contact = contact(&admin);
    for kind in &KINDS {
        let post = || admin.json("POST", kind.path, &[("idempotency-key", "k")], kind.body(&contact));
        let (first, again) = (post(), post());
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!((first.status, &first.body), (again.status, &again.body));
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(admin.get(kind.path).expect(200)["data"].as_array().unwrap().len(), 1);
        if kind.path != "/deals" {
            assert_eq!(admin.delete(first.header("location").unwrap()).status, 204);
            assert_eq!(post().header("idempotency-replayed"), None);
        }
    }
}
