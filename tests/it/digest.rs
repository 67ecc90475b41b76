//! The digest: who is told what leaves the recycle bin soon, and how often.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use sweep::repository::db::{Db, DbSettings};
use sweep::repository::digests;

use super::approval::{admin_named, waiting_delete};
use super::bulk_delete::{contacts, delete_ids, ended};
use super::crash::node::Node;
use super::harness::{Client, PATIENCE, TestDatabase, TestServer};
use super::many_records::{count, lines, shift_clock, text, wait_until, waiting};
use super::smtp_server::{Conduct, SmtpServer, Tls};

const DIGESTS: &str = "SELECT count(*) FROM outbox WHERE kind = 'digest'";
const DECIDED: &str = "SELECT count(*) FROM digest_periods";

/// Whether upkeep would find an account to decide on.
fn is_undecided(database_url: String) -> bool {
    let db = Db::new(DbSettings { database_url, name: "test", connections: 1, wait: PATIENCE, lock_timeout: None });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(db.sweep(digests::undecided_account)).unwrap().is_some()
}

/// Ann deletes two contacts and a company; she and these admins are known.
fn deleted(ann: &Client, others: &[Client], sql: &mut PgConnection) -> Value {
    let action = delete_ids(ann, "contact", &contacts(ann, &["a", "b"]));
    let company = ann.post("/companies", json!({"name": "c"})).expect(201);
    ann.delete(&format!("/companies/{}", company["id"].as_str().unwrap())).expect(204);
    for other in others {
        other.get("/me").expect(200);
    }
    let known = i64::try_from(others.len()).unwrap() + 1;
    assert!(wait_until(|| count(sql, "SELECT count(*) FROM known_admins") == known));
    action
}

/// Today's noon: a period ends in the morning, and should not in the middle of a test.
fn at_noon(sql: &mut PgConnection) {
    let noon =
        "SELECT date_trunc('day', transaction_timestamp(), 'UTC') + interval '12 hours' - transaction_timestamp()";
    let until_noon = text(sql, noon);
    shift_clock(sql, &until_noon);
}

/// 29 days after its deletion a record leaves within the current week, whatever day of the week it is.
fn last_week(sql: &mut PgConnection) {
    shift_clock(sql, "29 days");
}

#[test]
fn every_admin_is_told_once_in_a_language_of_their_own() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let server = TestServer::start_with(|settings| {
        settings.mail.smtp_url = Some(format!("smtp://localhost:{}", smtp.port));
        settings.mail.public_url = Some("https://crm.example.com".to_owned());
    });
    let mut sql = server.sql();
    at_noon(&mut sql);
    let ann = server.client(&admin_named("ann"));
    let others = [("nils", "nl"), ("fred", "fr"), ("dirk", "de")]
        .map(|(user, locale)| server.client(&admin_named(user).with("locale", locale)));
    let action = deleted(&ann, &others, &mut sql);
    last_week(&mut sql);
    assert!(wait_until(|| count(&mut sql, &format!("{DIGESTS} AND status = 'sent'")) == 4));
    let received = smtp.received_after(4);
    let restore = format!(
        "-d '{{\"action\": \"restore\", \"entity\": \"contact\", \"target\": {{\"deletion_id\": \"{}\"}}}}'",
        action["id"].as_str().unwrap()
    );
    for (user, facts) in [
        (
            "ann",
            ["Subject: Leaving the recycle bin soon: 1 company, 2 contacts", "2 contacts: deleted by ann the admin on"],
        ),
        (
            "nils",
            [
                "Subject: Binnenkort uit de prullenbak: 1 bedrijf, 2 contacten",
                "2 contacten: verwijderd door ann the admin",
            ],
        ),
        (
            "fred",
            [
                "quitte d=C3=A9finitivement la corbeille : 1 entreprise, 2 contacts.",
                "2 contacts: suppression par ann the admin",
            ],
        ),
        ("dirk", ["den Papierkorb endg=C3=BCltig: 1 Unternehmen, 2 Kontakte.", "von ann the admin am"]),
    ] {
        let recipient = format!("TO:<{user}@example.com>");
        let talk = received.iter().find(|talk| talk.recipients == [recipient.as_str()]).expect("a mail to the admin");
        let mail = talk.mail.as_ref().unwrap().replace("=\r\n", "").replace("=3D", "=");
        for fact in [&facts[..], &[restore.as_str(), "clean-up"]].concat() {
            assert!(mail.contains(fact), "{fact}\n{mail}");
        }
    }
    // What it says to do works.
    let body = json!({"action": "restore", "entity": "contact", "target": {"deletion_id": action["id"]}});
    assert_eq!(ended(&ann, &ann.post("/bulk-actions", body).expect(202))["counts"]["restored"], 2);
    assert!(!is_undecided(server.database.url()));
    assert_eq!((count(&mut sql, DIGESTS), smtp.received().len()), (4, 4));
    // A digest is forgotten after 90 days.
    shift_clock(&mut sql, "100 days");
    assert!(wait_until(|| count(&mut sql, DIGESTS) == 0));
}

