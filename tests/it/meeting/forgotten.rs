//! What an action says of itself once its details have expired.

use serde_json::json;

use super::path;
use crate::bulk_delete::{contacts, ended};
use crate::harness::TestServer;
use crate::many_records::{shift_clock, wait_until};

#[test]
fn after_90_days_nothing_untrue_is_said_of_what_is_forgotten() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["kept", "deleted"]);
    let deal = json!({"title": "Offer", "customer": {"type": "contact", "id": ids[0]}});
    admin.post("/deals", deal).expect(201);
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}, "notify": "always"});
    let action = ended(&admin, &admin.post("/bulk-actions", body).expect(202));
    let sent = || admin.get(&path(&action, "")).expect(200)["notification"]["status"] == "sent";
    assert!(wait_until(sent));
    shift_clock(&mut server.sql(), "91 days");
    assert!(wait_until(|| admin.get(&path(&action, "")).expect(200)["target"] == json!({})));

    let forgotten = admin.get(&path(&action, "")).expect(200);
    assert_eq!((&forgotten["counts"]["deleted"], &forgotten["counts"]["blocked"]), (&json!(1), &json!(1)));
    // The token had an address; that the mail was sent is not known any more.
    assert_eq!(forgotten["notification"]["status"], "none");
    for (verb, slug) in [("/undo", "nothing-to-undo"), ("/retry", "nothing-to-retry")] {
        let problem = admin.call(&path(&action, verb)).refused(slug);
        assert!(problem["detail"].as_str().unwrap().contains("90 days"), "{problem}");
    }
}
