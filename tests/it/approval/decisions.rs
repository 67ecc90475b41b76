//! Which actions wait, who may decide, and what comes of each decision.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::*;
use crate::invariants;

#[test]
fn only_deletions_above_the_threshold_wait() {
    let office = Office::new();
    let ids = contacts(&office.ann, &["a", "b", "c", "d", "e"]);
    let equal = office.ask(&ids[..2], json!({}));
    assert_eq!((&equal["status"], equal.get("approval")), (&json!("queued"), None));
    assert_eq!(ended(&office.ann, &equal)["counts"]["deleted"], 2);

    let above = office.ask(&ids[2..], json!({}));
    assert_eq!((&above["status"], &above["counts"]["matched"]), (&json!("awaiting_approval"), &json!(3)));
    let approval = &above["approval"];
    assert_eq!(approval["required"], true);
    for unknown in ["decision", "decided_by", "decided_at", "reason"] {
        assert_eq!(approval[unknown], Value::Null, "{approval}");
    }
    let time = |value: &Value| value.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time(&approval["expires_at"]) - time(&above["created_at"]), chrono::TimeDelta::hours(72));
    let mut sql = office.sql();
    assert_eq!([chunks(&mut sql, &above, "waiting"), chunks(&mut sql, &above, "pending")], [1, 0]);
    let results = office.bob.get(&path(&above, "/results")).expect(200);
    assert_eq!(results["data"].as_array().unwrap().len(), 3);
    assert!(results["data"].as_array().unwrap().iter().all(|row| row["outcome"] == "not_processed"), "{results}");
    let waiting = office.bob.get("/bulk-actions?status=awaiting_approval").expect(200);
    assert_eq!(waiting["data"], json!([above]));
    office.ann.call(&path(&above, "/undo")).refused("action-not-ended");
    office.ann.call(&path(&above, "/retry")).refused("action-not-ended");
    assert_eq!((office.live(), stored_status(&mut sql, &above).as_str()), (3, "awaiting_approval"));

    let other = |body: Value| office.ann.post("/bulk-actions", body).expect(202)["status"].clone();
    let restore = json!({"action": "restore", "entity": "contact", "target": {"ids": ids}});
    let deactivate = json!({"action": "deactivate", "entity": "contact", "target": {"ids": ids}});
    assert_eq!([other(restore), other(deactivate)], ["queued", "queued"]);
    let me = office.ann.get("/me").expect(200);
    assert!(me["permissions"].as_array().unwrap().contains(&json!("bulk.approve")), "{me}");
}

#[test]
fn executions_and_retries_wait_and_dry_runs_and_undos_do_not() {
    let office = Office::new();
    let ids = contacts(&office.ann, &["a", "b", "c"]);
    let rehearsal = office.ask(&ids, json!({"dry_run": true}));
    assert_eq!((&rehearsal["status"], rehearsal.get("approval")), (&json!("queued"), None));
    ended(&office.ann, &rehearsal);
    let execution = office.ann.call(&path(&rehearsal, "/execute")).expect(202);
    assert_eq!(execution["status"], "awaiting_approval");
    for id in &ids {
        let body = json!({"title": "Offer", "customer": {"type": "contact", "id": id}});
        office.ann.post("/deals", body).expect(201);
    }
    office.bob.call(&path(&execution, "/approve")).expect(200);
    let executed = ended(&office.ann, &execution);
    assert_eq!(executed["counts"]["blocked"], 3);
    let retry = office.ann.call(&path(&executed, "/retry")).expect(202);
    assert_eq!(retry["status"], "awaiting_approval");
    for deal in office.ann.get("/deals").expect(200)["data"].as_array().unwrap() {
        office.ann.delete(&format!("/deals/{}", deal["id"].as_str().unwrap())).expect(204);
    }
    office.carla.call(&path(&retry, "/approve")).expect(200);
    let deleted = ended(&office.ann, &retry);
    assert_eq!(deleted["counts"]["deleted"], 3);
    let undo = office.ann.call(&path(&deleted, "/undo")).expect(202);
    assert_eq!(undo.get("approval"), None);
    assert_eq!(ended(&office.ann, &undo)["counts"]["restored"], 3);
    let all_or_nothing = office.ask(&ids, json!({"on_blocked": "abort"}));
    assert_eq!(all_or_nothing["status"], "awaiting_approval");
    office.bob.call(&path(&all_or_nothing, "/approve")).expect(200);
    assert_eq!(ended(&office.ann, &all_or_nothing)["counts"]["deleted"], 3);
    invariants::hold(&mut office.sql());
}

