//! What writes: bulk actions from their freeze to their end, undo, single deletes, links, imports, and the loops that look for
//! work that is due.

use std::fmt::Write as _;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::guard::{CHUNK, FEW, Guard, PAGE, WHOLE, unexplained};
use crate::bulk_delete::ended;
use crate::many_records::{count, wait_until};

pub fn all(guard: &mut Guard) {
    single_writes(guard);
    imports(guard);
    guard.wait_for("FROM \"outbox\"", "outbox", PAGE);
    guard.wait_for("UPDATE bulk_actions SET target", "bulk_actions", PAGE);
    let tag = |number: i32| rules("tags", "has_any", json!([format!("tag {number}")]));
    let status = |guard: &Guard, action: &str| run(guard, action, tag(5), json!({}));
    guard.watch("deactivate", "contacts", CHUNK, |guard| status(guard, "deactivate"));
    guard.watch("reactivate", "contacts", CHUNK, |guard| status(guard, "reactivate"));
    let tags = json!({"tags": ["New"]});
    guard.watch("add_tags", "contacts", CHUNK, |guard| run(guard, "add_tags", tag(6), tags.clone()));
    guard.watch("remove_tags", "contacts", CHUNK, |guard| run(guard, "remove_tags", tag(6), tags));
    deletes(guard);
    restore_from_the_bin(guard);
    dense_delete(guard);
}

fn rules(field: &str, operator: &str, value: Value) -> Value {
    json!({"match": "all", "rules": [{"field": field, "operator": operator, "value": value}]})
}

/// A bulk action over contacts, to its end, with somebody who watches it.
fn run(guard: &Guard, action: &str, target: Value, rest: Value) -> Value {
    let mut body = json!({"action": action, "entity": "contact", "target": target});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    let action = guard.admin.post("/bulk-actions", body).expect(202);
    to_the_end(guard, &action)
}

fn to_the_end(guard: &Guard, action: &Value) -> Value {
    guard.server.listen(action["id"].as_str().unwrap(), "").rest();
    let action = ended(&guard.admin, action);
    assert_eq!(action["status"], "completed", "{action}");
    action
}

fn path(action: &Value, rest: &str) -> String {
    format!("/bulk-actions/{}{rest}", action["id"].as_str().unwrap())
}

/// Some 3,300 contacts that lie on all pages of the table, in two chunks.
fn deletes(guard: &mut Guard) {
    let target = rules("tags", "has_any", json!(["tag 7"]));
    let rehearsal = guard
        .watch("a dry run", "deals", CHUNK, |guard| run(guard, "delete", target.clone(), json!({"dry_run": true})));
    assert!(rehearsal["counts"]["blocked"].as_i64().unwrap() > 300, "{rehearsal}");
    let deletion = guard.watch("a bulk delete", "deals", CHUNK, |guard| {
        to_the_end(guard, &guard.admin.call(&path(&rehearsal, "/execute")).expect(202))
    });
    assert!(deletion["counts"]["deleted"].as_i64().unwrap() > 2_000, "{deletion}");
    for filter in ["", "&outcome=deleted", "&outcome=not_processed"] {
        guard.once(&path(&deletion, &format!("/results?limit=50{filter}")), "bulk_action_chunks", CHUNK);
    }
    guard.once(&path(&deletion, "/results?limit=50&outcome=blocked"), "bulk_action_exceptions", CHUNK);
    guard.watch("an undo", "bulk_action_chunks", CHUNK, |guard| {
        to_the_end(guard, &guard.admin.call(&path(&deletion, "/undo")).expect(202))
    });
    // Statistics that know nothing of it yet must not mislead either.
    let deletion =
        guard.watch("the same delete again", "deals", CHUNK, |guard| run(guard, "delete", target, json!({})));
    let (id, count) = (&deletion["id"], &deletion["counts"]["deleted"]);
    let some = json!({"deletion_id": id});
    guard.watch("a dry run of a restore", "contacts", CHUNK, |guard| {
        run(guard, "restore", some.clone(), json!({"dry_run": true}))
    });
    guard.watch("a purge", "contacts", CHUNK, |guard| run(guard, "purge", some, json!({"expected_count": count})));
}

