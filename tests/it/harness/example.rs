//! The example data: six files as a CRM exports them, and what a right import finds in them.

use std::path::PathBuf;

use serde_json::Value;

use super::TestServer;

/// The example's files in the order in which they build on each other, each with the path that takes it.
pub const EXAMPLE_FILES: [(&str, &str); 6] = [
    ("companies.csv", "/companies/import"),
    ("contacts.csv", "/contacts/import"),
    ("deals.csv", "/deals/import"),
    ("invoices.csv", "/invoices/import"),
    ("projects.csv", "/projects/import"),
    ("time_trackings.csv", "/time-trackings/import"),
];

fn path_of(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/crm-export")).join(file)
}

pub fn example_file(file: &str) -> Vec<u8> {
    std::fs::read(path_of(file)).expect("the example is checked in")
}

/// `answers.json`: the numbers of rows, and segments with their counts.
pub fn example_answers() -> Value {
    serde_json::from_slice(&example_file("answers.json")).expect("JSON")
}

/// Imports the whole example into the account of the harness' admin; the reports by file.
pub fn import_example(server: &TestServer) -> Vec<(&'static str, Value)> {
    let admin = server.admin();
    EXAMPLE_FILES.iter().map(|(file, path)| (*file, admin.csv(path, example_file(file)).expect(200))).collect()
}
