//! Purging many: what goes, what goes along, what stays, and that it never happens by accident.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{act, bin_one, body, counts, deal, id, in_bin, outcomes, path, verb};
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::TestServer;
use crate::invariants;
use crate::many_records::{count, shift_clock};

#[test]
fn a_purge_tells_each_outcome() {
    let server = TestServer::start();
    let admin = server.admin();
    admin.patch("/settings", json!({"retention_days": 1})).expect(200);
    let late = contacts(&admin, &["late"]).remove(0);
    bin_one(&admin, &format!("/contacts/{late}"));
    crate::taking_back::no_purge_yet(&mut server.sql());
    shift_clock(&mut server.sql(), "1 day");
    let mut ids = contacts(&admin, &["binned", "live"]);
    ids.extend([late, Uuid::now_v7().to_string()]);
    bin_one(&admin, &format!("/contacts/{}", ids[0]));
    let wanted = ["purged", "changed", "gone", "gone"];

    let target = json!({"ids": ids});
    let rehearsal = act(&admin, "purge", "contact", target, json!({"expected_count": 4, "dry_run": true}));
    assert_eq!(outcomes(&admin, &rehearsal, &ids), wanted);
    assert_eq!((in_bin(&admin), count(&mut server.sql(), "SELECT count(*) FROM contacts")), (1, 3));
    let action = verb(&admin, &rehearsal, "execute");
    assert_eq!(outcomes(&admin, &action, &ids), wanted);
    assert_eq!(counts(&action, &["matched", "processed", "purged", "changed", "gone"]), [4, 4, 1, 1, 2]);
    assert_eq!(count(&mut server.sql(), "SELECT count(*) FROM contacts"), 2, "what is past its time is not this one's");
    admin.get(&format!("/contacts/{}", ids[0])).refused("not-found");
    admin.get(&format!("/contacts/{}", ids[1])).expect(200);
    let results = admin.get(&path(&action, "results?outcome=purged")).expect(200);
    assert_eq!((&results["data"][0]["name"], &results["data"][0]["record_id"]), (&Value::Null, &json!(ids[0])));
    let file = admin.get(&path(&action, "results?format=csv&outcome=purged")).text();
    assert!(file.contains(&format!("{},contact,,purged,", ids[0])), "{file}");

    let why = admin.call(&path(&action, "undo")).refused("not-undoable");
    assert!(why["detail"].as_str().unwrap().contains("gone for good"), "{why}");
    assert!(admin.call(&path(&rehearsal, "undo")).refused("not-undoable")["detail"].to_string().contains("dry run"));
    admin.call(&path(&action, "retry")).refused("nothing-to-retry");
    admin.call(&path(&action, "cancel")).refused("action-ended");
    server.sql().batch_execute("UPDATE deletions SET first_purge_at = first_purge_at - interval '1 year'").unwrap();
    invariants::hold(&mut server.sql());
}

