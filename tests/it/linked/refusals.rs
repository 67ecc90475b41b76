//! No link can be made to what is not a live record of the account.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{KINDS, bin_statement, company, contact, id, listed, put_into_bin};
use crate::harness::{Answer, TestServer};
use crate::many_records::{wait_until, waiting};

#[track_caller]
fn assert_unavailable(answer: Answer, pointer: &str) {
    assert_eq!(answer.refused("link-target-unavailable")["pointer"], pointer);
}

#[test]
fn a_link_to_an_unknown_foreign_or_binned_record_is_refused() {
    let server = TestServer::start();
    let admin = server.admin();
    let live = contact(&admin);
    let unknown = json!({"type": "contact", "id": "0193a000-0000-7000-8000-0000000000ff"});
    let of_other_kind = json!({"type": "company", "id": id(&live)});
    let foreign = contact(&server.stranger());
    let (binned_contact, binned_company) = (contact(&admin), company(&admin));
    put_into_bin(&server, &binned_contact, 30);
    put_into_bin(&server, &binned_company, 30);
    for kind in &KINDS {
        let location = kind.create(&admin, &live);
        let before = admin.get(&location).expect(200);
        for target in [&unknown, &of_other_kind, &foreign, &binned_contact, &binned_company] {
            assert_unavailable(admin.post(kind.path, kind.body(target)), &kind.pointer());
            assert_unavailable(admin.patch(&location, kind.customer_field(target)), &kind.pointer());
        }
        if let Some(role) = kind.contact {
            for target in [&unknown, &foreign, &binned_contact] {
                let mut body = kind.body(&live);
                body[role] = target.clone();
                assert_unavailable(admin.post(kind.path, body), &format!("/{role}"));
                assert_unavailable(admin.patch(&location, json!({ role: target })), &format!("/{role}"));
            }
        }
        assert_eq!(admin.get(&location).expect(200), before);
        assert_eq!(listed(&admin, kind.path).len(), 1);
    }
}

#[test]
fn what_is_absent_or_stale_is_said_before_a_link_is_refused() {
    let server = TestServer::start();
    let admin = server.admin();
    let live = contact(&admin);
    let unknown = json!({"type": "contact", "id": "0193a000-0000-7000-8000-0000000000ff"});
    for kind in &KINDS {
        let location = kind.create(&admin, &live);
        let patch = kind.customer_field(&unknown);
        let absent = format!("{}/0193a000-0000-7000-8000-0000000000fe", kind.path);
        admin.patch(&absent, patch.clone()).refused("not-found");
        admin.patch(&absent, json!({"nonsense": 1})).refused("validation-failed");
        admin.json("PATCH", &location, &[("if-match", "\"9\"")], patch).refused("precondition-failed");
    }
}

#[test]
fn the_pointer_names_the_place_in_the_request() {
    let server = TestServer::start();
    let admin = server.admin();
    let live = contact(&admin);
    let unknown = json!({"type": "company", "id": "0193a000-0000-7000-8000-0000000000ff"});
    let customers = json!([live, live, unknown]);
    let answer = admin.post("/projects", json!({"title": "x", "customers": customers}));
    assert_unavailable(answer, "/customers/2");
}

#[test]
fn a_part_of_a_reference_can_be_patched() {
    let server = TestServer::start();
    let admin = server.admin();
    let (ann, bob) = (contact(&admin), contact(&admin));
    for kind in KINDS.iter().filter(|kind| !kind.is_list) {
        let location = kind.create(&admin, &ann);
        let changed = admin.patch(&location, json!({kind.customer: {"id": id(&bob)}})).expect(200);
        assert_eq!(changed[kind.customer], bob);
        let problem = admin.patch(&location, json!({kind.customer: {"type": null}})).refused("validation-failed");
        let pointer: &Value = &problem["errors"][0]["pointer"];
        assert_eq!(*pointer, format!("/{}", kind.customer));
    }
}

#[test]
fn a_link_waits_for_a_deletion_under_way_and_is_then_refused() {
    let server = TestServer::start();
    let admin = server.admin();
    let live = contact(&admin);
    for kind in &KINDS {
        let location = kind.create(&admin, &live);
        let target = contact(&admin);
        let (mut deletion, mut observer) = (server.sql(), server.sql());
        let lock = format!("BEGIN; SELECT FROM contacts WHERE id = '{}' FOR UPDATE", id(&target));
        deletion.batch_execute(&lock).unwrap();
        deletion.batch_execute(&bin_statement(&target, 30)).unwrap();
        let (for_creation, for_change) = (admin.clone(), admin.clone());
        let (body, patch, collection) = (kind.body(&target), kind.customer_field(&target), kind.path);
        let creation = std::thread::spawn(move || for_creation.post(collection, body));
        let change = std::thread::spawn(move || for_change.patch(&location, patch));
        assert!(wait_until(|| waiting(&mut observer) == 2));
        deletion.batch_execute("COMMIT").unwrap();
        assert_unavailable(creation.join().unwrap(), &kind.pointer());
        assert_unavailable(change.join().unwrap(), &kind.pointer());
    }
}
