//! The main job on the example's data, whose answers are known: describe, count, delete, read what stayed, take back.

use serde_json::{Value, json};

use super::bulk_delete::ended;
use super::harness::{Client, TestServer, import_example};

#[test]
fn the_dutch_contacts_are_deleted_reported_and_taken_back() {
    let server = TestServer::start();
    let admin = server.admin();
    import_example(&server);

    let rules = json!([{"field": "country", "operator": "equals", "value": "NL"}]);
    let segment = json!({"name": "Dutch contacts", "entity": "contact", "match": "all", "rules": rules,
        "visibility": "shared"});
    let segment = admin.post("/segments", segment).expect(201)["id"].clone();
    let listed = admin.get(&format!("/contacts?segment_id={}&q=jan&with_total=true", segment.as_str().unwrap()));
    let listed = listed.expect(200)["page"]["total"].as_i64().unwrap();
    assert!((1..3949).contains(&listed), "{listed} Dutch contacts match jan");

    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": segment},
        "expected_count": 3949, "reason": "GDPR clean-up 2026"});
    let action = ended(&admin, &admin.post("/bulk-actions", body).expect(202));
    let counts = &action["counts"];
    assert_eq!((&counts["deleted"], &counts["blocked"]), (&json!(3449), &json!(500)));
    let blocked = all_results(&admin, &action, "blocked");
    assert_eq!(blocked.len(), 500);
    let kept_by = |kind: &str| {
        let by_kind =
            |result: &&Value| result["blockers"].as_array().unwrap().iter().any(|group| group["type"] == kind);
        blocked.iter().filter(by_kind).count()
    };
    assert_eq!(
        [kept_by("deal"), kept_by("invoice"), kept_by("project"), kept_by("time_tracking")],
        [129, 143, 112, 139]
    );
    assert!(blocked.iter().all(|result| result["name"].is_string() && result["blockers"][0]["count"].is_i64()));
    assert_eq!(all_results(&admin, &action, "deleted").len(), 3449);
    assert_eq!(admin.get("/recycle-bin?with_total=true&limit=1").expect(200)["page"]["total"], 3449);

    let undo = admin.call(&format!("/bulk-actions/{}/undo", action["id"].as_str().unwrap())).expect(202);
    assert_eq!(ended(&admin, &undo)["counts"]["restored"], 3449);
    assert_eq!(all_results(&admin, &action, "blocked"), blocked);
    let counted = admin.get(&format!("/segments/{}/count", segment.as_str().unwrap())).expect(200);
    assert_eq!(counted, json!({"count": 3949, "blocked_count": 500}));
}

fn all_results(admin: &Client, action: &Value, outcome: &str) -> Vec<Value> {
    let path = format!("/bulk-actions/{}/results?outcome={outcome}&limit=200", action["id"].as_str().unwrap());
    let mut results = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin.get(&format!("{path}{cursor}")).expect(200);
        results.extend(page["data"].as_array().unwrap().clone());
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return results,
        }
    }
}
