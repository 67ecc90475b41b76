//! One running `sweep serve` with a data folder of its own, to be killed.

use std::fs::{self, File};
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::super::harness::{Client, SECRET, TestDatabase};
use super::super::many_records::wait_until;

pub struct Node {
    database_url: String,
    serving_url: String,
    data: TempDir,
    child: Child,
    address: String,
}

impl Node {
    pub fn start(database: &TestDatabase) -> Self {
        Self::start_on(database.serving_url(), database.url())
    }

    /// The same database as the role that serves and as the owner of its tables.
    pub fn start_on(serving_url: String, owner_url: String) -> Self {
        let data = tempfile::tempdir().unwrap();
        let child = spawn(&serving_url, &owner_url, &data);
        let mut node = Self { database_url: owner_url, serving_url, data, child, address: String::new() };
        node.address = node.listening();
        node
    }

    /// Starts again on the same data folder, after a kill or an exit.
    pub fn restart(&mut self) {
        self.child = spawn(&self.serving_url, &self.database_url, &self.data);
        self.address = self.listening();
    }

    /// The address that the program says it serves on.
    fn listening(&mut self) -> String {
        let mut address = String::new();
        let listens = wait_until(|| {
            let said = fs::read_to_string(self.data.path().join("stdout")).unwrap_or_default();
            let found = said.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
            found.unwrap_or_default().clone_into(&mut address);
            said.contains('\n') || self.child.try_wait().unwrap().is_some()
        });
        assert!(listens && !address.is_empty(), "the service starts: {}", self.log());
        address
    }

    pub fn client(&self, token: &str) -> Client {
        Client::new(self.address.parse().unwrap(), Some(token.to_owned()))
    }

    /// As the owner of the tables.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Ends it at once, as a power failure would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn terminate(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
    }

    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.data.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Everything it ever wrote to its outputs.
    pub fn whole_log(&self) -> String {
        let read = |name| fs::read_to_string(self.data.path().join(name)).unwrap_or_default();
        read("log") + &read("stdout")
    }

    /// How many mail files name this action.
    pub fn mails_about(&self, action: &str) -> usize {
        let Ok(entries) = fs::read_dir(self.data.path().join("mail")) else { return 0 };
        let mails =
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "eml"));
        // A soft line break may stand inside the id.
        mails.filter(|path| fs::read_to_string(path).unwrap().replace("=\r\n", "").contains(action)).count()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(serving_url: &str, owner_url: &str, data: &TempDir) -> Child {
    let log = File::options().append(true).create(true).open(data.path().join("log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_sweep"))
        .arg("serve")
        .env("DATABASE_URL", serving_url)
        .env("SWEEP_MIGRATION_DATABASE_URL", owner_url)
        .env("SWEEP_DATA_DIR", data.path())
        .env("SWEEP_LISTEN", "127.0.0.1:0")
        .env("SWEEP_JWT_SECRET", SECRET)
        .env("SWEEP_WORKERS", "2")
        .stdin(Stdio::null())
        .stdout(File::create(data.path().join("stdout")).unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
