//! The outbox: who may send a mail when, and what the service's own sender makes of an ended action.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use serde_json::{Value, json};
use sweep::domain::actor::AccountId;
use sweep::domain::notification::{Delivery, DeliveryStatus, MailTopic};
use sweep::repository::db::{Db, DbSettings};
use sweep::repository::outbox::{self, AfterFailure};
use uuid::Uuid;

use super::harness::{ACCOUNT, PATIENCE, TestDatabase, TestServer};
use super::many_records::{lines, wait_until};
use super::smtp_server::{Conduct, SmtpServer, Stage, Tls};

const ACTION: Uuid = Uuid::from_u128(0x0193_a000_0000_7000_8000_0000_0000_00aa);

fn account() -> AccountId {
    AccountId(ACCOUNT.parse().unwrap())
}

fn db(database: &TestDatabase) -> Db {
    Db::new(DbSettings {
        database_url: database.url(),
        name: "test",
        connections: 4,
        wait: PATIENCE,
        lock_timeout: None,
    })
}

/// An ended bulk delete of 3 contacts, of which one was blocked and one was gone.
fn insert_action(sql: &mut PgConnection, requester: Value) {
    diesel::sql_query(
        "INSERT INTO bulk_actions (account_id, id, action, entity, status, options, notify,
             reason, target, requested_by, requester, retention_days, chunks_total, chunks_done, matched, succeeded,
             blocked, gone, conflict, changed, unchanged, deactivated, reactivated, created_at, started_at, finished_at,
             restorable_until)
         VALUES ($1, $2, 'delete', 'contact', 'completed', '{}', 'always', 'tidy up', $3, 'ann', $4,
             30, 1, 1, 3, 1, 1, 1, 0, 0, 0, 0, 0, now(), now(), '2026-11-24 09:14:07Z', now() + interval '30 days')",
    )
    .bind::<SqlUuid, _>(account().0)
    .bind::<SqlUuid, _>(ACTION)
    .bind::<Jsonb, _>(json!({"kind": "segment", "segment_id": "all-contacts", "segment_name": "All contacts"}))
    .bind::<Jsonb, _>(requester)
    .execute(sql)
    .unwrap();
}

fn insert_exception(sql: &mut PgConnection, record: Uuid, outcome: &str, blockers: Option<Value>) {
    diesel::sql_query(
        "INSERT INTO bulk_action_exceptions (account_id, action_id, record_id, outcome, blockers)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind::<SqlUuid, _>(account().0)
    .bind::<SqlUuid, _>(ACTION)
    .bind::<SqlUuid, _>(record)
    .bind::<Text, _>(outcome)
    .bind::<Nullable<Jsonb>, _>(blockers)
    .execute(sql)
    .unwrap();
}

fn move_clock(sql: &mut PgConnection, seconds: i32) {
    diesel::sql_query(
        "INSERT INTO clock_shift (id, shift) VALUES (1, make_interval(secs => $1))
         ON CONFLICT (id) DO UPDATE SET shift = clock_shift.shift + excluded.shift",
    )
    .bind::<Integer, _>(seconds)
    .execute(sql)
    .unwrap();
}

async fn delivery(db: &Db) -> Delivery {
    db.read(account(), |read| Ok(outbox::deliveries(read, &[ACTION])?.remove(&ACTION))).await.unwrap().unwrap()
}

async fn claim(db: &Db) -> Option<outbox::ClaimedMail> {
    let due = db.sweep(|sweep| outbox::due(sweep, 10)).await.unwrap();
    let &[(found, id)] = due.as_slice() else { return None };
    assert_eq!(found, account());
    db.write(account(), move |tx| outbox::claim(tx, id)).await.unwrap()
}

async fn enqueued() -> (TestDatabase, Db) {
    let database = TestDatabase::create();
    insert_action(&mut database.connect(), json!({"email": "ann@example.com"}));
    let db = db(&database);
    for _ in 0..2 {
        db.write(account(), |tx| outbox::enqueue(tx, &MailTopic::Report { action_id: ACTION })).await.unwrap();
    }
    (database, db)
}

#[tokio::test]
async fn a_mail_is_enqueued_once_and_belongs_to_one_sender() {
    let (database, db) = enqueued().await;
    let due = db.sweep(|sweep| outbox::due(sweep, 10)).await.unwrap();
    let &[(_, id)] = due.as_slice() else { panic!("{due:?}") };
    let claims =
        futures_util::future::join_all((0..8).map(|_| db.write(account(), move |tx| outbox::claim(tx, id)))).await;
    let claimed: Vec<_> = claims.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    assert_eq!((&claimed[0].topic, claimed[0].attempt), (&MailTopic::Report { action_id: ACTION }, 1));
    assert_eq!(claim(&db).await, None);

    move_clock(&mut database.connect(), 61);
    let second = claim(&db).await.expect("the lease has lapsed");
    let first = claimed[0].clone();
    let late = first.clone();
    assert!(!db.write(account(), move |tx| outbox::finish_sent(tx, &late)).await.unwrap());
    let late = first.clone();
    let outcome = db.write(account(), move |tx| outbox::reschedule(tx, &late, "451")).await.unwrap();
    assert_eq!(outcome, AfterFailure::NotOurs);
    assert!(db.write(account(), move |tx| outbox::finish_sent(tx, &second)).await.unwrap());
    let delivery = delivery(&db).await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Sent, 2));
    assert!(delivery.sent_at.is_some());
    move_clock(&mut database.connect(), 86_400);
    assert_eq!(claim(&db).await, None);
}

