//! What the lists of linked records give as files comes back through imports.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::counts;
use crate::harness::{Client, TestServer, import_example};

const LISTS: [&str; 5] = ["/deals", "/invoices", "/projects", "/time-trackings", "/tickets"];

fn id(created: &Value) -> &str {
    created["id"].as_str().unwrap()
}

fn file(client: &Client, list: &str) -> Vec<u8> {
    let answer = client.get(&format!("{list}?format=csv"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv; charset=utf-8")), "{list}");
    let named = format!("attachment; filename=\"{}.csv\"", list.trim_start_matches('/'));
    assert_eq!(answer.header("content-disposition"), Some(named.as_str()));
    answer.body
}

/// Every record of a list, but for when it was changed.
fn records(client: &Client, list: &str) -> Vec<Value> {
    let mut records = client.get(&format!("{list}?limit=200")).expect(200)["data"].as_array().unwrap().clone();
    for record in &mut records {
        record.as_object_mut().unwrap().remove("updated_at").unwrap();
    }
    records
}

/// Linked records of each kind, with and without external ids, of customers with and without.
fn make_linked_records(client: &Client) {
    let bare = client.post("/contacts", json!({"last_name": "Bare"})).expect(201);
    let keyed = client.post("/companies", json!({"name": "Keyed", "external_id": "a|b"})).expect(201);
    let (bare, keyed) = (json!({"type": "contact", "id": id(&bare)}), json!({"type": "company", "id": id(&keyed)}));
    let money = json!({"amount": "-12.50", "currency": "EUR"});
    for body in [
        json!({"title": "=1+1", "customer": keyed, "contact_person": bare, "estimated_value": money, "status": "won"}),
        json!({"title": "'s", "customer": bare, "external_id": "-", "reference": "two\r\nlines"}),
    ] {
        client.post("/deals", body).expect(201);
    }
    let invoice = json!({"invoice_date": "2026-11-24", "customer": keyed, "attention_of": bare, "total": money});
    client.post("/invoices", invoice).expect(201);
    client.post("/projects", json!({"title": "Both", "customers": [keyed, bare], "status": "closed"})).expect(201);
    let time = json!({"started_at": "2026-11-24T09:00:00.123456Z", "duration_seconds": 0, "subject": bare});
    client.post("/time-trackings", time).expect(201);
    let ticket = json!({"subject": "+", "description": "a;b,\"c\"", "customer": keyed, "status": "closed"});
    client.post("/tickets", ticket).expect(201);
}

#[test]
fn what_the_lists_give_changes_nothing_when_it_comes_back() {
    let server = TestServer::start();
    let admin = server.admin();
    make_linked_records(&admin);
    // A ticket's customer may lie in the bin: what the ticket says already is no new link.
    let company = "UPDATE companies SET deleted_at = now(), deletion_id = gen_random_uuid(),
        purge_at = now() + interval '1 day' WHERE external_id = 'gone'";
    let gone = admin.post("/companies", json!({"name": "Gone", "external_id": "gone"})).expect(201);
    let ticket = json!({"subject": "Kept", "customer": {"type": "company", "id": id(&gone)}});
    admin.post("/tickets", ticket).expect(201);
    server.sql().batch_execute(company).unwrap();
    for list in LISTS {
        let before = records(&admin, list);
        let report = admin.csv(&format!("{list}/import"), file(&admin, list)).expect(200);
        assert_eq!(counts(&report), (0, before.len() as u64, 0), "{list} {report}");
        assert_eq!(records(&admin, list), before, "{list}");
        // A file has no pages.
        admin.get(&format!("{list}?format=csv&limit=5")).refused("validation-failed");
    }
}

#[test]
fn a_list_of_several_parts_is_whole() {
    let server = TestServer::start();
    import_example(&server);
    let admin = server.admin();
    let rows: Vec<String> = (0..1_500).map(|number| format!("M-{number},More,contact:CT-000012\n")).collect();
    let more = format!("external_id,title,customers\n{}", rows.concat());
    admin.csv("/projects/import", more).expect(200);
    for sort in ["created_at", "-created_at", "updated_at", "-updated_at"] {
        let answer = admin.get(&format!("/projects?sort={sort}&format=csv"));
        let mut reader = csv::Reader::from_reader(&answer.body[3..]);
        let ids: std::collections::BTreeSet<String> = reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
        assert_eq!(ids.len(), 758 + 1_500, "{sort}");
    }
    let some = admin.get("/projects?format=csv&status=closed");
    assert!(some.text().lines().skip(1).all(|line| line.contains(",closed,")));
}
