//! Bulk restores and undos, also of what was touched in between and at the same instant.

use std::thread;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::bulk_delete::{contacts, delete_ids, ended};
use super::super::harness::TestServer;
use super::super::invariants;
use super::super::many_records::{self, lines, text, wait_until, waiting};
use super::{id, is_live, outcomes, restore};

#[test]
fn a_set_is_restored_by_its_deletion_or_by_ids() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b", "c"]);
    let first = delete_ids(&admin, "contact", &ids[..2]);
    delete_ids(&admin, "contact", &ids[2..]);
    let action = restore(&admin, "contact", json!({"deletion_id": first["id"]}), json!({"expected_count": 2}));
    assert_eq!((&action["counts"]["matched"], &action["counts"]["restored"]), (&json!(2), &json!(2)));
    let again = restore(&admin, "contact", json!({"deletion_id": first["id"]}), json!({}));
    assert_eq!((&again["status"], &again["counts"]["matched"]), (&json!("completed"), &json!(0)));
    let unknown = Uuid::now_v7().to_string();
    let action = restore(&admin, "contact", json!({"ids": [ids[2], ids[0], unknown]}), json!({}));
    let mut expected = [(&ids[0], "unchanged"), (&ids[2], "restored"), (&unknown, "gone")]
        .map(|(id, outcome)| (id.clone(), outcome.to_owned()));
    expected.sort();
    assert_eq!(outcomes(&admin, &action), expected);
    // A deletion of contacts holds no companies, and a single DELETE is a deletion like any other.
    admin.delete(&format!("/contacts/{}", ids[0])).expect(204);
    let deletion = admin.get(&format!("/recycle-bin/{}", ids[0])).expect(200)["deletion_id"].clone();
    assert_eq!(restore(&admin, "company", json!({"deletion_id": deletion}), json!({}))["counts"]["matched"], 0);
    assert_eq!(restore(&admin, "contact", json!({"deletion_id": deletion}), json!({}))["counts"]["restored"], 1);
    let foreign = server
        .stranger()
        .post("/bulk-actions", json!({"action": "restore", "entity": "contact", "target": {"ids": [ids[2]]}}));
    assert_eq!(ended(&server.stranger(), &foreign.expect(202))["counts"]["gone"], 1);
}

#[test]
fn an_undo_leaves_what_was_touched_since() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["still there", "restored", "purged", "deleted again", "blocked"]);
    admin.post("/deals", json!({"title": "x", "customer": {"type": "contact", "id": ids[4]}})).expect(201);
    let action = delete_ids(&admin, "contact", &ids);
    assert_eq!((&action["counts"]["deleted"], &action["counts"]["blocked"]), (&json!(4), &json!(1)));
    let before = admin.get(&format!("/bulk-actions/{}/results?outcome=blocked", id(&action))).expect(200);
    admin.call(&format!("/recycle-bin/{}/restore", ids[1])).expect(200);
    admin.delete(&format!("/recycle-bin/{}", ids[2])).expect(204);
    admin.call(&format!("/recycle-bin/{}/restore", ids[3])).expect(200);
    admin.delete(&format!("/contacts/{}", ids[3])).expect(204);

    let undo = ended(&admin, &admin.call(&format!("/bulk-actions/{}/undo", id(&action))).expect(202));
    let mut expected = ["restored", "unchanged", "gone", "changed"].iter().zip(&ids).collect::<Vec<_>>();
    expected.sort_by_key(|(_, id)| *id);
    let expected: Vec<(String, String)> =
        expected.into_iter().map(|(outcome, id)| (id.clone(), (*outcome).to_owned())).collect();
    assert_eq!(outcomes(&admin, &undo), expected);
    assert!(!is_live(&admin, &format!("/contacts/{}", ids[3])), "what was deleted again stays so");
    assert_eq!(admin.get(&format!("/bulk-actions/{}/results?outcome=blocked", id(&action))).expect(200), before);
    invariants::hold(&mut server.database.connect());
}

#[test]
fn of_two_undos_at_the_same_instant_one_wins() {
    let server = TestServer::start();
    let admin = server.admin();
    for _ in 0..5 {
        let ids = contacts(&admin, &["a", "b"]);
        let action = delete_ids(&admin, "contact", &ids);
        let path = format!("/bulk-actions/{}/undo", id(&action));
        let (mut holder, mut observer) = (server.database.connect(), server.database.connect());
        let lock = format!("BEGIN; SELECT FROM bulk_actions WHERE id = '{}' FOR UPDATE", id(&action));
        holder.batch_execute(&lock).unwrap();
        let mut answers = thread::scope(|scope| {
            let calls = [(); 2].map(|()| scope.spawn(|| server.admin().call(&path)));
            assert!(wait_until(|| waiting(&mut observer) == 2));
            holder.batch_execute("ROLLBACK").unwrap();
            calls.map(|call| call.join().unwrap())
        });
        answers.sort_by_key(|answer| answer.status);
        let [won, lost] = answers;
        let location = won.header("location").unwrap().to_owned();
        assert_eq!(lost.header("location"), Some(location.as_str()));
        lost.refused("already-undone");
        assert_eq!(ended(&admin, &won.expect(202))["counts"]["restored"], 2);
    }
}

