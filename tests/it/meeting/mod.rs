//! Where things that were made apart meet: four eyes and the clock, streams, the audit log; rehearsals of one admin that
//! another executes; what is left of an action after 90 days.

mod clock;
mod forgotten;
mod names;

use serde_json::Value;

fn path(action: &Value, verb: &str) -> String {
    format!("/bulk-actions/{}{verb}", action["id"].as_str().unwrap())
}
