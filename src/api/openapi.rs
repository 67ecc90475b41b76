//! The API document: generated from the handlers, completed with the problem answers of each operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actix_web::{App, HttpResponse, get};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApiBuilder, SecurityRequirement};
use utoipa_actix_web::AppExt;

use super::problem::{PROBLEMS, ProblemKind};
use super::{examples, routes};
use crate::domain::error::FieldError;

/// The document, with every operation's problem answers.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(build);

/// Operation ids by method and path template.
pub static OPERATIONS: LazyLock<BTreeMap<(String, String), String>> = LazyLock::new(|| {
    let mut operations = BTreeMap::new();
    for_each_operation(&DOCUMENT, |path, method, operation| {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        operations.insert((method.to_uppercase(), path.to_owned()), id);
    });
    operations
});

static WITHOUT_QUERY: LazyLock<BTreeSet<(String, String)>> = LazyLock::new(|| {
    let mut operations = BTreeSet::new();
    for_each_operation(&DOCUMENT, |path, method, operation| {
        if !has_query(operation) {
            operations.insert((method.to_uppercase(), path.to_owned()));
        }
    });
    operations
});

/// Whether the operation is documented without any query parameter.
pub fn is_without_query(method: &str, path_template: &str) -> bool {
    WITHOUT_QUERY.contains(&(method.to_owned(), path_template.to_owned()))
}

static CONDITIONAL: LazyLock<BTreeSet<(String, String)>> = LazyLock::new(|| {
    let mut operations = BTreeSet::new();
    for_each_operation(&DOCUMENT, |path, method, operation| {
        if has_parameter(operation, "If-None-Match") {
            operations.insert((method.to_uppercase(), path.to_owned()));
        }
    });
    operations
});

/// Whether the operation is documented to answer an `If-None-Match`.
pub fn takes_if_none_match(method: &str, path_template: &str) -> bool {
    CONDITIONAL.contains(&(method.to_owned(), path_template.to_owned()))
}

fn has_parameter(operation: &Value, name: &str) -> bool {
    parameters(operation).any(|parameter| parameter["name"] == name)
}

fn has_query(operation: &Value) -> bool {
    parameters(operation).any(|parameter| parameter["in"] == "query")
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

/// The document as it is checked in under `openapi/`.
pub fn document_text() -> String {
    format!("{:#}\n", *DOCUMENT)
}

/// Marks an operation that needs no token.
pub const PUBLIC: &str = "x-public";
/// The problem slugs of an operation beyond those that follow from its shape.
pub const OWN_PROBLEMS: &str = "x-problems";

/// Read the API document
///
/// OpenAPI 3.1 of this very service.
#[utoipa::path(tag = "Document", responses((status = 200, description = "The document.", body = Value,
    example = json!({"openapi": "3.1.0"}))), extensions(("x-public" = json!(true))))]
#[get("/openapi.json")]
pub async fn get_openapi() -> HttpResponse {
    HttpResponse::Ok().json(&*DOCUMENT)
}

fn build() -> Value {
    let info = InfoBuilder::new()
        .title("Sweep")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("openapi.md")));
    let skeleton = OpenApiBuilder::new().info(info).build();
    let (_, mut document) =
        App::new().into_utoipa_app().openapi(skeleton).configure(routes::configure).split_for_parts();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    document.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(bearer));
    document.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    complete(&mut document);
    document
}

/// Adds to each operation the problem answers that its shape brings and those it names itself.
fn complete(document: &mut Value) {
    describe_patches(document);
    document["components"]["schemas"]["Problem"] = problem_schema();
    document["components"]["examples"] = problem_examples();
    for (path, method, operation) in operations_mut(document) {
        let Some(members) = operation.as_object_mut() else { continue };
        let public = members.remove(PUBLIC).is_some();
        if public {
            members.insert("security".to_owned(), json!([]));
        }
        let own = members.remove(OWN_PROBLEMS).unwrap_or_default();
        let mut slugs: Vec<&str> = own.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !public {
            slugs.extend(slugs_by_shape(operation, path, method));
        }
        let kinds: Vec<_> = PROBLEMS.iter().copied().filter(|kind| slugs.contains(&kind.slug)).collect();
        if has_parameter(operation, "If-None-Match") {
            operation["responses"]["304"] = json!({"description": "`If-None-Match` names the current `ETag`."});
        }
        add_answers(operation, &kinds);
    }
    examples::add_examples(document);
}

