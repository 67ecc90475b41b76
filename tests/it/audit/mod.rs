//! The audit log: what its rows say, who reads them, and that the role that serves can only add to them.

mod accepted;
mod list;
mod refused;
mod roles;

use serde_json::Value;

use crate::harness::Client;
pub use roles::assert_append_only;

/// The rows that `query` selects, newest first.
fn rows(client: &Client, query: &str) -> Vec<Value> {
    let listed = client.get(&format!("/audit-log?limit=200&{query}")).expect(200);
    assert_eq!(listed["page"]["next_cursor"], Value::Null);
    listed["data"].as_array().unwrap().clone()
}

/// The one row that `query` selects.
#[track_caller]
fn row(client: &Client, query: &str) -> Value {
    let rows = rows(client, query);
    assert_eq!(rows.len(), 1, "{query}: {rows:#?}");
    rows.into_iter().next().unwrap()
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}
