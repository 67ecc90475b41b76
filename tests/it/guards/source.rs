//! The source: who may name whom, and how long a file may be. clippy.toml holds the length of functions.

use std::fs;
use std::path::Path;

use super::project;

/// The modules under `src/` and those that each may name beside itself. `telemetry` observes and knows but `domain`.
const LAYERS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("telemetry", &["domain"]),
    ("config", &[]),
    ("signing_secret", &["config"]),
    ("embedded_postgres", &[]),
    ("mail", &["domain"]),
    ("demo_data", &["domain"]),
    ("watch", &[]),
    ("repository", &["domain", "telemetry"]),
    ("services", &["domain", "repository", "mail", "telemetry"]),
    ("workers", &["domain", "repository", "services", "mail", "telemetry"]),
    ("api", &["domain", "repository", "services", "config", "telemetry"]),
];
/// These put the parts together.
const KNOW_ALL: [&str; 4] = ["main", "lib", "cli", "app"];
/// Crates that only some layers name.
const CRATES: [(&str, &[&str]); 7] = [
    ("diesel", &["repository", "embedded_postgres"]),
    ("actix_web", &["api", "app", "cli"]),
    ("lettre", &["mail"]),
    ("ureq", &["watch"]),
    ("indicatif", &["watch"]),
    ("prometheus", &["telemetry"]),
    ("jsonwebtoken", &["api", "cli"]),
];
const MAX_LINES: usize = 400;

/// Every Rust file under `folder`: its path from there, and its text.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let root = project(folder);
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files.len() > 3, "{folder}");
    files
}

/// The layer of a file under `src/`: the first part of its path.
fn layer_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The names that follow `prefix` in the code, comments left out.
fn names_after<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().map(|line| line.split("//").next().unwrap()).flat_map(move |line| {
        line.match_indices(prefix)
            .filter(|(at, _)| !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            .map(move |(at, _)| {
                let rest = &line[at + prefix.len()..];
                &rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())]
            })
    })
}

fn faults_of(file: &str, text: &str) -> Vec<String> {
    let layer = layer_of(file);
    if KNOW_ALL.contains(&layer) {
        return Vec::new();
    }
    let Some((_, may_name)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{file} belongs to no layer: give {layer} a row")];
    };
    let mut faults: Vec<String> = names_after(text, "crate::")
        .filter(|named| *named != layer && !may_name.contains(named))
        .map(|named| format!("{file}: {layer} names crate::{named}"))
        .collect();
    for (crate_name, layers) in CRATES {
        let prefix = format!("{crate_name}::");
        if !layers.contains(&layer) && names_after(text, &prefix).next().is_some() {
            faults.push(format!("{file}: {layer} names {crate_name}"));
        }
    }
    if layer != "cli" && ["println!", "eprintln!", "print!", "dbg!"].iter().any(|name| text.contains(name)) {
        faults.push(format!("{file} prints"));
    }
    if !text.starts_with("//! ") {
        faults.push(format!("{file} does not say what it is for"));
    }
    faults
}

#[test]
fn layers_name_only_those_below() {
    let faults: Vec<String> = rust_files("src").iter().flat_map(|(file, text)| faults_of(file, text)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_file_that_breaks_the_layering_is_found() {
    for (file, line) in [
        ("domain/page.rs", "use crate::repository::db::Db;"),
        ("domain/page.rs", "    crate::{api, config}"),
        ("repository/db.rs", "use crate::services::Services;"),
        ("repository/db.rs", "fn f() -> actix_web::HttpResponse"),
        ("api/deals.rs", "use diesel::prelude::*;"),
        ("api/deals.rs", "use crate::workers::Workers;"),
        ("services/mod.rs", "eprintln!(\"here\");"),
        ("helpers/mod.rs", "use std::fmt;"),
    ] {
        assert_eq!(faults_of(file, &format!("//! What for.\n{line}\n")).len(), 1, "{file} {line}");
    }
    assert_eq!(faults_of("api/deals.rs", "//! x\n// crate::workers\nuse crate::services::Services;\n"), [""; 0]);
    assert_eq!(faults_of("api/deals.rs", "use crate::services::Services;\n").len(), 1);
}

#[test]
fn files_can_be_read_in_one_go() {
    for folder in ["src", "tests"] {
        for (file, text) in rust_files(folder) {
            let lines = text.lines().count();
            let generated = folder == "src" && file == "repository/schema.rs";
            assert!(generated || lines < MAX_LINES, "{folder}/{file} has {lines} lines: split it by meaning");
            let name = Path::new(&file).file_stem().unwrap().to_str().unwrap();
            assert!(!["utils", "util", "common", "helpers", "misc"].contains(&name), "{folder}/{file} says nothing");
            for mark in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")] {
                assert!(!text.contains(mark), "{folder}/{file} has a {mark}");
            }
        }
    }
}

#[test]
fn functions_are_held_to_sixty_lines() {
    let clippy = fs::read_to_string(project("clippy.toml")).unwrap();
    assert!(clippy.contains("too-many-lines-threshold = 60"));
    let manifest: String = fs::read_to_string(project("Cargo.toml")).unwrap();
    assert!(manifest.contains("too_many_lines = \"warn\"") && manifest.contains("unwrap_used = \"warn\""));
    for (file, text) in rust_files("src") {
        assert!(!text.contains(concat!("clippy::too_many_", "lines")), "{file} lifts the limit");
    }
}
