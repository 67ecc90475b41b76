//! Actions on many records besides deleting: restoring and purging what lies in the bin, adding and removing tags.

mod at_once;
mod large_sets;
mod purge;
mod requests;
mod restore;
mod tags;

use serde_json::{Value, json};

use super::bulk_delete::ended;
use super::harness::Client;

/// Starts this action on this target, with further members.
fn ask(client: &Client, action: &str, entity: &str, target: &Value, rest: &Value) -> Value {
    client.post("/bulk-actions", body(action, entity, target, rest)).expect(202)
}

fn body(action: &str, entity: &str, target: &Value, rest: &Value) -> Value {
    let mut body = json!({"action": action, "entity": entity, "target": target});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

/// As [`ask`], to its end.
fn act(client: &Client, action: &str, entity: &str, target: Value, rest: Value) -> Value {
    ended(client, &ask(client, action, entity, &target, &rest))
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

fn verb(client: &Client, action: &Value, verb: &str) -> Value {
    ended(client, &client.call(&path(action, verb)).expect(202))
}

fn path(action: &Value, verb: &str) -> String {
    format!("/bulk-actions/{}/{verb}", action["id"].as_str().unwrap())
}

fn counts(action: &Value, names: &[&str]) -> Vec<i64> {
    names.iter().map(|name| action["counts"][name].as_i64().unwrap()).collect()
}

/// The outcome of each of `ids`, in that order.
fn outcomes(client: &Client, action: &Value, ids: &[String]) -> Vec<String> {
    let results = client.get(&path(action, "results?limit=200")).expect(200);
    let of = |id: &String| {
        let row = results["data"].as_array().unwrap().iter().find(|row| row["record_id"] == json!(id));
        row.unwrap_or_else(|| panic!("{id} has an outcome: {results}"))["outcome"].as_str().unwrap().to_owned()
    };
    ids.iter().map(of).collect()
}

/// How many records of the account lie in the bin.
fn in_bin(client: &Client) -> i64 {
    client.get("/recycle-bin?with_total=true&limit=1").expect(200)["page"]["total"].as_i64().unwrap()
}

/// A deal of this contact, perhaps with another one as contact person.
fn deal(client: &Client, customer: &str, person: Option<&str>) -> String {
    let mut body = json!({"title": "Offer", "customer": {"type": "contact", "id": customer}});
    if let Some(person) = person {
        body["contact_person"] = json!({"type": "contact", "id": person});
    }
    id(&client.post("/deals", body).expect(201))
}

fn bin_one(client: &Client, path: &str) {
    client.delete(path).expect(204);
}