/// Some 10,000 contacts by a filter of the bin, for which twins are looked for in all of it.
fn restore_from_the_bin(guard: &mut Guard) {
    let target = json!({"bin": {"deleted_by": "user-2"}});
    guard.watch("a restore by a filter", "contacts", WHOLE / 2, |guard| {
        let action = run(guard, "restore", target, json!({"dry_run": true}));
        assert!(action["counts"]["restored"].as_i64().unwrap() > 5_000, "{action}");
    });
}

/// Some 2,000 contacts that lie side by side, and upkeep when their time is over.
fn dense_delete(guard: &mut Guard) {
    let day = guard.column("contacts", "P-9000", "added_at")[..10].to_owned();
    let target = rules("added_at", "before", json!(day));
    let deletion = guard.watch("a dense delete", "contacts", CHUNK, |guard| run(guard, "delete", target, json!({})));
    assert!(deletion["counts"]["deleted"].as_i64().unwrap() > 500, "{deletion}");
    let of_it = format!("deletion_id = '{}'", deletion["id"].as_str().unwrap());
    let due = format!(
        "UPDATE contacts SET purge_at = now() WHERE {of_it}; \
         UPDATE deletions SET first_purge_at = now() WHERE id = '{}'",
        deletion["id"].as_str().unwrap()
    );
    guard.wait_after(
        |guard| unexplained(&guard.server).batch_execute(&due).unwrap(),
        "DELETE FROM \"deletions\"",
        "contacts",
        CHUNK,
    );
    // The statement has run; its transaction may end a moment later.
    let left = format!("SELECT count(*) FROM contacts WHERE {of_it}");
    assert!(wait_until(|| count(&mut guard.sql, &left) == 0));
}

fn single_writes(guard: &mut Guard) {
    let (person, other) = (guard.column("contacts", "P-40", "id"), guard.column("contacts", "P-43", "id"));
    let company = guard.column("companies", "C-1", "id");
    guard.watch("a new deal, and links", "contacts", PAGE, |guard| {
        for _ in 0..7 {
            let reference = json!({"type": "contact", "id": person});
            let deal = guard.admin.post("/deals", json!({"title": "New", "customer": reference})).expect(201);
            guard
                .admin
                .patch(&format!("/deals/{}", deal["id"].as_str().unwrap()), json!({"title": "Newer"}))
                .expect(200);
            let link = guard.admin.put(&format!("/contacts/{other}/companies/{company}"), json!({}));
            assert!(link.status < 300, "{}", link.text());
            guard.admin.patch(&format!("/contacts/{other}"), json!({"first_name": "Newer"})).expect(200);
        }
    });
    guard.watch("a single delete, restore and purge", "contacts", PAGE, |guard| {
        for _ in 0..7 {
            let contact = guard.admin.post("/contacts", json!({"last_name": "Short"})).expect(201);
            let id = contact["id"].as_str().unwrap();
            guard.admin.delete(&format!("/contacts/{id}")).expect(204);
            guard.admin.call(&format!("/recycle-bin/{id}/restore")).expect(200);
            guard.admin.delete(&format!("/contacts/{id}")).expect(204);
            guard.admin.delete(&format!("/recycle-bin/{id}")).expect(204);
        }
    });
}

/// Half of the rows are known.
fn imports(guard: &mut Guard) {
    let (mut contacts, mut deals) = (
        "external_id,last_name,company_external_id\n".to_owned(),
        "external_id,title,customer_type,customer_external_id\n".to_owned(),
    );
    for row in 0..600 {
        let _ = writeln!(contacts, "P-{},Imported,C-{}", 199_700 + row, 1 + row * 3);
        let _ = writeln!(deals, "D-{},Imported,contact,P-{}", 19_700 + row, 1 + row * 3);
    }
    // A hundred of the rows have twins in the bin, in each of its deletions: all of those are read.
    guard.watch("an import of contacts", "contacts", WHOLE / 2, |guard| {
        guard.admin.csv("/contacts/import", contacts).expect(200)
    });
    guard.watch("an import of deals", "deals", FEW, |guard| guard.admin.csv("/deals/import", deals).expect(200));
}
