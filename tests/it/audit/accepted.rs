//! What is written down of what was done, and what is joined to it when it is read.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{id, row, rows};
use crate::bulk_delete::{contacts, delete_ids, ended};
use crate::harness::TestServer;
use crate::invariants;
use crate::many_records::{count, lines, shift_clock, wait_until, waiting};

#[test]
fn a_single_deletion_is_told_with_its_reason_while_that_is_kept() {
    let server = TestServer::start();
    let admin = server.admin();
    let contact = contacts(&admin, &["Zqxvorn"]).remove(0);
    server.member().delete(&format!("/contacts/{contact}?reason=asked%20by%20mail")).expect(204);
    let deletion = admin.get(&format!("/recycle-bin/{contact}")).expect(200)["deletion_id"].clone();
    let of_contact = format!("subject_id={contact}");
    let deleted = row(&admin, &of_contact);
    assert_eq!(deleted["actor"], json!({"user_id": "max", "role": "member"}));
    assert_eq!(deleted["subject"], json!({"type": "contact", "id": contact}));
    assert_eq!(deleted["details"], json!({"deletion_id": deletion, "reason": "asked by mail"}));
    assert!(deleted["request_id"].is_string() && deleted["at"].is_string());

    admin.delete(&format!("/recycle-bin/{contact}")).expect(204);
    let words = rows(&admin, &of_contact).iter().map(|row| row["action"].clone()).collect::<Vec<_>>();
    assert_eq!(words, ["record.purge", "record.delete"]);
    // The reason goes with the deletion, at its purge date.
    let mut sql = server.sql();
    shift_clock(&mut sql, "31 days");
    assert!(wait_until(|| count(&mut sql, "SELECT count(*) FROM deletions") == 0));
    let forgotten = row(&admin, &format!("{of_contact}&action=record.delete"));
    assert_eq!(forgotten["details"], json!({ "deletion_id": deletion }));
}

#[test]
fn a_bulk_delete_is_told_with_its_rules_and_counts_and_later_without_what_was_typed() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    contacts(&admin, &["Zqxvorn", "Zqxvorn", "other"]);
    let rules = json!([{"field": "last_name", "operator": "equals", "value": "zqxvorn"},
        {"match": "any", "rules": [{"field": "tags", "operator": "is_empty"}]}]);
    let segment = json!({"name": "Zqxvorns", "entity": "contact", "match": "all", "rules": rules});
    let segment = id(&admin.post("/segments", segment).expect(201));
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": segment},
        "on_blocked": "deactivate", "reason": "zqxvorn wants it"});
    let action = ended(&admin, &admin.post("/bulk-actions", body).expect(202));

    let told = row(&admin, "action=bulk_action.create");
    let action_id = id(&action);
    assert_eq!(told["subject"], json!({"type": "bulk_action", "id": action_id}));
    let target =
        |rules: Value| json!({"kind": "segment", "segment_id": segment, "rules": {"match": "all", "rules": rules}});
    let mut expected = json!({"action_id": action_id, "action": "delete", "entity": "contact", "dry_run": false,
        "on_blocked": "deactivate", "matched": 2, "target": target(rules), "reason": "zqxvorn wants it",
        "status": "completed", "counts": action["counts"]});
    assert_eq!(told["details"], expected);

    // What users typed is not in the row itself, and not joined once the action has forgotten it.
    let stored = lines(&mut sql, "SELECT lower(audit_log::text) AS line FROM audit_log");
    assert!(stored.len() == 1 && !stored[0].contains("zqxvorn"), "{stored:?}");
    sql.batch_execute("UPDATE bulk_actions SET finished_at = finished_at - interval '91 days'").unwrap();
    let forgotten = "SELECT count(*) FROM bulk_actions WHERE target = '{}'";
    assert!(wait_until(|| count(&mut sql, forgotten) == 1));
    expected.as_object_mut().unwrap().remove("reason");
    expected["target"] = target(json!([{"field": "last_name", "operator": "equals"},
        {"match": "any", "rules": [{"field": "tags", "operator": "is_empty"}]}]));
    assert_eq!(row(&admin, "action=bulk_action.create")["details"], expected);
}

#[test]
fn what_is_made_from_an_action_is_told_of_that_action() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b"]);
    admin.post("/deals", json!({"title": "t", "customer": {"type": "contact", "id": ids[1]}})).expect(201);
    let rehearsal = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}, "dry_run": true});
    let rehearsal = ended(&admin, &admin.post("/bulk-actions", rehearsal).expect(202));
    let verb =
        |of: &Value, verb: &str| ended(&admin, &admin.call(&format!("/bulk-actions/{}/{verb}", id(of))).expect(202));
    let executed = verb(&rehearsal, "execute");
    let retried = verb(&executed, "retry");
    let undone = verb(&executed, "undo");
    for (subject, word, made) in
        [(&rehearsal, "execute", &executed), (&executed, "retry", &retried), (&executed, "undo", &undone)]
    {
        let told = row(&admin, &format!("subject_id={}&action=bulk_action.{word}", id(subject)));
        assert_eq!(told["details"]["action_id"], made["id"]);
        assert_eq!(told["details"]["counts"], made["counts"], "{word}");
    }
}

