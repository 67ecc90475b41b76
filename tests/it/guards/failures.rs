//! What the database refuses, and what callers are told of it: met through the whole service, with real locks, deadlocks,
//! timeouts and lost connections.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestDatabase, TestServer};
use crate::many_records::{count, wait_until, waiting};

fn contact(client: &Client) -> String {
    let created = client.post("/contacts", json!({"last_name": "a"})).expect(201);
    format!("/contacts/{}", created["id"].as_str().unwrap())
}

/// A transaction of somebody else that has locked all contacts.
fn lock_contacts(server: &TestServer) -> PgConnection {
    let mut other = server.sql();
    other.batch_execute("BEGIN; SELECT FROM contacts FOR UPDATE").unwrap();
    other
}

#[track_caller]
fn try_later(answer: Answer, slug: &str) {
    assert_eq!(answer.status, 503);
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    answer.refused(slug);
}

/// The answer of a service that is quick to give up: on a slow machine it may do so without a reason.
fn in_the_end(call: &dyn Fn() -> Answer) -> Answer {
    let mut answer = call();
    wait_until(|| {
        answer.status != 503 || {
            answer = call();
            false
        }
    });
    answer
}

/// Returns once a statement of the service waits for a lock.
#[track_caller]
fn wait_for_a_waiter(server: &TestServer) {
    wait_for_waiters(server, 1);
}

#[track_caller]
fn wait_for_waiters(server: &TestServer, number: i64) {
    let mut observer = server.sql();
    assert!(wait_until(|| waiting(&mut observer) >= number), "fewer than {number} wait");
}

#[test]
fn a_record_that_another_holds_is_busy() {
    let server = TestServer::start_with(|settings| settings.lock_wait = Duration::from_millis(200));
    let (admin, path) = (server.admin(), contact(&server.admin()));
    let mut other = lock_contacts(&server);
    try_later(admin.patch(&path, json!({"last_name": "b"})), "record-busy");
    try_later(admin.delete(&path), "record-busy");
    assert_eq!(admin.get(&path).expect(200)["last_name"], "a");
    other.batch_execute("COMMIT").unwrap();
    admin.patch(&path, json!({"last_name": "b"})).expect(200);
}

#[test]
fn a_deadlock_is_run_again() {
    let server = TestServer::start();
    let admin = server.admin();
    let path = contact(&admin);
    let company = admin.post("/companies", json!({"name": "c"})).expect(201);
    let company = company["id"].as_str().unwrap();
    // The link holds the company and stands at the gate; behind it is what the other holds, who waits for the company. Each
    // looks for a deadlock once, some time after it began to wait: the link begins last, so it is the one to find it.
    let mut gate = server.sql();
    gate.batch_execute(
        "CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock_shared(1), pg_advisory_xact_lock_shared(2); RETURN NEW; END $$;
         CREATE TRIGGER pass BEFORE INSERT ON contact_companies FOR EACH ROW EXECUTE FUNCTION pass();
         SELECT pg_advisory_lock(1)",
    )
    .unwrap();
    let mut other = server.sql();
    other.batch_execute("SET deadlock_timeout = '1h'; BEGIN; SELECT pg_advisory_xact_lock(2)").unwrap();
    let answer = std::thread::scope(|scope| {
        let link = scope.spawn(|| admin.put(&format!("{path}/companies/{company}"), json!({})));
        wait_for_a_waiter(&server);
        let other = scope.spawn(move || other.batch_execute("SELECT FROM companies FOR UPDATE; COMMIT").unwrap());
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND application_name <> 'sweep' AND wait_event_type = 'Lock'";
        assert!(wait_until(|| count(&mut gate, others) == 1), "the other waits for the link");
        gate.batch_execute("SELECT pg_advisory_unlock(1)").unwrap();
        other.join().unwrap();
        link.join().unwrap()
    });
    assert_eq!(answer.expect(200)["companies"][0]["company_id"], company);
    // Its statistics come a moment later.
    let resolved = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert!(wait_until(|| count(&mut server.sql(), resolved) > 0), "the service was undone by a deadlock");
}

