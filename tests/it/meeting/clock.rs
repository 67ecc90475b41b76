//! A request for an approval whose time is over has lapsed for everybody who looks, before upkeep writes it down.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::path;
use crate::approval::waiting_delete;
use crate::harness::TestServer;
use crate::many_records::{shift_clock, text};

#[test]
fn lists_streams_and_the_audit_log_know_that_it_has_lapsed() {
    let server = TestServer::start();
    let admin = server.admin();
    let action = waiting_delete(&server);
    let id = action["id"].as_str().unwrap();
    let mut before = server.listen(id, "");
    let first = before.next().unwrap();
    assert_eq!((first.id, &first.data["status"], &first.data["percent"]), (0, &json!("awaiting_approval"), &json!(0)));
    // Upkeep has to wait.
    let mut holder = server.sql();
    holder.batch_execute(&format!("BEGIN; SELECT FROM bulk_actions WHERE id = '{id}' FOR UPDATE")).unwrap();
    let mut sql = server.sql();
    shift_clock(&mut sql, "72 hours");

    let lapsed = admin.get(&path(&action, "")).expect(200);
    assert_eq!(lapsed["status"], "lapsed");
    for (status, found) in [("lapsed", json!([lapsed])), ("awaiting_approval", json!([])), ("running", json!([]))] {
        let list = admin.get(&format!("/bulk-actions?status={status}&with_total=true")).expect(200);
        assert_eq!(
            (&list["data"], &list["page"]["total"]),
            (&found, &json!(found.as_array().unwrap().len())),
            "{status}"
        );
    }
    let log = admin.get("/audit-log?action=bulk_action.create").expect(200);
    let details = &log["data"][0]["details"];
    assert_eq!((&details["status"], &details["approval"]["decision"]), (&json!("lapsed"), &json!("lapsed")));
    for (events, known) in [(before.rest(), "before"), (server.listen(id, "").rest(), "after")] {
        assert_eq!(events.len(), 1, "{known}: {events:?}");
        assert_eq!((events[0].name.as_str(), &events[0].data["finished_at"]), ("lapsed", &lapsed["finished_at"]));
    }
    let last = server.listen(id, "").next().unwrap().id;
    assert_eq!(server.listen(id, &format!("Last-Event-ID: {last}\r\n")).status(), 204);
    let stored = text(&mut sql, &format!("SELECT status FROM bulk_actions WHERE id = '{id}'"));
    assert_eq!(stored, "awaiting_approval", "none of it was upkeep's work");
    holder.batch_execute("ROLLBACK").unwrap();
}