#[test]
fn a_cancel_is_told_once_and_a_replay_never() {
    let server = TestServer::start_with(|settings| settings.workers = 1);
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b"]);
    let (mut holder, mut sql) = (server.sql(), server.sql());
    holder.batch_execute("BEGIN; SELECT FROM contacts FOR UPDATE").unwrap();
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}});
    let key = [("idempotency-key", "once")];
    let action = admin.json("POST", "/bulk-actions", &key, body.clone()).expect(202);
    let replayed = admin.json("POST", "/bulk-actions", &key, body);
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert!(wait_until(|| waiting(&mut sql) > 0));
    for _ in 0..2 {
        admin.call(&format!("/bulk-actions/{}/cancel", id(&action))).expect(200);
    }
    holder.batch_execute("ROLLBACK").unwrap();
    let words: Vec<Value> = rows(&admin, "").into_iter().map(|row| row["action"].clone()).collect();
    assert_eq!(words, ["bulk_action.cancel", "bulk_action.create"]);
    let cancelled = row(&admin, "action=bulk_action.cancel");
    assert_eq!(cancelled["details"]["status"], "cancelled");
    // The chunk that waited undoes itself.
    assert!(wait_until(|| count(&mut sql, "SELECT count(*) FROM bulk_action_chunks WHERE state = 'pending'") == 0));
    invariants::hold(&mut sql);
}

#[test]
fn a_change_of_settings_is_told_with_old_and_new() {
    let server = TestServer::start();
    let admin = server.admin();
    admin.patch("/settings", json!({"retention_days": 7})).expect(200);
    admin.patch("/settings", json!({"retention_days": 0})).refused("validation-failed");
    let told = row(&admin, "action=settings.update");
    assert_eq!(told["subject"], json!({"type": "settings", "id": null}));
    assert_eq!(told["details"]["old"]["retention_days"], 30);
    assert_eq!(told["details"]["new"]["retention_days"], 7);
}

#[test]
fn shared_segments_are_told_and_private_ones_are_their_owners_business() {
    let server = TestServer::start();
    let (admin, member) = (server.admin(), server.member());
    let rules = json!([{"field": "city", "operator": "equals", "value": "Ghent"}]);
    let body = json!({"name": "n", "entity": "contact", "match": "all", "rules": rules});
    let segment = format!("/segments/{}", id(&member.post("/segments", body).expect(201)));
    member.patch(&segment, json!({"name": "m"})).expect(200);
    assert_eq!(rows(&admin, ""), [Value::Null; 0]);
    member.patch(&segment, json!({"visibility": "shared"})).expect(200);
    admin.patch(&segment, json!({"visibility": "private"})).expect(200);
    member.patch(&segment, json!({"visibility": "shared"})).expect(200);
    admin.delete(&segment).expect(204);
    let told = rows(&admin, "subject_type=segment");
    let words: Vec<_> = told.iter().map(|row| (row["action"].as_str().unwrap(), &row["actor"]["user_id"])).collect();
    let (ann, max) = (json!("ann"), json!("max"));
    assert_eq!(
        words,
        [("segment.delete", &ann), ("segment.update", &max), ("segment.update", &ann), ("segment.update", &max)]
    );
    let state = |visibility: &str| {
        json!({"entity": "contact", "visibility": visibility, "owner_id": "max",
            "rules": {"match": "all", "rules": [{"field": "city", "operator": "equals"}]}})
    };
    assert_eq!(told[2]["details"], json!({"old": state("shared"), "new": state("private")}));
    assert_eq!(told[0]["details"], json!({"old": state("shared")}));
}

#[test]
fn upkeep_is_told_as_the_system() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    let ids = contacts(&admin, &["a", "b", "c"]);
    let action = delete_ids(&admin, "contact", &ids);
    admin.call(&format!("/recycle-bin/{}/restore", ids[0])).expect(200);
    shift_clock(&mut sql, "30 days");
    assert!(wait_until(|| count(&mut sql, "SELECT count(*) FROM contacts") == 1));
    let told = row(&admin, "action=recycle_bin.expire");
    assert_eq!(told["actor"], json!({"user_id": null, "role": "system"}));
    assert_eq!(told["subject"], json!({"type": "deletion", "id": action["id"]}));
    assert_eq!((&told["details"], &told["request_id"]), (&json!({"type": "contact", "purged": 2}), &Value::Null));
}

#[test]
fn an_import_is_told_with_its_counts() {
    let server = TestServer::start();
    let admin = server.admin();
    let file = |rows: usize| {
        let lines: Vec<String> = (0..rows).map(|n| format!("CT-{n},Name {n}\n")).collect();
        format!("external_id,last_name\n{}", lines.concat())
    };
    // A whole number of batches, and one row more.
    for (created, updated) in [(1000, 0), (1, 1000)] {
        let mut rows = file(created + updated);
        rows.push_str(",\n");
        server.member().csv("/contacts/import", rows).expect(200);
        let counts =
            json!({"kind": "contacts", "created": created, "updated": updated, "rejected": 1, "complete": true});
        assert_eq!(rows_of_imports(&admin)[0]["details"], counts);
    }
    admin.csv("/contacts/import", "nonsense\n1\n").refused("invalid-header-row");
    assert_eq!(rows_of_imports(&admin).len(), 2);
}

fn rows_of_imports(admin: &crate::harness::Client) -> Vec<Value> {
    rows(admin, "action=import&subject_type=import")
}
