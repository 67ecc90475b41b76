//! Adding and removing tags: what each record gets, what stays as it was, and what members may do.

use diesel::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{act, ask, bin_one, body, counts, id, outcomes, path, verb};
use crate::bulk_delete::{contacts, ended};
use crate::harness::{Claims, Client, TestServer};
use crate::invariants;
use crate::many_records::{count, shift_clock, text, wait_until};

fn tagged(client: &Client, name: &str, tags: &Value) -> String {
    id(&client.post("/contacts", json!({"last_name": name, "tags": tags})).expect(201))
}

fn tags_of(client: &Client, id: &str) -> Value {
    client.get(&format!("/contacts/{id}")).expect(200)["tags"].clone()
}

fn etag(client: &Client, id: &str) -> String {
    client.get(&format!("/contacts/{id}")).header("etag").unwrap().to_owned()
}

/// Panics unless each record's keys are its tags, folded, in the same order.
#[track_caller]
fn keys_are_parallel(sql: &mut PgConnection) {
    for table in ["contacts", "companies"] {
        let apart = format!(
            "SELECT count(*) FROM {table} WHERE cardinality(tags) <> cardinality(tag_keys) \
             OR tag_keys <> ARRAY(SELECT lower(tag) FROM unnest(tags) WITH ORDINALITY AS t(tag, n) ORDER BY n)"
        );
        assert_eq!(count(sql, &apart), 0, "{table}");
    }
}

#[test]
fn tags_are_added_once_and_in_order() {
    let server = TestServer::start();
    let admin = server.admin();
    let full: Vec<String> = (0..49).map(|n| format!("t{n}")).collect();
    let ids = [
        tagged(&admin, "none", &json!([])),
        tagged(&admin, "one", &json!(["z", "VIP"])),
        tagged(&admin, "all", &json!(["fair", "vip"])),
        tagged(&admin, "full", &json!(full)),
        tagged(&admin, "room", &json!(full[..48])),
        tagged(&admin, "binned", &json!(["x"])),
        Uuid::now_v7().to_string(),
    ];
    bin_one(&admin, &format!("/contacts/{}", ids[5]));
    let before: Vec<String> = ids[..6].iter().map(|id| etag(&admin, id)).collect();
    let tags = json!({"tags": ["  vip ", "Fair", "VIP"]});
    let wanted = ["tagged", "tagged", "unchanged", "conflict", "tagged", "gone", "gone"];
    let mut rehearse = tags.clone();
    rehearse["dry_run"] = json!(true);
    let rehearsal = act(&admin, "add_tags", "contact", json!({"ids": ids}), rehearse);
    assert_eq!(outcomes(&admin, &rehearsal, &ids), wanted);
    assert_eq!(ids[..6].iter().map(|id| etag(&admin, id)).collect::<Vec<_>>(), before, "a dry run changes nothing");

    let action = verb(&admin, &rehearsal, "execute");
    assert_eq!(action["tags"], json!(["vip", "Fair"]), "trimmed, and doubles dropped");
    assert_eq!(outcomes(&admin, &action, &ids), wanted);
    assert_eq!(
        counts(&action, &["matched", "processed", "tagged", "unchanged", "conflict", "gone"]),
        [7, 7, 3, 1, 1, 2]
    );
    assert_eq!(tags_of(&admin, &ids[0]), json!(["vip", "Fair"]));
    assert_eq!(tags_of(&admin, &ids[1]), json!(["z", "VIP", "Fair"]));
    assert_eq!(tags_of(&admin, &ids[2]), json!(["fair", "vip"]));
    assert_eq!(tags_of(&admin, &ids[3]), json!(full), "never more than 50");
    assert_eq!(tags_of(&admin, &ids[4]).as_array().unwrap().len(), 50);
    for (index, same) in [(0, false), (1, false), (2, true), (3, true), (4, false), (5, true)] {
        assert_eq!(etag(&admin, &ids[index]) == before[index], same, "{index}");
    }
    // One that would exceed the limit is worth a mail.
    assert_eq!(action["notification"]["address_masked"], "a***@example.com");
    let listed = admin.get("/contacts?tags=FAIR&tags=Vip&with_total=true").expect(200);
    assert_eq!(listed["page"]["total"], 4);
    keys_are_parallel(&mut server.sql());
    invariants::hold(&mut server.sql());
}

