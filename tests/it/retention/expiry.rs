//! A record past its `purge_at` is gone to the instant, whether or not the purge has run.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::super::bulk_delete::{contacts, delete_ids, ended};
use super::super::harness::{Client, TestServer};
use super::super::many_records::{count, shift_clock};
use super::super::taking_back::no_purge_yet;

fn days_left(client: &Client, id: &str) -> i64 {
    client.get(&format!("/recycle-bin/{id}")).expect(200)["days_left"].as_i64().unwrap()
}

#[test]
fn a_new_retention_holds_for_later_deletions_only() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["before", "bulk before", "after", "bulk after"]);
    admin.delete(&format!("/contacts/{}", ids[0])).expect(204);
    let bulk = delete_ids(&admin, "contact", &ids[1..2]);
    admin.patch("/settings", json!({"retention_days": 7})).expect(200);
    admin.delete(&format!("/contacts/{}", ids[2])).expect(204);
    let later = delete_ids(&admin, "contact", &ids[3..]);
    let deal = json!({"title": "x", "customer": {"type": "company", "id": company(&admin)}});
    let deal = admin.post("/deals", deal).expect(201)["id"].as_str().unwrap().to_owned();
    admin.delete(&format!("/deals/{deal}")).expect(204);
    assert_eq!(ids.each_days_left(&admin), [30, 30, 7, 7]);
    assert_eq!(days_left(&admin, &deal), 7);
    // The action tells until when it can be undone as a whole.
    for (action, id) in [(bulk, &ids[1]), (later, &ids[3])] {
        let binned = admin.get(&format!("/recycle-bin/{id}")).expect(200);
        assert_eq!(action["restorable_until"], binned["purge_at"]);
    }
    server.stranger().get("/settings").expect(200)["retention_days"].as_i64().map(|days| assert_eq!(days, 30)).unwrap();
}

trait DaysLeft {
    fn each_days_left(&self, client: &Client) -> Vec<i64>;
}

impl DaysLeft for Vec<String> {
    fn each_days_left(&self, client: &Client) -> Vec<i64> {
        self.iter().map(|id| days_left(client, id)).collect()
    }
}

fn company(client: &Client) -> String {
    client.post("/companies", json!({"name": "Customer"})).expect(201)["id"].as_str().unwrap().to_owned()
}

/// A contact, a company and a deal in the bin, by a bulk delete and two single ones.
struct Expiring {
    contact: String,
    company: String,
    deal: String,
    action: Value,
}

impl Expiring {
    fn prepare(client: &Client) -> Self {
        let (contact, company) = (contacts(client, &["Expiring"]).remove(0), company(client));
        let deal = json!({"title": "Expiring", "customer": {"type": "company", "id": company}});
        let deal = client.post("/deals", deal).expect(201)["id"].as_str().unwrap().to_owned();
        client.delete(&format!("/deals/{deal}")).expect(204);
        client.delete(&format!("/companies/{company}")).expect(204);
        let action = delete_ids(client, "contact", std::slice::from_ref(&contact));
        Self { contact, company, deal, action }
    }

    fn all(&self) -> [(&'static str, &String); 3] {
        [("/contacts", &self.contact), ("/companies", &self.company), ("/deals", &self.deal)]
    }

    fn result_name(&self, client: &Client) -> Value {
        let path = format!("/bulk-actions/{}/results", self.action["id"].as_str().unwrap());
        client.get(&path).expect(200)["data"][0]["name"].clone()
    }
}

#[test]
fn gone_to_the_instant_everywhere_before_the_purge_has_run() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.database.connect();
    let expiring = Expiring::prepare(&admin);
    no_purge_yet(&mut connection);
    let bin = || admin.get("/recycle-bin?with_total=true").expect(200)["page"]["total"].as_i64().unwrap();

    shift_clock(&mut connection, "29 days 23 hours 59 minutes");
    assert_eq!(bin(), 3);
    for (path, id) in expiring.all() {
        assert_eq!(days_left(&admin, id), 1, "{path}");
        assert!(admin.get(&format!("{path}/{id}")).expect(200)["deleted_at"].is_string());
    }
    assert_eq!(expiring.result_name(&admin), "Expiring");

    shift_clock(&mut connection, "1 minute");
    assert_eq!(bin(), 0);
    assert_eq!(admin.get("/recycle-bin?q=expiring").expect(200)["data"], json!([]));
    for (path, id) in expiring.all() {
        let one = format!("{path}/{id}");
        admin.get(&one).refused("not-found");
        admin.patch(&one, json!({})).refused("not-found");
        admin.delete(&one).refused("not-found");
        admin.get(&format!("/recycle-bin/{id}")).refused("not-found");
        admin.call(&format!("/recycle-bin/{id}/restore")).refused("not-found");
        admin.delete(&format!("/recycle-bin/{id}")).refused("not-found");
        assert_eq!(admin.get(&format!("{path}?with_total=true&ids={id}")).expect(200)["page"]["total"], 0);
        let entity = match path {
            "/contacts" => "contact",
            "/companies" => "company",
            _ => "deal",
        };
        let body = json!({"action": "restore", "entity": entity, "target": {"ids": [id]}});
        let restore = ended(&admin, &admin.post("/bulk-actions", body).expect(202));
        assert_eq!(restore["counts"]["gone"], 1, "{path}");
    }
    assert_eq!(expiring.result_name(&admin), Value::Null);
    admin.get(&format!("/contacts/{}/deletability", expiring.contact)).refused("not-found");
    let link = json!({"title": "x", "customer": {"type": "contact", "id": expiring.contact}});
    admin.post("/deals", link).refused("link-target-unavailable");
    let by_deletion =
        json!({"action": "restore", "entity": "contact", "target": {"deletion_id": expiring.action["id"]}});
    assert_eq!(admin.post("/bulk-actions", by_deletion).expect(202)["counts"]["matched"], 0);
    let undo = admin.call(&format!("/bulk-actions/{}/undo", expiring.action["id"].as_str().unwrap()));
    assert_eq!(ended(&admin, &undo.expect(202))["counts"]["gone"], 1);
    assert_eq!(rows(&mut connection), 3, "no purge has run yet");
}

fn rows(connection: &mut PgConnection) -> i64 {
    count(
        connection,
        "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM companies) + (SELECT count(*) FROM deals)",
    )
}
