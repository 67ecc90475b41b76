//! Rules of the project that a change breaks without noticing, each as a test: what the API document promises, who is let
//! in, the tables, the source, and that no request whatever brings the service down.

mod audit;
mod authorisation;
mod calls;
mod conditional;
mod document;
mod failures;
mod hostile_requests;
mod http_edges;
mod idempotency;
mod migrations;
mod problems;
mod schema;
mod source;

use std::path::{Path, PathBuf};

/// A file or folder of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Holds a generated file that is checked in against what would be generated now.
#[track_caller]
fn assert_generated(path: &str, generated: &str, with: &str) {
    let checked_in = std::fs::read_to_string(project(path)).unwrap_or_default();
    let first_difference = checked_in.lines().zip(generated.lines()).position(|(old, new)| old != new);
    let line = first_difference.unwrap_or_else(|| checked_in.lines().count().min(generated.lines().count())) + 1;
    assert!(checked_in == generated, "{path} is not up to date (from line {line} on): run `{with}`");
}