#[test]
fn tags_are_removed_whatever_their_spelling() {
    let server = TestServer::start();
    let admin = server.admin();
    let company = |tags: Value| id(&admin.post("/companies", json!({"name": "c", "tags": tags})).expect(201));
    let ids = [company(json!(["Liège", "a", "VIP", "b"])), company(json!(["vip"])), company(json!(["other"]))];
    let since = admin.get(&format!("/companies/{}", ids[2])).expect(200)["updated_at"].clone();
    let rules = json!([{"field": "tags", "operator": "is_not_empty"}]);
    let target = json!({"match": "all", "rules": rules});
    let action = act(&admin, "remove_tags", "company", target, json!({"tags": ["LIEGE", "vip"], "expected_count": 3}));
    assert_eq!(outcomes(&admin, &action, &ids), ["untagged", "untagged", "unchanged"]);
    assert_eq!(counts(&action, &["matched", "untagged", "unchanged", "tagged"]), [3, 2, 1, 0]);
    let shown: Vec<Value> = ids.iter().map(|id| admin.get(&format!("/companies/{id}")).expect(200)).collect();
    assert_eq!([&shown[0]["tags"], &shown[1]["tags"]], [&json!(["a", "b"]), &json!([])]);
    assert_eq!(shown[2]["updated_at"], since);
    let found = admin.get("/companies?tags=vip&with_total=true").expect(200);
    assert_eq!(found["page"]["total"], 0);
    keys_are_parallel(&mut server.sql());
    for (verb, slug) in [("undo", "not-undoable"), ("retry", "nothing-to-retry")] {
        admin.call(&path(&action, verb)).refused(slug);
    }
    let why = admin.call(&path(&action, "undo")).refused("not-undoable");
    assert!(why["detail"].as_str().unwrap().contains("is not kept"), "{why}");
}

#[test]
fn an_execution_leaves_what_the_rules_no_longer_select() {
    let server = TestServer::start();
    let member = server.member();
    let ids = contacts(&member, &["aa", "ab", "ac"]);
    let rules = json!([{"field": "last_name", "operator": "starts_with", "value": "a"}]);
    let rest = json!({"tags": ["a"], "dry_run": true});
    let rehearsal = act(&member, "add_tags", "contact", json!({"match": "all", "rules": rules}), rest);
    assert_eq!(counts(&rehearsal, &["tagged"]), [3]);
    member.patch(&format!("/contacts/{}", ids[1]), json!({"last_name": "b"})).expect(200);
    bin_one(&member, &format!("/contacts/{}", ids[2]));
    let action = verb(&member, &rehearsal, "execute");
    assert_eq!(outcomes(&member, &action, &ids), ["tagged", "changed", "gone"]);
    // A member is not shown what lies in the bin, not even its name.
    let results = member.get(&path(&action, "results")).expect(200);
    let names: Vec<&Value> = results["data"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, [&json!("aa"), &json!("b"), &Value::Null]);
    assert!(!member.get(&path(&action, "results?format=csv")).text().contains(",ac,"));
    server.admin().call(&format!("/recycle-bin/{}/restore", ids[2])).expect(200);
    let results = member.get(&path(&action, "results?outcome=gone")).expect(200);
    assert_eq!(results["data"][0]["name"], "ac");
    invariants::hold(&mut server.sql());
}

