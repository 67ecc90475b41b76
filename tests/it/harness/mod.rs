//! A running Sweep on a database of its own, and clients to call it with.

mod client;
mod database;
mod example;
mod listener;
pub mod process;
mod raw;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::prelude::*;
use sweep::app::{self, Settings, Stop};
use sweep::config::{JwtAlgorithm, MailConfig, TokenConfig};
use tempfile::TempDir;

pub use client::{ACCOUNT, Answer, Claims, Client, OTHER_ACCOUNT, SECRET, seconds_from_now};
pub use database::{TestDatabase, as_role};
pub use example::{example_answers, example_file, import_example};
pub use listener::{Event, Listener};
pub use process::SweepProcess;
pub use raw::{Deserted, RawAnswer, exchange};

/// How long anything may take that has to happen. It fails a test that hangs, and no test that is slow: a machine may have
/// many times more to do than this.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// A service in this process. Dropping it stops it and drops its database.
pub struct TestServer {
    pub address: SocketAddr,
    pub database: TestDatabase,
    pub data: TempDir,
    handle: Stop,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts with settings changed by `change`.
    pub fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let database = TestDatabase::create();
        let data = tempfile::tempdir().unwrap();
        let mut settings = settings(&database, data.path().to_owned());
        change(&mut settings);
        let (sender, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let running = app::start(&settings).unwrap();
                sender.send((running.address, running.handle())).unwrap();
                running.run().await.unwrap();
            });
        });
        let (address, handle) = started.recv().expect("the service starts");
        Self { address, database, data, handle, thread: Some(thread) }
    }

    /// Calls as an admin of the test's account.
    pub fn admin(&self) -> Client {
        self.client(&Claims::admin())
    }

    /// Calls as a member of the same account.
    pub fn member(&self) -> Client {
        self.client(&Claims::member())
    }

    /// Calls as an admin of another account.
    pub fn stranger(&self) -> Client {
        self.client(&Claims::stranger())
    }

    pub fn client(&self, claims: &Claims) -> Client {
        Client::new(self.address, Some(claims.token()))
    }

    /// Calls without a token.
    pub fn nobody(&self) -> Client {
        Client::new(self.address, None)
    }

    /// Listens to an action as an admin.
    pub fn listen(&self, action: &str, headers: &str) -> Listener {
        Listener::open(self.address, &Claims::admin().token(), action, headers)
    }

    pub fn sql(&self) -> PgConnection {
        self.database.connect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn settings(database: &TestDatabase, data_dir: PathBuf) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        database_url: database.serving_url(),
        migration_database_url: Some(database.url()),
        data_dir,
        tokens: TokenConfig {
            jwt_algorithm: JwtAlgorithm::HS256,
            jwt_secret: Some(SECRET.to_owned()),
            jwt_public_key_file: None,
            jwt_issuer: None,
            jwt_audience: None,
        },
        secret: SECRET.to_owned(),
        mail: MailConfig {
            smtp_url: None,
            smtp_ca_file: None,
            mail_from: "Sweep <sweep@example.com>".to_owned(),
            public_url: None,
        },
        cors_origins: Vec::new(),
        workers: 2,
        http_threads: 1,
        api_connections: 8,
        // Nobody is told that the service is busy because the machine is.
        connection_wait: PATIENCE,
        lock_wait: PATIENCE,
        keep_alive: Duration::from_secs(15),
    }
}
