//! Restoring many: by ids, by deletion, by the bin's filters; contacts, companies and deals.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{act, bin_one, counts, deal, id, in_bin, outcomes, path, verb};
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::{Claims, Client, TestServer};
use crate::invariants;

fn live(client: &Client, ids: &[String]) -> Vec<bool> {
    ids.iter().map(|id| client.get(&format!("/contacts/{id}")).expect(200)["deleted_at"].is_null()).collect()
}

#[test]
fn each_filter_of_the_bin_selects_what_its_list_shows() {
    let server = TestServer::start();
    let admin = server.admin();
    let bob = server.client(&Claims::admin().with("sub", "bob"));
    let ids = contacts(&admin, &["Ann Jansen", "Ben Jansen", "Cas Peeters", "Dirk Álvarez"]);
    let early = delete_ids(&admin, "contact", &ids[..1]);
    let company = id(&admin.post("/companies", json!({"name": "Jansen Ltd"})).expect(201));
    bin_one(&admin, &format!("/companies/{company}"));
    server.sql().batch_execute("INSERT INTO clock_shift VALUES (1, '1 hour')").unwrap();
    bin_one(&bob, &format!("/contacts/{}", ids[1]));
    delete_ids(&bob, "contact", &ids[2..]);
    let between = admin.get(&format!("/recycle-bin/{}", ids[1])).expect(200)["deleted_at"].clone();
    let between = between.as_str().unwrap();
    for (filters, query, selected) in [
        (json!({}), String::new(), &[0, 1, 2, 3][..]),
        (json!({"q": "JANSEN"}), "q=JANSEN".to_owned(), &[0, 1]),
        (json!({"q": "alvarez dirk"}), "q=alvarez+dirk".to_owned(), &[3]),
        (json!({"q": "%"}), "q=%25".to_owned(), &[]),
        (json!({"deleted_by": "bob"}), "deleted_by=bob".to_owned(), &[1, 2, 3]),
        (json!({"deleted_by": "bob", "q": "jansen"}), "deleted_by=bob&q=jansen".to_owned(), &[1]),
        (json!({"deletion_id": early["id"]}), format!("deletion_id={}", id(&early)), &[0]),
        (json!({"deleted_before": between}), format!("deleted_before={between}"), &[0]),
        (json!({"deleted_after": between}), format!("deleted_after={between}"), &[2, 3]),
    ] {
        let listed = admin.get(&format!("/recycle-bin?type=contact&with_total=true&{query}")).expect(200);
        assert_eq!(listed["page"]["total"], json!(selected.len()), "{filters}");
        let rehearsal = act(&admin, "restore", "contact", json!({"bin": filters}), json!({"dry_run": true}));
        let selected_count = i64::try_from(selected.len()).unwrap();
        assert_eq!(counts(&rehearsal, &["matched", "restored"]), [selected_count; 2], "{filters}");
        assert_eq!(rehearsal["target"], json!({"kind": "bin", "bin": filters}));
        let chosen: Vec<String> = selected.iter().map(|index| ids[*index].clone()).collect();
        assert_eq!(outcomes(&admin, &rehearsal, &chosen), vec!["restored"; chosen.len()], "{filters}");
    }
    assert_eq!(in_bin(&admin), 5, "a dry run changes nothing");
    let all = act(&admin, "restore", "contact", json!({"bin": {}}), json!({"expected_count": 4}));
    assert_eq!(counts(&all, &["matched", "restored"]), [4, 4]);
    assert_eq!(live(&admin, &ids), [true; 4]);
    let companies = act(&admin, "restore", "company", json!({"bin": {"q": "ltd"}}), json!({}));
    assert_eq!(counts(&companies, &["restored"]), [1]);
    assert_eq!(in_bin(&admin), 0);
    let none = act(&admin, "restore", "contact", json!({"bin": {}}), json!({}));
    assert_eq!((&none["status"], counts(&none, &["matched"])), (&json!("completed"), vec![0]));
    admin.call(&path(&all, "retry")).refused("nothing-to-retry");
    let why = admin.call(&path(&all, "undo")).refused("not-undoable");
    assert!(why["detail"].as_str().unwrap().contains("new action"), "{why}");
    invariants::hold(&mut server.sql());
}

#[test]
fn an_executed_rehearsal_takes_only_what_the_target_still_means() {
    let server = TestServer::start();
    let admin = server.admin();
    let by_deletion = |action: &Value| json!({"deletion_id": action["id"]});
    let by_filter = |action: &Value| json!({"bin": {"deletion_id": action["id"]}});
    let by_time = |_: &Value| json!({"bin": {"q": "target", "deleted_after": "2020-01-01T00:00:00Z"}});
    for (target, again) in
        [(&by_deletion as &dyn Fn(&Value) -> Value, "changed"), (&by_filter, "changed"), (&by_time, "restored")]
    {
        let ids = contacts(&admin, &["target stays", "target restored", "target purged", "target again"]);
        let target = target(&delete_ids(&admin, "contact", &ids));
        let rehearsal = act(&admin, "restore", "contact", target.clone(), json!({"dry_run": true}));
        assert_eq!(counts(&rehearsal, &["matched", "restored"]), [4, 4], "{target}");
        act(&admin, "restore", "contact", json!({"ids": ids[1..]}), json!({}));
        bin_one(&admin, &format!("/contacts/{}", ids[2]));
        bin_one(&admin, &format!("/recycle-bin/{}", ids[2]));
        bin_one(&admin, &format!("/contacts/{}", ids[3]));
        let execution = verb(&admin, &rehearsal, "execute");
        assert_eq!(outcomes(&admin, &execution, &ids), ["restored", "unchanged", "gone", again], "{target}");
        admin.call(&path(&rehearsal, "execute")).refused("already-executed");
        act(&admin, "restore", "contact", json!({"bin": {}}), json!({}));
    }
    invariants::hold(&mut server.sql());
}

