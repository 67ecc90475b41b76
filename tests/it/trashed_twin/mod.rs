//! New records and their twins in the recycle bin: which is named, by what, to whom, and for how long.

mod creating;
mod importing;
mod keys;
mod leaving;

use serde_json::{Value, json};

use super::harness::Client;

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

/// A contact with a last name and what `fields` say.
fn contact(fields: Value) -> Value {
    let mut body = json!({"last_name": "Peeters"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn company(fields: Value) -> Value {
    let mut body = json!({"name": "Peeters"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn emails(addresses: &[&str]) -> Value {
    let entry = |address: &&str| json!({"type": "primary", "email": address});
    json!({"emails": addresses.iter().map(entry).collect::<Vec<_>>()})
}

/// Makes a record and deletes it; its id.
fn binned(admin: &Client, collection: &str, body: Value) -> String {
    let id = id(&admin.post(collection, body).expect(201));
    admin.delete(&format!("{collection}/{id}")).expect(204);
    id
}

/// Whom the answer to a POST names as trashed twin, and by which key.
fn twin(created: &Value) -> Option<(String, String)> {
    let twin = created.get("trashed_twin")?;
    Some((id(twin), twin["matched_on"].as_str().unwrap().to_owned()))
}

fn twin_of(client: &Client, collection: &str, body: Value) -> Option<(String, String)> {
    twin(&client.post(collection, body).expect(201))
}

#[allow(clippy::unnecessary_wraps, reason = "it is compared with what `twin` gives")]
fn found(id: &str, matched_on: &str) -> Option<(String, String)> {
    Some((id.to_owned(), matched_on.to_owned()))
}