#[test]
fn members_change_tags_and_nothing_else() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let other = server.client(&Claims::member().with("sub", "moa"));
    let ids = json!({"ids": contacts(&admin, &["a", "b"])});
    let permissions = |client: &Client| client.get("/me").expect(200)["permissions"].clone();
    for permission in ["bulk.add_tags", "bulk.remove_tags"] {
        assert!(permissions(&member).as_array().unwrap().contains(&json!(permission)));
    }
    for permission in ["bulk.purge", "bulk.restore", "bulk.delete", "bulk.deactivate", "bulk.reactivate"] {
        assert!(!permissions(&member).as_array().unwrap().contains(&json!(permission)));
        assert!(permissions(&admin).as_array().unwrap().contains(&json!(permission)));
    }
    for action in ["delete", "restore", "purge", "deactivate", "reactivate"] {
        // By role before shape.
        member.post("/bulk-actions", body(action, "contact", &ids, &json!({}))).refused("admin-only");
        member.post("/bulk-actions", body(action, "deal", &json!({}), &json!({"tags": []}))).refused("admin-only");
    }
    let of_member = act(&member, "add_tags", "contact", ids.clone(), json!({"tags": ["x"], "notify": "always"}));
    let of_admin = act(&admin, "add_tags", "contact", ids.clone(), json!({"tags": ["x"]}));
    assert_eq!(counts(&of_member, &["tagged"]), [2]);
    assert_eq!((&of_member["requested_by"]["user_id"], counts(&of_admin, &["unchanged"])), (&json!("max"), vec![2]));
    let listed = |client: &Client| client.get("/bulk-actions").expect(200)["data"].as_array().unwrap().len();
    assert_eq!((listed(&admin), listed(&member), listed(&other)), (2, 1, 0));
    for (client, action) in [(&member, &of_admin), (&other, &of_member)] {
        client.get(&format!("/bulk-actions/{}", id(action))).refused("not-found");
        client.get(&path(action, "results")).refused("not-found");
        for verb in ["cancel", "execute", "retry", "undo"] {
            client.call(&path(action, verb)).refused("not-found");
        }
    }
    for (verb, slug) in [
        ("cancel", "action-ended"),
        ("execute", "not-a-dry-run"),
        ("retry", "nothing-to-retry"),
        ("undo", "not-undoable"),
    ] {
        member.call(&path(&of_member, verb)).refused(slug);
        admin.call(&path(&of_member, verb)).refused(slug);
    }
    // Who was an admin once still sees the own actions, and can do nothing with them.
    let was_admin = server.client(&Claims::admin().with("role", "member"));
    let deleted = act(&admin, "delete", "contact", ids, json!({"dry_run": true}));
    was_admin.get(&format!("/bulk-actions/{}", id(&deleted))).expect(200);
    for verb in ["cancel", "execute", "retry", "undo"] {
        was_admin.call(&path(&deleted, verb)).refused("admin-only");
    }
    let sent = "SELECT count(*) FROM outbox WHERE status = 'sent'";
    assert!(wait_until(|| count(&mut server.sql(), sent) == 1), "the member gets a report");
}

#[test]
fn a_repeated_key_tags_once() {
    let server = TestServer::start();
    let member = server.member();
    let ids = contacts(&member, &["a"]);
    let body = body("add_tags", "contact", &json!({"ids": ids}), &json!({"tags": ["x"]}));
    let key = [("idempotency-key", "tag")];
    let first = member.json("POST", "/bulk-actions", &key, body.clone());
    let again = member.json("POST", "/bulk-actions", &key, body.clone());
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    assert_eq!(first.body, again.body);
    // A key counts for its user alone.
    assert_eq!(server.admin().json("POST", "/bulk-actions", &key, body).header("idempotency-replayed"), None);
    ended(&member, &first.expect(202));
}

#[test]
fn tags_and_filters_are_forgotten_with_the_details() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a"]);
    let tagging = act(&admin, "add_tags", "contact", json!({"ids": ids}), json!({"tags": ["secret word"]}));
    let restore = act(&admin, "restore", "contact", json!({"bin": {"q": "secret", "deleted_by": "word"}}), json!({}));
    let kept = "SELECT string_agg(options::text || target::text, '') FROM bulk_actions";
    assert!(text(&mut server.sql(), kept).contains("secret"));
    shift_clock(&mut server.sql(), "91 days");
    let expired = "SELECT count(*) FROM bulk_actions WHERE target = '{}'";
    assert!(wait_until(|| count(&mut server.sql(), expired) == 2));
    let left = text(&mut server.sql(), kept);
    assert!(!left.contains("secret") && !left.contains("word"), "{left}");
    let shown = admin.get(&format!("/bulk-actions/{}", id(&tagging))).expect(200);
    assert_eq!((&shown["tags"], counts(&shown, &["tagged"])), (&Value::Null, vec![1]));
    assert_eq!(admin.get(&format!("/bulk-actions/{}", id(&restore))).expect(200)["target"], json!({}));
}

/// The tags of one record changed by hand and in bulk at the same instant: neither is lost.
#[test]
fn two_changes_of_tags_at_once_both_hold() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b", "c"]);
    let target = json!({"ids": ids});
    let actions: Vec<Value> = (0..8)
        .map(|n| ask(&admin, "add_tags", "contact", &target, &json!({"tags": [format!("t{n}"), "shared"]})))
        .collect();
    let ended: Vec<Value> = actions.iter().map(|action| ended(&admin, action)).collect();
    assert!(ended.iter().all(|action| counts(action, &["tagged"]) == [3]));
    for id in &ids {
        assert_eq!(tags_of(&admin, id).as_array().unwrap().len(), 9);
        assert_eq!(etag(&admin, id), "\"9\"");
    }
    keys_are_parallel(&mut server.sql());
}