#[test]
fn an_approval_lets_exactly_the_frozen_set_begin_each_record_checked_again() {
    let office = Office::new();
    let ids = contacts(&office.ann, &["a", "b", "c"]);
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"}});
    let action = office.ann.post("/bulk-actions", body).expect(202);
    assert_eq!(action["status"], "awaiting_approval");
    contacts(&office.ann, &["later"]);
    let deal = json!({"title": "Offer", "customer": {"type": "contact", "id": ids[0]}});
    office.ann.post("/deals", deal).expect(201);
    // A setting is for actions to come.
    office.ann.patch("/settings", json!({"approval_above": null})).expect(200);
    let mut sql = office.sql();
    shift_clock(&mut sql, "71 hours 59 minutes");
    assert_eq!(office.look(&action)["status"], "awaiting_approval");

    let approved = office.bob.post(&path(&action, "/approve"), json!({"reason": "  checked "})).expect(200);
    let approval = &approved["approval"];
    assert_eq!((&approval["decision"], &approval["reason"]), (&json!("approved"), &json!("checked")));
    assert_eq!(approval["decided_by"], json!({"user_id": "bob", "name": "bob the admin"}));
    assert!(approval["decided_at"].is_string(), "{approval}");
    assert_eq!(approved["requested_by"]["user_id"], "ann");
    let done = ended(&office.ann, &action);
    assert_eq!(done["approval"], *approval);
    let counts = ["matched", "deleted", "blocked"].map(|name| done["counts"][name].as_i64().unwrap());
    assert_eq!((&done["status"], counts), (&json!("completed"), [3, 2, 1]));
    assert_eq!(office.live(), 2);
    // The 30 days begin when the records go, not when that was asked for.
    let time = |value: &Value| value.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let kept = time(&done["restorable_until"]) - time(&approval["decided_at"]);
    assert!((chrono::TimeDelta::days(30)..chrono::TimeDelta::days(30) + chrono::TimeDelta::minutes(1)).contains(&kept));
    let bin = office.bob.get("/recycle-bin").expect(200);
    assert_eq!(bin["data"][0]["deleted_by"]["user_id"], "ann");
    for client in [&office.bob, &office.carla] {
        client.call(&path(&action, "/approve")).refused("not-awaiting-approval");
        client.call(&path(&action, "/reject")).refused("not-awaiting-approval");
    }
    invariants::hold(&mut sql);
}

