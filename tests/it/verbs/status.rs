//! Deactivating: as an action of its own, and instead of deleting what is blocked.

use serde_json::{Value, json};

use super::{Scene, counts, path};
use crate::bulk_delete::ended;

fn status(scene: &Scene, index: usize) -> Value {
    scene.admin.get(&format!("/contacts/{}", scene.ids[index])).expect(200)["status"].clone()
}

fn act(scene: &Scene, action: &str) -> Value {
    let body = json!({"action": action, "entity": "contact", "target": {"ids": scene.ids}});
    ended(&scene.admin, &scene.admin.post("/bulk-actions", body).expect(202))
}

#[test]
fn deactivated_records_come_back_by_undo_and_others_stay() {
    let scene = Scene::new();
    scene.admin.patch(&format!("/contacts/{}", scene.ids[4]), json!({"status": "deactivated"})).expect(200);
    let action = act(&scene, "deactivate");
    assert_eq!(counts(&action, &["matched", "deactivated", "unchanged"]), [5, 4, 1]);
    assert_eq!(scene.outcomes(&action)[3..], ["deactivated", "unchanged"]);
    scene.admin.patch(&format!("/contacts/{}", scene.ids[0]), json!({"status": "active"})).expect(200);
    let undo = scene.verb(&action, "undo");
    assert_eq!(counts(&undo, &["matched", "reactivated", "unchanged"]), [4, 3, 1]);
    assert_eq!((status(&scene, 1), status(&scene, 4)), (json!("active"), json!("deactivated")));
    scene.admin.call(&path(&undo, "undo")).refused("not-undoable");

    let back = act(&scene, "reactivate");
    assert_eq!(counts(&back, &["reactivated", "unchanged"]), [1, 4]);
    assert_eq!(counts(&scene.verb(&back, "undo"), &["matched", "deactivated"]), [1, 1]);
    assert_eq!(status(&scene, 4), json!("deactivated"));
}

#[test]
fn blocked_records_are_deactivated_instead() {
    let scene = Scene::new();
    let action = scene.delete(json!({"on_blocked": "deactivate"}));
    assert_eq!(counts(&action, &["deleted", "deactivated", "blocked"]), [3, 2, 0]);
    let results = scene.admin.get(&path(&action, "results?outcome=deactivated")).expect(200);
    assert_eq!(results["data"][0]["blockers"][0]["type"], "deal");
    assert_eq!(status(&scene, 0), json!("deactivated"));
    let undo = scene.verb(&action, "undo");
    assert_eq!(counts(&undo, &["matched", "restored", "reactivated"]), [5, 3, 2]);
    assert_eq!((status(&scene, 0), scene.live()), (json!("active"), 5));
}

#[test]
fn a_rehearsal_of_any_action_changes_nothing() {
    let scene = Scene::new();
    let before = scene.admin.get("/contacts").expect(200);
    for (action, outcome, count) in [("deactivate", "deactivated", 5), ("reactivate", "unchanged", 5)] {
        let body = json!({"action": action, "entity": "contact", "target": {"ids": scene.ids}, "dry_run": true});
        let rehearsal = ended(&scene.admin, &scene.admin.post("/bulk-actions", body).expect(202));
        assert_eq!(counts(&rehearsal, &[outcome]), [count], "{action}");
    }
    let instead = scene.delete(json!({"on_blocked": "deactivate", "dry_run": true}));
    assert_eq!(counts(&instead, &["deleted", "deactivated"]), [3, 2]);
    assert_eq!(scene.admin.get("/contacts").expect(200), before);
}
