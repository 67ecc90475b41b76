//! The resource over HTTP: who sees and changes what, standard segments, counts, and values that are out to break it.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use sweep::domain::error::Error;
use sweep::domain::segment::{MAX_DEPTH, standard};
use sweep::repository::db::{Db, DbSettings};
use sweep::repository::segments::{self, Deadline};

use super::records::account;
use crate::harness::{Claims, Client, TestDatabase, TestServer};

fn dutch() -> Value {
    json!({"name": "Dutch", "entity": "contact", "match": "all",
        "rules": [{"field": "country", "operator": "equals", "value": "nl"}]})
}

fn contact(client: &Client, last_name: &str, fields: &Value) -> String {
    let mut body = fields.clone();
    body["last_name"] = json!(last_name);
    client.post("/contacts", body).expect(201)["id"].as_str().unwrap().to_owned()
}

fn in_country(code: &str) -> Value {
    json!({"addresses": [{"type": "primary", "country": code}]})
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[test]
fn a_segment_is_created_read_changed_and_deleted() {
    let server = TestServer::start();
    let member = server.member();
    let created = member.post("/segments", dutch());
    let location = created.header("location").unwrap().to_owned();
    assert_eq!(created.header("etag"), Some("\"1\""));
    let created = created.expect(201);
    assert_eq!(location, format!("/segments/{}", created["id"].as_str().unwrap()));
    assert_eq!(
        (&created["visibility"], &created["owner_id"], &created["standard"]),
        (&json!("private"), &json!("max"), &json!(false))
    );
    assert_eq!((&created["match"], &created["rules"]), (&json!("all"), &dutch()["rules"]));
    assert_eq!(member.get(&location).expect(200), created);

    let rules = json!([{"field": "city", "operator": "equals", "value": "Gent"}]);
    let patch = json!({"name": " Ghent ", "match": "any", "rules": rules});
    let changed = member.json("PATCH", &location, &[("if-match", "\"1\"")], patch).expect(200);
    assert_eq!((&changed["name"], &changed["match"], &changed["rules"]), (&json!("Ghent"), &json!("any"), &rules));
    assert_eq!(changed["entity"], "contact");
    member.json("PATCH", &location, &[("if-match", "\"1\"")], json!({"name": "x"})).refused("precondition-failed");
    member.send("DELETE", &location, &[("if-match", "\"1\"")], Vec::new()).refused("precondition-failed");
    member.send("DELETE", &location, &[("if-match", "\"2\"")], Vec::new()).expect(204);
    member.get(&location).refused("not-found");
    member.delete(&location).refused("not-found");
}

#[test]
fn what_is_wrong_with_a_segment_is_told_all_at_once() {
    let server = TestServer::start();
    let member = server.member();
    let body = json!({"name": " ", "entity": "contact", "match": "some",
        "rules": [{"field": "shoe_size", "operator": "equals", "value": 42}, {"match": "all", "rules": []}]});
    let problem = member.post("/segments", body).refused("validation-failed");
    assert_eq!(pointers(&problem), ["/name", "/match", "/rules/0/field", "/rules/1/rules"]);
    let problem = member.post("/segments", json!({})).refused("validation-failed");
    assert_eq!(pointers(&problem), ["/name", "/entity"]);
    for (body, pointer) in [
        (json!({"entity": "deal"}), "/entity"),
        (json!({"nmae": "x"}), "/nmae"),
        (json!({"visibility": "public"}), "/visibility"),
        (json!({"name": "x\0"}), "/name"),
    ] {
        let problem = member.post("/segments", body).refused("validation-failed");
        assert_eq!(pointers(&problem), [pointer]);
    }
    let id = member.post("/segments", dutch()).expect(201)["id"].as_str().unwrap().to_owned();
    let problem = member.patch(&format!("/segments/{id}"), json!({"entity": "company"})).refused("validation-failed");
    assert_eq!(pointers(&problem), ["/entity"]);
    let problem = member.patch(&format!("/segments/{id}"), json!({"rules": null})).refused("validation-failed");
    assert_eq!(pointers(&problem), ["/rules"]);
    member.patch("/segments/nonsense", json!({"nmae": 1})).refused("validation-failed");
    member.patch("/segments/nonsense", json!({"name": "x"})).refused("not-found");
}

#[test]
fn a_private_segment_exists_for_its_owner_alone() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let private = member.post("/segments", dutch()).expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/segments/{private}");
    for other in [&admin, &server.stranger()] {
        other.get(&path).refused("not-found");
        other.get(&format!("{path}/count")).refused("not-found");
        other.patch(&path, json!({"name": "mine"})).refused("not-found");
        other.delete(&path).refused("not-found");
        assert!(!other.get("/segments?limit=200").text().contains(&private));
    }
    member.patch(&path, json!({"visibility": "shared"})).expect(200);
    let colleague = server.client(&Claims::member().with("sub", "mia"));
    assert_eq!(colleague.get(&path).expect(200)["owner_id"], "max");
    assert!(colleague.get("/segments").text().contains(&private));
    colleague.patch(&path, json!({"name": "ours"})).refused("admin-only");
    colleague.delete(&path).refused("admin-only");
    server.stranger().get(&path).refused("not-found");
    assert_eq!(admin.patch(&path, json!({"name": "ours"})).expect(200)["name"], "ours");
    admin.delete(&path).expect(204);
}

