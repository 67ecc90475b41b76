//! A dry run says what would come of an action and changes nothing; executing it does that to the very same records.

use serde_json::{Value, json};

use super::{Scene, counts, deal, path};
use crate::bulk_delete::ended;

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let scene = Scene::new();
    let before = scene.admin.get("/contacts").expect(200);
    let rehearsal = scene.delete(json!({"dry_run": true, "notify": "always"}));
    assert_eq!((&rehearsal["dry_run"], &rehearsal["status"]), (&json!(true), &json!("completed")));
    assert_eq!(counts(&rehearsal, &["matched", "deleted", "blocked"]), [5, 3, 2]);
    let results = scene.admin.get(&path(&rehearsal, "results?outcome=blocked")).expect(200);
    assert_eq!(results["data"][0]["blockers"][0]["sample"][0]["title"], "Offer");
    assert_eq!(scene.admin.get("/contacts").expect(200), before);
    assert_eq!(scene.admin.get("/recycle-bin").expect(200)["data"], json!([]));
    assert_eq!(rehearsal["notification"]["status"], "none");
    scene.admin.call(&path(&rehearsal, "undo")).refused("not-undoable");
    scene.server.member().call(&path(&rehearsal, "execute")).refused("not-found");
    scene.server.stranger().call(&path(&rehearsal, "execute")).refused("not-found");
}

#[test]
fn an_execution_checks_each_record_of_the_frozen_set_again() {
    let scene = Scene::new();
    let (admin, ids) = (&scene.admin, &scene.ids);
    let rules = json!([{"field": "last_name", "operator": "in", "value": ["a", "b", "c", "d", "e", "later"]}]);
    let body = json!({"action": "delete", "entity": "contact", "target": {"match": "all", "rules": rules},
        "dry_run": true});
    let rehearsal = ended(admin, &admin.post("/bulk-actions", body).expect(202));
    assert_eq!(counts(&rehearsal, &["matched", "deleted", "blocked"]), [5, 3, 2]);

    admin.post("/contacts", json!({"last_name": "later"})).expect(201);
    admin.delete(&format!("/deals/{}", scene.deals[0])).expect(204);
    deal(admin, &ids[2]);
    admin.patch(&format!("/contacts/{}", ids[3]), json!({"last_name": "renamed"})).expect(200);
    admin.delete(&format!("/contacts/{}", ids[4])).expect(204);

    let execution = scene.verb(&rehearsal, "execute");
    assert_eq!(execution["origin"], json!({"kind": "execute", "action_id": rehearsal["id"]}));
    assert_eq!(scene.outcomes(&execution), ["deleted", "blocked", "blocked", "changed", "gone"]);
    assert_eq!(scene.live(), 4);
    let again = admin.call(&path(&rehearsal, "execute"));
    assert_eq!(again.header("location"), Some(format!("/bulk-actions/{}", execution["id"].as_str().unwrap()).as_str()));
    again.refused("already-executed");
    admin.call(&path(&execution, "execute")).refused("not-a-dry-run");
    assert_eq!(counts(&scene.verb(&execution, "undo"), &["matched", "restored"]), [1, 1]);
}

#[test]
fn a_dry_run_can_be_executed_for_a_day() {
    let scene = Scene::new();
    let rehearsal = scene.delete(json!({"dry_run": true}));
    let shift = |shift: &str| {
        let sql = format!(
            "INSERT INTO clock_shift VALUES (1, '{shift}') ON CONFLICT (id) DO UPDATE SET shift = excluded.shift"
        );
        diesel::connection::SimpleConnection::batch_execute(&mut scene.server.sql(), &sql).unwrap();
    };
    shift("24 hours 1 second");
    scene.admin.call(&path(&rehearsal, "execute")).refused("dry-run-expired");
    shift("23 hours 59 minutes");
    let key = [("idempotency-key", "once")];
    let first = scene.admin.send("POST", &path(&rehearsal, "execute"), &key, Vec::new()).expect(202);
    let again = scene.admin.send("POST", &path(&rehearsal, "execute"), &key, Vec::new()).expect(202);
    assert_eq!(first, again);
    assert_eq!(counts(&ended(&scene.admin, &first), &["deleted", "blocked"]), [3, 2]);
}

#[test]
fn a_retry_tries_the_blocked_ones_again() {
    let scene = Scene::new();
    let action = scene.delete(json!({"reason": "clean-up"}));
    assert_eq!(counts(&action, &["deleted", "blocked"]), [3, 2]);
    scene.admin.delete(&format!("/deals/{}", scene.deals[0])).expect(204);
    let retry = scene.verb(&action, "retry");
    assert_eq!(retry["origin"]["kind"], "retry");
    assert_eq!((&retry["reason"], &retry["target"]["kind"]), (&json!("clean-up"), &json!("retry")));
    assert_eq!(counts(&retry, &["matched", "deleted", "blocked"]), [2, 1, 1]);
    scene.admin.delete(&format!("/deals/{}", scene.deals[1])).expect(204);
    let second: Value = scene.verb(&retry, "retry");
    assert_eq!(counts(&second, &["matched", "deleted"]), [1, 1]);
    scene.admin.call(&path(&second, "retry")).refused("nothing-to-retry");
    assert_eq!(scene.live(), 0);
}
