//! Lists of linked records: filters, order, pages.

use serde_json::{Value, json};

use super::{KINDS, company, contact, id, listed};
use crate::harness::{Client, TestServer};

fn last(location: &str) -> String {
    location.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn records_are_listed_by_what_they_are_linked_to() {
    let server = TestServer::start();
    let admin = server.admin();
    let (ann, bob, acme) = (contact(&admin), contact(&admin), company(&admin));
    for kind in &KINDS {
        let of_ann = last(&kind.create(&admin, &ann));
        let mut body = kind.body(&acme);
        if let Some(role) = kind.contact {
            body[role] = bob.clone();
        }
        let of_acme = id(&admin.post(kind.path, body).expect(201)).to_owned();
        let by = |query: String| listed(&admin, &format!("{}?{query}", kind.path));
        assert_eq!(by(format!("contact_id={}", id(&ann))), [of_ann.as_str()]);
        assert_eq!(by(format!("company_id={}", id(&acme))), [of_acme.as_str()]);
        let of_bob: &[String] = if kind.contact.is_some() { std::slice::from_ref(&of_acme) } else { &[] };
        assert_eq!(by(format!("contact_id={}", id(&bob))), of_bob);
        assert_eq!(by(format!("contact_id={}&company_id={}", id(&ann), id(&acme))), [""; 0]);
        assert_eq!(by(format!("ids={of_ann}&ids={}", id(&ann))), [of_ann.as_str()]);
        assert_eq!(by(String::new()), [of_acme, of_ann]);
        admin.get(&format!("{}?contact=x", kind.path)).refused("validation-failed");
    }
}

#[test]
fn records_are_listed_by_status() {
    let server = TestServer::start();
    let admin = server.admin();
    let ann = contact(&admin);
    for (kind, status) in KINDS.iter().zip(["won", "matched", "closed", "", "closed"]) {
        let location = kind.create(&admin, &ann);
        if status.is_empty() {
            admin.get(&format!("{}?status=open", kind.path)).refused("validation-failed");
            continue;
        }
        assert_eq!(listed(&admin, &format!("{}?status={status}", kind.path)), [""; 0]);
        admin.patch(&location, json!({ "status": status })).expect(200);
        assert_eq!(listed(&admin, &format!("{}?status={status}", kind.path)), [last(&location)]);
        admin.get(&format!("{}?status=lapsed", kind.path)).refused("validation-failed");
    }
}

/// Walks a list in pages of two.
fn walk(client: &Client, path: &str, sort: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{path}?limit=2&with_total=true&sort={sort}{cursor}")).expect(200);
        assert_eq!(page["page"]["total"], 5);
        ids.extend(page["data"].as_array().unwrap().iter().map(|item| id(item).to_owned()));
        let Value::String(next) = &page["page"]["next_cursor"] else { return ids };
        cursor = format!("&cursor={next}");
        client
            .get(&format!("{path}?limit=2&sort={sort}&updated_since=2020-01-01T00:00:00Z{cursor}"))
            .refused("invalid-cursor");
    }
}

#[test]
fn pages_follow_one_another() {
    let server = TestServer::start();
    let admin = server.admin();
    let ann = contact(&admin);
    for kind in &KINDS {
        let locations: Vec<String> = (0..5).map(|_| kind.create(&admin, &ann)).collect();
        let mut created: Vec<String> = locations.iter().map(|location| last(location)).collect();
        let first_change = admin.patch(&locations[1], json!({"external_id": "second"})).expect(200);
        let mut updated = created.clone();
        let second = updated.remove(1);
        updated.push(second.clone());
        assert_eq!(walk(&admin, kind.path, "created_at"), created);
        assert_eq!(walk(&admin, kind.path, "updated_at"), updated);
        created.reverse();
        updated.reverse();
        assert_eq!(walk(&admin, kind.path, "-created_at"), created);
        assert_eq!(walk(&admin, kind.path, "-updated_at"), updated);
        assert_eq!(listed(&admin, kind.path), created);
        let since = first_change["updated_at"].as_str().unwrap();
        assert_eq!(listed(&admin, &format!("{}?updated_since={since}", kind.path)), [second]);
    }
}
