//! A ticket does not keep its customer from being deleted, and outlives it.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{KINDS, company, contact, id, listed, pointers, put_into_bin};
use crate::harness::TestServer;

#[test]
fn a_ticket_of_a_customer_in_the_bin_can_still_be_changed() {
    let server = TestServer::start();
    let admin = server.admin();
    for customer in [contact(&admin), company(&admin)] {
        let path = KINDS[4].create(&admin, &customer);
        put_into_bin(&server, &customer, 30);
        let changed = admin.patch(&path, json!({"status": "closed"})).expect(200);
        assert_eq!((&changed["status"], &changed["customer"]), (&json!("closed"), &customer));
        admin.patch(&path, json!({"customer": customer, "description": "Called back."})).expect(200);
    }
}

#[test]
fn a_ticket_is_anonymised_to_the_instant_its_customer_is_gone_for_good() {
    let server = TestServer::start();
    let admin = server.admin();
    for customer in [contact(&admin), company(&admin)] {
        let mut body = KINDS[4].body(&customer);
        body["description"] = json!("My password is rosebud.");
        body["external_id"] = customer["id"].clone();
        let created = admin.post("/tickets", body).expect(201);
        let path = format!("/tickets/{}", id(&created));
        let by_customer = format!("/tickets?{}_id={}", customer["type"].as_str().unwrap(), id(&customer));
        put_into_bin(&server, &customer, 1);
        assert_eq!(admin.get(&path).expect(200), created);
        assert_eq!(listed(&admin, &by_customer), [id(&created)]);
        put_into_bin(&server, &customer, 0);
        let emptied = admin.get(&path).expect(200);
        assert!(emptied["anonymised_at"].is_string());
        for field in ["external_id", "description", "customer"] {
            assert_eq!(emptied[field], json!(null), "{field}");
        }
        assert_eq!((&emptied["subject"], &emptied["status"]), (&json!(""), &json!("new")));
        assert_eq!(listed(&admin, &by_customer), [""; 0]);
        assert_eq!(admin.get(&format!("/tickets?ids={}", id(&created))).expect(200)["data"], json!([emptied]));
    }
}

#[test]
fn an_anonymised_ticket_gets_no_content_back() {
    let server = TestServer::start();
    let admin = server.admin();
    let ann = contact(&admin);
    let path = KINDS[4].create(&admin, &ann);
    let purged = "UPDATE tickets SET customer_contact_id = NULL, subject = '', anonymised_at = now()";
    server.sql().batch_execute(purged).unwrap();
    let content =
        json!({"external_id": "T-1", "subject": "x", "description": "y", "customer": ann, "status": "closed"});
    let problem = admin.patch(&path, content).refused("validation-failed");
    assert_eq!(pointers(&problem), ["/external_id", "/subject", "/description", "/customer"]);
    let closed = admin.patch(&path, json!({"status": "closed"})).expect(200);
    assert_eq!(
        (&closed["status"], &closed["subject"], &closed["customer"]),
        (&json!("closed"), &json!(""), &json!(null))
    );
    assert_eq!(admin.delete(&path).status, 204);
}
