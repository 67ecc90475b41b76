//! `on_blocked: "abort"`: one blocker, early or late, and every record is as it was.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{Scene, counts, path};
use crate::bulk_delete::{contacts, ended};
use crate::harness::TestServer;
use crate::invariants;
use crate::many_records::{count, text, wait_until, waiting};

#[test]
fn a_blocker_aborts_and_nothing_has_changed() {
    let scene = Scene::new();
    let before = scene.admin.get("/contacts").expect(200);
    let action = scene.delete(json!({"on_blocked": "abort"}));
    assert_eq!(action["status"], "aborted");
    assert_eq!(counts(&action, &["matched", "processed", "blocked", "not_processed"]), [5, 2, 2, 3]);
    assert_eq!(scene.outcomes(&action), ["blocked", "blocked", "not_processed", "not_processed", "not_processed"]);
    assert_eq!(scene.admin.get("/contacts").expect(200), before);
    assert_eq!(action["notification"]["address_masked"], "a***@example.com");
    scene.admin.call(&path(&action, "undo")).refused("nothing-to-undo");
    scene.admin.call(&path(&action, "cancel")).refused("action-ended");

    for deal in &scene.deals {
        scene.admin.delete(&format!("/deals/{deal}")).expect(204);
    }
    let retry = scene.verb(&action, "retry");
    assert_eq!(counts(&retry, &["matched", "deleted"]), [5, 5]);
    assert_eq!(retry["status"], "completed");
    assert_eq!(scene.outcomes(&retry), ["deleted"; 5]);
    assert_eq!(counts(&scene.verb(&retry, "undo"), &["restored"]), [5]);
    invariants::hold(&mut scene.server.sql());
}

/// Of an executed dry run, and of the retry of its execution: who no longer matches stays, and a blocker of theirs is none.
#[test]
fn what_the_rules_no_longer_select_stays() {
    let scene = Scene::new();
    let (admin, ids) = (&scene.admin, &scene.ids);
    let rules = json!([{"field": "last_name", "operator": "in", "value": ["a", "b", "c", "d", "e"]}]);
    let body = json!({"action": "delete", "entity": "contact", "target": {"match": "all", "rules": rules},
        "on_blocked": "abort", "dry_run": true});
    let rehearsal = ended(admin, &admin.post("/bulk-actions", body).expect(202));
    for renamed in [&ids[0], &ids[4]] {
        admin.patch(&format!("/contacts/{renamed}"), json!({"last_name": "renamed"})).expect(200);
    }
    let execution = scene.verb(&rehearsal, "execute");
    assert_eq!(execution["status"], "aborted");
    assert_eq!(counts(&execution, &["blocked", "not_processed"]), [1, 4]);
    admin.delete(&format!("/deals/{}", scene.deals[1])).expect(204);
    let retry = scene.verb(&execution, "retry");
    assert_eq!(scene.outcomes(&retry), ["changed", "deleted", "deleted", "deleted", "changed"]);
    assert_eq!(scene.live(), 2);
    invariants::hold(&mut scene.server.sql());
}

#[test]
fn what_is_gone_does_not_abort() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut ids = contacts(&admin, &["a", "b"]);
    ids.push(uuid::Uuid::now_v7().to_string());
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}, "on_blocked": "abort"});
    let action = ended(&admin, &admin.post("/bulk-actions", body).expect(202));
    assert_eq!(counts(&action, &["matched", "deleted", "gone", "not_processed"]), [3, 2, 1, 0]);
}

/// The looking finds nothing; before the one transaction begins, a deal is made on a record that was looked at.
#[test]
fn a_late_blocker_rolls_everything_back() {
    let server = TestServer::start_with(|settings| settings.workers = 1);
    let (admin, mut sql, mut holder) = (server.admin(), server.sql(), server.sql());
    crate::many_records::contacts(&admin, &mut sql, 2_500);
    let first = text(&mut sql, "SELECT id::text AS line FROM contacts ORDER BY id LIMIT 1");
    // Stops the looking at its very end, when the first chunk's records are free again.
    sql.batch_execute(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$;
         CREATE TRIGGER linger BEFORE INSERT ON bulk_action_chunks FOR EACH ROW WHEN (NEW.number = -1)
             EXECUTE FUNCTION linger()",
    )
    .unwrap();
    holder.batch_execute("SELECT pg_advisory_lock(77)").unwrap();
    let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"},
        "on_blocked": "abort"});
    let action = admin.post("/bulk-actions", body).expect(202);
    assert!(wait_until(|| waiting(&mut sql) > 0), "the looking reaches its end");
    super::deal(&admin, &first);
    holder.batch_execute("SELECT pg_advisory_unlock(77)").unwrap();
    let aborted = ended(&admin, &action);
    assert_eq!(aborted["status"], "aborted");
    assert_eq!(counts(&aborted, &["matched", "blocked", "deleted", "not_processed"]), [2500, 1, 0, 2499]);
    let blocked = admin.get(&path(&aborted, "results?outcome=blocked")).expect(200);
    assert_eq!(
        (&blocked["data"][0]["record_id"], &blocked["data"][0]["blockers"][0]["type"]),
        (&json!(first), &json!("deal"))
    );
    assert_eq!(count(&mut sql, "SELECT count(*) FROM contacts WHERE deleted_at IS NOT NULL"), 0);
    invariants::hold(&mut sql);
}
