//! The verbs on bulk actions: rehearse, execute, cancel, retry, undo; and what becomes of blocked records.

mod all_or_nothing;
mod cancel;
mod dry_run;
mod status;

use serde_json::{Value, json};

use super::bulk_delete::{contacts, ended};
use super::harness::{Client, TestServer};

/// Five contacts of which the first two are customers of a deal each.
struct Scene {
    server: TestServer,
    admin: Client,
    ids: Vec<String>,
    deals: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        let server = TestServer::start();
        let admin = server.admin();
        let ids = contacts(&admin, &["a", "b", "c", "d", "e"]);
        let deals = ids[..2].iter().map(|id| deal(&admin, id)).collect();
        Self { server, admin, ids, deals }
    }

    /// A delete of all five with these further members, ended.
    fn delete(&self, members: Value) -> Value {
        let mut body = json!({"action": "delete", "entity": "contact", "target": {"ids": self.ids}});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        ended(&self.admin, &self.admin.post("/bulk-actions", body).expect(202))
    }

    fn verb(&self, action: &Value, verb: &str) -> Value {
        ended(&self.admin, &self.admin.call(&path(action, verb)).expect(202))
    }

    fn live(&self) -> i64 {
        self.admin.get("/contacts?with_total=true").expect(200)["page"]["total"].as_i64().unwrap()
    }

    fn outcomes(&self, action: &Value) -> Vec<String> {
        let results = self.admin.get(&path(action, "results")).expect(200);
        let outcome = |row: &Value| row["outcome"].as_str().unwrap().to_owned();
        results["data"].as_array().unwrap().iter().map(outcome).collect()
    }
}

fn deal(client: &Client, contact: &str) -> String {
    let body = json!({"title": "Offer", "customer": {"type": "contact", "id": contact}});
    client.post("/deals", body).expect(201)["id"].as_str().unwrap().to_owned()
}

fn path(action: &Value, verb: &str) -> String {
    format!("/bulk-actions/{}/{verb}", action["id"].as_str().unwrap())
}

fn counts<'a>(action: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    names.iter().map(|name| &action["counts"][name]).collect()
}