#[test]
fn who_asked_cannot_decide_and_neither_can_members_or_strangers() {
    let office = Office::new();
    let (_, action) = office.waiting();
    for verb in ["/approve", "/reject"] {
        office.ann.call(&path(&action, verb)).refused("own-approval");
        // It is the user that counts, not the token.
        let again = office.server.client(&admin_named("ann").with("name", "Anna").with("email", "anna@example.org"));
        again.call(&path(&action, verb)).refused("own-approval");
        office.server.member().call(&path(&action, verb)).refused("admin-only");
        office.server.stranger().call(&path(&action, verb)).refused("not-found");
        office.bob.call(&format!("/bulk-actions/{}{verb}", uuid::Uuid::now_v7())).refused("not-found");
        for (body, pointer) in [
            (json!({"reason": "x".repeat(501)}), "/reason"),
            (json!({"why": "x"}), "/why"),
            (json!({"reason": 1}), "/reason"),
        ] {
            let problem = office.bob.post(&path(&action, verb), body).refused("validation-failed");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
    }
    assert_eq!(office.look(&action), action);
    let small = office.ask(&contacts(&office.ann, &["small"]), json!({}));
    office.bob.call(&path(&ended(&office.ann, &small), "/approve")).refused("not-awaiting-approval");
}

#[test]
fn a_rejection_leaves_everything_as_it_was() {
    let office = Office::new();
    let (ids, action) = office.waiting();
    let before = office.ann.get("/contacts").expect(200);
    let rejected = office.bob.post(&path(&action, "/reject"), json!({"reason": "still needed"})).expect(200);
    assert_eq!((&rejected["status"], &rejected["approval"]["reason"]), (&json!("rejected"), &json!("still needed")));
    assert_eq!(rejected["finished_at"], rejected["approval"]["decided_at"]);
    assert_eq!((&rejected["counts"]["processed"], &rejected["counts"]["not_processed"]), (&json!(0), &json!(3)));
    assert_eq!(office.ann.get("/contacts").expect(200), before);
    assert_eq!(office.ann.get("/recycle-bin").expect(200)["data"], json!([]));
    office.ann.call(&path(&action, "/undo")).refused("nothing-to-undo");
    office.ann.call(&path(&action, "/retry")).refused("nothing-to-retry");
    office.ann.call(&path(&action, "/cancel")).refused("action-ended");
    office.carla.call(&path(&action, "/approve")).refused("not-awaiting-approval");
    let mut sql = office.sql();
    assert_eq!(chunks(&mut sql, &action, "dropped"), 1);
    // It can be asked for again.
    assert_eq!(office.ask(&ids, json!({}))["status"], "awaiting_approval");
    invariants::hold(&mut sql);

    // After 90 days neither the name nor the reason is kept.
    shift_clock(&mut sql, "91 days");
    assert!(wait_until(|| office.look(&action)["approval"]["reason"].is_null()));
    let approval = office.look(&action)["approval"].clone();
    assert_eq!(approval["decided_by"], json!({"user_id": "bob", "name": null}), "{approval}");
    assert_eq!(approval["decision"], "rejected");
}

#[test]
fn who_asked_can_take_it_back_while_it_waits() {
    let office = Office::new();
    let (_, action) = office.waiting();
    let cancelled = office.ann.call(&path(&action, "/cancel")).expect(200);
    assert_eq!((&cancelled["status"], &cancelled["approval"]["decision"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(office.ann.call(&path(&action, "/cancel")).expect(200), cancelled);
    office.bob.call(&path(&action, "/approve")).refused("not-awaiting-approval");
    office.ann.call(&path(&action, "/undo")).refused("nothing-to-undo");
    let mut sql = office.sql();
    assert_eq!([chunks(&mut sql, &action, "dropped"), chunks(&mut sql, &action, "waiting")], [1, 0]);
    assert_eq!(office.live(), 3);
    invariants::hold(&mut sql);
}

#[test]
fn after_72_hours_it_has_lapsed_before_upkeep_says_so_and_after() {
    let office = Office::new();
    let mut sql = office.sql();
    let (_, action) = office.waiting();
    // Upkeep comes at any time, and is sent away.
    sql.batch_execute(
        "CREATE FUNCTION not_yet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not yet'; END $$;
         CREATE TRIGGER not_yet BEFORE UPDATE ON bulk_actions FOR EACH ROW WHEN (NEW.status = 'lapsed')
             EXECUTE FUNCTION not_yet()",
    )
    .unwrap();
    shift_clock(&mut sql, "72 hours");
    let refuse_everything = || {
        office.bob.call(&path(&action, "/approve")).refused("not-awaiting-approval");
        office.bob.call(&path(&action, "/reject")).refused("not-awaiting-approval");
        office.ann.call(&path(&action, "/cancel")).refused("action-ended");
        office.ann.call(&path(&action, "/undo")).refused("nothing-to-undo");
        let seen = office.look(&action);
        assert_eq!((&seen["status"], &seen["approval"]["decision"]), (&json!("lapsed"), &json!("lapsed")));
        assert_eq!(seen["finished_at"], action["approval"]["expires_at"]);
        seen
    };
    let at_once = refuse_everything();
    assert_eq!(stored_status(&mut sql, &action), "awaiting_approval");
    sql.batch_execute("DROP TRIGGER not_yet ON bulk_actions").unwrap();
    assert!(wait_until(|| stored_status(&mut sql, &action) == "lapsed"), "upkeep writes it down");
    assert_eq!(refuse_everything(), at_once);
    assert_eq!(chunks(&mut sql, &action, "dropped"), 1);
    assert_eq!(office.live(), 3);
    assert_eq!(office.ann.get("/recycle-bin").expect(200)["data"], json!([]));
    invariants::hold(&mut sql);
}
