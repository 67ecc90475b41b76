//! The account's settings over HTTP.

use serde_json::json;

use super::harness::{Claims, TestServer};

#[test]
fn settings_are_defaults_until_an_admin_changes_them() {
    let server = TestServer::start();
    let admin = server.admin();
    let defaults = admin.get("/settings");
    assert_eq!(defaults.header("etag"), Some("\"0\""));
    assert_eq!(
        defaults.expect(200),
        json!({"retention_days": 30, "approval_above": null, "digest": "weekly", "updated_at": null})
    );

    let changed = admin.json("PATCH", "/settings", &[("if-match", "\"0\"")], json!({"retention_days": 90}));
    assert_eq!(changed.header("etag"), Some("\"1\""));
    let changed = changed.expect(200);
    assert!(changed["updated_at"].is_string());
    assert_eq!(admin.get("/settings").expect(200), changed);
    admin.json("PATCH", "/settings", &[("if-match", "\"0\"")], json!({})).refused("precondition-failed");
    assert_eq!(admin.patch("/settings", json!({"retention_days": null})).expect(200)["retention_days"], 30);
    let changed = admin.patch("/settings", json!({"approval_above": 1, "digest": "off"})).expect(200);
    assert_eq!((&changed["approval_above"], &changed["digest"]), (&json!(1), &json!("off")));
    let kept = admin.patch("/settings", json!({"digest": "daily"})).expect(200);
    assert_eq!((&kept["approval_above"], &kept["digest"]), (&json!(1), &json!("daily")));
    let back = admin.patch("/settings", json!({"approval_above": null, "digest": null})).expect(200);
    assert_eq!((&back["approval_above"], &back["digest"]), (&json!(null), &json!("weekly")));
    assert_eq!(server.stranger().get("/settings").expect(200)["updated_at"], json!(null));
}

#[test]
fn wrong_settings_and_members_are_refused() {
    let server = TestServer::start();
    let admin = server.admin();
    for (body, pointer) in [
        (json!({"retention_days": 0}), "/retention_days"),
        (json!({"retention_days": 91}), "/retention_days"),
        (json!({"retention_days": "30"}), "/retention_days"),
        (json!({"retention": 30}), "/retention"),
        (json!({"approval_above": 0}), "/approval_above"),
        (json!({"approval_above": -1}), "/approval_above"),
        (json!({"approval_above": "1000"}), "/approval_above"),
        (json!({"digest": "monthly"}), "/digest"),
        (json!({"digest": true}), "/digest"),
        (json!([]), ""),
    ] {
        let problem = admin.patch("/settings", body).refused("validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let member = server.member();
    member.get("/settings").refused("admin-only");
    member.patch("/settings", json!({"nonsense": 1})).refused("admin-only");
    assert_eq!(admin.get("/settings").expect(200)["updated_at"], json!(null));
}

#[test]
fn two_first_changes_at_once_both_hold() {
    let server = TestServer::start();
    for _ in 0..10 {
        let account = uuid::Uuid::now_v7().to_string();
        let admin = server.client(&Claims::admin().with("account_id", account));
        std::thread::scope(|scope| {
            for days in 1..=4 {
                let admin = &admin;
                scope.spawn(move || admin.patch("/settings", json!({"retention_days": days})).expect(200));
            }
        });
        assert_eq!(admin.get("/settings").header("etag"), Some("\"4\""));
    }
}
