//! Names of private segments are for their owners alone, also when another admin goes on with an action.

use serde_json::{Value, json};

use super::path;
use crate::approval::admin_named;
use crate::bulk_delete::{contacts, ended};
use crate::harness::{Client, TestServer};

fn named(client: &Client, action: &Value) -> Value {
    client.get(&path(action, "")).expect(200)["target"]["segment_name"].clone()
}

#[test]
fn who_executes_or_retries_anothers_action_does_not_learn_the_name_of_its_private_segment() {
    let server = TestServer::start();
    let [ann, bob] = ["ann", "bob"].map(|user| server.client(&admin_named(user)));
    let ids = contacts(&ann, &["a"]);
    let deal = json!({"title": "Offer", "customer": {"type": "contact", "id": ids[0]}});
    ann.post("/deals", deal).expect(201);
    let rules = json!([{"field": "last_name", "operator": "equals", "value": "a"}]);
    let make = |visibility: &str| {
        let segment = json!({"name": "Friends of Ann", "entity": "contact", "match": "all", "rules": rules,
            "visibility": visibility});
        ann.post("/segments", segment).expect(201)["id"].clone()
    };
    for (visibility, seen) in [("private", Value::Null), ("shared", json!("Friends of Ann"))] {
        let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": make(visibility)},
            "dry_run": true});
        let rehearsals = [(); 2].map(|()| ended(&ann, &ann.post("/bulk-actions", body.clone()).expect(202)));
        let execution = bob.call(&path(&rehearsals[0], "/execute")).expect(202);
        assert_eq!((&execution["target"]["segment_name"], &named(&bob, &execution)), (&seen, &seen), "{visibility}");
        assert_eq!(execution["target"]["rules"]["rules"], rules);
        let executed = ended(&bob, &execution);
        assert_eq!(executed["counts"]["blocked"], 1);
        let retry = bob.call(&path(&executed, "/retry")).expect(202);
        assert_eq!(retry["target"]["segment_name"], Value::Null);
        ended(&bob, &retry);
        // Its owner goes on to see it.
        let own = ann.call(&path(&rehearsals[1], "/execute")).expect(202);
        assert_eq!(named(&ann, &own), "Friends of Ann");
        assert_eq!(named(&bob, &own), seen);
        ended(&ann, &own);
    }
}

#[test]
fn who_is_no_admin_any_more_sees_no_names_of_what_lies_in_the_bin() {
    let server = TestServer::start();
    let ann = server.client(&admin_named("ann"));
    let ids = contacts(&ann, &["kept", "binned"]);
    let deal = json!({"title": "Offer", "customer": {"type": "contact", "id": ids[0]}});
    ann.post("/deals", deal).expect(201);
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}});
    let action = ended(&ann, &ann.post("/bulk-actions", body).expect(202));
    let member = server.client(&admin_named("ann").with("role", "member"));
    for (client, seen) in [(&ann, json!("binned")), (&member, Value::Null)] {
        let results = client.get(&path(&action, "/results")).expect(200);
        let names: Vec<&Value> = results["data"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
        assert_eq!(names, [&json!("kept"), &seen]);
        let file = client.get(&path(&action, "/results?format=csv")).text();
        assert_eq!((file.contains("kept"), file.contains(",binned,")), (true, seen == "binned"), "{file}");
    }
}
