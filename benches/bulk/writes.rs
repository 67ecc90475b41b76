//! What callers meet while a bulk delete of the whole account runs, held against the same calls without one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use serde::Serialize;
use serde_json::{Value, json};
use sweep::demo_data::random::Random;
use sweep::domain::bulk_action::CHUNK_SIZE;
use sweep::domain::entity::RecordKind;
use sweep::domain::link_catalogue::links_to;
use uuid::Uuid;

use crate::bench::{Bench, RUN};
use crate::bulk_actions::{delete, the_whole};
use crate::cost::{Latency, median, rounded};
use crate::postgres::number;
use crate::report::Section;
use crate::requests::contact;
use crate::service::Service;
use crate::table::Table;
use crate::{ACCOUNT, Failure};

/// For each kind of call.
const CONNECTIONS: usize = 2;
/// Between the answer to a call and the connection's next.
const PAUSE: Duration = Duration::from_millis(10);
/// Calls of each kind: a hundredth of them are twenty.
const ENOUGH: usize = 2_000;
/// Deletes that may be needed for so many.
const MOST_RUNS: usize = 60;
/// From the first record that is not worked on yet: the chunks that run, and the next ones.
const NEAR: u64 = 5 * CHUNK_SIZE.unsigned_abs() as u64;
/// How often the action is asked how far it is.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Contact,
    DealElsewhere,
    DealNear,
}

struct Sample {
    call: Call,
    time: Duration,
    /// 409: the contact has gone already.
    refused: bool,
}

/// A service that is called while something happens to it.
struct Scene<'a> {
    service: &'a Service,
    /// The frozen set.
    ids: &'a [Uuid],
    /// How many of those are done.
    done: AtomicUsize,
    /// Calls of each kind that were answered, at least.
    answered: [AtomicUsize; Call::ALL.len()],
    over: AtomicBool,
    seed: u64,
}

#[derive(Debug, Serialize)]
struct Measured {
    name: &'static str,
    while_deleting: bool,
    latency: Latency,
    refused: Latency,
}

pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    bench.progress("single writes, at rest", 1);
    let idle = {
        let service = bench.fresh_service()?;
        let ids = live_contacts(bench)?;
        let scene = Scene::new(&service, &ids, 0);
        scene.done.store(ids.len() / 2, Ordering::Relaxed);
        scene.watch(|| {
            while scene.fewest() < ENOUGH {
                sleep(LOOK);
            }
            Ok(())
        })?
    };
    let (mut busy, mut seconds, mut chunks) = (Vec::new(), Vec::new(), Vec::new());
    let enough = |samples: &[Sample]| Call::ALL.iter().all(|call| of(samples, *call).count() >= ENOUGH);
    while !enough(&busy) && seconds.len() < MOST_RUNS {
        bench.progress("single writes during a delete", seconds.len() + 1);
        let (samples, took, chunk) = during_a_delete(bench, u64::try_from(seconds.len())? + 1)?;
        busy.extend(samples);
        seconds.push(took);
        chunks.push(chunk);
    }
    Ok(section(&idle, &busy, &seconds, &chunks))
}

fn of(samples: &[Sample], call: Call) -> impl Iterator<Item = &Sample> {
    samples.iter().filter(move |sample| sample.call == call)
}

