//! Imports over HTTP.

mod example;
mod files;
mod linked;
mod linked_round_trip;
mod links;
mod uploads;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::Value;

use crate::harness::TestServer;

/// How many rows of a table meet a condition: `contacts WHERE ...`.
fn count(server: &TestServer, rows: &str) -> i64 {
    diesel::select(sql::<BigInt>(&format!("(SELECT count(*) FROM {rows})"))).get_result(&mut server.sql()).unwrap()
}

/// The created, updated and rejected rows of a report.
fn counts(report: &Value) -> (u64, u64, u64) {
    let number = |name: &str| report[name].as_u64().unwrap();
    (number("created"), number("updated"), number("rejected"))
}

/// Line and column of each rejection.
fn rejected_cells(report: &Value) -> Vec<(u64, String)> {
    let rejections = report["rejections"].as_array().unwrap();
    rejections.iter().map(|r| (r["line"].as_u64().unwrap(), r["column"].as_str().unwrap_or("-").to_owned())).collect()
}