/// Makes every change of a contact fail with this SQLSTATE, the first `times` times.
fn fail_changes(server: &TestServer, sqlstate: &str, times: u32) {
    let sql = format!(
        "CREATE SEQUENCE failures;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
             IF nextval('failures') <= {times} THEN RAISE EXCEPTION 'as asked' USING ERRCODE = '{sqlstate}'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER fail BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION fail();"
    );
    server.sql().batch_execute(&sql).unwrap();
}

#[test]
fn what_the_database_undid_is_run_three_times_more() {
    for (failures, succeeds) in [(3, true), (4, false)] {
        let server = TestServer::start();
        let path = contact(&server.admin());
        fail_changes(&server, "40001", failures);
        let answer = server.admin().patch(&path, json!({"last_name": "b"}));
        if succeeds {
            assert_eq!(answer.expect(200)["last_name"], "b");
        } else {
            try_later(answer, "record-busy");
            assert_eq!(server.admin().get(&path).expect(200)["last_name"], "a");
        }
    }
}

#[test]
fn a_count_that_takes_too_long_is_given_up() {
    // The time limit of counting is shortened by waiting for a lock first: the wait counts.
    let server = TestServer::start_with(|settings| settings.lock_wait = Duration::from_mins(1));
    let mut other = server.sql();
    other.batch_execute("BEGIN; LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE").unwrap();
    let problem = server.admin().get("/segments/all-contacts/count").refused("query-too-slow");
    assert_eq!(problem["status"], 422);
    other.batch_execute("COMMIT").unwrap();
    server.admin().get("/segments/all-contacts/count").expect(200);
}

#[test]
fn a_connection_that_is_lost_within_a_request() {
    let server = TestServer::start();
    let path = contact(&server.admin());
    let mut other = lock_contacts(&server);
    std::thread::scope(|scope| {
        let change = scope.spawn(|| server.admin().patch(&path, json!({"last_name": "b"})));
        wait_for_a_waiter(&server);
        end_connections(&server);
        try_later(change.join().unwrap(), "database-unavailable");
    });
    other.batch_execute("COMMIT").unwrap();
    server.admin().patch(&path, json!({"last_name": "b"})).expect(200);
}

/// Ends the service's connections to its database, and waits until each is gone.
fn end_connections(server: &TestServer) {
    let ended = "SELECT count(pg_terminate_backend(pid, 100000)) FROM pg_stat_activity \
                 WHERE application_name = 'sweep' AND datname = current_database()";
    assert!(count(&mut server.sql(), ended) > 0);
}

#[test]
fn connections_that_were_lost_between_requests_are_replaced() {
    let server = TestServer::start();
    let path = contact(&server.admin());
    for _ in 0..3 {
        end_connections(&server);
        server.admin().get(&path).expect(200);
    }
}

#[test]
fn more_requests_than_connections_wait_and_are_told_so() {
    let server = TestServer::start_with(|settings| {
        settings.api_connections = 1;
        settings.connection_wait = Duration::from_millis(300);
    });
    let created = in_the_end(&|| server.admin().post("/contacts", json!({"last_name": "a"}))).expect(201);
    let path = format!("/contacts/{}", created["id"].as_str().unwrap());
    let mut other = lock_contacts(&server);
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| in_the_end(&|| server.admin().patch(&path, json!({"last_name": "b"}))));
        wait_for_a_waiter(&server);
        try_later(server.admin().get(&path), "overloaded");
        try_later(server.nobody().get("/health/ready"), "overloaded");
        server.nobody().get("/health/live").expect(200);
        other.batch_execute("COMMIT").unwrap();
        holder.join().unwrap().expect(200);
    });
    in_the_end(&|| server.admin().get(&path)).expect(200);
}

