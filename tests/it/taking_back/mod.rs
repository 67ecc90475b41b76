//! Taking back: what comes out of the recycle bin, how exactly, and what cannot.

mod deals;
mod exact;
mod undo;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::bulk_delete::ended;
use super::harness::Client;

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

fn customer(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}

/// Restores by a bulk action, to its end.
fn restore(client: &Client, entity: &str, target: Value, rest: Value) -> Value {
    let mut body = json!({"action": "restore", "entity": entity, "target": target});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    ended(client, &client.post("/bulk-actions", body).expect(202))
}

/// The outcome of each record of an action, by record.
fn outcomes(client: &Client, action: &Value) -> Vec<(String, String)> {
    let results = client.get(&format!("/bulk-actions/{}/results?limit=200", id(action))).expect(200);
    let word = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    results["data"].as_array().unwrap().iter().map(|row| (word(row, "record_id"), word(row, "outcome"))).collect()
}

fn is_live(client: &Client, path: &str) -> bool {
    let answer = client.get(path);
    answer.status == 200 && answer.expect(200)["deleted_at"].is_null()
}

/// Keeps the reconciler away from what is past its `purge_at`.
pub fn no_purge_yet(connection: &mut PgConnection) {
    connection.batch_execute("UPDATE deletions SET first_purge_at = first_purge_at + interval '1 year'").unwrap();
}
