//! Four eyes: large deletions wait for another admin.

mod crash;
mod decisions;
mod mails;
mod races;

use diesel::prelude::*;
use serde_json::{Value, json};

use super::bulk_delete::{contacts, ended};
use super::harness::{Claims, Client, TestServer};
use super::many_records::{count, shift_clock, wait_until};

/// An admin of the test's account with this user id, `USER@example.com`.
pub fn admin_named(user: &str) -> Claims {
    Claims::admin()
        .with("sub", user)
        .with("email", format!("{user}@example.com"))
        .with("name", format!("{user} the admin"))
}

/// A delete of two contacts by the admin bob, where more than one needs an approval.
pub fn waiting_delete(server: &TestServer) -> Value {
    let bob = server.client(&admin_named("bob"));
    bob.patch("/settings", json!({"approval_above": 1})).expect(200);
    let ids = contacts(&bob, &["a", "b"]);
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}});
    let action = bob.post("/bulk-actions", body).expect(202);
    assert_eq!(action["status"], "awaiting_approval");
    action
}

/// An account in which ann asks, and bob and carla can decide.
struct Office {
    server: TestServer,
    ann: Client,
    bob: Client,
    carla: Client,
}

impl Office {
    fn new() -> Self {
        Self::on(TestServer::start())
    }

    fn on(server: TestServer) -> Self {
        let [ann, bob, carla] = ["ann", "bob", "carla"].map(|user| server.client(&admin_named(user)));
        ann.patch("/settings", json!({"approval_above": 2})).expect(200);
        Self { server, ann, bob, carla }
    }

    fn ask(&self, ids: &[String], members: Value) -> Value {
        ask(&self.ann, ids, members)
    }

    /// Three new contacts, and ann's request to delete them, which waits.
    fn waiting(&self) -> (Vec<String>, Value) {
        let ids = contacts(&self.ann, &["a", "b", "c"]);
        let action = self.ask(&ids, json!({}));
        assert_eq!(action["status"], "awaiting_approval", "{action}");
        (ids, action)
    }

    fn look(&self, action: &Value) -> Value {
        self.ann.get(&path(action, "")).expect(200)
    }

    fn live(&self) -> i64 {
        self.ann.get("/contacts?with_total=true").expect(200)["page"]["total"].as_i64().unwrap()
    }

    fn sql(&self) -> PgConnection {
        self.server.sql()
    }
}

fn ask(client: &Client, ids: &[String], members: Value) -> Value {
    let mut body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    client.post("/bulk-actions", body).expect(202)
}

fn path(action: &Value, verb: &str) -> String {
    format!("/bulk-actions/{}{verb}", action["id"].as_str().unwrap())
}

/// Chunks of the action in this state.
fn chunks(sql: &mut PgConnection, action: &Value, state: &str) -> i64 {
    let id = action["id"].as_str().unwrap();
    count(sql, &format!("SELECT count(*) FROM bulk_action_chunks WHERE action_id = '{id}' AND state = '{state}'"))
}

/// The status as it is stored, whatever the clock says.
fn stored_status(sql: &mut PgConnection, action: &Value) -> String {
    let id = action["id"].as_str().unwrap();
    super::many_records::text(sql, &format!("SELECT status FROM bulk_actions WHERE id = '{id}'"))
}

/// Waits until these admins are known to the account.
fn known(sql: &mut PgConnection, users: i64) {
    assert!(wait_until(|| count(sql, "SELECT count(*) FROM known_admins") == users), "{users} admins are known");
}