#[test]
fn standard_segments_are_there_and_read_only() {
    let server = TestServer::start();
    let member = server.member();
    let listed = member.get("/segments").expect(200);
    let slugs: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|segment| segment["id"].as_str().unwrap()).collect();
    let known: Vec<&str> = standard::all().iter().map(|segment| segment.slug).collect();
    assert_eq!(slugs, known);
    for slug in slugs {
        let path = format!("/segments/{slug}");
        let read = member.get(&path).expect(200);
        assert_eq!((&read["standard"], &read["visibility"]), (&json!(true), &json!("shared")));
        server.admin().patch(&path, json!({"name": "mine"})).refused("standard-segment");
        server.admin().delete(&path).refused("standard-segment");
        assert_eq!(member.get(&format!("{path}/count")).expect(200), json!({"count": 0, "blocked_count": 0}));
    }
    let everything = json!({"name": "all", "entity": "contact", "match": "all", "rules": []});
    let problem = member.post("/segments", everything).refused("validation-failed");
    assert_eq!(pointers(&problem), ["/rules"]);
}

#[test]
fn standard_segments_select_what_their_names_say() {
    let server = TestServer::start();
    let member = server.member();
    contact(&member, "plain", &json!({}));
    contact(&member, "off", &json!({"status": "deactivated"}));
    contact(&member, "mail", &json!({"emails": [{"type": "primary", "email": "a@b.example"}]}));
    let old = contact(&member, "old", &json!({}));
    let linked = contact(&member, "linked", &json!({}));
    server
        .sql()
        .batch_execute(&format!(
            "UPDATE contacts SET added_at = added_at - interval '31 days' WHERE id = '{old}'; \
             INSERT INTO time_trackings (account_id, id, started_at, duration_seconds, subject_contact_id, created_at, \
             updated_at, version) SELECT account_id, id, added_at, 1, id, added_at, added_at, 1 FROM contacts \
             WHERE id = '{linked}'"
        ))
        .unwrap();
    let count = |slug: &str| {
        let counted = member.get(&format!("/segments/{slug}/count")).expect(200);
        (counted["count"].as_i64().unwrap(), counted["blocked_count"].as_i64().unwrap())
    };
    assert_eq!(count("all-contacts"), (5, 1));
    assert_eq!(count("deactivated-contacts"), (1, 0));
    assert_eq!(count("contacts-without-email"), (4, 1));
    assert_eq!(count("recent-contacts"), (4, 1));
    assert_eq!(count("unlinked-contacts"), (4, 0));
    assert_eq!(count("all-companies"), (0, 0));
}

#[test]
fn the_list_pages_from_standard_to_saved_segments() {
    let server = TestServer::start();
    let member = server.member();
    let mut all: Vec<String> = standard::all().iter().map(|segment| segment.slug.to_owned()).collect();
    for number in 0..5 {
        let mut body = dutch();
        body["name"] = json!(format!("segment {number}"));
        all.push(member.post("/segments", body).expect(201)["id"].as_str().unwrap().to_owned());
    }
    for limit in [1, 4, 10, 12, 15, 200] {
        let mut seen: Vec<String> = Vec::new();
        let mut path = format!("/segments?limit={limit}&with_total=true");
        loop {
            let page = member.get(&path).expect(200);
            assert_eq!(page["page"]["total"], json!(15));
            seen.extend(
                page["data"].as_array().unwrap().iter().map(|segment| segment["id"].as_str().unwrap().to_owned()),
            );
            let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
            path = format!("/segments?limit={limit}&with_total=true&cursor={cursor}");
        }
        assert_eq!(seen, all, "{limit}");
    }
    let companies = member.get("/segments?entity=company&with_total=true").expect(200);
    assert_eq!(companies["page"]["total"], json!(5));
    let cursor = member.get("/segments?limit=1").expect(200)["page"]["next_cursor"].as_str().unwrap().to_owned();
    member.get(&format!("/segments?entity=company&cursor={cursor}")).refused("invalid-cursor");
    member.get("/segments?limit=0").refused("validation-failed");
    member.get("/segments?entity=deal").refused("validation-failed");
    member.get("/segments?kind=contact").refused("validation-failed");
}

