//! Bulk deletes, their results, and taking them back.

use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::{Client, TestServer};
use super::many_records::text;

/// Contacts with these last names, by id.
pub fn contacts(client: &Client, names: &[&str]) -> Vec<String> {
    let create = |name: &&str| client.post("/contacts", json!({"last_name": name})).expect(201);
    names.iter().map(create).map(|contact| contact["id"].as_str().unwrap().to_owned()).collect()
}

/// Polls until the action has ended; the counts add up at every look.
pub fn ended(client: &Client, action: &Value) -> Value {
    let path = format!("/bulk-actions/{}", action["id"].as_str().unwrap());
    loop {
        let action = client.get(&path).expect(200);
        let count = |name: &str| action["counts"][name].as_i64().unwrap();
        let outcomes = [
            "deleted",
            "restored",
            "purged",
            "tagged",
            "untagged",
            "deactivated",
            "reactivated",
            "blocked",
            "gone",
            "conflict",
            "changed",
            "unchanged",
        ]
        .map(count)
        .iter()
        .sum::<i64>();
        assert_eq!(count("processed"), outcomes, "{action}");
        assert_eq!(count("matched"), count("processed") + count("not_processed"), "{action}");
        if !["queued", "running"].contains(&action["status"].as_str().unwrap()) {
            return action;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

pub fn delete_ids(client: &Client, entity: &str, ids: &[String]) -> Value {
    let body = json!({"action": "delete", "entity": entity, "target": {"ids": ids}, "reason": "clean-up"});
    let action = client.post("/bulk-actions", body).expect(202);
    let ended = ended(client, &action);
    assert_eq!(ended["status"], "completed");
    ended
}

#[test]
fn a_bulk_delete_and_its_undo() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b", "c"]);
    let unknown = Uuid::now_v7().to_string();
    let mut wanted = ids[..2].to_vec();
    wanted.extend([unknown.clone(), ids[0].clone()]);
    let action = delete_ids(&admin, "contact", &wanted);
    assert_eq!(action["counts"]["matched"], 3);
    assert_eq!((&action["counts"]["deleted"], &action["counts"]["gone"]), (&json!(2), &json!(1)));
    assert_eq!(admin.get("/contacts?with_total=true").expect(200)["page"]["total"], 1);
    let results = admin.get(&format!("/bulk-actions/{}/results", action["id"].as_str().unwrap())).expect(200);
    let outcomes: Vec<(&Value, &Value)> =
        results["data"].as_array().unwrap().iter().map(|row| (&row["name"], &row["outcome"])).collect();
    assert_eq!(
        outcomes,
        [(&json!("a"), &json!("deleted")), (&json!("b"), &json!("deleted")), (&Value::Null, &json!("gone"))]
    );

    let file = admin.get(&format!("/bulk-actions/{}/results?format=csv", action["id"].as_str().unwrap()));
    assert!(file.header("content-disposition").unwrap().starts_with("attachment; filename=\"results-"));
    let lines: Vec<String> = file.text().lines().map(str::to_owned).collect();
    assert_eq!(lines[0].trim_start_matches('\u{feff}').split(',').nth(3), Some("outcome"));
    assert_eq!(lines[1], format!("{},contact,a,deleted,,,,,,", ids[0]));
    assert_eq!(lines[3], format!("{unknown},contact,,gone,,,,,,"));
    assert_eq!(lines.len(), 4);

    let bin = admin.get("/recycle-bin?with_total=true").expect(200);
    assert_eq!(bin["page"]["total"], 2);
    let item = &bin["data"][0];
    assert_eq!((&item["type"], &item["name"], &item["days_left"]), (&json!("contact"), &json!("b"), &json!(30)));
    assert_eq!((&item["reason"], &item["deleted_by"]["user_id"]), (&json!("clean-up"), &json!("ann")));
    assert_eq!(item["deletion_id"], action["id"]);
    server.member().get("/recycle-bin").refused("admin-only");
    server.member().get(&format!("/contacts/{}", ids[0])).refused("not-found");
    admin.patch(&format!("/contacts/{}", ids[0]), json!({"last_name": "x"})).refused("in-recycle-bin");

    let undo_path = format!("/bulk-actions/{}/undo", action["id"].as_str().unwrap());
    let undo = admin.call(&undo_path).expect(202);
    let undo = ended(&admin, &undo);
    assert_eq!((&undo["status"], &undo["counts"]["restored"]), (&json!("completed"), &json!(2)));
    assert_eq!(undo["origin"], json!({"kind": "undo", "action_id": action["id"]}));
    assert_eq!(admin.get("/contacts?with_total=true").expect(200)["page"]["total"], 3);
    let again = admin.call(&undo_path);
    assert_eq!(again.header("location"), Some(format!("/bulk-actions/{}", undo["id"].as_str().unwrap()).as_str()));
    again.refused("already-undone");
    admin.call(&format!("/bulk-actions/{}/undo", undo["id"].as_str().unwrap())).refused("not-undoable");
    let after = admin.get(&format!("/bulk-actions/{}/results", action["id"].as_str().unwrap())).expect(200);
    assert_eq!(results["data"], after["data"]);
}

#[test]
fn targets_are_counted_by_hand_and_sets_by_expectation() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b"]);
    let ask = |target: Value, rest: Value| {
        let mut body = json!({"action": "delete", "entity": "contact", "target": target});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        admin.post("/bulk-actions", body)
    };
    let rules = json!([{"field": "last_name", "operator": "equals", "value": "a"}]);
    for (target, pointer) in [
        (json!({}), "/target"),
        (json!({"ids": ids, "segment_id": "all-contacts"}), "/target"),
        (json!({"ids": []}), "/target/ids"),
        (json!({"ids": ["x"]}), "/target/ids/0"),
        (json!({"idz": ids}), "/target/idz"),
        (json!({"rules": rules}), "/target/match"),
        (json!({"match": "all"}), "/target/rules"),
        (json!({"match": "all", "rules": []}), "/target/rules"),
        (json!({"deletion_id": ids[0]}), "/target/deletion_id"),
        (json!({"segment_id": "all-companies"}), "/target/segment_id"),
    ] {
        let problem = ask(target.clone(), json!({})).refused("validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{target}: {problem}");
    }
    ask(json!({"segment_id": Uuid::now_v7()}), json!({})).refused("not-found");
    for (rest, pointer) in [
        (json!({"expected_count": -1}), "/expected_count"),
        (json!({"on_blocked": "ignore"}), "/on_blocked"),
        (json!({"entity": "deal"}), "/entity"),
        (json!({"action": "destroy"}), "/action"),
        (json!({"dry": true}), "/dry"),
        (json!({"reason": "x".repeat(501)}), "/reason"),
    ] {
        let problem = ask(json!({"ids": ids}), rest.clone()).refused("validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{rest}: {problem}");
    }
    let problem = ask(json!({"ids": ids}), json!({"expected_count": 3})).refused("expected-count-mismatch");
    assert_eq!(problem["matched"], 2);
    server
        .member()
        .post("/bulk-actions", json!({"action": "delete", "entity": "contact", "target": {"ids": ids}}))
        .refused("admin-only");
    assert_eq!(admin.get("/contacts?with_total=true").expect(200)["page"]["total"], 2);
    assert_eq!(admin.get("/bulk-actions").expect(200)["data"], json!([]));

    let by_rules = ask(json!({"match": "all", "rules": rules}), json!({"expected_count": 1})).expect(202);
    assert_eq!(ended(&admin, &by_rules)["counts"]["deleted"], 1);
    let empty = ask(json!({"match": "all", "rules": rules}), json!({})).expect(202);
    assert_eq!((&empty["status"], &empty["counts"]["matched"]), (&json!("completed"), &json!(0)));
}

#[test]
fn a_set_is_cut_into_equal_chunks() {
    let server = TestServer::start();
    let admin = server.admin();
    for (size, chunks) in [(1, "1"), (2_000, "2000"), (2_001, "1001,1000"), (10_000, "2000,2000,2000,2000,2000")] {
        let ids: Vec<String> = (0..size).map(|_| Uuid::now_v7().to_string()).collect();
        let action = delete_ids(&admin, "contact", &ids);
        assert_eq!(action["counts"]["gone"], json!(size));
        let lengths = format!(
            "SELECT string_agg(cardinality(ids)::text, ',' ORDER BY number) AS line FROM bulk_action_chunks \
             WHERE action_id = '{}'",
            action["id"].as_str().unwrap()
        );
        assert_eq!(text(&mut server.sql(), &lengths), chunks);
    }
}

#[test]
fn one_record_is_deleted_and_restored() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let id = &contacts(&admin, &["a"])[0];
    let path = format!("/contacts/{id}");
    assert_eq!(member.get(&format!("{path}/deletability")).expect(200), json!({"deletable": true, "blockers": []}));
    member.send("DELETE", &path, &[("if-match", "\"9\"")], Vec::new()).refused("precondition-failed");
    server.stranger().delete(&path).refused("not-found");
    member.delete(&format!("{path}?reason=left")).expect(204);
    member.delete(&path).refused("not-found");
    admin.delete(&path).refused("in-recycle-bin");
    let binned = admin.get(&path).expect(200);
    assert!(binned["deleted_at"].is_string() && binned["purge_at"].is_string());
    assert_eq!(admin.get(&format!("/recycle-bin/{id}")).expect(200)["reason"], "left");

    let restored = admin.call(&format!("/recycle-bin/{id}/restore")).expect(200);
    assert_eq!((&restored["id"], &restored["deleted_at"]), (&json!(id), &Value::Null));
    admin.call(&format!("/recycle-bin/{id}/restore")).refused("not-found");
    member.delete(&path).expect(204);
    admin.delete(&format!("/recycle-bin/{id}")).expect(204);
    admin.get(&path).refused("not-found");
    admin.get(&format!("/recycle-bin/{id}")).refused("not-found");
}

