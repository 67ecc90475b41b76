//! Polling: an entity tag that changes with anything that is shown, and 304 until then.

use serde_json::json;

use super::{Standing, Stuck};
use crate::bulk_delete::ended;
use crate::harness::{Answer, TestServer};

#[test]
fn while_nothing_changes_the_answer_is_304_and_says_when_to_come_again() {
    let server = TestServer::start_with(|settings| settings.workers = 1);
    let admin = server.admin();
    let mut action = Standing::new(&admin, &mut server.sql(), server.sql(), json!({}));
    let path = format!("/bulk-actions/{}", action.id);
    let poll = |known: &str| admin.send("GET", &path, &[("if-none-match", known)], Vec::new());
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    let first = admin.get(&path);
    let running = tag(&first);
    assert!(running.starts_with("W/\""));
    let unchanged = poll(&running);
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!((unchanged.header("retry-after"), unchanged.header("etag")), (Some("1"), Some(running.as_str())));
    action.go_on();
    ended(&admin, &json!({"id": action.id}));
    let changed = poll(&running);
    assert_ne!(tag(&changed), running);
    let completed = poll(&tag(&changed));
    assert_eq!((completed.status, completed.header("retry-after")), (304, None));
    assert_eq!(changed.expect(200)["status"], "completed");
}

/// What a member and an admin are shown differs: so do their tags.
#[test]
fn the_tag_covers_everything_that_is_shown() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    let action = Stuck::new(&admin, &mut sql);
    let path = format!("/bulk-actions/{}", action.0);
    let mut tags = vec![admin.get(&path).header("etag").unwrap().to_owned()];
    for columns in ["chunks_done = 2, succeeded = 1", "reason = 'another'", "status = 'failed'", "failure = 'why'"] {
        action.set(&mut sql, columns);
        tags.push(admin.get(&path).header("etag").unwrap().to_owned());
    }
    // The mail: not a column of the action.
    let outbox = format!(
        "INSERT INTO outbox (account_id, id, kind, action_id, status, attempts, next_attempt_at, created_at, sent_at) \
         SELECT account_id, id, 'report', id, 'sent', 1, created_at, created_at, created_at FROM bulk_actions \
         WHERE id = '{}'",
        action.0
    );
    diesel::RunQueryDsl::execute(diesel::sql_query(outbox), &mut sql).unwrap();
    tags.push(admin.get(&path).header("etag").unwrap().to_owned());
    assert_eq!(admin.get(&path).expect(200)["notification"]["status"], "sent");
    let count = tags.len();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), count);
}