#[tokio::test]
async fn a_mail_that_does_not_leave_waits_longer_and_longer_for_a_day() {
    let (database, db) = enqueued().await;
    let mut sql = database.connect();
    let mut tries = 0;
    let mut waited = 0;
    loop {
        let mail = claim(&db).await.expect("the mail is due");
        tries += 1;
        assert_eq!(mail.attempt, tries);
        let answer = format!("451 {}\0", "x".repeat(600));
        match db.write(account(), move |tx| outbox::reschedule(tx, &mail, &answer)).await.unwrap() {
            AfterFailure::Rescheduled => {}
            outcome => {
                assert_eq!(outcome, AfterFailure::GivenUp);
                break;
            }
        }
        let shortest = (10 << (tries - 1).min(20)).min(3600);
        move_clock(&mut sql, shortest - 1);
        assert_eq!(claim(&db).await, None, "try {tries}");
        move_clock(&mut sql, shortest / 4 + 2);
        waited += shortest + shortest / 4 + 1;
    }
    assert!((20 * 3600..=24 * 3600).contains(&waited), "{waited} s");
    let delivery = delivery(&db).await;
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Failed, tries));
    assert_eq!(delivery.last_answer.map(|answer| answer.len()), Some(500));
}

/// Waits until the outbox' one mail is as wanted.
fn wait_for(server: &TestServer, wanted: &str) {
    let (mut sql, mut states) = (server.sql(), Vec::new());
    let reached = wait_until(|| {
        states = lines(&mut sql, "SELECT format('%s %s %s', status, attempts, last_error) AS line FROM outbox");
        states.iter().any(|state| state.starts_with(wanted))
    });
    assert!(reached, "not {wanted}: {states:?}");
}

fn insert_mail(server: &TestServer) {
    server
        .sql()
        .batch_execute(
            "INSERT INTO outbox (account_id, id, kind, action_id, status, attempts, next_attempt_at, created_at)
             SELECT account_id, '0193a000-0000-7000-8000-0000000000bb', 'report', id, 'pending', 0, now(), now()
             FROM bulk_actions",
        )
        .unwrap();
}