#[test]
fn a_preview_counts_and_shows_the_first_by_name() {
    let server = TestServer::start();
    let member = server.member();
    for number in (0..12).rev() {
        contact(&member, &format!("Name {number:02}"), &in_country("NL"));
    }
    let kept = contact(&member, "Aalbers", &in_country("NL"));
    contact(&member, "Aardig", &in_country("BE"));
    server
        .sql()
        .batch_execute(&format!(
            "INSERT INTO deals (account_id, id, title, status, customer_contact_id, contact_person_id, created_at, \
             updated_at, version, search_text) SELECT account_id, id, 'Offer', 'new', id, id, added_at, added_at, 1, 'offer' FROM contacts \
             WHERE id = '{kept}'"
        ))
        .unwrap();
    let mut rules = dutch();
    rules.as_object_mut().unwrap().remove("name");
    let preview = member.post("/segments/preview", rules.clone()).expect(200);
    assert_eq!((&preview["count"], &preview["blocked_count"]), (&json!(13), &json!(1)));
    let sample = preview["sample"].as_array().unwrap();
    assert_eq!((sample.len(), &sample[0]), (10, &json!({"id": kept, "name": "Aalbers"})));
    assert_eq!(sample[9]["name"], "Name 08");
    let other = server.stranger().post("/segments/preview", rules.clone()).expect(200);
    assert_eq!(other, json!({"count": 0, "blocked_count": 0, "sample": []}));
    rules["visibility"] = json!("shared");
    member.post("/segments/preview", rules).refused("validation-failed");
    let companies = json!({"entity": "company", "match": "all", "rules": [{"field": "deals", "operator": "has_not"}]});
    assert_eq!(member.post("/segments/preview", companies).expect(200)["count"], json!(0));
}

#[test]
fn a_list_of_contacts_can_be_limited_to_a_segment() {
    let server = TestServer::start();
    let member = server.member();
    let dutch_one = contact(&member, "Peeters", &in_country("NL"));
    contact(&member, "Jansen", &in_country("NL"));
    contact(&member, "Peeters", &in_country("BE"));
    let id = member.post("/segments", dutch()).expect(201)["id"].as_str().unwrap().to_owned();
    let listed = member.get(&format!("/contacts?segment_id={id}&q=peeters&with_total=true")).expect(200);
    assert_eq!((&listed["data"][0]["id"], &listed["page"]["total"]), (&json!(dutch_one), &json!(1)));
    assert_eq!(member.get("/contacts?segment_id=all-contacts&with_total=true").expect(200)["page"]["total"], json!(3));
    member.get("/contacts?segment_id=all-companies").refused("validation-failed");
    server.admin().get(&format!("/contacts?segment_id={id}")).refused("not-found");
}

#[test]
fn the_catalogue_tells_fields_operators_and_choices() {
    let server = TestServer::start();
    let member = server.member();
    let fields = member.get("/segments/fields?entity=contact").expect(200);
    let field =
        |name: &str| fields["data"].as_array().unwrap().iter().find(|field| field["field"] == name).cloned().unwrap();
    assert_eq!(field("status")["choices"], json!(["active", "deactivated"]));
    assert_eq!(field("tags")["choices"], Value::Null);
    assert_eq!(field("company.city")["type"], "text");
    let operator = &field("added_at")["operators"][4];
    assert_eq!((&operator["operator"], &operator["value"]), (&json!("in_last_days"), &json!("days")));
    assert!(operator["meaning"].as_str().unwrap().ends_with('.'));
    assert!(field("country")["choices"].as_array().unwrap().contains(&json!("NL")));
    member.get("/segments/fields").refused("validation-failed");
    member.get("/segments/fields?entity=deal").refused("validation-failed");
}

