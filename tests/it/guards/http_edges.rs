//! The edges of HTTP: methods, sizes, encodings, other origins, request ids.

use serde_json::{Value, json};
use sweep::api::openapi::{DOCUMENT, for_each_operation};

use super::calls::fill;
use crate::bulk_delete::ended;
use crate::harness::{TestServer, exchange};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn some_ids() -> Vec<String> {
    vec!["0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f".to_owned(); 2]
}

/// Whether the template stands for the path.
fn stands_for(template: &str, path: &str) -> bool {
    let (parts, texts): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    parts.len() == texts.len() && parts.iter().zip(texts).all(|(part, text)| part.starts_with('{') || *part == text)
}

#[test]
fn methods_that_are_not_documented_are_405_with_those_that_are() {
    let server = TestServer::start();
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let mut refused = 0;
    for template in paths.keys() {
        let path = fill(template, &some_ids());
        // A literal path such as /segments/fields is also one of /segments/{id}.
        let mut allowed: Vec<String> = paths
            .iter()
            .filter(|(other, _)| stands_for(other, &path))
            .flat_map(|(_, item)| item.as_object().unwrap().keys().map(|method| method.to_uppercase()))
            .collect();
        if allowed.iter().any(|method| method == "GET") {
            allowed.push("HEAD".to_owned());
        }
        allowed.sort();
        allowed.dedup();
        for method in METHODS.iter().chain(&["OPTIONS"]).filter(|method| !allowed.iter().any(|a| a == *method)) {
            let answer = server.admin().send(method, &path, &[], Vec::new());
            let mut named: Vec<&str> = answer.header("allow").unwrap_or_default().split(", ").collect();
            named.sort_unstable();
            assert_eq!(named, allowed, "{method} {path}");
            answer.refused("method-not-allowed");
            refused += 1;
        }
    }
    assert!(refused > 100);
}

#[test]
fn head_is_get_without_the_body() {
    let server = TestServer::start();
    for_each_operation(&DOCUMENT, |template, method, _| {
        if method != "get" {
            return;
        }
        let path = fill(template, &some_ids());
        for client in [server.admin(), server.nobody()] {
            let got = client.get(&path);
            let head = client.send("HEAD", &path, &[], Vec::new());
            assert_eq!((head.status, head.body.len()), (got.status, 0), "{path}");
            for header in ["content-type", "etag", "www-authenticate"] {
                assert_eq!(head.header(header), got.header(header), "{path}");
            }
        }
    });
    let contact = server.admin().post("/contacts", json!({"last_name": "a"})).expect(201);
    let path = format!("/contacts/{}", contact["id"].as_str().unwrap());
    assert_eq!(server.admin().send("HEAD", &path, &[], Vec::new()).header("etag"), Some("\"1\""));
}

#[test]
fn a_large_body_is_refused_however_it_comes() {
    let server = TestServer::start();
    let admin = server.admin();
    let token = crate::harness::Claims::admin().token();
    let head = format!(
        "POST /contacts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n"
    );
    let large = format!("{{\"last_name\": \"a\", \"remarks\": \"{}\"}}", "x".repeat(2 << 20));
    for body in [
        format!("Content-Length: {}\r\n\r\n{large}", large.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len()),
        // The length alone is enough: nothing is waited for.
        format!("Content-Length: {}\r\n\r\n", 1_u64 << 40),
    ] {
        let answer = exchange(server.address, format!("{head}{body}").as_bytes());
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(answer.body.contains("/problems/payload-too-large"));
    }
    assert_eq!(admin.get("/contacts").expect(200)["data"], json!([]));
    let fits = format!("{{\"last_name\": \"a\", \"remarks\": \"x\"{}}}", " ".repeat((2 << 20) - 35));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{fits}\r\n0\r\n\r\n", fits.len());
    assert_eq!(exchange(server.address, chunked.as_bytes()).status, 201);
}

#[test]
fn parameters_that_an_operation_does_not_have_are_refused() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut refused = 0;
    for_each_operation(&DOCUMENT, |template, method, operation| {
        if operation["security"].as_array().is_some_and(Vec::is_empty) {
            return;
        }
        let path = format!("{}?no_such_parameter=1", fill(template, &some_ids()));
        let problem = admin.json(&method.to_uppercase(), &path, &[], json!({})).refused("validation-failed");
        let pointer = problem["errors"][0]["pointer"].as_str().unwrap();
        assert_eq!(pointer, "?no_such_parameter", "{method} {path}");
        refused += 1;
    });
    assert!(refused > 60, "{refused}");
    assert_eq!(admin.get("/contacts").expect(200)["data"], json!([]));
}

