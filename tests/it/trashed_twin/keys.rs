//! The fingerprints themselves: made for what lay in the bin before there were any, and read without reading the bin.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{binned, contact, emails, found, twin_of};
use crate::bulk_delete::ended;
use crate::harness::TestServer;
use crate::invariants;
use crate::many_records::{self, count};

const MIGRATION: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/2026-11-24-160000_binned_keys/up.sql"));

#[test]
fn what_lay_in_the_bin_before_gets_its_keys_by_the_migration() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.sql();
    many_records::contacts(&admin, &mut connection, 2_010);
    many_records::companies(&admin, &mut connection, 3);
    for entity in ["contact", "company"] {
        let segment = if entity == "contact" { "all-contacts" } else { "all-companies" };
        let body = json!({"action": "delete", "entity": entity, "target": {"segment_id": segment}});
        ended(&admin, &admin.post("/bulk-actions", body).expect(202));
    }
    let all = json!({"external_id": "E-1", "vat_number": "V-1",
        "emails": emails(&["a@x.example", "b@x.example", "c@x.example"])["emails"]});
    let twin = binned(&admin, "/contacts", contact(all));
    let (_, fill) = MIGRATION.split_once("-- What lies in the bin already.").unwrap();
    connection.batch_execute(&format!("DELETE FROM binned_keys; {fill}")).unwrap();
    invariants::hold(&mut connection);
    assert_eq!(count(&mut connection, "SELECT max(records)::bigint FROM binned_keys"), 2_000);
    assert_eq!(twin_of(&admin, "/contacts", contact(emails(&["C@x.example"]))), found(&twin, "email"));
}

/// How many rows of contacts have been read until now, by whatever plan. A session's count shows when it ends.
fn rows_read(server: &TestServer) -> i64 {
    let mut connection = server.sql();
    let sessions = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    connection.batch_execute(&format!("SELECT pg_terminate_backend(pid, 100000) {sessions}")).unwrap();
    count(
        &mut connection,
        "SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables WHERE relname = 'contacts'",
    )
}

/// Straight after a bulk delete the statistics say that nothing lies in the bin.
#[test]
fn the_bin_is_not_read_for_a_twin_when_the_statistics_do_not_know_of_it() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.sql();
    connection.batch_execute("ALTER TABLE contacts SET (autovacuum_enabled = false)").unwrap();
    let twin = contact(json!({"external_id": "E-1", "emails": emails(&["twin@x.example"])["emails"]}));
    admin.post("/contacts", twin).expect(201);
    many_records::contacts(&admin, &mut connection, 12_000);
    connection.batch_execute("ANALYZE contacts; ANALYZE binned_keys").unwrap();
    // In the bin, by hand in six sets, behind the back of the service, which would refresh the statistics.
    connection
        .batch_execute(
            "UPDATE contacts SET deleted_at = transaction_timestamp(), purge_at = transaction_timestamp() + interval '1 day', \
             deletion_id = '0193a000-0000-7000-8000-00000000de1e';
             INSERT INTO binned_keys SELECT account_id, 'contact', deletion_id, (array_agg(id ORDER BY id))[1], \
             (array_agg(id ORDER BY id DESC))[1], count(*), array_remove(array_agg(hashtext(external_id)), NULL), '{}', \
             array_remove(array_agg(hashtext(email_keys[1])), NULL) \
             FROM (SELECT *, row_number() OVER (ORDER BY id) / 2000 AS part FROM contacts) AS c \
             GROUP BY account_id, deletion_id, part",
        )
        .unwrap();
    let before = rows_read(&server);
    assert_eq!(twin_of(&admin, "/contacts", contact(emails(&["nobody@x.example"]))), None);
    let without = rows_read(&server);
    assert!(without - before < 100, "{} rows read for no twin", without - before);
    let twin = twin_of(&admin, "/contacts", contact(emails(&["TWIN@x.example"])));
    assert_eq!(twin.map(|(_, matched_on)| matched_on).as_deref(), Some("email"));
    let with = rows_read(&server);
    assert!((1..2_100).contains(&(with - without)), "{} rows read for one twin", with - without);
    let rows: Vec<String> = (0..900).map(|n| format!("Name,nobody{n}@x.example")).collect();
    let file = format!("last_name,email\n{}\nName,twin@x.example\n", rows.join("\n"));
    let report = admin.csv("/contacts/import", file).expect(200);
    assert_eq!(report["trashed_twins"], 1);
    let imported = rows_read(&server) - with;
    assert!((1..2_100).contains(&imported), "{imported} rows read for an import");
}
