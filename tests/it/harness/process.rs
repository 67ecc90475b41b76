//! The real `sweep` binary as a process of its own: its exit code, its standard output and its log.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use super::client::{Claims, Client, SECRET};
use super::{PATIENCE, TestDatabase};
use crate::many_records::wait_until;

/// A `sweep serve`, killed when dropped.
pub struct SweepProcess {
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    _data: TempDir,
}

/// `sweep` with these arguments, without anything of this process's environment that configures it.
pub fn sweep(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sweep"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("SWEEP_") || name.starts_with("SMTP_") || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs `sweep` to its end, or kills it when it does not come: whether it succeeded, and what it said on standard error.
pub fn outcome(mut command: Command) -> (bool, String) {
    let mut child = command.spawn().unwrap();
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if since.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

impl SweepProcess {
    /// Serves on a free port from this database, with the tests' secret.
    pub fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, &[])
    }

    pub fn start_with(database: &TestDatabase, arguments: &[&str]) -> Self {
        let owner = database.url();
        Self::start_as(&database.serving_url(), &[&["--migration-database-url", &owner], arguments].concat())
    }

    /// Serves as the role of this address.
    pub fn start_as(database_url: &str, arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = sweep(&["serve"]);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(arguments);
        command.env("DATABASE_URL", database_url).env("SWEEP_DATA_DIR", data.path()).env("SWEEP_JWT_SECRET", SECRET);
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let reader = copy_lines(child.stderr.take().unwrap(), Arc::clone(&log));
        let greeting = first_line(child.stdout.take().unwrap());
        let greeting = greeting.recv_timeout(PATIENCE).unwrap_or_default();
        let address = greeting.split("http://").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            panic!("sweep does not serve: {greeting} {}", log.lock().unwrap());
        };
        Self { address, child, log, reader: Some(reader), _data: data }
    }

    pub fn admin(&self) -> Client {
        Client::new(self.address, Some(Claims::admin().token()))
    }

    pub fn nobody(&self) -> Client {
        Client::new(self.address, None)
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Waits for the process to end by itself.
    pub fn ended(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(reader) = self.reader.take() {
                    reader.join().unwrap();
                }
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "sweep does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What was logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log says this.
    #[track_caller]
    pub fn says(&self, text: &str) {
        assert!(wait_until(|| self.log().contains(text)), "no {text} in {}", self.log());
    }

    /// The log's lines about one request, once there are at least `count` of them.
    pub fn log_of(&self, request_id: &str, count: usize) -> Vec<Value> {
        let since = Instant::now();
        loop {
            let lines: Vec<Value> = self.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let found: Vec<Value> = lines.into_iter().filter(|line| line["request_id"] == request_id).collect();
            if found.len() >= count {
                return found;
            }
            assert!(since.elapsed() < PATIENCE, "no {count} lines of {request_id} in {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for SweepProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy_lines(from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut log = into.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    })
}

/// Sends the first line, and reads the rest so that the process never waits for its reader.
fn first_line(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}
