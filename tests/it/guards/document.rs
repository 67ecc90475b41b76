//! The API document: checked in as it is generated, whole, and true to OpenAPI 3.1.

use std::collections::BTreeSet;

use serde_json::Value;
use sweep::api::openapi::{DOCUMENT, document_text, for_each_operation};

use super::assert_generated;
use super::calls::fill;
use crate::harness::TestServer;

#[test]
fn the_document_is_checked_in() {
    assert_generated("openapi/openapi.json", &document_text(), "make openapi");
}

#[test]
fn it_is_openapi_3_1_without_dangling_references() {
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
    let mut references = BTreeSet::new();
    collect_references(&DOCUMENT, &mut references);
    assert!(references.len() > 50);
    let dangling: Vec<&String> = references.iter().filter(|reference| !leads_somewhere(&DOCUMENT, reference)).collect();
    assert!(dangling.is_empty(), "{dangling:?}");
    assert!(!leads_somewhere(&DOCUMENT, "#/components/schemas/NoSuchSchema"));
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

fn leads_somewhere(document: &Value, reference: &str) -> bool {
    reference.strip_prefix('#').is_some_and(|pointer| document.pointer(pointer).is_some())
}

#[test]
fn operation_ids_are_unique() {
    let mut ids = Vec::new();
    for_each_operation(&DOCUMENT, |_, _, operation| ids.push(operation["operationId"].as_str().unwrap().to_owned()));
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len());
}

#[test]
fn every_operation_is_described_with_examples_and_its_problems() {
    let mut faults = Vec::new();
    for_each_operation(&DOCUMENT, |path, method, operation| faults.extend(faults_of(path, method, operation)));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_the_document_shows_can_be_sent() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut sent = 0;
    for_each_operation(&DOCUMENT, |template, method, operation| {
        for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            let path = fill(template, &vec![uuid::Uuid::now_v7().to_string(); 2]);
            let example = &content["example"];
            let body = example.as_str().map_or_else(|| example.to_string(), ToOwned::to_owned).into_bytes();
            let answer = admin.send(&method.to_uppercase(), &path, &[("content-type", media)], body);
            // The records that it names need not be there.
            let taken = answer.status < 300 || [404, 409].contains(&answer.status);
            assert!(taken, "{method} {path} {example}: {}", answer.text());
            sent += 1;
        }
    });
    assert!(sent > 25, "{sent}");
}

#[test]
fn an_operation_that_lacks_something_is_found() {
    let whole = &DOCUMENT["paths"]["/contacts/{id}"]["patch"];
    assert_eq!(faults_of("/contacts/{id}", "patch", whole), Vec::<String>::new());
    let pointers = [
        "/summary",
        "/description",
        "/tags",
        "/requestBody/content/application~1json/example",
        "/responses/200/content/application~1json/example",
        "/responses/401",
        "/responses/404",
        "/responses/412",
        "/responses/422/content/application~1problem+json/examples/validation-failed",
    ];
    for pointer in pointers {
        let mut lacking = whole.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        lacking.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member).unwrap();
        assert_eq!(faults_of("/contacts/{id}", "patch", &lacking).len(), 1, "{pointer}");
    }
}

fn faults_of(path: &str, method: &str, operation: &Value) -> Vec<String> {
    let mut lacking = Vec::new();
    for member in ["operationId", "summary", "description"] {
        if operation[member].as_str().unwrap_or_default().is_empty() {
            lacking.push(member.to_owned());
        }
    }
    if operation["tags"].as_array().is_none_or(Vec::is_empty) {
        lacking.push("a tag".to_owned());
    }
    if let Some(body) = operation.get("requestBody") {
        lacking.extend(without_example("the request", body));
    }
    let responses = operation["responses"].as_object().unwrap();
    let successes: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
    if successes.is_empty() {
        lacking.push("an answer of success".to_owned());
    }
    for (status, response) in successes {
        lacking.extend(without_example(status, response));
    }
    for slug in expected_problems(path, method, operation) {
        let documented = responses
            .values()
            .any(|response| !response["content"]["application/problem+json"]["examples"][slug].is_null());
        if !documented {
            lacking.push(format!("the problem {slug}"));
        }
    }
    lacking.iter().map(|what| format!("{} {path} lacks {what}", method.to_uppercase())).collect()
}

/// A body in any media type shows an example; a body without content (204) needs none.
fn without_example(name: &str, body: &Value) -> Vec<String> {
    let bodies = body["content"].as_object().into_iter().flatten();
    bodies
        .filter(|(_, content)| content.get("example").or_else(|| content.get("examples")).is_none())
        .map(|(media, _)| format!("an example of {name} in {media}: give its text fields a #[schema(example = ...)]"))
        .collect()
}

/// What an operation of this shape can be answered, whatever else it does.
fn expected_problems(path: &str, method: &str, operation: &Value) -> Vec<&'static str> {
    if operation["security"].as_array().is_some_and(Vec::is_empty) {
        return Vec::new();
    }
    let has =
        |parameter: &str| operation["parameters"].as_array().into_iter().flatten().any(|p| p["name"] == parameter);
    let mut slugs = vec!["unauthorized", "validation-failed", "internal", "overloaded", "database-unavailable"];
    let import = path.ends_with("/import");
    for (applies, more) in [
        (path.contains('{'), &["not-found"][..]),
        (has("cursor"), &["invalid-cursor"]),
        (has("If-Match"), &["precondition-failed"]),
        (operation.get("requestBody").is_some(), &["malformed-request", "unsupported-media-type"]),
        (operation.get("requestBody").is_some() && !import, &["payload-too-large"]),
        (method == "post" && !import, &["idempotency-in-progress", "idempotency-mismatch"]),
        (import, &["idempotency-not-supported", "import-cut-off", "invalid-header-row"]),
        (method != "get", &["record-busy"]),
    ] {
        if applies {
            slugs.extend(more);
        }
    }
    slugs
}
