//! Requests while every database connection of the service is held: each is answered in time, or told to come back.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use serde::Serialize;

use crate::bench::{Bench, RUN};
use crate::service::{Client, Sent};
use crate::{ACCOUNT, Failure};

/// Connections that change one contact, which someone else has locked: more than the service has to the database.
const HOLDING: usize = 48;
/// Connections that read meanwhile.
const READING: usize = 64;
const LASTS: Duration = Duration::from_secs(12);
/// How long the service waits for a connection to the database (`cli.rs`).
const WAIT: Duration = Duration::from_secs(5);
/// And how long, once it has one, for a lock. Who comes second waits for the row twice: until it is the next, and then for
/// the row itself.
const LOCK_WAITS: Duration = Duration::from_secs(10);
/// What an answer may take beyond that, on a busy machine.
const GRACE: Duration = Duration::from_secs(1);

/// What came back to those who read and to those who change.
#[derive(Debug, Serialize)]
pub struct Answers {
    reads: Tally,
    changes: Tally,
}

#[derive(Debug, Default, Serialize)]
struct Tally {
    answered: usize,
    told_to_come_back: usize,
    slowest_seconds: f64,
}

impl Tally {
    fn add(&mut self, sent: Sent, took: Duration, limit: Duration) -> Result<(), String> {
        self.slowest_seconds = self.slowest_seconds.max(took.as_secs_f64());
        match sent {
            _ if took > limit => return Err(format!("an answer came only after {took:.1?}")),
            Sent { status: 200, .. } => self.answered += 1,
            Sent { status: 503, retry_after: true, .. } => self.told_to_come_back += 1,
            other => return Err(format!("neither an answer nor a time to come back: {other:?}")),
        }
        Ok(())
    }

    fn and(mut self, other: &Self) -> Self {
        self.answered += other.answered;
        self.told_to_come_back += other.told_to_come_back;
        self.slowest_seconds = self.slowest_seconds.max(other.slowest_seconds);
        self
    }

    fn text(&self) -> String {
        let Self { answered, told_to_come_back, slowest_seconds } = self;
        format!(
            "{answered} answered, {told_to_come_back} with 503 and Retry-After, the slowest after {slowest_seconds:.2} s"
        )
    }
}

impl Answers {
    pub fn text(&self) -> String {
        let (reads, changes) = (self.reads.text(), self.changes.text());
        format!(
            "All connections to the database held for {} s: of reads from {READING} connections {reads}; of changes of \
             the locked contact from {HOLDING} {changes}\n",
            LASTS.as_secs()
        )
    }
}

/// # Errors
/// An answer that is neither, or that comes too late.
pub fn measure(bench: &Bench) -> Result<Answers, Failure> {
    bench.progress("all connections held", 1);
    let service = bench.fresh_service()?;
    let contacts = service.client().get("/contacts?limit=2")?;
    let path = |place: usize| format!("/contacts/{}", contacts["data"][place]["id"].as_str().unwrap_or_default());
    let (locked, free) = (path(0), path(1));
    let mut lock = bench.postgres.connect(RUN)?;
    let id = locked.trim_start_matches("/contacts/");
    lock.batch_execute(&format!(
        "BEGIN; SELECT FROM contacts WHERE account_id = '{ACCOUNT}' AND id = '{id}' FOR UPDATE"
    ))?;
    let end = Instant::now() + LASTS;
    let asking = |limit: Duration, send: &(dyn Fn(&Client) -> Result<Sent, Failure> + Sync)| {
        let (client, mut tally) = (service.client(), Tally::default());
        while Instant::now() < end {
            let since = Instant::now();
            let sent = send(&client).map_err(|failure| failure.to_string())?;
            tally.add(sent, since.elapsed(), limit + GRACE)?;
        }
        Ok::<_, String>(tally)
    };
    let read = |client: &Client| client.send("GET", &free, "");
    let change = |client: &Client| client.send("PATCH", &locked, "{}");
    let (reads, changes) = thread::scope(|scope| {
        let changes: Vec<_> = (0..HOLDING).map(|_| scope.spawn(|| asking(WAIT + LOCK_WAITS, &change))).collect();
        thread::sleep(Duration::from_millis(200));
        let reads: Vec<_> = (0..READING).map(|_| scope.spawn(|| asking(WAIT, &read))).collect();
        let sum = |all: Vec<thread::ScopedJoinHandle<'_, Result<Tally, String>>>| {
            all.into_iter().try_fold(Tally::default(), |sum, one| {
                Ok::<_, Failure>(sum.and(&one.join().map_err(|_| "a connection panicked")??))
            })
        };
        (sum(reads), sum(changes))
    });
    lock.batch_execute("ROLLBACK")?;
    Ok(Answers { reads: reads?, changes: changes? })
}
