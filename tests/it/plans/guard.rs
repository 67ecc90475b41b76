//! Lets a service run its statements under `auto_explain` and judges every plan that it leaves in the server's log.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{accounts, plan};
use crate::harness::{ACCOUNT, Client, TestDatabase, TestServer};
use crate::many_records::{lines, text, wait_until};

/// Rows that an unfiltered page may read in one scan: some more than its 50.
pub const PAGE: u32 = 500;
/// Rows that a filter which lets few through may read: a twentieth of the account.
pub const FEW: u32 = 10_000;
/// Rows that a chunk of 2,000 may read. It may read its links by the range of its ids, which is all of a small table.
pub const CHUNK: u32 = 25_000;
/// For what is about the whole account: each of its records, but not the other account's.
pub const WHOLE: u32 = 200_000;

pub struct Guard {
    pub server: TestServer,
    pub admin: Client,
    pub sql: PgConnection,
    /// An ended action of the account.
    pub action: String,
    log: PathBuf,
    /// Tables of more rows than anything here may read from end to end.
    large: BTreeSet<String>,
    faults: Vec<String>,
    /// The statements that they name, each once.
    faulty: BTreeSet<String>,
    /// Every statement that was judged.
    judged: BTreeSet<String>,
}

impl Guard {
    /// None on a given server: its log is out of reach.
    pub fn start() -> Option<Self> {
        let log = TestDatabase::server_log()?;
        // One connection: a statement that is prepared once and run often comes to its generic plan.
        let server = TestServer::start_with(|settings| {
            (settings.api_connections, settings.workers) = (1, 1);
            let owner = settings.migration_database_url.as_deref().unwrap();
            explain_all(&mut PgConnection::establish(owner).unwrap());
        });
        let mut sql = unexplained(&server);
        let action = accounts::fill(&server, &mut sql);
        let large = lines(&mut sql, "SELECT relname AS line FROM pg_class WHERE relkind = 'r' AND reltuples > 10000");
        let large: BTreeSet<String> = large.into_iter().filter(|table| !table.starts_with("pg_")).collect();
        assert!(large.len() >= 14, "{large:?}");
        let admin = server.admin();
        Some(Self {
            server,
            admin,
            sql,
            log,
            large,
            faults: Vec::new(),
            faulty: BTreeSet::new(),
            judged: BTreeSet::new(),
            action,
        })
    }

    /// Runs `work` and judges all that the service ran meanwhile. Some plan must read `table`, lest nothing is seen.
    pub fn watch<T>(&mut self, what: &str, table: &str, most: u32, work: impl FnOnce(&Self) -> T) -> T {
        let from = self.log_length();
        let done = work(self);
        let plans = plan::in_log(&self.log_since(from));
        assert!(plans.iter().any(|plan| plan.reads(table)), "{what}: none of {} plans reads {table}", plans.len());
        for plan in &plans {
            self.judged.insert(plan.statement().to_owned());
            for fault in plan.faults(&self.large, most) {
                if self.faulty.insert(plan.statement().to_owned()) {
                    self.faults.push(format!("{what} {fault}: {}", plan.statement()));
                }
            }
        }
        done
    }

    /// Asks often enough for statements that are prepared once to come to their generic plan.
    pub fn get(&mut self, path: &str, table: &str, most: u32) {
        self.watch(path, table, most, |guard| {
            for _ in 0..7 {
                guard.admin.get(path).expect(200);
            }
        });
    }

    pub fn once(&mut self, path: &str, table: &str, most: u32) {
        self.watch(path, table, most, |guard| drop(guard.admin.get(path).expect(200)));
    }

    /// Waits until the service has run a statement that holds `text`, and judges what it ran until then.
    pub fn wait_for(&mut self, text: &str, table: &str, most: u32) {
        self.wait_after(|_| (), text, table, most);
    }

    /// The same for a statement that follows from `work`.
    pub fn wait_after(&mut self, work: impl FnOnce(&Self), text: &str, table: &str, most: u32) {
        self.watch(text, table, most, |guard| {
            let from = guard.log_length();
            work(guard);
            let seen = || plan::in_log(&guard.log_since(from)).iter().any(|plan| plan.statement().contains(text));
            assert!(wait_until(seen), "nothing ran {text}");
        });
    }

    /// A value of the record of the tested account that has this external id, as JSON writes it.
    pub fn column(&mut self, table: &str, external_id: &str, column: &str) -> String {
        let row = format!("FROM {table} WHERE account_id = '{ACCOUNT}' AND external_id = '{external_id}'");
        text(&mut self.sql, &format!("SELECT to_jsonb({column}) #>> '{{}}' {row}"))
    }

    pub fn has_judged(&self, text: &str) -> bool {
        self.judged.iter().any(|statement| statement.contains(text))
    }

    /// What was wrong since the last call.
    pub fn faults(&mut self) -> Vec<String> {
        self.faulty.clear();
        std::mem::take(&mut self.faults)
    }

    fn log_length(&self) -> u64 {
        self.log.metadata().unwrap().len()
    }

    fn log_since(&self, from: u64) -> String {
        let mut file = File::open(&self.log).unwrap();
        file.seek(SeekFrom::Start(from)).unwrap();
        let mut log = Vec::new();
        file.read_to_end(&mut log).unwrap();
        // Another server's message may be half written.
        String::from_utf8_lossy(&log).into_owned()
    }
}

/// A session whose own statements are not written down.
pub fn unexplained(server: &TestServer) -> PgConnection {
    let mut sql = server.sql();
    sql.batch_execute("SET auto_explain.log_min_duration = -1").unwrap();
    sql
}

/// Has each session that begins from now on write down the plan of every statement.
fn explain_all(owner: &mut PgConnection) {
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_format = json",
    ] {
        let statement = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {}', current_database()); END $$",
            setting.replace('\'', "''")
        );
        owner.batch_execute(&statement).unwrap();
    }
}