/// Gives how many seconds the delete took, and its chunks each, too. Fails if a live record is linked to one in the bin afterwards.
fn during_a_delete(bench: &Bench, seed: u64) -> Result<(Vec<Sample>, f64, f64), Failure> {
    let service = bench.fresh_service()?;
    let ids = live_contacts(bench)?;
    let scene = Scene::new(&service, &ids, seed);
    let client = service.client();
    let mut seconds = 0.0;
    let samples = scene.watch(|| {
        let since = Instant::now();
        let action = delete(&client, &the_whole())?;
        let path = format!("/bulk-actions/{}", action["id"].as_str().unwrap_or_default());
        let mut action = action;
        while action["finished_at"].is_null() {
            sleep(LOOK);
            action = client.get(&path)?;
            let done = action["counts"]["processed"].as_u64().unwrap_or_default();
            scene.done.store(usize::try_from(done)?, Ordering::Relaxed);
        }
        seconds = since.elapsed().as_secs_f64();
        if action["status"] == "completed" {
            Ok(())
        } else {
            Err(format!("the delete ended otherwise: {action}").into())
        }
    })?;
    let dangling = dangling_links(bench)?;
    if dangling > 0 {
        return Err(format!("{dangling} live records are linked to contacts in the bin").into());
    }
    Ok((samples, seconds, seconds_a_chunk(&client.metrics()?)))
}

