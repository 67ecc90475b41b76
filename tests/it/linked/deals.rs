//! A deleted deal lies in the recycle bin.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use serde_json::{Value, json};

use super::{KINDS, contact, listed};
use crate::harness::{Claims, Client, TestServer};

fn deal(client: &Client) -> String {
    KINDS[0].create(client, &contact(client))
}

#[derive(QueryableByName, Debug, PartialEq)]
struct Deletion {
    #[diesel(sql_type = Text)]
    deleted_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    deleted_by_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
}

#[test]
fn a_deleted_deal_is_hidden_from_members_and_shown_to_admins() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let path = deal(&admin);
    let live = admin.get(&path).expect(200);
    assert!(live.get("deleted_at").is_none());
    assert_eq!(member.delete(&format!("{path}?reason=%20Lost%20it%20")).status, 204);

    assert_eq!(listed(&admin, "/deals"), [""; 0]);
    let binned = admin.get(&path).expect(200);
    assert_eq!(binned["updated_at"], live["updated_at"]);
    let days_kept = |binned: &Value| {
        let at = |field: &str| binned[field].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        (at("purge_at") - at("deleted_at")).num_days()
    };
    assert_eq!(days_kept(&binned), 30);
    for refused in [member.get(&path), member.patch(&path, json!({})), member.delete(&path)] {
        refused.refused("not-found");
    }
    for refused in [admin.patch(&path, json!({"title": "x"})), admin.delete(&path)] {
        assert_eq!(refused.refused("in-recycle-bin")["purge_at"], binned["purge_at"]);
    }
    admin.json("PATCH", &path, &[("if-match", "\"1\"")], json!({})).refused("precondition-failed");
    admin.patch(&path, json!({"titel": 1})).refused("validation-failed");
    let deletion: Deletion =
        diesel::sql_query("SELECT deleted_by, deleted_by_name, reason FROM deletions WHERE first_purge_at IS NOT NULL")
            .get_result(&mut server.sql())
            .unwrap();
    let expected = Deletion {
        deleted_by: "max".to_owned(),
        deleted_by_name: Claims::member().0["name"].as_str().map(str::to_owned),
        reason: Some("Lost it".to_owned()),
    };
    assert_eq!(deletion, expected);

    admin.patch("/settings", json!({"retention_days": 2})).expect(200);
    let other = deal(&admin);
    assert_eq!(admin.delete(&other).status, 204);
    assert_eq!(days_kept(&admin.get(&other).expect(200)), 2);
    assert_eq!(admin.get(&path).expect(200)["purge_at"], binned["purge_at"]);
}

#[test]
fn a_reason_has_at_most_500_characters() {
    let server = TestServer::start();
    let admin = server.admin();
    let path = deal(&admin);
    let problem = admin.delete(&format!("{path}?reason={}", "x".repeat(501))).refused("validation-failed");
    assert_eq!(problem["errors"][0]["pointer"], "?reason");
    admin.delete(&format!("{path}?reasons=x")).refused("validation-failed");
    admin.get(&path).expect(200);
    assert_eq!(admin.delete(&format!("{path}?reason={}", "%C3%A9".repeat(500))).status, 204);
}

#[test]
fn a_deal_past_its_purge_date_is_gone_for_everyone() {
    let server = TestServer::start();
    let admin = server.admin();
    let path = deal(&admin);
    assert_eq!(admin.delete(&path).status, 204);
    diesel::sql_query("INSERT INTO clock_shift (id, shift) VALUES (1, '30 days')").execute(&mut server.sql()).unwrap();
    admin.get(&path).refused("not-found");
    admin.patch(&path, json!({})).refused("not-found");
    admin.delete(&path).refused("not-found");
}

#[test]
fn a_deleted_deal_frees_its_external_id() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut body = KINDS[0].body(&contact(&admin));
    body["external_id"] = json!("D-1");
    let first = admin.post("/deals", body.clone()).expect(201);
    assert_eq!(admin.delete(&format!("/deals/{}", first["id"].as_str().unwrap())).status, 204);
    admin.post("/deals", body).expect(201);
}
