//! Companies over HTTP.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::harness::TestServer;

#[test]
fn a_company_is_created_read_changed_and_listed() {
    let server = TestServer::start();
    let admin = server.admin();
    let body = json!({"name": " Peeters & Zonen ", "vat_number": "BE 0123.456.789", "preferred_currency": "eur",
        "emails": [{"type": "invoicing", "email": "billing@peeters.example"}], "tags": ["Customer"],
        "payment_term": {"type": "after_invoice_date", "days": 30}});
    let created = admin.post("/companies", body);
    let location = created.header("location").unwrap().to_owned();
    assert_eq!(created.header("etag"), Some("\"1\""));
    let created = created.expect(201);
    assert_eq!(location, format!("/companies/{}", created["id"].as_str().unwrap()));
    assert_eq!((&created["name"], &created["preferred_currency"]), (&json!("Peeters & Zonen"), &json!("EUR")));
    assert_eq!(admin.get(&location).expect(200), created);

    let patch = json!({"payment_term": {"days": 60}, "preferred_currency": null});
    let changed = server.member().json("PATCH", &location, &[("if-match", "\"1\"")], patch).expect(200);
    assert_eq!(changed["payment_term"], json!({"type": "after_invoice_date", "days": 60}));
    assert_eq!(changed["preferred_currency"], json!(null));
    admin.json("PATCH", &location, &[("if-match", "\"1\"")], json!({})).refused("precondition-failed");

    admin.post("/companies", json!({"name": "Acme"})).expect(201);
    for query in
        ["q=0123.456%20ZONEN", "vat_number=be%200123.456.789", "tags=customer", "email=BILLING@peeters.example"]
    {
        let listed = admin.get(&format!("/companies?with_total=true&{query}")).expect(200);
        assert_eq!((&listed["data"], &listed["page"]["total"]), (&json!([changed]), &json!(1)), "{query}");
    }
    assert_eq!(admin.get("/companies?vat_number=BE").expect(200)["data"], json!([]));
    let names = admin.get("/companies?sort=-name&limit=1").expect(200);
    let next = names["page"]["next_cursor"].as_str().unwrap();
    let second = admin.get(&format!("/companies?sort=-name&limit=1&cursor={next}")).expect(200);
    assert_eq!((&names["data"][0]["name"], &second["data"][0]["name"]), (&changed["name"], &json!("Acme")));
    admin.get(&format!("/companies?cursor={next}")).refused("invalid-cursor");
    admin.get("/companies?company_id=0193a000-0000-7000-8000-000000000001").refused("validation-failed");

    server.stranger().get(&location).refused("not-found");
    server.stranger().patch(&location, json!({})).refused("not-found");
    assert_eq!(server.stranger().get("/companies").expect(200)["data"], json!([]));
}

#[test]
fn wrong_fields_are_named() {
    let server = TestServer::start();
    let admin = server.admin();
    let body = json!({"name": "", "telephones": [{"type": "mobile", "number": "1"}], "preferred_currency": "XYZ"});
    let problem = admin.post("/companies", body).refused("validation-failed");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/name", "/telephones/0/type", "/preferred_currency"]);
    let problem = admin.post("/companies", json!({"name": "x", "last_name": "y"})).refused("validation-failed");
    assert_eq!(problem["errors"][0]["pointer"], "/last_name");
    let absent = "/companies/0193a000-0000-7000-8000-0000000000ff";
    admin.patch(absent, json!({"name": 1})).refused("validation-failed");
    admin.patch(absent, json!({"name": "x"})).refused("not-found");
}

#[test]
fn a_company_in_the_bin_is_shown_to_admins_only() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let created = admin.post("/companies", json!({"name": "Acme", "external_id": "1"})).expect(201);
    let path = format!("/companies/{}", created["id"].as_str().unwrap());
    let binned = "UPDATE companies SET deleted_at = now(), deletion_id = id, purge_at = now() + '1 day'";
    server.sql().batch_execute(binned).unwrap();
    assert!(admin.get(&path).expect(200)["purge_at"].is_string());
    admin.patch(&path, json!({"name": "x"})).refused("in-recycle-bin");
    member.get(&path).refused("not-found");
    member.patch(&path, json!({"name": "x"})).refused("not-found");
    assert_eq!(admin.get("/companies").expect(200)["data"], json!([]));
}

#[test]
fn an_idempotency_key_makes_one_company() {
    let server = TestServer::start();
    let admin = server.admin();
    let post = |name: &str| admin.json("POST", "/companies", &[("idempotency-key", "k")], json!({ "name": name }));
    let (first, again) = (post("Acme"), post("Acme"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.body, again.body);
    post("Other").refused("idempotency-mismatch");
    assert_eq!(admin.get("/companies?with_total=true").expect(200)["page"]["total"], 1);
}