#[test]
fn what_no_longer_fits_the_words_stays_in_the_bin() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["Jansen one", "Jansen two"]);
    delete_ids(&admin, "contact", &ids);
    let rehearsal = act(&admin, "restore", "contact", json!({"bin": {"q": "jansen"}}), json!({"dry_run": true}));
    act(&admin, "restore", "contact", json!({"ids": [ids[1]]}), json!({}));
    admin.patch(&format!("/contacts/{}", ids[1]), json!({"last_name": "Peeters"})).expect(200);
    bin_one(&admin, &format!("/contacts/{}", ids[1]));
    let execution = verb(&admin, &rehearsal, "execute");
    assert_eq!(outcomes(&admin, &execution, &ids), ["restored", "changed"]);
    assert_eq!(live(&admin, &ids), [true, false]);
}

#[test]
fn deals_come_back_with_their_parents() {
    let server = TestServer::start();
    let admin = server.admin();
    let people = contacts(&admin, &["customer", "person", "bystander"]);
    let deals = [deal(&admin, &people[0], Some(&people[1])), deal(&admin, &people[0], None)].to_vec();
    for deal in &deals {
        bin_one(&admin, &format!("/deals/{deal}"));
    }
    delete_ids(&admin, "contact", &people);
    let by_title = json!({"bin": {"q": "offer"}});
    let rehearsal = act(&admin, "restore", "deal", by_title.clone(), json!({"dry_run": true}));
    assert_eq!((counts(&rehearsal, &["restored"]), in_bin(&admin)), (vec![2], 5));
    let action = verb(&admin, &rehearsal, "execute");
    assert_eq!(outcomes(&admin, &action, &deals), ["restored"; 2]);
    assert_eq!(live(&admin, &people), [true, true, false]);
    invariants::hold(&mut server.sql());
}

#[test]
fn of_twins_in_the_set_the_one_deleted_last_comes_back() {
    let server = TestServer::start();
    let admin = server.admin();
    let create = |external_id: &str| {
        id(&admin.post("/companies", json!({"name": "Twin", "external_id": external_id})).expect(201))
    };
    let mut twins = Vec::new();
    for _ in 0..3 {
        twins.push(create("E-1"));
        bin_one(&admin, &format!("/companies/{}", twins.last().unwrap()));
    }
    let taken = create("E-2");
    bin_one(&admin, &format!("/companies/{taken}"));
    let holder = create("E-2");
    let action = act(&admin, "restore", "company", json!({"bin": {"q": "twin"}}), json!({}));
    let all: Vec<String> = twins.iter().chain([&taken]).cloned().collect();
    assert_eq!(outcomes(&admin, &action, &all), ["conflict", "conflict", "restored", "conflict"]);
    let conflicts = admin.get(&path(&action, "results?outcome=conflict")).expect(200);
    let with = |of: &String| {
        let rows = conflicts["data"].as_array().unwrap();
        rows.iter().find(|row| row["record_id"] == json!(of)).unwrap()["conflict_with"].clone()
    };
    assert_eq!((with(&twins[0]), with(&taken)), (json!(twins[2]), json!(holder)));
    assert_eq!(action["notification"]["address_masked"], "a***@example.com");

    let dropped = json!({"on_conflict": "drop_external_id", "dry_run": true});
    let rehearsal = act(&admin, "restore", "company", json!({"bin": {}}), dropped);
    let back = verb(&admin, &rehearsal, "execute");
    assert_eq!(counts(&back, &["restored", "conflict"]), [3, 0], "the execution keeps what was asked for");
    assert_eq!(admin.get(&format!("/companies/{taken}")).expect(200)["external_id"], Value::Null);
    assert_eq!(admin.get(&format!("/companies/{holder}")).expect(200)["external_id"], "E-2");
    invariants::hold(&mut server.sql());
}

#[test]
fn what_is_past_its_time_is_neither_frozen_nor_restored() {
    let server = TestServer::start();
    let admin = server.admin();
    let ids = contacts(&admin, &["late", "later"]);
    delete_ids(&admin, "contact", &ids);
    crate::taking_back::no_purge_yet(&mut server.sql());
    let rehearsal = act(&admin, "restore", "contact", json!({"bin": {}}), json!({"dry_run": true}));
    crate::many_records::shift_clock(&mut server.sql(), "30 days");
    let by_ids = act(&admin, "restore", "contact", json!({"ids": ids}), json!({}));
    assert_eq!(counts(&by_ids, &["matched", "gone"]), [2, 2]);
    assert_eq!(counts(&act(&admin, "restore", "contact", json!({"bin": {}}), json!({})), &["matched"]), [0]);
    admin.call(&path(&rehearsal, "execute")).refused("dry-run-expired");
    let unknown = json!({"ids": [Uuid::now_v7()]});
    assert_eq!(counts(&act(&admin, "restore", "deal", unknown, json!({})), &["gone"]), [1]);
}
