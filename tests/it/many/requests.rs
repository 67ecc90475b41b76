//! Requests that mean something else than they say: refused, by name, with nothing changed.

use serde_json::{Value, json};
use uuid::Uuid;

use super::body;
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::TestServer;

type Case<'a> = (&'a str, &'a str, &'a Value, Value, &'a str);

/// One contact is live, one lies in the bin; each case is refused for the member at its pointer, and nothing changes.
struct Scene {
    server: TestServer,
    ids: Vec<String>,
    deletion: Value,
}

impl Scene {
    fn new() -> Self {
        let server = TestServer::start();
        let admin = server.admin();
        let ids = contacts(&admin, &["a", "b"]);
        let deletion = delete_ids(&admin, "contact", &ids[1..]);
        Self { server, ids, deletion }
    }

    fn refuses(&self, cases: &[Case]) {
        let admin = self.server.admin();
        for (action, entity, target, rest, pointer) in cases {
            let problem = admin.post("/bulk-actions", body(action, entity, target, rest)).refused("validation-failed");
            assert_eq!(problem["errors"][0]["pointer"], *pointer, "{action} {entity} {target} {rest}: {problem}");
        }
        assert_eq!(admin.get("/bulk-actions").expect(200)["data"].as_array().unwrap().len(), 1, "the delete alone");
        assert_eq!(admin.get("/recycle-bin?with_total=true").expect(200)["page"]["total"], 1);
        assert_eq!(admin.get(&format!("/contacts/{}", self.ids[0])).expect(200)["tags"], json!([]));
    }
}

#[test]
fn members_that_do_not_go_with_the_action_are_named() {
    let scene = Scene::new();
    let (one, bin) = (json!({"ids": scene.ids}), json!({"bin": {}}));
    let tags = json!({"tags": ["x"]});
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    scene.refuses(&[
        ("delete", "contact", &one, tags.clone(), "/tags"),
        ("restore", "contact", &one, json!({"tags": []}), "/tags"),
        ("deactivate", "contact", &one, tags.clone(), "/tags"),
        ("purge", "contact", &one, json!({"tags": ["x"], "expected_count": 1}), "/tags"),
        ("add_tags", "contact", &one, json!({}), "/tags"),
        ("add_tags", "contact", &one, json!({"tags": []}), "/tags"),
        ("add_tags", "contact", &one, json!({"tags": null}), "/tags"),
        ("add_tags", "contact", &one, json!({"tags": many}), "/tags"),
        ("add_tags", "contact", &one, json!({"tags": ["x", " "]}), "/tags/1"),
        ("remove_tags", "contact", &one, json!({"tags": ["x".repeat(101)]}), "/tags/0"),
        ("remove_tags", "contact", &one, json!({"tags": ["a\0"]}), "/tags/0"),
        ("remove_tags", "contact", &one, json!({"tags": "x"}), "/tags"),
        ("add_tags", "deal", &one, tags.clone(), "/entity"),
        ("remove_tags", "deal", &one, tags.clone(), "/entity"),
        ("delete", "deal", &one, json!({}), "/entity"),
        ("deactivate", "deal", &one, json!({}), "/entity"),
        ("purge", "contact", &bin, json!({}), "/expected_count"),
        ("purge", "contact", &bin, json!({"expected_count": -1}), "/expected_count"),
        ("purge", "contact", &bin, json!({"expected_count": "1"}), "/expected_count"),
        ("purge", "contact", &bin, json!({"expected_count": 1, "on_conflict": "refuse"}), "/on_conflict"),
        ("purge", "contact", &bin, json!({"expected_count": 1, "on_blocked": "skip"}), "/on_blocked"),
        ("add_tags", "contact", &one, json!({"tags": ["x"], "on_conflict": "refuse"}), "/on_conflict"),
        ("restore", "contact", &bin, json!({"on_conflict": "overwrite"}), "/on_conflict"),
        ("tag", "contact", &one, tags.clone(), "/action"),
        ("restore", "ticket", &bin, json!({}), "/entity"),
    ]);
}