/// A PATCH takes a merge patch (RFC 7396) of what a POST takes: the same fields, none of them required.
fn describe_patches(document: &mut Value) {
    let mut whole = Vec::new();
    for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
        let Some(operation) = item.get_mut("patch") else { continue };
        let schema = &mut operation["requestBody"]["content"]["application/json"]["schema"];
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            whole.push(name.to_owned());
            *schema = json!({"$ref": format!("#/components/schemas/{name}Patch")});
        }
    }
    let schemas = &mut document["components"]["schemas"];
    for name in whole {
        let mut patch = schemas[&name].clone();
        if let Some(members) = patch.as_object_mut() {
            members.remove("required");
            members.insert("description".to_owned(), json!(format!("A merge patch (RFC 7396) of `{name}`.")));
        }
        schemas[format!("{name}Patch")] = patch;
    }
}

/// The problems that any operation of this shape can answer with.
fn slugs_by_shape(operation: &Value, path: &str, method: &str) -> Vec<&'static str> {
    let mut slugs = vec!["unauthorized", "validation-failed"];
    slugs.extend(["internal", "record-busy", "overloaded", "database-unavailable"]);
    if path.contains('{') {
        slugs.push("not-found");
    }
    if has_parameter(operation, "cursor") {
        slugs.push("invalid-cursor");
    }
    if has_parameter(operation, "If-Match") {
        slugs.push("precondition-failed");
    }
    let import = path.ends_with("/import");
    if operation.get("requestBody").is_some() {
        slugs.extend(["malformed-request", "unsupported-media-type"]);
        if !import {
            slugs.push("payload-too-large");
        }
    }
    if method == "post" && !import {
        slugs.extend(["malformed-request", "idempotency-in-progress", "idempotency-mismatch"]);
    }
    slugs
}

/// One answer a status, with an example a slug.
fn add_answers(operation: &mut Value, kinds: &[&ProblemKind]) {
    let mut by_status: BTreeMap<u16, Vec<&ProblemKind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        let description: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}.", kind.slug, kind.title)).collect();
        let examples: Map<String, Value> = kinds
            .iter()
            .map(|kind| (kind.slug.to_owned(), json!({"$ref": format!("#/components/examples/{}", kind.slug)})))
            .collect();
        operation["responses"][status.to_string()] = json!({
            "description": description.join(" "),
            "content": {"application/problem+json":
                {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
        });
    }
}

fn problem_examples() -> Value {
    let example = |kind: &&ProblemKind| {
        let value = json!({"type": format!("/problems/{}", kind.slug), "title": kind.title, "status": kind.status,
            "detail": kind.advice});
        (kind.slug.to_owned(), json!({ "value": value }))
    };
    Value::Object(PROBLEMS.iter().map(example).collect())
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "A problem document (RFC 9457). Some kinds carry further members, which /problems/{slug} names.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "examples": ["/problems/validation-failed"]},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What is wrong with this request, and what to do."},
            "errors": {"type": "array", "items": FieldError::schema()},
            "request_id": {"type": "string"}
        }
    })
}

/// Every operation of a document: path template, method in lower case, operation.
pub(super) fn operations_mut(document: &mut Value) -> impl Iterator<Item = (&String, &String, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object_mut().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    })
}

/// Visits every operation of a document: path template, method in lower case, operation.
pub fn for_each_operation(document: &Value, mut visit: impl FnMut(&str, &str, &Value)) {
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            visit(path, method, operation);
        }
    }
}
