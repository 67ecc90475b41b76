//! Contacts over HTTP.

use serde_json::json;

use super::harness::TestServer;

#[test]
fn a_contact_is_created_read_changed_and_listed() {
    let server = TestServer::start();
    let admin = server.admin();
    let body = json!({"first_name": " Ann ", "last_name": "Peeters", "tags": ["VIP", "vip"],
        "emails": [{"type": "primary", "email": "Ann@Example.com"}], "custom_fields": {"score": 81, "old": "x"},
        "addresses": [{"type": "primary", "city": "Liège", "country": "be"}], "birthdate": "1980-02-29"});
    let created = admin.post("/contacts", body);
    let location = created.header("location").unwrap().to_owned();
    assert_eq!(created.header("etag"), Some("\"1\""));
    let created = created.expect(201);
    assert_eq!(created["name"], "Ann Peeters");
    assert_eq!(created["tags"], json!(["VIP"]));
    assert_eq!(created["addresses"][0]["country"], "BE");
    assert_eq!(admin.get(&location).expect(200), created);

    let patch = json!({"first_name": null, "custom_fields": {"old": null, "new": true}});
    let changed = admin.json("PATCH", &location, &[("if-match", "\"1\"")], patch).expect(200);
    assert_eq!(changed["name"], "Peeters");
    assert_eq!(changed["custom_fields"], json!({"score": 81, "new": true}));
    assert_eq!(changed["birthdate"], "1980-02-29");
    admin.json("PATCH", &location, &[("if-match", "\"1\"")], json!({})).refused("precondition-failed");

    let listed = admin.get("/contacts?q=pEETers%20example&with_total=true").expect(200);
    assert_eq!((&listed["data"][0], &listed["page"]["total"]), (&changed, &json!(1)));
    assert_eq!(server.stranger().get("/contacts").expect(200)["data"], json!([]));
    server.stranger().get(&location).refused("not-found");
}

#[test]
fn wrong_fields_are_named() {
    let server = TestServer::start();
    let admin = server.admin();
    let body = json!({"last_name": " ", "emails": [{"type": "invoicing", "email": "no"}],
        "addresses": [{"type": "primary", "country": "XX"}], "tags": [""]});
    let problem = admin.post("/contacts", body).refused("validation-failed");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/last_name", "/emails/0/type", "/emails/0/email", "/addresses/0/country", "/tags/0"]);
    for (body, pointer) in [
        (json!({"last_name": "x", "lastname": "y"}), "/lastname"),
        (json!({"last_name": "x", "birthdate": "2023-02-29"}), "/birthdate"),
        (json!({"last_name": "x\0"}), "/last_name"),
        (json!({"last_name": 1}), "/last_name"),
        (json!({"last_name": "x", "status": "gone"}), "/status"),
    ] {
        let problem = admin.post("/contacts", body).refused("validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    admin
        .send("POST", "/contacts", &[("content-type", "application/json")], b"{".to_vec())
        .refused("malformed-request");
    admin.send("POST", "/contacts", &[], b"{}".to_vec()).refused("unsupported-media-type");
    let large = format!("{{\"last_name\": \"{}\"}}", "x".repeat(3 << 20)).into_bytes();
    admin.send("POST", "/contacts", &[("content-type", "application/json")], large).refused("payload-too-large");
    assert_eq!(admin.get("/contacts").expect(200)["data"], json!([]));
}

#[test]
fn pages_follow_one_another() {
    let server = TestServer::start();
    let admin = server.admin();
    for name in ["C", "a", "B", "b", "É"] {
        admin.post("/contacts", json!({"last_name": name})).expect(201);
    }
    for (sort, expected) in [("name", "a B b C É"), ("-name", "É C b B a"), ("added_at", "C a B b É")] {
        let mut names = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = admin.get(&format!("/contacts?limit=2&sort={sort}{cursor}")).expect(200);
            names.extend(page["data"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["page"]["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(names.join(" "), expected, "{sort}");
        admin.get(&format!("/contacts?limit=2&sort=updated_at{cursor}")).refused("invalid-cursor");
    }
    admin.get("/contacts?limit=0").refused("validation-failed");
    admin.get("/contacts?limits=1").refused("validation-failed");
}

#[test]
fn an_external_id_is_held_once() {
    let server = TestServer::start();
    let admin = server.admin();
    admin.post("/contacts", json!({"last_name": "a", "external_id": "1"})).expect(201);
    admin.post("/contacts", json!({"last_name": "b", "external_id": "1"})).refused("external-id-taken");
    server.stranger().post("/contacts", json!({"last_name": "c", "external_id": "1"})).expect(201);
}

#[test]
fn an_idempotency_key_gives_the_same_answer() {
    let server = TestServer::start();
    let admin = server.admin();
    let key = [("idempotency-key", "\"k-1\"")];
    let first = admin.json("POST", "/contacts", &key, json!({"last_name": "a"}));
    let again = admin.json("POST", "/contacts", &[("idempotency-key", "k-1")], json!({"last_name": "a"}));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((first.header("location"), first.status), (again.header("location"), again.status));
    assert_eq!(first.body, again.body);
    admin.json("POST", "/contacts", &key, json!({"last_name": "b"})).refused("idempotency-mismatch");
    let other = server.member().json("POST", "/contacts", &key, json!({"last_name": "b"}));
    assert_eq!(other.header("idempotency-replayed"), None);
    let long = "k".repeat(256);
    admin
        .json("POST", "/contacts", &[("idempotency-key", &long)], json!({"last_name": "b"}))
        .refused("validation-failed");
    assert_eq!(admin.get("/contacts?with_total=true").expect(200)["page"]["total"], 2);
}
