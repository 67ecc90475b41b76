//! Ten thousand records: every action in several chunks, stopped in the middle, and done to the end.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{act, ask, counts, path};
use crate::bulk_delete::ended;
use crate::harness::{Client, TestServer};
use crate::invariants;
use crate::many_records::{self, count, text, wait_until, waiting};

const MANY: i64 = 10_000;

/// Stops `action` while its second chunk waits for a record; gives how many records it had done.
fn cancelled(server: &TestServer, client: &Client, start: impl Fn() -> Value) -> i64 {
    let (mut sql, mut holder) = (server.sql(), server.sql());
    let held = text(&mut sql, "SELECT id::text AS line FROM contacts ORDER BY id OFFSET 2500 LIMIT 1");
    holder.batch_execute(&format!("BEGIN; SELECT FROM contacts WHERE id = '{held}' FOR UPDATE")).unwrap();
    let action = start();
    assert_eq!(counts(&action, &["matched", "not_processed"]), [MANY, MANY]);
    assert!(wait_until(|| waiting(&mut sql) > 0), "the second chunk waits");
    let stopped = client.call(&path(&action, "cancel")).expect(200);
    holder.batch_execute("ROLLBACK").unwrap();
    let unfinished = "SELECT count(*) FROM bulk_action_chunks WHERE state = 'pending'";
    assert!(wait_until(|| count(&mut sql, unfinished) == 0));
    assert_eq!(client.get(&format!("/bulk-actions/{}", super::id(&action))).expect(200), stopped);
    assert_eq!(stopped["status"], "cancelled");
    assert_eq!(counts(&stopped, &["processed", "not_processed"]), [2_000, MANY - 2_000]);
    2_000
}

/// The twins of 2,100 pairs lie in different chunks, and those that were deleted last come last.
#[test]
fn of_twins_in_different_chunks_the_one_deleted_last_comes_back() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    many_records::contacts(&admin, &mut sql, 2_100);
    sql.batch_execute(
        "UPDATE contacts AS c SET id = ('00000000-0000-7000-8000-' || lpad(n.n::text, 12, '0'))::uuid, \
         external_id = 'E-' || n.n \
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM contacts) AS n WHERE n.id = c.id",
    )
    .unwrap();
    // Copies with higher ids and the same external ids, deleted later.
    let columns = text(
        &mut sql,
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns \
         WHERE table_name = 'contacts' AND column_name <> 'id'",
    );
    let all = json!({"segment_id": "all-contacts"});
    let first = ended(&admin, &ask(&admin, "delete", "contact", &all, &json!({})));
    assert_eq!(counts(&first, &["deleted"]), [2_100]);
    sql.batch_execute(&format!(
        "INSERT INTO contacts (id, {columns}) SELECT ('f' || substr(id::text, 2))::uuid, {columns} FROM contacts"
    ))
    .unwrap();
    sql.batch_execute("UPDATE contacts SET deleted_at = deleted_at - interval '1 hour' WHERE id::text LIKE '0%'")
        .unwrap();

    let rehearsal = act(&admin, "restore", "contact", json!({"bin": {}}), json!({"dry_run": true}));
    let action = ended(&admin, &admin.call(&path(&rehearsal, "execute")).expect(202));
    for action in [&rehearsal, &action] {
        assert_eq!(counts(action, &["matched", "restored", "conflict"]), [4_200, 2_100, 2_100]);
    }
    let wrong = "SELECT count(*) FROM contacts WHERE (deleted_at IS NULL) = (id::text LIKE '0%')";
    assert_eq!(count(&mut sql, wrong), 0, "the ones deleted last are live");
    let with_twin =
        "SELECT count(*) FROM bulk_action_exceptions WHERE 'f' || substr(record_id::text, 2) = conflict_with::text";
    assert_eq!(count(&mut sql, with_twin), 4_200);
    let dropped = json!({"on_conflict": "drop_external_id"});
    assert_eq!(counts(&act(&admin, "restore", "contact", json!({"bin": {}}), dropped), &["restored"]), [2_100]);
    invariants::hold(&mut sql);
}

#[test]
fn every_action_on_ten_thousand_contacts() {
    let server = TestServer::start_with(|settings| settings.workers = 1);
    let (admin, member, mut sql) = (server.admin(), server.member(), server.sql());
    many_records::contacts(&admin, &mut sql, usize::try_from(MANY).unwrap());
    sql.batch_execute("ANALYZE contacts").unwrap();
    let all = json!({"segment_id": "all-contacts"});
    let of_tag = |tag: &str| member.get(&format!("/contacts?tags={tag}&with_total=true&limit=1")).expect(200);
    let tags = json!({"tags": ["News"]});
    let tagged = cancelled(&server, &member, || ask(&member, "add_tags", "contact", &all, &tags));
    assert_eq!(of_tag("news")["page"]["total"], tagged);
    let action = act(&member, "add_tags", "contact", all.clone(), tags.clone());
    assert_eq!(counts(&action, &["tagged", "unchanged"]), [MANY - tagged, tagged]);
    let action = act(&member, "remove_tags", "contact", all.clone(), json!({"tags": ["news", "copied"]}));
    assert_eq!((counts(&action, &["untagged"]), of_tag("copied")["page"]["total"].as_i64()), (vec![MANY], Some(0)));
    let short = "SELECT count(*) FROM contacts WHERE tags <> '{}' OR tag_keys <> '{}'";
    assert_eq!(count(&mut sql, short), 0);

    let deletion = ended(&admin, &ask(&admin, "delete", "contact", &all, &json!({})));
    assert_eq!(counts(&deletion, &["deleted"]), [MANY]);
    let binned = "SELECT count(*) FROM contacts WHERE deleted_at IS NOT NULL";
    let restored = cancelled(&server, &admin, || {
        ask(&admin, "restore", "contact", &json!({"deletion_id": deletion["id"]}), &json!({"expected_count": MANY}))
    });
    assert_eq!(count(&mut sql, binned), MANY - restored);
    let rest = act(&admin, "restore", "contact", json!({"bin": {"q": "copy"}}), json!({}));
    assert_eq!(counts(&rest, &["matched", "restored"]), [MANY - restored, MANY - restored]);
    let chunks = "SELECT count(*) FROM bulk_action_chunks WHERE action_id = ";
    assert_eq!(count(&mut sql, &format!("{chunks}'{}'", super::id(&rest))), 4);

    ended(&admin, &ask(&admin, "delete", "contact", &all, &json!({})));
    let sure = json!({"expected_count": MANY});
    let rehearsal =
        act(&admin, "purge", "contact", json!({"bin": {}}), json!({"expected_count": MANY, "dry_run": true}));
    assert_eq!((counts(&rehearsal, &["purged"]), count(&mut sql, binned)), (vec![MANY], MANY));
    let purged = cancelled(&server, &admin, || ask(&admin, "purge", "contact", &json!({"bin": {}}), &sure));
    assert_eq!(count(&mut sql, "SELECT count(*) FROM contacts"), MANY - purged);
    let execution = ended(&admin, &admin.call(&path(&rehearsal, "execute")).expect(202));
    assert_eq!(counts(&execution, &["purged", "gone"]), [MANY - purged, purged]);
    assert_eq!(count(&mut sql, "SELECT count(*) FROM contacts"), 0);
    invariants::hold(&mut sql);
}
