//! The stream of events, read over HTTP: connecting, parsing, going on where it broke off.

use std::error::Error as _;
use std::io::{BufRead, BufReader, ErrorKind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs;
use serde_json::Value;
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use uuid::Uuid;

use super::WatchError;

/// The service breaks a silence after 15 seconds: one that lasts longer than this is no silence.
const LONGEST_SILENCE: Duration = Duration::from_secs(45);
/// How long `hear` waits, so that what is shown can be refreshed.
const A_MOMENT: Duration = Duration::from_millis(250);

/// One action's events at one service.
pub struct EventSource {
    agent: Agent,
    base: String,
    token: String,
    id: Uuid,
    /// The id of the last event that was heard.
    last: Option<String>,
    /// The pause before another try that the service asks for.
    pause: Duration,
    heard_at: Instant,
    parser: Parser,
}

/// An open stream: its lines.
pub struct Connection(Receiver<std::io::Result<String>>);

pub enum Heard {
    Event(Event),
    /// Nothing for a moment.
    Nothing,
    Lost(String),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub name: String,
    pub data: String,
}

impl EventSource {
    pub fn new(url: &str, token: &str, id: Uuid) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            // A token is for the service that was named, and no other.
            .max_redirects(0)
            .user_agent(concat!("sweep/", env!("CARGO_PKG_VERSION")));
        Self {
            agent: config.build().into(),
            base: url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            id,
            last: None,
            pause: Duration::from_secs(1),
            heard_at: Instant::now(),
            parser: Parser::default(),
        }
    }

    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// Opens the stream, after the last event that was heard.
    pub fn connect(&mut self) -> Result<Connection, WatchError> {
        let request = self.agent.get(format!("{}/bulk-actions/{}/events", self.base, self.id));
        let mut request =
            request.header("accept", "text/event-stream").header("authorization", format!("Bearer {}", self.token));
        if let Some(last) = &self.last {
            request = request.header("last-event-id", last);
        }
        let response = request.call().map_err(|error| self.unreachable(&error))?;
        let media = response.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
        if response.status() != 200 || !media.is_some_and(|media| media.starts_with("text/event-stream")) {
            return Err(self.refusal(response));
        }
        self.parser = Parser::default();
        self.heard_at = Instant::now();
        let (sender, lines) = sync_channel(64);
        // A read has no time limit of its own; one that hangs is left to itself.
        std::thread::spawn(move || {
            for line in BufReader::new(response.into_body().into_reader()).lines() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Connection(lines))
    }

    /// The next thing to be heard, waiting for a moment.
    pub fn hear(&mut self, connection: &Connection) -> Heard {
        let until = Instant::now() + A_MOMENT;
        loop {
            match connection.0.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Ok(line)) => {
                    self.heard_at = Instant::now();
                    if let Some(event) = self.parser.take(&line) {
                        self.last = self.parser.id.clone().or_else(|| self.last.take());
                        return Heard::Event(event);
                    }
                    self.pause = self.parser.retry.unwrap_or(self.pause);
                }
                Ok(Err(error)) => return Heard::Lost(format!("the connection broke: {error}")),
                Err(RecvTimeoutError::Disconnected) => return Heard::Lost("the service closed the stream".to_owned()),
                Err(RecvTimeoutError::Timeout) if self.heard_at.elapsed() > LONGEST_SILENCE => {
                    return Heard::Lost("nothing was heard any more".to_owned());
                }
                Err(RecvTimeoutError::Timeout) => return Heard::Nothing,
            }
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> WatchError {
        let base = &self.base;
        match error {
            ureq::Error::Io(cause) if cause.kind() == ErrorKind::ConnectionRefused => WatchError::Away(format!(
                "nothing listens at {base}: start it with `sweep serve`, or say where it is with --url or SWEEP_URL"
            )),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => WatchError::Refused(format!(
                "{base} is no address of a service: write it as http://127.0.0.1:8080 or https://sweep.example.com"
            )),
            error => {
                let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                WatchError::Away(format!("{base} cannot be reached: {cause}; check --url or SWEEP_URL"))
            }
        }
    }

    fn refusal(&self, mut response: Response<Body>) -> WatchError {
        let (base, id) = (&self.base, self.id);
        let problem: Option<Value> =
            response.body_mut().read_to_string().ok().and_then(|body| serde_json::from_str(&body).ok());
        let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str()).unwrap_or("it does not say why");
        match response.status().as_u16() {
            401 => WatchError::Refused(format!(
                "{base} does not take the token: {detail}; give another with --token or SWEEP_TOKEN (`sweep token` makes one)"
            )),
            404 if problem.as_ref().is_some_and(|problem| problem["type"] == "/problems/not-found") => {
                WatchError::Refused(format!(
                    "there is no bulk action {id} that this token may see at {base}: check the id, and whose token it is"
                ))
            }
            status @ (429 | 500..) if problem.is_some() || status > 500 => {
                WatchError::Away(format!("{base} answers {status}: {detail}; try again in a moment"))
            }
            status => WatchError::Refused(format!(
                "{base} answers {status}, and no stream of events: check whether --url or SWEEP_URL leads to Sweep"
            )),
        }
    }
}

/// Puts events together from lines (the HTML standard, server-sent events).
#[derive(Debug, Default)]
struct Parser {
    name: String,
    data: Vec<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Parser {
    /// Takes the next line; the event that it completes.
    fn take(&mut self, line: &str) -> Option<Event> {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => self.data.push(value.to_owned()),
            "id" => self.id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry),
            "" if line.is_empty() => {
                let event = Event { name: std::mem::take(&mut self.name), data: self.data.join("\n") };
                return (!std::mem::take(&mut self.data).is_empty()).then_some(event);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_from_lines() {
        let mut parser = Parser::default();
        let text =
            "retry: 2000\n\n: alive\n\nid: 3\nevent: progress\ndata: {\ndata:}\nnew: field\n\nevent: x\n\ndata: last";
        let events: Vec<Event> = text.split('\n').filter_map(|line| parser.take(line)).collect();
        assert_eq!(events, [Event { name: "progress".to_owned(), data: "{\n}".to_owned() }]);
        assert_eq!((parser.id.as_deref(), parser.retry), (Some("3"), Some(Duration::from_secs(2))));
    }
}