#[test]
fn a_taken_external_id_is_a_conflict() {
    let server = TestServer::start();
    let admin = server.admin();
    let create = || {
        admin.post("/contacts", json!({"last_name": "x", "external_id": "E-1"})).expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = create();
    delete_ids(&admin, "contact", std::slice::from_ref(&first));
    let second = create();
    let action = delete_ids(&admin, "contact", std::slice::from_ref(&second));
    let live = create();
    let problem = admin.call(&format!("/recycle-bin/{first}/restore")).refused("restore-conflict");
    assert_eq!(problem["live_twin"], json!(live));
    let restore = |ids: &[&String], rest: Value| {
        let mut body = json!({"action": "restore", "entity": "contact", "target": {"ids": ids}});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        ended(&admin, &admin.post("/bulk-actions", body).expect(202))
    };
    let refused = restore(&[&first, &second], json!({}));
    assert_eq!(refused["counts"]["conflict"], 2);
    let results =
        admin.get(&format!("/bulk-actions/{}/results?outcome=conflict", refused["id"].as_str().unwrap())).expect(200);
    assert_eq!(results["data"][0]["conflict_with"], json!(live));

    // Of two twins in the bin the one that was deleted last comes back.
    admin.patch(&format!("/contacts/{live}"), json!({"external_id": null})).expect(200);
    let twins = restore(&[&first, &second], json!({}));
    assert_eq!((&twins["counts"]["restored"], &twins["counts"]["conflict"]), (&json!(1), &json!(1)));
    assert_eq!(admin.get(&format!("/contacts/{second}")).expect(200)["external_id"], "E-1");
    let dropped = restore(&[&first], json!({"on_conflict": "drop_external_id"}));
    assert_eq!(dropped["counts"]["restored"], 1);
    assert_eq!(admin.get(&format!("/contacts/{first}")).expect(200)["external_id"], Value::Null);
    let undo = admin.call(&format!("/bulk-actions/{}/undo", action["id"].as_str().unwrap())).expect(202);
    assert_eq!(ended(&admin, &undo)["counts"]["unchanged"], 1);
}
