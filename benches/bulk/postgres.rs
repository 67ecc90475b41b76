//! The benchmark's own PostgreSQL, with the settings of `sweep serve`: databases copied from one another, each brought to
//! the same state before anything is measured on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use sweep::embedded_postgres::EmbeddedPostgres;

use crate::Failure;
use crate::cost::Cost;

/// Clock ticks a second in `/proc/PID/stat`: the same on every Linux.
pub const TICKS: f64 = 100.0;

pub struct Postgres {
    server: EmbeddedPostgres,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Postgres {
    pub fn start(data_dir: &Path) -> Result<Self, Failure> {
        Ok(Self { server: EmbeddedPostgres::start(data_dir)? })
    }

    pub fn url_of(&self, database: &str) -> String {
        self.server.url_of(database)
    }

    /// As the role that serves.
    pub fn serving_url_of(&self, database: &str) -> String {
        self.server.serving_url_of(database)
    }

    pub fn connect(&self, database: &str) -> Result<PgConnection, Failure> {
        Ok(PgConnection::establish(&self.url_of(database))?)
    }

    fn administer(&self, statement: &str) -> Result<(), Failure> {
        Ok(self.connect("postgres")?.batch_execute(statement)?)
    }

    pub fn create(&self, database: &str) -> Result<(), Failure> {
        self.drop(database)?;
        self.administer(&format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'"))
    }

    /// Makes `database` a copy of `of`, file by file: the same rows in the same places.
    pub fn copy(&self, of: &str, database: &str) -> Result<(), Failure> {
        self.drop(database)?;
        self.administer(&format!("CREATE DATABASE {database} TEMPLATE {of} STRATEGY file_copy"))
    }

    pub fn drop(&self, database: &str) -> Result<(), Failure> {
        self.administer(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
    }

    pub fn rename(&self, database: &str, to: &str) -> Result<(), Failure> {
        self.drop(to)?;
        self.administer(&format!("ALTER DATABASE {database} RENAME TO {to}"))
    }

    /// Waits until nothing works in the background, reads every table and index into memory and makes a checkpoint: what
    /// is measured next finds warm pages, and pays for the first change of each page after the checkpoint.
    pub fn settle(&self, database: &str) -> Result<(), Failure> {
        let mut connection = self.connect(database)?;
        let since = Instant::now();
        while number(
            &mut connection,
            "SELECT count(*) AS number FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND \
             (backend_type = 'autovacuum worker' OR backend_type = 'client backend' AND state <> 'idle')",
        )? > 0
        {
            if since.elapsed() > Duration::from_mins(5) {
                return Err("PostgreSQL does not come to rest".into());
            }
            sleep(Duration::from_millis(50));
        }
        connection.batch_execute(
            "CREATE EXTENSION IF NOT EXISTS pg_prewarm; \
             SELECT sum(pg_prewarm(oid)) FROM pg_class WHERE relkind IN ('r', 'i') \
             AND relnamespace = 'public'::regnamespace; CHECKPOINT",
        )?;
        Ok(())
    }

    /// Runs one statement and gives how many rows it touched.
    pub fn run(&self, database: &str, statement: &str) -> Result<(usize, Cost), Failure> {
        self.run_all(database, &[statement])
    }

    /// Runs the statements in one transaction and gives how many rows the last one touched.
    pub fn run_all<S: AsRef<str>>(&self, database: &str, statements: &[S]) -> Result<(usize, Cost), Failure> {
        let mut connection = self.connect(database)?;
        connection.batch_execute("SET timezone = 'UTC'")?;
        self.measure(|| {
            Ok(connection.transaction(|connection| {
                let touched = statements.iter().map(|sql| diesel::sql_query(sql.as_ref()).execute(connection));
                touched.last().unwrap_or(Ok(0))
            })?)
        })
    }

    /// Runs what no transaction may have around it.
    pub fn run_outside(&self, database: &str, statement: &str) -> Result<(), Failure> {
        Ok(self.connect(database)?.batch_execute(statement)?)
    }

    /// What `work` takes, and gives.
    pub fn measure<T>(&self, work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Cost), Failure> {
        let (wal, cpu, since) = (self.wal_bytes()?, self.cpu_seconds()?, Instant::now());
        let done = work()?;
        let wall_seconds = since.elapsed().as_secs_f64();
        let database_cpu_seconds = self.cpu_seconds()? - cpu;
        Ok((done, Cost { wall_seconds, database_cpu_seconds, wal_bytes: self.wal_bytes()? - wal }))
    }

    pub fn data_directory(&self) -> Result<PathBuf, Failure> {
        Ok(PathBuf::from(self.setting("data_directory")?))
    }

    pub fn setting(&self, name: &str) -> Result<String, Failure> {
        word(&mut self.connect("postgres")?, &format!("SELECT current_setting('{name}') AS word"))
    }

    pub fn today(&self) -> Result<String, Failure> {
        word(&mut self.connect("postgres")?, "SELECT current_date::text AS word")
    }

    /// Written since the server was made.
    fn wal_bytes(&self) -> Result<u64, Failure> {
        let query = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS number";
        Ok(number(&mut self.connect("postgres")?, query)?.try_into()?)
    }

    /// Of the server and all its processes, since it started; 0 where there is no `/proc`.
    fn cpu_seconds(&self) -> Result<f64, Failure> {
        let lock_file = fs::read_to_string(self.data_directory()?.join("postmaster.pid"))?;
        let postmaster: u32 = lock_file.lines().next().unwrap_or_default().trim().parse()?;
        let Ok(processes) = fs::read_dir("/proc") else { return Ok(0.0) };
        let ticks: u64 = processes
            .filter_map(|process| fs::read_to_string(process.ok()?.path().join("stat")).ok())
            .filter_map(|stat| ticks_under(&stat, postmaster))
            .sum();
        #[allow(clippy::cast_precision_loss, reason = "far fewer ticks than a float counts exactly")]
        let seconds = ticks as f64 / TICKS;
        Ok(seconds)
    }

    pub fn stop(self) -> Result<(), Failure> {
        self.server.stop_if_unused()?;
        Ok(())
    }
}

/// The time of a child of `postmaster`, or of those of its children that have ended.
fn ticks_under(stat: &str, postmaster: u32) -> Option<u64> {
    let pid: u32 = stat.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split(' ').collect();
    let time =
        |first: usize| Some(fields.get(first)?.parse::<u64>().ok()? + fields.get(first + 1)?.parse::<u64>().ok()?);
    if pid == postmaster {
        time(13)
    } else if fields.get(1)?.parse::<u32>().ok()? == postmaster {
        time(11)
    } else {
        None
    }
}

pub fn word(connection: &mut PgConnection, query: &str) -> Result<String, Failure> {
    Ok(diesel::sql_query(query).get_result::<Word>(connection)?.word)
}

pub fn number(connection: &mut PgConnection, query: &str) -> Result<i64, Failure> {
    Ok(diesel::sql_query(query).get_result::<Number>(connection)?.number)
}