/// How long a chunk's transaction took on average, by the service's metrics.
fn seconds_a_chunk(metrics: &str) -> f64 {
    let of = |what: &str| {
        let name = format!("sweep_chunk_duration_seconds_{what}{{action=\"delete\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    of("sum") / of("count")
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn live_contacts(bench: &Bench) -> Result<Vec<Uuid>, Failure> {
    let query = format!("SELECT id FROM contacts WHERE account_id = '{ACCOUNT}' AND deleted_at IS NULL ORDER BY id");
    let ids: Vec<Id> = diesel::sql_query(query).load(&mut bench.postgres.connect(RUN)?)?;
    Ok(ids.into_iter().map(|row| row.id).collect())
}

/// Live records that block a deletion and are linked to a contact in the bin, by every column of the link catalogue.
fn dangling_links(bench: &Bench) -> Result<i64, Failure> {
    let mut connection = bench.postgres.connect(RUN)?;
    let mut dangling = 0;
    for link in links_to(RecordKind::Contact).filter(|link| link.blocks) {
        let live = if link.in_bin { " AND l.deleted_at IS NULL" } else { "" };
        let query = format!(
            "SELECT count(*) AS number FROM {} AS l JOIN contacts AS c ON c.account_id = l.account_id AND c.id = l.{} \
             WHERE c.deleted_at IS NOT NULL{live}",
            link.table, link.column
        );
        dangling += number(&mut connection, &query)?;
    }
    Ok(dangling)
}

impl Call {
    const ALL: [Self; 3] = [Self::Contact, Self::DealElsewhere, Self::DealNear];

    fn name(self) -> &'static str {
        match self {
            Self::Contact => "create a contact",
            Self::DealElsewhere => "a deal elsewhere",
            Self::DealNear => "a deal near the running chunks",
        }
    }
}

impl<'a> Scene<'a> {
    fn new(service: &'a Service, ids: &'a [Uuid], seed: u64) -> Self {
        Self {
            service,
            ids,
            done: AtomicUsize::new(0),
            answered: Default::default(),
            over: AtomicBool::new(false),
            seed,
        }
    }

    /// Calls from all connections while `during` lasts.
    fn watch(&self, during: impl FnOnce() -> Result<(), Failure>) -> Result<Vec<Sample>, Failure> {
        thread::scope(|scope| {
            let connections: Vec<_> = Call::ALL
                .into_iter()
                .flat_map(|call| (0..CONNECTIONS).map(move |connection| (call, connection)))
                .map(|(call, connection)| scope.spawn(move || self.call(call, connection)))
                .collect();
            let happened = during();
            self.over.store(true, Ordering::Relaxed);
            let mut samples = Vec::new();
            for connection in connections {
                samples.extend(connection.join().map_err(|_| "a connection panicked")??);
            }
            happened.map(|()| samples)
        })
    }

    /// One call after the other on one connection.
    fn call(&self, call: Call, connection: usize) -> Result<Vec<Sample>, String> {
        let client = self.service.client();
        let mut random = Random::of_row(self.seed, call.name(), connection as u64);
        client.get("/me").map_err(|failure| failure.to_string())?;
        let mut samples = Vec::new();
        while !self.over.load(Ordering::Relaxed) {
            let (path, body) = self.request(call, &mut random);
            let since = Instant::now();
            let answer = client.post(path, &body);
            let time = since.elapsed();
            let refused = match answer {
                Ok(_) => false,
                Err(failure) if is_conflict(&failure) => true,
                Err(failure) => {
                    // Nobody waits for calls that will not come.
                    self.answered[call as usize].store(ENOUGH, Ordering::Relaxed);
                    return Err(format!("{}: {failure}", call.name()));
                }
            };
            samples.push(Sample { call, time, refused });
            self.answered[call as usize].fetch_add(1, Ordering::Relaxed);
            sleep(PAUSE);
        }
        Ok(samples)
    }

    fn request(&self, call: Call, random: &mut Random) -> (&'static str, Value) {
        let (all, near, done) = (self.ids.len() as u64, NEAR, self.done.load(Ordering::Relaxed) as u64);
        let place = match call {
            Call::Contact => return ("/contacts", contact(random.below(u64::from(u32::MAX)))),
            // In an account that is not much larger than what is near there is no elsewhere.
            Call::DealElsewhere if all < 3 * near => random.below(all),
            // Nor just behind: the count is some milliseconds old, and the workers do not keep step.
            Call::DealElsewhere => (done + near + random.below(all - 2 * near)) % all,
            Call::DealNear => (done + random.below(near)).min(all - 1),
        };
        let place = usize::try_from(place).unwrap_or_default();
        ("/deals", json!({"title": "Offer", "customer": {"type": "contact", "id": self.ids[place]}}))
    }

    fn fewest(&self) -> usize {
        self.answered.iter().map(|answered| answered.load(Ordering::Relaxed)).min().unwrap_or_default()
    }
}

fn is_conflict(failure: &Failure) -> bool {
    matches!(failure.downcast_ref::<ureq::Error>(), Some(ureq::Error::StatusCode(409)))
}

fn section(idle: &[Sample], busy: &[Sample], seconds: &[f64], chunks: &[f64]) -> Section {
    let mut table =
        Table::new(["", "calls", "p50 ms", "p99 ms", "max ms", "of them 409", "p50 ms", "p99 ms", "max ms"]);
    let mut measured = Vec::new();
    for call in Call::ALL {
        for (samples, while_deleting) in [(idle, false), (busy, true)] {
            let times = |refused: bool| of(samples, call).filter(move |sample| sample.refused || !refused);
            let latency = |refused| Latency::of(times(refused).map(|sample| sample.time).collect());
            let (all, refused) = (latency(false), latency(true));
            let shown = |time: f64| if time.is_nan() { "-".to_owned() } else { format!("{time:.1}") };
            table.row([
                format!("{}, {}", call.name(), if while_deleting { "during the delete" } else { "at rest" }),
                all.requests.to_string(),
                shown(all.p50_milliseconds),
                shown(all.p99_milliseconds),
                shown(all.max_milliseconds),
                refused.requests.to_string(),
                shown(refused.p50_milliseconds),
                shown(refused.p99_milliseconds),
                shown(refused.max_milliseconds),
            ]);
            measured.push(Measured { name: call.name(), while_deleting, latency: all, refused });
        }
    }
    let delete = median(seconds, |seconds| *seconds);
    let chunk = median(chunks, |seconds| *seconds) * 1_000.0;
    let runs = seconds.len();
    Section {
        name: "writes",
        text: format!(
            "{}{CONNECTIONS} connections for each kind of call; {runs} deletes of the whole account, {delete:.2} s each; \
             a chunk's transaction {chunk:.0} ms on average; no live record is linked to one in the bin\n",
            table.text()
        ),
        data: json!({"calls": measured, "connections": CONNECTIONS, "deletes": runs, "delete_seconds": rounded(delete),
            "chunk_milliseconds": rounded(chunk)}),
        bars: Vec::new(),
    }
}