#[test]
fn nasty_values_get_a_right_answer_or_a_clear_refusal() {
    let server = TestServer::start();
    let member = server.member();
    for name in ["%_\\", "100%", "a_b", "a\\b", "axb", "O'Brien\"; --", "山田"] {
        contact(&member, name, &json!({"custom_fields": {"x": name, "n": 5}}));
    }
    let preview =
        |rule: Value| member.post("/segments/preview", json!({"entity": "contact", "match": "all", "rules": [rule]}));
    let count = |field: &str, operator: &str, value: Value| {
        preview(json!({"field": field, "operator": operator, "value": value})).expect(200)["count"].as_i64().unwrap()
    };
    for field in ["last_name", "name", "custom_fields.x"] {
        assert_eq!(count(field, "contains", json!("%_\\")), 1);
        assert_eq!(count(field, "contains", json!("%")), 2);
        assert_eq!(count(field, "contains", json!("_")), 2);
        assert_eq!(count(field, "contains", json!("\\")), 2);
        assert_eq!(count(field, "equals", json!("a_b")), 1);
        assert_eq!(count(field, "starts_with", json!("a_")), 1);
        assert_eq!(count(field, "ends_with", json!("%")), 1);
        assert_eq!(count(field, "equals", json!("o'brien\"; --")), 1);
        assert_eq!(count(field, "not_contains", json!("%")), 5);
    }
    assert_eq!(count("custom_fields.x", "greater_than", json!(1)), 0);
    assert_eq!(count("custom_fields.n", "contains", json!("5")), 0);
    assert_eq!(count("custom_fields.n", "before", json!("2024-01-01")), 0);
    assert_eq!(count("custom_fields.nothing", "not_equals", json!(true)), 7);
    assert_eq!(count("custom_fields.n", "in_last_days", json!(100_000)), 0);
    assert_eq!(count("added_at", "more_than_days_ago", json!(100_000)), 0);
    assert_eq!(count("added_at", "before", json!("0000-01-01")), 0);
    assert_eq!(count("birthdate", "between", json!(["0001-01-01", "9999-12-31"])), 0);
    assert_eq!(count("added_at", "after", json!("9999-12-31")), 0);
    assert_eq!(count("last_name", "in", json!(vec!["100%"; 1_000])), 1);
    assert_eq!(count("last_name", "contains", json!("é".repeat(4_000))), 0);
    assert_eq!(count("city", "equals", json!("\u{fdfa}".repeat(4_000))), 0);
    for value in [json!("a\0b"), json!(""), json!(vec!["a"]), json!({}), json!("é".repeat(4_001)), Value::Null] {
        preview(json!({"field": "last_name", "operator": "equals", "value": value})).refused("validation-failed");
    }
    preview(json!({"field": "last_name", "operator": "in", "value": vec!["a"; 1_001]})).refused("validation-failed");
    preview(json!({"field": "custom_fields.n", "operator": "equals", "value": 1e300})).refused("validation-failed");
}

#[test]
fn deep_and_wide_trees_are_answered_or_refused() {
    let server = TestServer::start();
    let member = server.member();
    let rule = json!({"field": "city", "operator": "is_empty"});
    let nested = |depth: usize| (1..depth).fold(json!([rule]), |rules, _| json!([{"match": "any", "rules": rules}]));
    let preview =
        |rules: Value| member.post("/segments/preview", json!({"entity": "contact", "match": "all", "rules": rules}));
    preview(nested(MAX_DEPTH)).expect(200);
    preview(nested(MAX_DEPTH + 1)).refused("validation-failed");
    preview(nested(50)).refused("validation-failed");
    // Deeper than the JSON reader goes.
    preview(nested(150)).refused("malformed-request");
    preview(json!(vec![rule.clone(); 100])).expect(200);
    preview(json!(vec![rule.clone(); 101])).refused("validation-failed");
    let costly = json!({"field": "company.name", "operator": "not_contains", "value": "x"});
    preview(json!(vec![costly; 100])).expect(200);
    let values: Vec<String> = (0..1_000).map(|number| format!("value {number} {}", "x".repeat(10))).collect();
    let many = json!({"field": "last_name", "operator": "not_in", "value": values});
    preview(json!(vec![many; 60])).expect(200);
}

#[test]
fn a_count_that_takes_too_long_is_cut_off() {
    let database = TestDatabase::create();
    let db = Db::new(DbSettings {
        database_url: database.url(),
        name: "test",
        connections: 1,
        wait: crate::harness::PATIENCE,
        lock_timeout: None,
    });
    let mut holder = database.connect();
    holder.batch_execute("BEGIN; LOCK TABLE contacts").unwrap();
    let all = standard::find("all-contacts").unwrap();
    let counted = db.read(account(), move |read| {
        segments::count(read, all.kind, all.tree.condition(), Deadline::after(Duration::from_millis(50)))
    });
    let counted = actix_web::rt::System::new().block_on(counted);
    assert!(matches!(counted, Err(Error::TooSlow)), "{counted:?}");
}
