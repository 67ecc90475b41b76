//! Pages that list what the program can do list all of it: fields and operators, columns, variables, metrics; links between pages lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use sweep::domain::entity::RecordKind;
use sweep::domain::segment::catalogue;

use crate::harness::TestServer;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn segments_has_every_field_and_every_operator_with_its_sentence() {
    let page = page("docs/segments.md");
    for kind in [RecordKind::Contact, RecordKind::Company] {
        for field in catalogue::fields(kind) {
            assert!(page.contains(&format!("`{}`", field.field)), "{}", field.field);
            for definition in field.operators {
                let row = |line: &str| {
                    line.starts_with(&format!("| `{}` |", definition.operator)) && line.contains(definition.meaning)
                };
                assert!(page.lines().any(row), "{}: {}", definition.operator, definition.meaning);
            }
        }
    }
}

#[test]
fn imports_has_every_column_of_every_kind() {
    let server = TestServer::start();
    let admin = server.admin();
    let page = page("docs/imports.md");
    for kind in ["contacts", "companies", "deals", "invoices", "projects", "time-trackings", "tickets"] {
        assert!(page.contains(&format!("/{kind}/import`")), "{kind}");
        let refusal = admin.csv(&format!("/{kind}/import"), "no such column\n").refused("invalid-header-row");
        let known = refusal["detail"].as_str().unwrap().split_once("they may have ").expect("the columns").1.to_owned();
        let row = page.lines().find(|line| line.starts_with(&format!("| {} |", kind.replace('-', " "))));
        let row = row.unwrap_or_else(|| panic!("no row for {kind}"));
        let known = known.split(" (").next().unwrap_or_default();
        for column in known.split(", ") {
            assert!(row.contains(&format!("`{column}`")), "{kind}: {column}");
        }
    }
}

#[test]
fn imports_has_every_column_of_exports_and_security_who_may_export() {
    let server = TestServer::start();
    let member = server.member();
    let page_text = page("docs/imports.md");
    let (_, exports) = page_text.split_once("\n## Exports\n").expect("a section on exports");
    for (kind, mut record) in [("contacts", json!({"last_name": "Ann"})), ("companies", json!({"name": "Ann"}))] {
        record["custom_fields"] = json!({"score": 1});
        member.post(&format!("/{kind}"), record).expect(201);
    }
    for kind in ["contacts", "companies", "deals", "invoices", "projects", "time-trackings", "tickets"] {
        assert!(exports.contains(&format!("`GET /{kind}?format=csv`")), "{kind}");
        let row = page_text.lines().find(|line| line.starts_with(&format!("| {} |", kind.replace('-', " "))));
        let row = row.expect("its columns");
        let file = member.get(&format!("/{kind}?format=csv")).text();
        let header = file.trim_start_matches('\u{feff}').lines().next().unwrap();
        let documented: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert_eq!(header.replace(".score", ".KEY").split(',').collect::<Vec<_>>(), documented, "{kind}");
        let refused = member.get(&format!("/{kind}?format=csv&limit=1&with_total=true")).refused("validation-failed");
        for error in refused["errors"].as_array().unwrap() {
            let name = error["pointer"].as_str().unwrap().trim_start_matches('?');
            assert!(exports.contains(&format!("`{name}`")), "{name}");
        }
    }
    let roles = page("docs/security.md");
    let row = roles.lines().find(|line| line.contains("export records")).expect("who may export");
    assert!(row.contains("| yes | yes |"), "{row}");
}

#[test]
fn the_readme_has_every_variable() {
    let help_of = |command: &str| {
        let help = Command::new(env!("CARGO_BIN_EXE_sweep")).args([command, "--help"]).output().unwrap().stdout;
        String::from_utf8(help).unwrap()
    };
    let help = help_of("serve") + &help_of("watch");
    let readme = page("README.md");
    let names: Vec<&str> =
        help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap_or_default()).collect();
    assert!(names.len() > 10, "{help}");
    for name in names {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn operations_has_every_metric() {
    let server = TestServer::start();
    server.admin().get("/me").expect(200);
    server.admin().get("/contacts").expect(200);
    let metrics = server.nobody().get("/metrics").text();
    let page = page("docs/operations.md");
    let names: Vec<&str> =
        metrics.lines().filter_map(|line| line.strip_prefix("# TYPE sweep_")?.split(' ').next()).collect();
    assert!(names.contains(&"http_requests_total"), "{metrics}");
    for name in names {
        assert!(page.contains(&format!("| `sweep_{name}` |")), "sweep_{name}");
    }
}

/// Every page of the project, but not what is built or fetched.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["", "docs", "docs/adr", "examples/crm-export"] {
        let entries = fs::read_dir(project().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    found
}

/// A heading as the anchor of a link names it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 10, "{pages:?}");
    let mut dead = Vec::new();
    for path in pages {
        let text = fs::read_to_string(&path).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for target in targets.chain(pictures).filter(|target| !target.contains("://") && !target.contains(' ')) {
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let leads = to.exists()
                && (fragment.is_empty()
                    || fs::read_to_string(&to)
                        .is_ok_and(|page| page.lines().any(|line| line.starts_with('#') && anchor(line) == fragment)));
            if !leads {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}