/// The undo has taken the record out of the bin and not yet committed: a purge waits, and then finds nothing to purge.
#[test]
fn a_purge_that_comes_after_an_undo_finds_the_record_live() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b"]);
    let action = delete_ids(&admin, "contact", &ids);
    admin.delete(&format!("/recycle-bin/{}", ids[1])).expect(204);
    let (mut holder, mut observer) = (server.database.connect(), server.database.connect());
    // The purged one is an exception, and its row has to wait.
    holder.batch_execute("BEGIN; LOCK TABLE bulk_action_exceptions IN EXCLUSIVE MODE").unwrap();
    let undo = admin.call(&format!("/bulk-actions/{}/undo", id(&action))).expect(202);
    assert!(wait_until(|| waiting(&mut observer) == 1));
    thread::scope(|scope| {
        let purge = scope.spawn(|| server.admin().delete(&format!("/recycle-bin/{}", ids[0])));
        assert!(wait_until(|| waiting(&mut observer) == 2));
        holder.batch_execute("ROLLBACK").unwrap();
        purge.join().unwrap().refused("not-found");
    });
    let counts = ended(&admin, &undo)["counts"].clone();
    assert_eq!((&counts["restored"], &counts["gone"]), (&json!(1), &json!(1)));
    assert!(is_live(&admin, &format!("/contacts/{}", ids[0])));
}

/// The purge holds the record: the undo waits, and then says that it is gone.
#[test]
fn an_undo_that_comes_after_a_purge_finds_nothing() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["a", "b"]);
    let action = delete_ids(&admin, "contact", &ids);
    let (mut holder, mut observer) = (server.database.connect(), server.database.connect());
    holder.batch_execute("BEGIN; LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE").unwrap();
    let counts: Value = thread::scope(|scope| {
        let purge = scope.spawn(|| server.admin().delete(&format!("/recycle-bin/{}", ids[0])));
        assert!(wait_until(|| waiting(&mut observer) == 1));
        let undo = admin.call(&format!("/bulk-actions/{}/undo", id(&action))).expect(202);
        assert!(wait_until(|| waiting(&mut observer) == 2));
        holder.batch_execute("ROLLBACK").unwrap();
        purge.join().unwrap().expect(204);
        ended(&admin, &undo)["counts"].clone()
    });
    assert_eq!((&counts["restored"], &counts["gone"]), (&json!(1), &json!(1)));
    admin.get(&format!("/contacts/{}", ids[0])).refused("not-found");
    assert!(is_live(&admin, &format!("/contacts/{}", ids[1])));
}

/// What one chunk deleted comes back by one chunk: its fingerprints go as a whole. One that deleted nothing has none.
#[test]
fn an_undo_and_an_execution_keep_the_borders_of_the_chunks() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    many_records::contacts(&admin, &mut sql, 5_500);
    let account = text(&mut sql, "SELECT DISTINCT account_id::text AS line FROM contacts");
    many_records::deals_for_every(&admin, &mut sql, &account, 7);
    let all =
        json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"}, "dry_run": true});
    let rehearsal = ended(&admin, &admin.post("/bulk-actions", all).expect(202));
    sql.batch_execute(
        "DELETE FROM contacts USING bulk_action_chunks WHERE number = 1 AND contacts.id = ANY(ids) \
         AND NOT EXISTS (SELECT FROM deals WHERE customer_contact_id = contacts.id)",
    )
    .unwrap();
    let verb = |action: &Value, verb: &str| {
        ended(&admin, &admin.call(&format!("/bulk-actions/{}/{verb}", id(action))).expect(202))
    };
    let deletion = verb(&rehearsal, "execute");
    let undo = verb(&deletion, "undo");
    assert_eq!(undo["counts"]["restored"], deletion["counts"]["deleted"]);
    let mut chunks = |action: &Value, which: &str| {
        let of_action = format!(
            "SELECT ids::text AS line FROM (SELECT number, array_agg(id ORDER BY id) AS ids FROM bulk_action_chunks AS c, \
             unnest(ids) AS id WHERE c.action_id = '{}' AND {which} GROUP BY number) AS chunk ORDER BY number",
            id(action)
        );
        lines(&mut sql, &of_action)
    };
    assert_eq!(chunks(&rehearsal, "true"), chunks(&deletion, "true"));
    let excepted = "(c.action_id, id) IN (SELECT action_id, record_id FROM bulk_action_exceptions)";
    let deleted = chunks(&deletion, &format!("NOT {excepted}"));
    assert_eq!((deleted.len(), deleted), (2, chunks(&undo, "number IN (0, 1)")));
    invariants::hold(&mut sql);
}
