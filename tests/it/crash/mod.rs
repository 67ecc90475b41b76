//! The real program, killed in the middle of a bulk delete: what is there afterwards is whole, and the next start
//! completes the rest.

mod failing;
mod instants;
mod kinds;
pub mod node;
mod nodes;
mod purging;
mod steps;

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use self::node::Node;
use super::harness::{Claims, Client, TestDatabase};
use super::invariants;
use super::many_records::{self, count, text, wait_until};

/// Three chunks, the last one smaller.
const CONTACTS: usize = 4_400;
/// Every so many contacts one is kept by a deal.
const BLOCKED_EVERY: usize = 11;

/// An account of its own with some thousands of contacts, of which some are linked to a deal.
struct Case {
    account: String,
    token: String,
    blocked: i64,
}

impl Case {
    fn prepare(node: &Node, connection: &mut PgConnection) -> Self {
        let account = Uuid::now_v7().to_string();
        let token = Claims::admin().with("account_id", account.clone()).token();
        let client = node.client(&token);
        many_records::contacts(&client, connection, CONTACTS);
        let blocked = many_records::deals_for_every(&client, connection, &account, BLOCKED_EVERY);
        connection.batch_execute("ANALYZE contacts, deals").unwrap();
        Self { account, token, blocked }
    }

    fn client(&self, node: &Node) -> Client {
        node.client(&self.token)
    }

    /// Starts deleting all contacts; gives the action's id.
    fn delete_all(&self, node: &Node) -> String {
        let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": "all-contacts"},
            "expected_count": CONTACTS});
        self.client(node).post("/bulk-actions", body).expect(202)["id"].as_str().unwrap().to_owned()
    }

    /// The action completes on `node`, with the right counts, every blocked contact still there, and one mail.
    #[track_caller]
    fn completes(&self, node: &Node, connection: &mut PgConnection, action: &str, mail_folders: &[&Node]) {
        let path = format!("/bulk-actions/{action}");
        let client = self.client(node);
        let ended = wait_until(|| client.get(&path).expect(200)["status"] == "completed");
        let action_now = client.get(&path).expect(200);
        assert!(ended, "{action_now}\n{}", node.log());
        let counts = &action_now["counts"];
        let deleted = i64::try_from(CONTACTS).unwrap() - self.blocked;
        assert_eq!((&counts["deleted"], &counts["blocked"]), (&json!(deleted), &json!(self.blocked)), "{action_now}");
        nothing_is_half_done(connection, action);
        assert_eq!(
            count(
                connection,
                &format!(
                    "SELECT count(*) FROM contacts AS c WHERE account_id = '{}' AND deleted_at IS NULL \
                     AND EXISTS (SELECT FROM deals AS d WHERE d.customer_contact_id = c.id)",
                    self.account
                ),
            ),
            self.blocked
        );
        let sent = format!("SELECT count(*) FROM outbox WHERE action_id = '{action}' AND status = 'sent'");
        let since = Instant::now();
        wait_until(|| count(connection, &sent) == 1 || since.elapsed() > Duration::from_secs(5));
        if count(connection, &sent) == 0 {
            // Its sender was killed while it had the mail: the lease has to lapse.
            many_records::shift_clock(connection, "61 seconds");
            assert!(wait_until(|| count(connection, &sent) == 1), "{}", node.log());
        }
        let mails = mail_folders.iter().map(|node| node.mails_about(action)).sum::<usize>();
        assert_eq!(mails, 1);
    }
}

/// The tables, not the service, say that every record is either as it was or done with, as the counts tell.
#[track_caller]
fn nothing_is_half_done(connection: &mut PgConnection, action: &str) {
    invariants::hold(connection);
    let facts = text(
        connection,
        &format!(
            "SELECT jsonb_build_object( \
             'matched', matched, 'processed', succeeded + blocked + gone, \
             'binned', (SELECT count(*) FROM contacts AS c WHERE c.account_id = a.account_id AND c.deletion_id = a.id), \
             'live', (SELECT count(*) FROM contacts AS c WHERE c.account_id = a.account_id AND c.deleted_at IS NULL), \
             'succeeded', succeeded, 'gone', gone, \
             'kept', (SELECT count(*) FROM bulk_action_exceptions AS e WHERE e.action_id = a.id), 'blocked', blocked, \
             'bumped', (SELECT count(*) FROM contacts AS c WHERE c.account_id = a.account_id AND c.version = 2), \
             'mails', (SELECT count(*) FROM outbox AS o WHERE o.action_id = a.id), \
             'ended', finished_at IS NOT NULL) FROM bulk_actions AS a WHERE id = '{action}'"
        ),
    );
    let facts: Value = serde_json::from_str(&facts).unwrap();
    let number = |name: &str| facts[name].as_i64().unwrap();
    let contacts = i64::try_from(CONTACTS).unwrap();
    assert_eq!(number("matched"), contacts, "{facts}");
    assert_eq!((number("binned"), number("bumped")), (number("succeeded"), number("succeeded")), "{facts}");
    assert_eq!(number("live"), contacts - number("succeeded"), "{facts}");
    assert_eq!((number("kept"), number("gone")), (number("blocked"), 0), "{facts}");
    assert_eq!(number("mails"), i64::from(facts["ended"] == true), "{facts}");
}

/// Waits until nothing of a killed program is left at the database, so that all its locks are free.
fn all_sessions_gone(connection: &mut PgConnection) -> bool {
    wait_until(|| {
        count(
            connection,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sweep'",
        ) == 0
    })
}

fn database() -> (TestDatabase, PgConnection) {
    let database = TestDatabase::create();
    let connection = database.connect();
    (database, connection)
}
