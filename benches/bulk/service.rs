//! The real binary, serving one database, and a client that calls it.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use ureq::http::Request;

use crate::postgres::{Postgres, TICKS};
use crate::{ACCOUNT, Failure};

const SECRET: &str = "the-secret-of-the-benchmark-alone-32";
const START_LIMIT: Duration = Duration::from_secs(30);
const ACTION_LIMIT: Duration = Duration::from_hours(1);
/// How long to wait at least until an action is looked at again.
const POLL: Duration = Duration::from_millis(5);

/// Stopped when dropped.
pub struct Service {
    process: Child,
    address: String,
    token: String,
    log: PathBuf,
}

/// One connection to the service.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: String,
}

/// What came back from [`Client::send`].
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub status: u16,
    pub retry_after: bool,
    pub bytes: usize,
}

/// Memory of the service's process in bytes; 0 where there is no `/proc`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    pub now: u64,
    pub peak: u64,
}

impl Service {
    /// Starts the service and waits until it is ready.
    pub fn start(postgres: &Postgres, database: &str, folder: &Path) -> Result<Self, Failure> {
        let service = Self::spawn(postgres, database, folder, None)?;
        service.ready()?;
        Ok(service)
    }

    /// Starts the service with so many workers, one a core if not given, and does not wait for it.
    pub fn spawn(postgres: &Postgres, database: &str, folder: &Path, workers: Option<u32>) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let log_file = folder.join("service.log");
        let log = File::create(&log_file)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_sweep"));
        if let Some(workers) = workers {
            command.env("SWEEP_WORKERS", workers.to_string());
        }
        let process = command
            .args(["serve", "--listen", &address, "--database-url", &postgres.serving_url_of(database)])
            .args(["--migration-database-url", &postgres.url_of(database)])
            .arg("--data-dir")
            .arg(folder.join("service"))
            .env("SWEEP_JWT_SECRET", SECRET)
            .env("SWEEP_LOG", "warn")
            .env_remove("SMTP_URL")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { process, address, token: token()?, log: log_file })
    }

    pub fn ready(&self) -> Result<(), Failure> {
        let client = self.client();
        let since = Instant::now();
        while client.get("/health/ready").is_err() {
            if since.elapsed() > START_LIMIT {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("the service does not start: {log}").into());
            }
            sleep(Duration::from_millis(20));
        }
        // Until its workers have connected and found nothing to do.
        sleep(Duration::from_secs(1));
        client.get("/me")?;
        Ok(())
    }

    /// Ends it at once, as a power failure would.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    pub fn client(&self) -> Client {
        Client::new(&self.address, &self.token)
    }

    pub fn process(&self) -> u32 {
        self.process.id()
    }

    pub fn memory(&self) -> Memory {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        Memory { now: bytes("VmRSS"), peak: bytes("VmHWM") }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let runs = matches!(self.process.try_wait(), Ok(None));
        if let (true, Ok(pid)) = (runs, i32::try_from(self.process.id())) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.process.wait();
    }
}

/// What the process has taken of the processors since it started; 0 where there is no `/proc`.
pub fn processor_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

fn token() -> Result<String, Failure> {
    let claims = json!({"sub": "bench", "account_id": ACCOUNT, "role": "admin", "exp": 4_102_444_800_u64,
        "email": "bench@example.com", "name": "Bench"});
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?)
}

impl Client {
    pub fn new(address: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder().max_redirects(0);
        Self { agent: config.build().into(), base: format!("http://{address}"), token: token.to_owned() }
    }

    /// The answer's status, its `Retry-After` and the length of its body, which nobody reads: so the benchmark takes as
    /// little as it can of the processor that it measures.
    pub fn send(&self, method: &str, path: &str, body: &str) -> Result<Sent, Failure> {
        let request = self.request(method, path).header("content-type", "application/json");
        let request = request.header("accept-encoding", "identity").body(body.to_owned())?;
        let request = self.agent.configure_request(request).http_status_as_error(false).build();
        let mut response = self.agent.run(request)?;
        let retry_after = response.headers().contains_key("retry-after");
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec()?.len();
        Ok(Sent { status: response.status().as_u16(), retry_after, bytes })
    }

    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = self.request("GET", path).body(())?;
        read(self.agent.run(request)?)
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.request("POST", path).header("content-type", "application/json");
        read(self.agent.run(request.body(body.to_string())?)?)
    }

    /// What the service says of itself, in Prometheus' text.
    pub fn metrics(&self) -> Result<String, Failure> {
        let request = self.request("GET", "/metrics").body(())?;
        Ok(self.agent.run(request)?.body_mut().read_to_string()?)
    }

    /// The bulk action once it is completed.
    pub fn completed(&self, action: &Value) -> Result<Value, Failure> {
        self.wait(action, |action| action["status"] == "completed")
    }

    /// The bulk action once it is as asked for.
    pub fn wait(&self, action: &Value, until: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        let path = format!("/bulk-actions/{}", action["id"].as_str().ok_or("that is no action")?);
        let since = Instant::now();
        loop {
            let action = self.get(&path)?;
            if until(&action) {
                return Ok(action);
            }
            if action["status"] == "failed" || since.elapsed() > ACTION_LIMIT {
                return Err(format!("the action does not get there: {action}").into());
            }
            // A fiftieth of the time, so that asking weighs nothing and what is measured is 2 % too long at most.
            sleep(POLL.max(since.elapsed() / 50));
        }
    }

    /// Sends a file as it is read.
    pub fn import(&self, path: &str, file: &Path) -> Result<Value, Failure> {
        let request = self.request("POST", path).header("content-type", "text/csv");
        read(self.agent.run(request.body(File::open(file)?)?)?)
    }

    fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        let uri = format!("{}{path}", self.base);
        Request::builder().method(method).uri(uri).header("authorization", format!("Bearer {}", self.token))
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Value, Failure> {
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec()?;
    Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? })
}