#[test]
fn the_report_names_who_stayed_and_why_in_the_requesters_language() {
    let server = TestServer::start_with(|settings| {
        settings.mail.public_url = Some("https://crm.example.com".to_owned());
    });
    let contact = server.admin().post("/contacts", json!({"first_name": "=Jan", "last_name": "Peeters"})).expect(201);
    let contact: Uuid = contact["id"].as_str().unwrap().parse().unwrap();
    let mut sql = server.sql();
    insert_action(&mut sql, json!({"email": "ann@example.com", "name": "Ann", "locale": "nl-BE"}));
    let deal = Uuid::from_u128(0xdea1);
    diesel::sql_query(
        "INSERT INTO deals (account_id, id, title, status, customer_contact_id, created_at, updated_at, version, search_text)
         VALUES ($1, $2, 'Offer 12', 'new', $3, now(), now(), 1, 'offer 12')",
    )
    .bind::<SqlUuid, _>(account().0)
    .bind::<SqlUuid, _>(deal)
    .bind::<SqlUuid, _>(contact)
    .execute(&mut sql)
    .unwrap();
    let sample = [json!({"id": deal}), json!({"id": Uuid::from_u128(0xdea2)})];
    let blockers = json!([{"type": "deal", "role": "customer", "count": 2, "sample": sample}]);
    insert_exception(&mut sql, contact, "blocked", Some(blockers));
    // More than are read at once.
    for id in 1..=600 {
        insert_exception(&mut sql, Uuid::from_u128(id), "gone", None);
    }
    insert_mail(&server);
    wait_for(&server, "sent 1");

    let path: PathBuf = server.data.path().join("mail/0193a000-0000-7000-8000-0000000000bb.eml");
    let mail = std::fs::read_to_string(path).unwrap();
    assert!(mail.contains("To: \"Ann\" <ann@example.com>") || mail.contains("To: Ann <ann@example.com>"), "{mail}");
    assert!(mail.contains("Subject: 1 van 3 contacten verwijderd, 1 behouden"), "{mail}");
    let unfolded = mail.replace("=\r\n", "").replace("=3D", "=");
    for fact in [
        "=Jan Peeters: klant van 2 deals (Offer 12, en nog 1)",
        "1 door deals",
        "\"All contacts\" (reden: tidy up) is op 24 november 2026 om 09:14 UTC voltooid.",
        "https://crm.example.com/bulk-actions/0193a000-0000-7000-8000-0000000000aa/undo",
        "1 bestond niet meer of lag al in de prullenbak.",
    ] {
        assert!(unfolded.contains(fact), "{fact}\n{unfolded}");
    }
    let csv = attachment(&mail);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 602, "{csv}");
    assert!(lines[0].starts_with("\u{feff}record_id,"), "{csv}");
    assert_eq!(
        lines[1],
        format!(
            "{contact},contact,'=Jan Peeters,blocked,deal,customer,2,{deal}|{},Offer 12|,",
            Uuid::from_u128(0xdea2)
        )
    );
    assert_eq!(lines[2], format!("{},contact,,gone,,,,,,", Uuid::from_u128(1)));
    assert_eq!(lines[601], format!("{},contact,,gone,,,,,,", Uuid::from_u128(600)));
}

/// The attached file, however the mail encodes it.
fn attachment(mail: &str) -> String {
    use base64::Engine;
    let (_, part) = mail.split_once("Content-Disposition: attachment").expect("an attachment");
    let (headers, body) = part.split_once("\r\n\r\n").unwrap();
    let (body, _) = body.split_once("\r\n--").unwrap();
    let all_headers = format!("{}{headers}", mail.split_once("text/csv").unwrap().1.split_once("\r\n\r\n").unwrap().0);
    if all_headers.contains("base64") {
        let packed: String = body.split_whitespace().collect();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(packed).unwrap()).unwrap()
    } else {
        body.replace("=\r\n", "").replace("=3D", "=").replace("=EF=BB=BF", "\u{feff}")
    }
}

fn server_with_smtp(smtp: &SmtpServer) -> TestServer {
    let server = TestServer::start_with(|settings| {
        settings.mail.smtp_url = Some(format!("smtp://localhost:{}", smtp.port));
    });
    insert_action(&mut server.sql(), json!({"email": "ann@example.com", "name": "Ann"}));
    insert_mail(&server);
    server
}

#[test]
fn a_refusal_for_now_is_tried_again_with_the_same_message_id() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Answer(Stage::Data, "451 later"), Conduct::Proper]);
    let server = server_with_smtp(&smtp);
    wait_for(&server, "pending 1 transient error (451): later");
    assert_eq!(smtp.received_after(1).len(), 1);
    move_clock(&mut server.sql(), 13);
    wait_for(&server, "sent 2");
    let received = smtp.received_after(2).remove(1);
    assert!(received.taken);
    assert!(received.mail.unwrap().contains("Message-ID: <0193a000-0000-7000-8000-0000000000bb@example.com>"));
}

#[test]
fn a_refusal_for_good_fails_at_once() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Answer(Stage::Recipient, "550 no such user")]);
    let server = server_with_smtp(&smtp);
    wait_for(&server, "failed 1 permanent error (550): no such user");
}

#[test]
fn a_dropped_line_after_the_data_is_tried_again() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Drop(Stage::Message), Conduct::Proper]);
    let server = server_with_smtp(&smtp);
    wait_for(&server, "pending 1");
    smtp.received_after(1);
    move_clock(&mut server.sql(), 13);
    wait_for(&server, "sent 2");
}

#[test]
fn a_requester_without_an_address_gets_no_mail() {
    let server = TestServer::start();
    insert_action(&mut server.sql(), json!({"email": null, "name": "Ann"}));
    insert_mail(&server);
    wait_for(&server, "failed 1 the requester's token had no e-mail address");
}
