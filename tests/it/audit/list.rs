//! Reading the log: who may, in which order, which part of it, as a file.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{id, row, rows};
use crate::bulk_delete::contacts;
use crate::harness::{ACCOUNT, Claims, Client, TestServer};
use crate::many_records::shift_clock;

/// So many settings changes, each by another value.
fn change_settings(client: &Client, times: i32) {
    for days in 1..=times {
        client.patch("/settings", json!({"retention_days": days})).expect(200);
    }
}

#[test]
fn only_admins_read_it_and_only_their_accounts() {
    let server = TestServer::start();
    change_settings(&server.admin(), 1);
    server.member().get("/audit-log").refused("admin-only");
    server.member().get("/audit-log?nonsense=1").refused("admin-only");
    server.nobody().get("/audit-log").refused("unauthorized");
    assert_eq!(rows(&server.stranger(), ""), [Value::Null; 0]);
    assert_eq!(server.stranger().get("/audit-log?format=csv").text().lines().count(), 1);
    let may = |client: &Client| {
        client.get("/me").expect(200)["permissions"].as_array().unwrap().contains(&json!("audit_log.read"))
    };
    assert!(may(&server.admin()) && !may(&server.member()));
}

#[test]
fn pages_go_back_in_time_and_a_cursor_fits_its_filter_only() {
    let server = TestServer::start();
    let admin = server.admin();
    change_settings(&admin, 5);
    let (mut days, mut path) = (Vec::new(), "/audit-log?limit=2&with_total=true".to_owned());
    loop {
        let page = admin.get(&path).expect(200);
        assert_eq!(page["page"]["total"], 5);
        days.extend(page["data"].as_array().unwrap().iter().map(|row| row["details"]["new"]["retention_days"].clone()));
        // What is added meanwhile shifts nothing.
        server.stranger().patch("/settings", json!({"retention_days": 1})).expect(200);
        let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
        admin.get(&format!("/audit-log?cursor={cursor}&outcome=accepted")).refused("invalid-cursor");
        path = format!("/audit-log?limit=2&with_total=true&cursor={cursor}");
    }
    assert_eq!(days, [5, 4, 3, 2, 1]);
    admin.get("/audit-log?limit=0").refused("validation-failed");
    admin.get("/audit-log?user=ann").refused("validation-failed");
    admin.get("/audit-log?action=guess").refused("validation-failed");
}

#[test]
fn filters_hold_together() {
    let server = TestServer::start();
    let (admin, member, mut sql) = (server.admin(), server.member(), server.sql());
    let ids = contacts(&admin, &["a", "b"]);
    for (client, id) in [(&admin, &ids[0]), (&member, &ids[1])] {
        client.delete(&format!("/contacts/{id}")).expect(204);
    }
    member.patch("/settings", json!({})).refused("admin-only");
    shift_clock(&mut sql, "1 day");
    change_settings(&admin, 1);

    assert_eq!(rows(&admin, "").len(), 4);
    assert_eq!(rows(&admin, "actor=max").len(), 2);
    assert_eq!(rows(&admin, "actor=MAX").len(), 0);
    assert_eq!(row(&admin, "actor=max&outcome=accepted")["subject"]["id"], json!(ids[1]));
    assert_eq!(rows(&admin, "action=settings.update").len(), 2);
    assert_eq!(rows(&admin, "subject_type=contact").len(), 2);
    assert_eq!(row(&admin, &format!("subject_id={}", ids[0]))["actor"]["user_id"], "ann");

    let newest = row(&admin, "action=settings.update&outcome=accepted");
    let at = newest["at"].as_str().unwrap();
    assert_eq!(rows(&admin, &format!("before={at}")).len(), 3);
    assert_eq!(rows(&admin, &format!("after={at}")).len(), 0);
    let refused = row(&admin, "outcome=refused");
    assert_eq!(row(&admin, &format!("after={}", refused["at"].as_str().unwrap()))["id"], newest["id"]);
    assert_eq!(rows(&admin, "after=1900-01-01T00:00:00Z&before=2900-01-01T00:00:00Z").len(), 4);
    // A time between two rows of the same second.
    let member_deleted = row(&admin, "actor=max&outcome=accepted");
    let early = rows(&admin, &format!("before={}", member_deleted["at"].as_str().unwrap()));
    assert_eq!(early.len(), 1);
    assert_eq!(early[0]["subject"]["id"], json!(ids[0]));
}

#[test]
fn as_a_file_it_is_whole_and_safe_to_open() {
    let server = TestServer::start();
    let admin = server.client(&Claims::admin().with("sub", "=cmd()"));
    change_settings(&admin, 3);
    let file = admin.send("GET", "/audit-log?action=settings.update", &[("accept", "text/csv")], Vec::new());
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"audit-log.csv\""));
    let text = file.text();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let listed = rows(&admin, "action=settings.update");
    assert_eq!(records.len(), 3);
    for (record, row) in records.iter().zip(&listed) {
        assert_eq!(&record[0], row["id"].as_str().unwrap());
        assert_eq!(&record[1], row["at"].as_str().unwrap());
        assert_eq!((&record[2], &record[3], &record[4]), ("'=cmd()", "admin", "settings.update"));
        assert_eq!(serde_json::from_str::<Value>(&record[10]).unwrap(), row["details"]);
    }
    admin.get("/audit-log?format=csv&limit=1").refused("validation-failed");
}

#[test]
fn a_file_of_many_rows_has_each_once() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    diesel::connection::SimpleConnection::batch_execute(
        &mut sql,
        &format!(
            "INSERT INTO audit_log SELECT '{ACCOUNT}', gen_random_uuid(), now(), 'u', 'admin', 'import', 'accepted', \
             NULL, 'import', NULL, NULL, '{{}}' FROM generate_series(1, 2500)"
        ),
    )
    .unwrap();
    let text = admin.get("/audit-log?format=csv").text();
    let ids: BTreeSet<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((ids.len(), text.lines().count()), (2500, 2501));
}

#[test]
fn two_nodes_write_one_log() {
    let first = TestServer::start();
    let second = TestServer::start_with(|settings| {
        settings.database_url = first.database.serving_url();
        settings.migration_database_url = Some(first.database.url());
    });
    let ids = contacts(&first.admin(), &["a", "b"]);
    first.admin().delete(&format!("/contacts/{}", ids[0])).expect(204);
    second.admin().delete(&format!("/contacts/{}", ids[1])).expect(204);
    second.member().delete(&format!("/recycle-bin/{}", ids[1])).refused("admin-only");
    let told = rows(&first.admin(), "");
    assert_eq!(told.len(), 3);
    assert_eq!(told, rows(&second.admin(), ""));
    assert_eq!(told.iter().map(id).collect::<BTreeSet<_>>().len(), 3);
}