#[test]
fn two_nodes_send_one_digest_to_each() {
    let database = TestDatabase::create();
    let mut sql = database.connect();
    at_noon(&mut sql);
    let nodes = [Node::start(&database), Node::start(&database)];
    let token = |user: &str| admin_named(user).token();
    deleted(&nodes[0].client(&token("ann")), &[nodes[1].client(&token("bob"))], &mut sql);
    last_week(&mut sql);
    let (mut holder, mut observer) = (database.connect(), database.connect());
    let mut let_both_look = || {
        holder.batch_execute("BEGIN; LOCK TABLE digest_periods IN ACCESS EXCLUSIVE MODE").unwrap();
        assert!(wait_until(|| waiting(&mut observer) == 2), "both nodes look");
        holder.batch_execute("ROLLBACK").unwrap();
    };
    let_both_look();
    let sent = format!("{DIGESTS} AND status = 'sent'");
    assert!(wait_until(|| count(&mut sql, &sent) == 2));
    let_both_look();
    assert!(!is_undecided(database.url()));
    let mails = lines(
        &mut sql,
        "SELECT recipient || ' ' || status || ' ' || attempts AS line FROM outbox WHERE kind = 'digest' ORDER BY 1",
    );
    assert_eq!(mails, ["ann sent 1", "bob sent 1"]);
    let about = "the following leave the recycle bin for good";
    assert_eq!(nodes.iter().map(|node| node.mails_about(about)).sum::<usize>(), 2);
}

#[test]
fn nothing_is_said_when_nothing_leaves_and_off_means_off() {
    let server = TestServer::start();
    let (ann, mut sql) = (server.client(&admin_named("ann")), server.sql());
    at_noon(&mut sql);
    let action = deleted(&ann, &[], &mut sql);
    let company = "SELECT count(*) FROM companies WHERE deleted_at IS NOT NULL";
    // Three weeks are left: no digest yet.
    shift_clock(&mut sql, "9 days");
    assert!(!is_undecided(server.database.url()));
    ann.patch("/settings", json!({"digest": "off"})).expect(200);
    shift_clock(&mut sql, "20 days");
    assert!(!is_undecided(server.database.url()));
    // Everything is back before digests are on again: it is looked, and nothing said.
    let undo = ann.call(&format!("/bulk-actions/{}/undo", action["id"].as_str().unwrap())).expect(202);
    assert_eq!(ended(&ann, &undo)["counts"]["restored"], 2);
    let binned = ann.get("/recycle-bin").expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    ann.post(&format!("/recycle-bin/{binned}/restore"), json!({})).expect(200);
    assert_eq!((count(&mut sql, company), count(&mut sql, DECIDED)), (0, 0));
    ann.patch("/settings", json!({"digest": "daily"})).expect(200);
    assert!(wait_until(|| count(&mut sql, DECIDED) == 1), "the period is decided on");
    assert_eq!(count(&mut sql, DIGESTS), 0);
}

#[test]
fn a_daily_digest_comes_on_the_days_on_which_something_is_about_to_leave() {
    let server = TestServer::start();
    let (ann, mut sql) = (server.client(&admin_named("ann")), server.sql());
    at_noon(&mut sql);
    // What is deleted within a period and leaves within it is in the report that just went out.
    ann.patch("/settings", json!({"digest": "daily", "retention_days": 1})).expect(200);
    delete_ids(&ann, "contact", &contacts(&ann, &["x"]));
    assert!(!is_undecided(server.database.url()));
    ann.patch("/settings", json!({"retention_days": 5})).expect(200);
    deleted(&ann, &[], &mut sql);
    let sent = format!("{DIGESTS} AND status = 'sent'");
    for (days, digests) in [(2, 0), (1, 0), (1, 1)] {
        shift_clock(&mut sql, &format!("{days} days"));
        assert!(
            wait_until(|| !is_undecided(server.database.url()) && count(&mut sql, &sent) == digests),
            "{days} {digests}"
        );
    }
}

#[test]
fn without_a_known_admin_nothing_is_decided() {
    let server = TestServer::start();
    let (ann, mut sql) = (server.client(&admin_named("ann").without("email")), server.sql());
    at_noon(&mut sql);
    delete_ids(&ann, "contact", &contacts(&ann, &["a"]));
    last_week(&mut sql);
    assert!(!is_undecided(server.database.url()));
    server.client(&admin_named("bob")).get("/me").expect(200);
    assert!(wait_until(|| count(&mut sql, &format!("{DIGESTS} AND recipient = 'bob'")) == 1));
}

#[test]
fn what_waited_for_an_approval_was_deleted_when_it_went_and_not_when_it_was_asked_for() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let server = TestServer::start_with(|settings| {
        settings.mail.smtp_url = Some(format!("smtp://localhost:{}", smtp.port));
    });
    let mut sql = server.sql();
    at_noon(&mut sql);
    let action = waiting_delete(&server);
    shift_clock(&mut sql, "50 hours");
    let ann = server.client(&admin_named("ann"));
    ann.call(&format!("/bulk-actions/{}/approve", action["id"].as_str().unwrap())).expect(200);
    ended(&ann, &action);
    let deleted_at = ann.get("/recycle-bin").expect(200)["data"][0]["deleted_at"].clone();
    last_week(&mut sql);
    assert!(wait_until(|| count(&mut sql, &format!("{DIGESTS} AND status = 'sent'")) == 2));
    let mails: Vec<String> = smtp.received().into_iter().filter_map(|talk| talk.mail).collect();
    let digest = mails.iter().find(|mail| mail.contains("Subject: Leaving the recycle bin soon")).unwrap();
    let deleted_at: chrono::DateTime<chrono::Utc> = deleted_at.as_str().unwrap().parse().unwrap();
    let fact = deleted_at.format("deleted by bob the admin on %-d %B %Y, %H:%M UTC").to_string();
    assert!(digest.replace("=\r\n", "").contains(&fact), "{fact}\n{digest}");
}
