//! The role that serves can add rows and read them, and nothing else: whichever way it is set up.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use super::rows;
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::process::{outcome, sweep};
use crate::harness::{SECRET, SweepProcess, TestDatabase, TestServer, as_role};
use crate::many_records::{count, text};

/// What changes or removes rows.
const CHANGES: [&str; 4] = [
    "UPDATE audit_log SET user_id = 'nobody'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "WITH gone AS (DELETE FROM audit_log RETURNING id) SELECT FROM gone",
];

/// Holds that the role of this address can only add to the log. There is at least one row in it.
#[track_caller]
pub fn assert_append_only(url: &str) {
    let mut serving = PgConnection::establish(url).unwrap();
    let before = count(&mut serving, "SELECT count(*) FROM audit_log");
    assert!(before > 0, "the service has written");
    for change in CHANGES {
        let refusal = serving.batch_execute(change).unwrap_err().to_string();
        assert_eq!(refusal, "permission denied for table audit_log", "{change}");
    }
    assert_eq!(count(&mut serving, "SELECT count(*) FROM audit_log"), before);
}

#[test]
fn a_role_that_only_serves_can_not_help_itself_either() {
    let server = TestServer::start();
    delete_ids(&server.admin(), "contact", &contacts(&server.admin(), &["a"]));
    let url = server.database.serving_url();
    assert_append_only(&url);
    let mut serving = PgConnection::establish(&url).unwrap();
    let owner = text(&mut server.sql(), "SELECT current_user");
    for (attempt, refusal) in [
        (format!("SET ROLE \"{owner}\""), "permission denied"),
        (format!("SET SESSION AUTHORIZATION \"{owner}\""), "permission denied"),
        ("ALTER TABLE audit_log OWNER TO CURRENT_USER".to_owned(), "must be owner"),
        ("DROP TABLE audit_log".to_owned(), "must be owner"),
        ("CREATE TABLE further (id int)".to_owned(), "permission denied"),
        ("INSERT INTO clock_shift VALUES (1, '1 day')".to_owned(), "permission denied"),
        ("DELETE FROM __diesel_schema_migrations".to_owned(), "permission denied"),
    ] {
        let said = serving.batch_execute(&attempt).unwrap_err().to_string();
        assert!(said.contains(refusal), "{attempt}: {said}");
    }
    // It has nothing to give, and is told so in a warning.
    serving.batch_execute("GRANT UPDATE, DELETE, TRUNCATE ON audit_log TO CURRENT_USER").unwrap();
    assert_append_only(&url);
    let service = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND application_name = 'sweep' AND usename <> ";
    let role = text(&mut serving, "SELECT current_user");
    assert_eq!(count(&mut server.sql(), &format!("{service} '{role}'")), 0);
    assert!(count(&mut server.sql(), &format!("{service} ''")) > 0);
}

#[test]
fn a_role_that_only_serves_refreshes_statistics() {
    let server = TestServer::start();
    let rows: Vec<String> = (0..1200).map(|n| format!("{n},Name {n}\n")).collect();
    server.admin().csv("/contacts/import", format!("external_id,last_name\n{}", rows.concat())).expect(200);
    let known = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'contacts'";
    assert_eq!(count(&mut server.sql(), known), 1200);
}

/// A database of a role that owns nothing else, as managed servers give one; dropped with this value.
struct OwnedDatabase {
    database: TestDatabase,
    owner: String,
}

impl OwnedDatabase {
    fn create(name: &str) -> Self {
        let database = TestDatabase::empty();
        let owner = format!("sweep_test_{name}_{}", std::process::id());
        TestDatabase::maintenance()
            .batch_execute(&format!(
                "DROP ROLE IF EXISTS {owner}; CREATE ROLE {owner} LOGIN PASSWORD '{owner}'; \
                 GRANT {owner} TO CURRENT_USER; ALTER DATABASE {} OWNER TO {owner}",
                database.name
            ))
            .unwrap();
        Self { database, owner }
    }

    fn url(&self) -> String {
        as_role(&self.database.url(), &self.owner)
    }
}

impl Drop for OwnedDatabase {
    fn drop(&mut self) {
        let mut maintenance = TestDatabase::maintenance();
        let _ = maintenance.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.database.name));
        let _ = maintenance.batch_execute(&format!("DROP ROLE {}", self.owner));
    }
}

#[test]
fn an_owner_that_serves_has_taken_the_right_from_itself() {
    let given = OwnedDatabase::create("sole");
    let service = SweepProcess::start_as(&given.url(), &[]);
    delete_ids(&service.admin(), "contact", &contacts(&service.admin(), &["a"]));
    assert_append_only(&given.url());
    service.nobody().get("/health/ready").expect(200);
    assert!(!service.log().contains("WARN"), "{}", service.log());
    // A second start finds it so.
    drop(service);
    SweepProcess::start_as(&given.url(), &[]).admin().get("/audit-log").expect(200);
    assert_append_only(&given.url());
    // What an owner does to archive.
    let mut owner = PgConnection::establish(&given.url()).unwrap();
    owner
        .batch_execute(
            "BEGIN; GRANT DELETE ON audit_log TO CURRENT_USER; DELETE FROM audit_log; \
             REVOKE DELETE ON audit_log FROM CURRENT_USER; COMMIT",
        )
        .unwrap();
    assert_eq!(count(&mut owner, "SELECT count(*) FROM audit_log"), 0);
}

#[test]
fn a_superuser_that_serves_is_warned_of() {
    let database = TestDatabase::create();
    if !text(&mut database.connect(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").contains('t') {
        return;
    }
    let service = SweepProcess::start_as(&database.url(), &[]);
    assert!(service.log().contains("can change and delete rows of the audit log"), "{}", service.log());
    service.admin().get("/audit-log").expect(200);
}

fn run(arguments: &[&str], serving: &str) -> (bool, String) {
    let data = tempfile::tempdir().unwrap();
    let mut command = sweep(arguments);
    command.env("DATABASE_URL", serving).env("SWEEP_DATA_DIR", data.path()).env("SWEEP_JWT_SECRET", SECRET);
    outcome(command)
}

#[test]
fn who_migrates_in_a_step_of_its_own_serves_without_the_owners_key() {
    let given = OwnedDatabase::create("owner");
    let serving = given.database.serving_url();
    let (served, said) = run(&["serve", "--listen", "127.0.0.1:0"], &serving);
    assert!(!served && said.contains("SWEEP_MIGRATION_DATABASE_URL"), "{said}");

    let (migrated, said) = run(&["migrate", "--migration-database-url", &given.url()], &serving);
    assert!(migrated, "{said}");
    let service = SweepProcess::start_as(&serving, &[]);
    service.nobody().get("/health/ready").expect(200);
    service.admin().patch("/settings", json!({"retention_days": 3})).expect(200);
    assert_eq!(rows(&service.admin(), "").len(), 1);
    assert_append_only(&serving);

    let elsewhere = TestDatabase::empty();
    let (migrated, said) =
        run(&["migrate", "--migration-database-url", &elsewhere.url()], &serving_of_none(&elsewhere));
    assert!(!migrated && said.contains("both must name one database"), "{said}");
}

/// The role that serves, in a database without tables.
fn serving_of_none(beside: &TestDatabase) -> String {
    beside.serving_url().replace(&beside.name, "postgres")
}
