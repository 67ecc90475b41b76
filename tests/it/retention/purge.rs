//! The purge: what goes along, what stays, and that nothing is forgotten.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::bulk_delete::{contacts, delete_ids, ended};
use super::super::harness::{Client, TestServer};
use super::super::invariants;
use super::super::many_records::{self, count, lines, shift_clock, wait_until, waiting};

fn create(client: &Client, path: &str, body: Value) -> String {
    client.post(path, body).expect(201)["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_due_goes_with_its_deals_and_links_and_empties_its_tickets() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.database.connect();
    let [person, bystander] = <[String; 2]>::try_from(contacts(&admin, &["person", "bystander"])).unwrap();
    let company = create(&admin, "/companies", json!({"name": "Employer"}));
    let reference = |id: &String| json!({"type": "contact", "id": id});
    admin.put(&format!("/contacts/{person}/companies/{company}"), json!({"position": "CFO"})).expect(200);
    admin.put(&format!("/contacts/{bystander}/companies/{company}"), json!({"position": "CEO"})).expect(200);
    let own = create(&admin, "/deals", json!({"title": "own", "customer": reference(&person)}));
    let contacted = create(
        &admin,
        "/deals",
        json!({"title": "other", "customer": reference(&bystander), "contact_person": reference(&person)}),
    );
    let ticket =
        create(&admin, "/tickets", json!({"subject": "s", "description": "d", "customer": reference(&person)}));
    let other_ticket = create(&admin, "/tickets", json!({"subject": "s", "customer": reference(&bystander)}));
    for deal in [&own, &contacted] {
        admin.delete(&format!("/deals/{deal}")).expect(204);
    }
    // The deals have longer than their contact.
    admin.patch("/settings", json!({"retention_days": 2})).expect(200);
    delete_ids(&admin, "contact", std::slice::from_ref(&person));
    shift_clock(&mut connection, "2 days");
    assert!(wait_until(|| count(&mut connection, "SELECT count(*) FROM deletions") == 2), "the reconciler purges");

    assert_eq!(lines(&mut connection, "SELECT id::text AS line FROM contacts"), std::slice::from_ref(&bystander));
    assert_eq!(lines(&mut connection, "SELECT id::text AS line FROM deals"), std::slice::from_ref(&contacted));
    assert_eq!(
        lines(&mut connection, "SELECT contact_id::text AS line FROM contact_companies"),
        std::slice::from_ref(&bystander)
    );
    let emptied = admin.get(&format!("/tickets/{ticket}")).expect(200);
    assert_eq!(
        (&emptied["subject"], &emptied["description"], &emptied["customer"]),
        (&json!(""), &Value::Null, &Value::Null)
    );
    assert!(emptied["anonymised_at"].is_string());
    assert_eq!(admin.get(&format!("/tickets/{other_ticket}")).expect(200)["anonymised_at"], Value::Null);
    let restored = admin.call(&format!("/recycle-bin/{contacted}/restore")).expect(200);
    assert_eq!((&restored["contact_person"], &restored["customer"]["id"]), (&Value::Null, &json!(bystander)));
    invariants::hold(&mut connection);
}

#[test]
fn a_purged_company_takes_its_deals_and_links_along_at_an_admins_word() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.database.connect();
    let contact = contacts(&admin, &["employee"]).remove(0);
    let company = create(&admin, "/companies", json!({"name": "Employer"}));
    admin.put(&format!("/contacts/{contact}/companies/{company}"), json!({"position": "CFO"})).expect(200);
    let deal = create(&admin, "/deals", json!({"title": "own", "customer": {"type": "company", "id": company}}));
    admin.delete(&format!("/deals/{deal}")).expect(204);
    admin.delete(&format!("/companies/{company}")).expect(204);
    server.member().delete(&format!("/recycle-bin/{company}")).refused("admin-only");
    server.stranger().delete(&format!("/recycle-bin/{company}")).refused("not-found");
    admin.delete(&format!("/recycle-bin/{company}")).expect(204);
    admin.delete(&format!("/recycle-bin/{contact}")).refused("not-found");
    admin.get(&format!("/recycle-bin/{deal}")).refused("not-found");
    let left = "SELECT (SELECT count(*) FROM companies) + (SELECT count(*) FROM deals) + \
                (SELECT count(*) FROM contact_companies)";
    assert_eq!(count(&mut connection, left), 0);
    assert_eq!(admin.get(&format!("/contacts/{contact}")).expect(200)["companies"], json!([]));
}

/// The first chunk's records are due while the second one still runs, uncommitted: when it has ended, its records are
/// purged too, and not forgotten with the deletion.
#[test]
fn a_purge_in_the_middle_of_a_bulk_delete_forgets_nothing() {
    let server = TestServer::start();
    let admin = server.admin();
    let (mut holder, mut connection) = (server.database.connect(), server.database.connect());
    many_records::contacts(&admin, &mut connection, 2_010);
    admin.patch("/settings", json!({"retention_days": 1})).expect(200);
    let in_order = "SELECT id::text AS line FROM contacts ORDER BY id";
    // An id that names nothing comes last; its row has to wait when the second chunk has stamped its records.
    let ids = [lines(&mut connection, in_order), vec![Uuid::max().to_string()]].concat();
    let mut delay = server.database.connect();
    delay.batch_execute(&format!("BEGIN; SELECT FROM contacts WHERE id = '{}' FOR UPDATE", ids[2_009])).unwrap();
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}});
    let action = admin.post("/bulk-actions", body).expect(202);
    let done = "SELECT chunks_done::bigint FROM bulk_actions";
    assert!(wait_until(|| count(&mut connection, done) == 1 && waiting(&mut connection) == 1));
    holder.batch_execute("BEGIN; LOCK TABLE bulk_action_exceptions IN EXCLUSIVE MODE").unwrap();
    delay.batch_execute("ROLLBACK").unwrap();
    let writes = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO \"bulk_action_exceptions\"%'";
    assert!(wait_until(|| count(&mut connection, writes) == 1));
    shift_clock(&mut connection, "25 hours");
    let settled = "SELECT count(*) FROM deletions WHERE first_purge_at > \
                   transaction_timestamp() + (SELECT shift FROM clock_shift) OR first_purge_at IS NULL";
    assert!(wait_until(|| count(&mut connection, settled) == 1), "the first chunk is purged");
    holder.batch_execute("ROLLBACK").unwrap();
    assert_eq!(ended(&admin, &action)["counts"]["deleted"], 2_010);
    shift_clock(&mut connection, "2 hours");
    let left = "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM deletions)";
    assert!(wait_until(|| count(&mut connection, left) == 0), "the second chunk is purged");
}