/// However many wait, none waits longer than it takes to give up, and then is told to come back.
#[test]
fn a_crowd_waits_for_connections_no_longer_than_one_does() {
    let wait = Duration::from_secs(1);
    let server = TestServer::start_with(|settings| {
        settings.api_connections = 2;
        settings.connection_wait = wait;
        settings.lock_wait = Duration::from_mins(1);
    });
    let path = contact(&server.admin());
    let mut other = lock_contacts(&server);
    std::thread::scope(|scope| {
        let change = || server.admin().patch(&path, json!({"last_name": "b"}));
        let holders = [scope.spawn(change), scope.spawn(change)];
        wait_for_waiters(&server, 2);
        let read = || {
            let since = std::time::Instant::now();
            (server.admin().get(&path), since.elapsed())
        };
        let crowd: Vec<_> = (0..64).map(|_| scope.spawn(read)).collect();
        for (answer, took) in crowd.into_iter().map(|one| one.join().unwrap()) {
            try_later(answer, "overloaded");
            // A slow machine takes its time; one after the other they would take 64 times as long.
            assert!(took < 10 * wait, "told only after {took:?}");
        }
        other.batch_execute("COMMIT").unwrap();
        for holder in holders {
            holder.join().unwrap().expect(200);
        }
    });
    server.admin().get(&path).expect(200);
}

#[test]
fn a_database_that_is_away_and_comes_back() {
    let server = TestServer::start_with(|settings| settings.connection_wait = Duration::from_millis(500));
    let created = in_the_end(&|| server.admin().post("/contacts", json!({"last_name": "a"}))).expect(201);
    let path = format!("/contacts/{}", created["id"].as_str().unwrap());
    let mut maintenance = TestDatabase::maintenance();
    maintenance.batch_execute(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", server.database.name)).unwrap();
    maintenance.batch_execute(&end_all(&server.database.name)).unwrap();
    try_later(server.admin().get(&path), "database-unavailable");
    try_later(server.admin().patch(&path, json!({})), "database-unavailable");
    try_later(server.nobody().get("/health/ready"), "database-unavailable");
    server.nobody().get("/health/live").expect(200);
    maintenance.batch_execute(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", server.database.name)).unwrap();
    in_the_end(&|| server.admin().get(&path)).expect(200);
    in_the_end(&|| server.nobody().get("/health/ready")).expect(200);
}

fn end_all(database: &str) -> String {
    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
}

#[test]
fn a_missing_migration_is_not_ready() {
    let server = TestServer::start();
    server.nobody().get("/health/ready").expect(200);
    server.sql().batch_execute("DELETE FROM __diesel_schema_migrations").unwrap();
    try_later(server.nobody().get("/health/ready"), "database-unavailable");
}

#[test]
fn twins_at_the_same_instant() {
    let server = TestServer::start();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let create = || server.admin().post("/contacts", json!({"last_name": "a", "external_id": "1"}));
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused("external-id-taken");
    }
    let first: Vec<Answer> = std::thread::scope(|scope| {
        let set = |days: u32| server.admin().patch("/settings", json!({"retention_days": days}));
        let calls: Vec<_> = (1..9).map(|days| scope.spawn(move || set(days))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(first.iter().all(|answer| answer.status == 200));
}

#[test]
fn an_internal_error_shows_its_request_id_and_nothing_else() {
    let server = TestServer::start();
    server.sql().batch_execute("ALTER TABLE contacts ADD CONSTRAINT no_secrets CHECK (last_name <> 'Secret')").unwrap();
    let answer = server.admin().post("/contacts", json!({"last_name": "Secret"}));
    let id = answer.header("x-request-id").unwrap().to_owned();
    let problem = answer.refused("internal");
    let members: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["detail", "request_id", "status", "title", "type"]);
    assert_eq!(problem["request_id"], Value::from(id));
    let text = problem.to_string();
    assert!(!text.contains("no_secrets") && !text.contains("Secret"), "{text}");
}