#[test]
fn targets_that_do_not_go_with_the_action_are_named() {
    let scene = Scene::new();
    let (ids, deletion, bin) = (&scene.ids, &scene.deletion, json!({"bin": {}}));
    let (tags, sure) = (json!({"tags": ["x"]}), json!({"expected_count": 1}));
    scene.refuses(&[
        ("add_tags", "contact", &bin, tags.clone(), "/target/bin"),
        ("add_tags", "contact", &json!({"deletion_id": deletion["id"]}), tags.clone(), "/target/deletion_id"),
        ("delete", "contact", &bin, json!({}), "/target/bin"),
        ("deactivate", "contact", &bin, json!({}), "/target/bin"),
        ("purge", "contact", &json!({"segment_id": "all-contacts"}), sure.clone(), "/target/segment_id"),
        ("purge", "contact", &json!({"match": "all", "rules": []}), sure.clone(), "/target/rules"),
        ("restore", "contact", &json!({"segment_id": "all-contacts"}), json!({}), "/target/segment_id"),
        ("restore", "contact", &json!({"bin": {}, "ids": ids}), json!({}), "/target"),
        ("purge", "contact", &json!({"bin": {}, "deletion_id": deletion["id"]}), sure.clone(), "/target"),
        ("purge", "contact", &json!({}), sure.clone(), "/target"),
        ("purge", "contact", &json!({"bin": null}), sure.clone(), "/target"),
        ("purge", "contact", &json!({"bin": []}), sure.clone(), "/target/bin"),
        ("purge", "contact", &json!({"bin": {"type": "contact"}}), sure.clone(), "/target/bin/type"),
        ("purge", "contact", &json!({"bin": {"before": "x"}}), sure.clone(), "/target/bin/before"),
        ("purge", "contact", &json!({"bin": {"q": 1}}), sure.clone(), "/target/bin/q"),
        ("purge", "contact", &json!({"bin": {"q": " "}}), sure.clone(), "/target/bin/q"),
        ("purge", "contact", &json!({"bin": {"q": "x".repeat(256)}}), sure.clone(), "/target/bin/q"),
        ("purge", "contact", &json!({"bin": {"deleted_by": ""}}), sure.clone(), "/target/bin/deleted_by"),
        ("purge", "contact", &json!({"bin": {"deletion_id": "x"}}), sure.clone(), "/target/bin/deletion_id"),
        ("purge", "contact", &json!({"bin": {"deleted_before": "soon"}}), sure.clone(), "/target/bin/deleted_before"),
    ]);
}

#[test]
fn far_times_and_strange_words_select_nothing_and_break_nothing() {
    let server = TestServer::start();
    let admin = server.admin();
    delete_ids(&admin, "contact", &contacts(&admin, &["a"]));
    for filters in [
        json!({"deleted_before": "0001-01-01T00:00:00Z"}),
        json!({"deleted_after": "9999-12-31T23:59:59Z"}),
        json!({"deleted_before": "-262143-01-01T00:00:00Z"}),
        json!({"deleted_after": "+262142-12-31T23:59:59Z"}),
        json!({"q": "\\ % _ '; DROP TABLE contacts; --"}),
        json!({"q": "\u{fdfa}"}),
        json!({"deleted_by": "'"}),
        json!({"deletion_id": Uuid::nil()}),
    ] {
        let answer = admin.post("/bulk-actions", body("restore", "contact", &json!({"bin": filters}), &json!({})));
        assert!([202, 422].contains(&answer.status), "{filters}: {}", answer.text());
        let answered: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.status == 422 || answered["counts"]["matched"] == 0, "{filters}: {answered}");
    }
    for query in ["recycle-bin?deleted_after", "contacts?updated_since", "deals?updated_since"] {
        admin.get(&format!("/{query}=-262143-01-01T00:00:00Z")).refused("validation-failed");
    }
}
