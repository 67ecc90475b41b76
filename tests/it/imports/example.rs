//! The example's files, imported exactly as the README beside them says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::counts;
use crate::harness::{TestServer, example_answers, example_file, import_example};

fn rejections_by_column(report: &Value) -> BTreeMap<String, u64> {
    let mut columns = BTreeMap::new();
    for (_, column) in super::rejected_cells(report) {
        *columns.entry(column).or_default() += 1;
    }
    columns
}

/// The physical lines on which rows start whose `external_id` begins with `X-`, found by a plain scan of the file.
fn marked_lines(file: &str) -> Vec<u64> {
    let text = String::from_utf8(example_file(file)).unwrap();
    let lines = text.split('\n').zip(1..);
    lines.filter(|(line, _)| line.starts_with("X-")).map(|(_, number)| number).collect()
}

#[test]
fn the_example_is_imported_as_its_readme_says() {
    let server = TestServer::start();
    let answers = example_answers();
    for (file, report) in import_example(&server) {
        let kind = file.trim_end_matches(".csv");
        let answer = |what: &str| answers[format!("{kind}_{what}")].as_u64().unwrap_or_default();
        assert_eq!(counts(&report), (answer("imported"), answer("updated"), answer("rejected")), "{file}");
        let lines: Vec<u64> = super::rejected_cells(&report).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, marked_lines(file), "{file}");
        let expected = match file {
            "companies.csv" => json!({"name": 8, "email": 5}),
            "contacts.csv" => json!({"last_name": 45, "email": 25, "birthdate": 15, "country": 10,
                "company_external_id": 10, "gender": 5}),
            "deals.csv" => json!({"customer_external_id": 10}),
            _ => json!({}),
        };
        assert_eq!(json!(rejections_by_column(&report)), expected, "{file}");
    }
    for kind in ["contacts", "companies", "deals", "invoices", "projects", "time_trackings"] {
        let path = kind.replace('_', "-");
        let listed = server.admin().get(&format!("/{path}?with_total=true&limit=1")).expect(200);
        assert_eq!(listed["page"]["total"], answers[format!("{kind}_imported")], "{kind}");
    }
}

#[test]
fn a_file_that_comes_again_updates_what_it_made() {
    let server = TestServer::start();
    let admin = server.admin();
    let file = example_file("companies.csv");
    let first = admin.csv("/companies/import", file.clone()).expect(200);
    let again = admin.csv("/companies/import", file).expect(200);
    assert_eq!((counts(&first), counts(&again)), ((2000, 0, 13), (0, 2000, 13)));
    let stored = super::count(&server, "companies WHERE version = 2 AND updated_at > added_at");
    assert_eq!(stored, 2000);
}
