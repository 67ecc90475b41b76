//! `sweep watch`: follows a bulk action at a terminal until it has ended.
//!
//! It reads the stream of events as any client does, and knows nothing of the service but its API.

mod display;
mod events;
mod pace;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use self::display::Display;
use self::events::{Connection, EventSource, Heard};

/// How often a lost connection is tried again, with growing pauses: for some minutes.
const TRIES: u32 = 10;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
#[command(
    after_help = "Ctrl-C ends the watching, not the action. Exit codes: 0 completed, 1 it could not be watched, \
    2 wrong arguments, 3 failed, 4 cancelled, 5 aborted, 6 ended in another way."
)]
pub struct WatchArgs {
    /// The id of the bulk action.
    id: Uuid,
    /// Where the service is.
    #[arg(long, env = "SWEEP_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A token that may see the action. Others on this machine can read a command line: prefer the variable.
    #[arg(long, env = "SWEEP_TOKEN", hide_env_values = true)]
    token: String,
}

/// Why an action cannot be watched, in a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("{0}")]
    Refused(String),
    /// It may be over in a moment.
    #[error("{0}")]
    Away(String),
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

/// How far the action is, as an event tells it. What the service may add is passed over.
#[derive(Debug, Clone, Deserialize)]
struct Progress {
    entity: String,
    #[serde(default)]
    dry_run: bool,
    status: String,
    percent: u64,
    counts: Map<String, Value>,
    failure: Option<String>,
}

impl Progress {
    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// Records that are dealt with, or looked through where that comes first.
    fn done(&self) -> u64 {
        self.count("processed").max(self.count("matched") * self.percent / 100)
    }
}

/// Shows the action's progress until it has ended; the exit code says how.
///
/// # Errors
/// When the service refuses, or cannot be reached: at once, or for some minutes after it was.
pub fn run(args: &WatchArgs) -> Result<ExitCode, WatchError> {
    let mut source = EventSource::new(&args.url, &args.token, args.id);
    let mut display = Display::new();
    let (mut failures, mut connected) = (0, false);
    loop {
        let lost = match source.connect() {
            Ok(connection) => {
                connected = true;
                match follow(&mut source, &connection, &mut display, &mut failures)? {
                    Followed::ToTheEnd(last) => return Ok(exit_code(&last.status)),
                    Followed::Lost(why) => why,
                }
            }
            Err(WatchError::Away(why)) if connected && failures < TRIES => why,
            Err(error) => return Err(error),
        };
        display.lost(&lost)?;
        std::thread::sleep(source.pause().saturating_mul(1 << failures.min(8)).min(LONGEST_PAUSE));
        failures += 1;
    }
}

enum Followed {
    ToTheEnd(Progress),
    Lost(String),
}

fn follow(
    source: &mut EventSource,
    connection: &Connection,
    display: &mut Display,
    failures: &mut u32,
) -> Result<Followed, WatchError> {
    loop {
        match source.hear(connection) {
            Heard::Lost(why) => return Ok(Followed::Lost(why)),
            Heard::Nothing => {}
            Heard::Event(event) => {
                *failures = 0;
                let progress: Progress = serde_json::from_str(&event.data)
                    .map_err(|error| WatchError::Refused(format!("an event cannot be read: {error}")))?;
                if event.name != "progress" {
                    display.end(&progress)?;
                    return Ok(Followed::ToTheEnd(progress));
                }
                display.show(progress);
            }
        }
        display.refresh()?;
    }
}

fn exit_code(status: &str) -> ExitCode {
    ExitCode::from(match status {
        "completed" => 0,
        "failed" => 3,
        "cancelled" => 4,
        "aborted" => 5,
        _ => 6,
    })
}