#[test]
fn each_kind_goes_by_each_target_with_what_belongs_to_it() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut sql = server.sql();
    let people = contacts(&admin, &["customer", "person", "employee"]);
    let company = id(&admin.post("/companies", json!({"name": "Employer"})).expect(201));
    admin.put(&format!("/contacts/{}/companies/{company}", people[2]), json!({"position": "CFO"})).expect(200);
    let deals =
        [deal(&admin, &people[0], None), deal(&admin, &people[2], Some(&people[1])), deal(&admin, &people[2], None)];
    let ticket = json!({"subject": "s", "description": "d", "customer": {"type": "contact", "id": people[0]}});
    let ticket = id(&admin.post("/tickets", ticket).expect(201));
    for deal in &deals {
        bin_one(&admin, &format!("/deals/{deal}"));
    }
    let deletion = delete_ids(&admin, "contact", &people[..2]);
    bin_one(&admin, &format!("/companies/{company}"));

    let purge = |entity: &str, target: Value, expected: i64| {
        act(&admin, "purge", entity, target, json!({"expected_count": expected, "notify": "always"}))
    };
    // The customer's own deal goes along, and is not counted; the other one loses its contact person.
    let by_deletion = purge("contact", json!({"deletion_id": deletion["id"]}), 2);
    assert_eq!(counts(&by_deletion, &["matched", "processed", "purged"]), [2, 2, 2]);
    assert_eq!(admin.get(&format!("/tickets/{ticket}")).expect(200)["subject"], "");
    admin.get(&format!("/deals/{}", deals[0])).refused("not-found");
    assert_eq!(admin.get(&format!("/deals/{}", deals[1])).expect(200)["contact_person"], Value::Null);
    assert_eq!(counts(&purge("company", json!({"bin": {"q": "employer"}}), 1), &["purged"]), [1]);
    assert_eq!(count(&mut sql, "SELECT count(*) FROM contact_companies"), 0);
    let some = purge("deal", json!({"ids": [deals[0], deals[1]]}), 2);
    assert_eq!(outcomes(&admin, &some, &deals[..2]), ["gone", "purged"]);
    assert_eq!(counts(&purge("deal", json!({"bin": {}}), 1), &["purged"]), [1]);
    assert_eq!(in_bin(&admin), 0);
    assert_eq!(admin.get(&format!("/contacts/{}", people[2])).expect(200)["companies"], json!([]));
    invariants::hold(&mut sql);
}

#[test]
fn a_purge_asks_how_many_and_for_an_admin() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b"]);
    delete_ids(&admin, "contact", &ids);
    let target = json!({"bin": {}});
    for rest in [json!({}), json!({"dry_run": true}), json!({"expected_count": null})] {
        let problem =
            admin.post("/bulk-actions", body("purge", "contact", &target, &rest)).refused("validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], "/expected_count", "{rest}");
    }
    let wrong = body("purge", "contact", &target, &json!({"expected_count": 3}));
    let problem = admin.post("/bulk-actions", wrong).refused("expected-count-mismatch");
    assert_eq!((&problem["matched"], &problem["expected_count"]), (&json!(2), &json!(3)));
    let right = body("purge", "contact", &target, &json!({"expected_count": 2}));
    server.member().post("/bulk-actions", right.clone()).refused("admin-only");
    server.stranger().post("/bulk-actions", right).refused("expected-count-mismatch");
    let foreign = act(&server.stranger(), "purge", "contact", json!({"ids": ids}), json!({"expected_count": 2}));
    assert_eq!(counts(&foreign, &["gone"]), [2]);
    assert_eq!(in_bin(&admin), 2);
    assert_eq!(admin.get("/bulk-actions?action=purge").expect(200)["data"], json!([]));
}

#[test]
fn what_was_restored_and_deleted_again_since_is_not_meant() {
    let server = TestServer::start();
    let admin = server.admin();
    let by_deletion = |action: &Value| json!({"deletion_id": action["id"]});
    let by_filter = |action: &Value| json!({"bin": {"deletion_id": action["id"]}});
    for target in [&by_deletion as &dyn Fn(&Value) -> Value, &by_filter] {
        let ids = contacts(&admin, &["stays", "restored", "again"]);
        let target = target(&delete_ids(&admin, "contact", &ids));
        let rest = json!({"dry_run": true, "expected_count": 3});
        let rehearsal = act(&admin, "purge", "contact", target.clone(), rest);
        act(&admin, "restore", "contact", json!({"ids": ids[1..]}), json!({}));
        bin_one(&admin, &format!("/contacts/{}", ids[2]));
        let execution = verb(&admin, &rehearsal, "execute");
        assert_eq!(outcomes(&admin, &execution, &ids), ["purged", "changed", "changed"], "{target}");
        assert_eq!(in_bin(&admin), 1);
        act(&admin, "restore", "contact", json!({"bin": {}}), json!({}));
    }
    invariants::hold(&mut server.sql());
}