#[test]
fn request_ids_are_taken_or_made_and_given_back() {
    let server = TestServer::start();
    let id_of = |sent: &str| {
        let answer = server.admin().send("GET", "/me", &[("x-request-id", sent)], Vec::new());
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(id_of("trace-1/a:b=c+d.e_f"), "trace-1/a:b=c+d.e_f");
    let long = "x".repeat(129);
    for strange in ["", "two words", "<script>", "\"quoted\"", long.as_str()] {
        assert!(uuid::Uuid::try_parse(&id_of(strange)).is_ok(), "{strange}");
    }
    assert_ne!(id_of(""), id_of(""));
    let refused = server.nobody().send("GET", "/me", &[("x-request-id", "mine")], Vec::new());
    assert_eq!(refused.header("x-request-id"), Some("mine"));
    assert_eq!(refused.refused("unauthorized")["request_id"], "mine");
    assert_eq!(server.nobody().get("/nowhere").header("x-request-id").map(str::len), Some(36));
}

#[test]
fn answers_are_compressed_for_those_who_ask() {
    let server = TestServer::start();
    let token = crate::harness::Claims::admin().token();
    let get = |accepted: &str| {
        let request = format!(
            "GET /segments/fields?entity=contact HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\n{accepted}\r\n"
        );
        exchange(server.address, request.as_bytes())
    };
    let plain = get("");
    assert_eq!(plain.header("content-encoding"), None);
    for encoding in ["gzip", "br"] {
        let answer = get(&format!("Accept-Encoding: {encoding}\r\n"));
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some(encoding)));
        assert!(answer.header("vary").unwrap().contains("accept-encoding"));
        assert!(answer.body.len() < plain.body.len() / 2);
    }
    let refused = get("Accept-Encoding: gzip;q=0, identity\r\n");
    assert_eq!((refused.status, refused.header("content-encoding")), (200, None));
}

#[test]
fn pages_of_listed_origins_may_call() {
    let server = TestServer::start_with(|settings| {
        settings.cors_origins = vec!["https://crm.example.com".to_owned(), "http://localhost:3000".to_owned()];
    });
    let from = |origin: &str, method: &str, path: &str, more: &[(&str, &str)]| {
        let mut headers = vec![("origin", origin)];
        headers.extend_from_slice(more);
        server.admin().send(method, path, &headers, Vec::new())
    };
    let asked =
        [("access-control-request-method", "DELETE"), ("access-control-request-headers", "authorization, if-match")];
    for origin in ["https://crm.example.com", "http://localhost:3000"] {
        let preflight = from(origin, "OPTIONS", "/contacts/1", &asked);
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, Some(origin)));
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("DELETE"));
        let headers = preflight.header("access-control-allow-headers").unwrap().to_lowercase();
        assert!(headers.contains("authorization") && headers.contains("if-match"), "{headers}");
        // Also what is refused can be read, else a page could not tell why.
        for (path, status) in [("/me", 200), ("/contacts/none", 404), ("/nowhere", 404)] {
            let answer = from(origin, "GET", path, &[]);
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some(origin)));
            let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
            for header in
                ["etag", "location", "retry-after", "content-disposition", "idempotency-replayed", "x-request-id"]
            {
                assert!(exposed.contains(header), "{header} is not among {exposed}");
            }
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert!(answer.header("vary").unwrap().to_lowercase().contains("origin"));
        }
    }
    let stranger = "https://crm.example.com.evil.test";
    for answer in [from(stranger, "OPTIONS", "/contacts", &asked), from(stranger, "GET", "/me", &[])] {
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn without_a_list_no_origin_may_call() {
    let server = TestServer::start();
    let asked = [("origin", "https://crm.example.com"), ("access-control-request-method", "GET")];
    for answer in [
        server.admin().send("OPTIONS", "/me", &asked, Vec::new()),
        server.admin().send("GET", "/me", &asked, Vec::new()),
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_body_is_an_object_by_its_names_and_never_a_list_by_places() {
    let server = TestServer::start();
    let admin = server.admin();
    admin.post("/contacts", json!({"last_name": "Ann"})).expect(201);
    let rehearsal = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"},
        "dry_run": true});
    let rehearsal = ended(&admin, &admin.post("/bulk-actions", rehearsal).expect(202));
    let execute = format!("/bulk-actions/{}/execute", rehearsal["id"].as_str().unwrap());
    for (path, body, pointer) in [
        ("/bulk-actions", json!(["delete", "contact", ["all-contacts"]]), ""),
        ("/bulk-actions", json!({"action": "delete", "entity": "contact", "target": ["all-contacts"]}), "/target"),
        (execute.as_str(), json!([]), ""),
        (execute.as_str(), Value::Null, ""),
        ("/segments/preview", json!(["contact", "all", []]), ""),
        ("/contacts", json!(["Ann"]), ""),
        // A null where a word of a list is wanted is JSON too.
        ("/bulk-actions", json!({"action": null, "entity": "contact", "target": {"ids": []}}), "/action"),
        (
            "/bulk-actions",
            json!({"action": "delete", "entity": "contact", "target": {"ids": []}, "notify": null}),
            "/notify",
        ),
    ] {
        let problem = admin.post(path, body.clone()).refused("validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{path} {body}");
    }
    for broken in ["[\"delete\"", "{\"action\": nul", "{\"notify\": null} {"] {
        let answer = admin.send("POST", "/bulk-actions", &[("content-type", "application/json")], broken.into());
        answer.refused("malformed-request");
    }
    assert_eq!(admin.get("/contacts?with_total=true").expect(200)["page"]["total"], 1);
}
