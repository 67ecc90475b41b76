//! Watching bulk actions: streams of events, polling, `sweep watch`.

mod command;
mod listeners;
mod nodes;
mod polling;
mod stream;
mod tls;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::harness::{Client, Event};
use super::many_records::{self, text, wait_until};

fn id(action: &Value) -> String {
    action["id"].as_str().unwrap().to_owned()
}

/// An action that stands still after the first of its three chunks, until the lock is given back.
struct Standing {
    id: String,
    holder: PgConnection,
}

impl Standing {
    /// The service may have one worker only.
    fn new(admin: &Client, sql: &mut PgConnection, mut holder: PgConnection, members: Value) -> Self {
        many_records::contacts(admin, sql, 6_000);
        let held = text(sql, "SELECT id::text AS line FROM contacts ORDER BY id OFFSET 2500 LIMIT 1");
        holder.batch_execute(&format!("BEGIN; SELECT FROM contacts WHERE id = '{held}' FOR UPDATE")).unwrap();
        let mut body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"}});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let id = id(&admin.post("/bulk-actions", body).expect(202));
        let path = format!("/bulk-actions/{id}");
        assert!(wait_until(|| admin.get(&path).expect(200)["counts"]["processed"] == 2000));
        Self { id, holder }
    }

    fn go_on(&mut self) {
        self.holder.batch_execute("ROLLBACK").unwrap();
    }
}

/// An action on one record that nobody works on, as if its node stood still: the row is changed by SQL.
struct Stuck(String);

impl Stuck {
    fn new(admin: &Client, sql: &mut PgConnection) -> Self {
        let contact = super::bulk_delete::contacts(admin, &["a"]);
        let ended = super::bulk_delete::delete_ids(admin, "contact", &contact);
        let stuck = Self(id(&ended));
        stuck.set(sql, "status = 'running', finished_at = NULL, chunks_done = 1, chunks_total = 9, succeeded = 0");
        stuck
    }

    fn set(&self, sql: &mut PgConnection, columns: &str) {
        sql.batch_execute(&format!("UPDATE bulk_actions SET {columns} WHERE id = '{}'", self.0)).unwrap();
    }
}

/// Ids count up, every event but the last is progress, and the last is `name`.
#[track_caller]
fn ends_once_as(events: &[Event], name: &str) {
    assert!(events.is_sorted_by(|a, b| a.id < b.id), "{events:?}");
    let (last, before) = events.split_last().expect("events");
    assert_eq!((last.name.as_str(), &last.data["status"]), (name, &json!(name)));
    assert!(before.iter().all(|event| event.name == "progress"), "{events:?}");
}
