//! Single requests from many connections at once, in turns with handlers written by hand that run the same SQL.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::PgConnection;
use serde::Serialize;
use serde_json::{Value, json};

use crate::bench::{Bench, RUN};
use crate::by_hand::ByHand;
use crate::cost::{Latency, median, megabytes, rounded};
use crate::postgres::word;
use crate::report::Section;
use crate::service::{Client, processor_seconds};
use crate::table::Table;
use crate::{ACCOUNT, Failure, full_pool};

const CONNECTIONS: [usize; 2] = [16, 64];
/// How long one side is asked at a time.
const TURN: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_millis(300);
/// Turns of each side, unless more runs are asked for.
const TURNS: usize = 3;

/// Where each side keeps what is asked of it.
struct Asked {
    list: String,
    deep_page: String,
    ids: Vec<String>,
    created: AtomicU64,
}

#[derive(Clone, Copy)]
enum Request {
    List,
    DeepPage,
    Read,
    Create,
}

impl Request {
    const ALL: [(Self, &'static str); 4] = [
        (Self::List, "first page of contacts"),
        (Self::DeepPage, "page in the middle"),
        (Self::Read, "read a contact"),
        (Self::Create, "create a contact"),
    ];

    fn send(self, client: &Client, asked: &Asked, turn: usize) -> Result<usize, Failure> {
        let sent = match self {
            Self::List => client.send("GET", &asked.list, ""),
            Self::DeepPage => client.send("GET", &asked.deep_page, ""),
            Self::Read => client.send("GET", &format!("/contacts/{}", asked.ids[turn % asked.ids.len()]), ""),
            Self::Create => {
                let contact = contact(asked.created.fetch_add(1, Ordering::Relaxed));
                client.send("POST", "/contacts", &contact.to_string())
            }
        }?;
        if (200..300).contains(&sent.status) { Ok(sent.bytes) } else { Err(format!("{}", sent.status).into()) }
    }
}

/// What one side did in its turns.
#[derive(Debug, Default, Serialize)]
struct Side {
    requests_per_second: Vec<f64>,
    processor_microseconds: Vec<f64>,
    database_microseconds: Vec<f64>,
    bytes: usize,
    latency: Option<Latency>,
    #[serde(skip)]
    times: Vec<Duration>,
}

#[derive(Debug, Serialize)]
struct Measured {
    name: &'static str,
    connections: usize,
    service: Side,
    by_hand: Side,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.service.speed() / self.by_hand.speed()
    }
}

pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    let service = bench.fresh_service()?;
    let peer = ByHand::start(&bench.postgres.serving_url_of(RUN))?;
    let idle = service.memory().now;
    let [ours, theirs] = asked(bench, &service.client())?;
    let mut measured = Vec::new();
    for (request, name) in Request::ALL {
        for connections in CONNECTIONS {
            let mut both = Measured { name, connections, service: Side::default(), by_hand: Side::default() };
            for run in 1..=bench.runs.max(TURNS) {
                bench.progress(name, run);
                let turn = |client: &(dyn Fn() -> Client + Sync), asked, process, side: &mut Side| {
                    side.turn(bench, process, || {
                        load(client, connections, |client, turn| request.send(client, asked, turn))
                    })
                };
                turn(&|| service.client(), &ours, service.process(), &mut both.service)?;
                turn(&|| peer.client(), &theirs, peer.process(), &mut both.by_hand)?;
            }
            both.service.finish();
            both.by_hand.finish();
            measured.push(both);
        }
    }
    let peak = service.memory().peak;
    drop((service, peer));
    let full = full_pool::measure(bench)?;
    section(&measured, idle, peak, &full)
}

fn section(measured: &[Measured], idle: u64, peak: u64, full: &full_pool::Answers) -> Result<Section, Failure> {
    let mut table = Table::new([
        "",
        "connections",
        "Sweep/s",
        "by hand/s",
        "ratio",
        "p50 ms",
        "p99",
        "max",
        "by hand p50",
        "p99",
        "max",
        "CPU us, DB",
        "by hand",
    ]);
    let mut data = Vec::new();
    for both in measured {
        let cell = |side: &Side, of: fn(&Latency) -> f64| format!("{:.1}", side.latency.as_ref().map_or(f64::NAN, of));
        let [p50, p99, max]: [fn(&Latency) -> f64; 3] =
            [|it| it.p50_milliseconds, |it| it.p99_milliseconds, |it| it.max_milliseconds];
        let (ours, theirs) = (&both.service, &both.by_hand);
        table.row([
            both.name.to_owned(),
            both.connections.to_string(),
            format!("{:.0}", ours.speed()),
            format!("{:.0}", theirs.speed()),
            format!("{:.2}", both.ratio()),
            cell(ours, p50),
            cell(ours, p99),
            cell(ours, max),
            cell(theirs, p50),
            cell(theirs, p99),
            cell(theirs, max),
            ours.processor(),
            theirs.processor(),
        ]);
        let mut value = serde_json::to_value(both)?;
        value["ratio"] = rounded(both.ratio());
        data.push(value);
    }
    let text = format!(
        "{}Memory of the service: {:.0} MB idle, at most {:.0}\n{}",
        table.text(),
        megabytes(idle),
        megabytes(peak),
        full.text()
    );
    let data = json!({"requests": data, "idle_megabytes": megabytes(idle), "peak_megabytes": megabytes(peak),
        "full_pool": full});
    Ok(Section { name: "requests", text, data, bars: Vec::new() })
}

impl Side {
    fn turn(
        &mut self,
        bench: &Bench,
        process: u32,
        load: impl FnOnce() -> Result<(Vec<Duration>, usize), Failure>,
    ) -> Result<(), Failure> {
        let before = processor_seconds(process);
        let ((times, bytes), cost) = bench.postgres.measure(load)?;
        let (seconds, requests) = (TURN.as_secs_f64(), f64::from(u32::try_from(times.len())?));
        // What warming up took is in the times of the processors too.
        let all = requests * (seconds + WARM_UP.as_secs_f64()) / seconds / 1e6;
        self.requests_per_second.push(requests / seconds);
        self.processor_microseconds.push((processor_seconds(process) - before) / all);
        self.database_microseconds.push(cost.database_cpu_seconds / all);
        self.bytes = bytes;
        self.times.extend(times);
        Ok(())
    }

    fn finish(&mut self) {
        self.latency = Some(Latency::of(std::mem::take(&mut self.times)));
    }

    fn speed(&self) -> f64 {
        median(&self.requests_per_second, |it| *it)
    }

    /// Microseconds a request, of the process and of PostgreSQL.
    fn processor(&self) -> String {
        let of = |values: &[f64]| median(values, |it| *it);
        format!("{:.0}, {:.0}", of(&self.processor_microseconds), of(&self.database_microseconds))
    }
}

/// The same requests for the service and for the handlers written by hand.
fn asked(bench: &Bench, client: &Client) -> Result<[Asked; 2], Failure> {
    let (cursor, before) = middle(client)?;
    let (name, id) = row_before(&mut bench.postgres.connect(RUN)?, before)?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let after = query.append_pair("name", &name).append_pair("id", &id).finish();
    let ids = word(
        &mut bench.postgres.connect(RUN)?,
        &format!(
            "SELECT string_agg(id::text, ',') AS word FROM (SELECT id FROM contacts \
             WHERE account_id = '{ACCOUNT}' AND deleted_at IS NULL ORDER BY md5(id::text) LIMIT 1000) AS found"
        ),
    )?;
    let ids: Vec<String> = ids.split(',').map(str::to_owned).collect();
    let asked = |list: &str, deep_page: String, first: u64| Asked {
        list: list.to_owned(),
        deep_page,
        ids: ids.clone(),
        created: AtomicU64::new(first),
    };
    Ok([
        asked("/contacts?limit=50", format!("/contacts?limit=50&cursor={cursor}"), 0),
        asked("/contacts", format!("/contacts?{after}"), 1 << 40),
    ])
}

/// The cursor of the page that begins in the middle of the account, and the place of the last row before it.
pub fn middle(client: &Client) -> Result<(String, u64), Failure> {
    let mut page = client.get("/contacts?limit=200&with_total=true")?;
    let pages = (page["page"]["total"].as_u64().unwrap_or_default() / 400).max(1);
    let cursor = |page: &Value| match page["page"]["next_cursor"].as_str() {
        Some(cursor) => Ok(cursor.to_owned()),
        None => Err(Failure::from("the list of contacts has only one page")),
    };
    for _ in 1..pages {
        page = client.get(&format!("/contacts?limit=200&cursor={}", cursor(&page)?))?;
    }
    Ok((cursor(&page)?, pages * 200 - 1))
}

/// The sort name and the id of a live contact by its place.
pub fn row_before(connection: &mut PgConnection, place: u64) -> Result<(String, String), Failure> {
    let mut column = |column: &str| {
        word(
            connection,
            &format!(
                "SELECT {column}::text AS word FROM contacts WHERE account_id = '{ACCOUNT}' AND deleted_at IS NULL \
                 ORDER BY sort_name, id OFFSET {place} LIMIT 1"
            ),
        )
    };
    Ok((column("sort_name")?, column("id")?))
}

/// A body that makes a contact.
pub fn contact(number: u64) -> Value {
    json!({"first_name": "Zoë", "last_name": format!("Example {number}"),
        "emails": [{"type": "primary", "email": format!("zoe{number}@bench.example")}],
        "telephones": [{"type": "phone", "number": format!("+999 {number:09}")}],
        "addresses": [{"type": "primary", "line_1": "Dorpsstraat 1", "city": "Ghent", "country": "BE"}],
        "tags": ["customer", "newsletter"], "custom_fields": {"score": 50}})
}

/// Sends one request after the other on each connection, and gives how long those took that were answered in time, and
/// the length of an answer.
fn load(
    client: &(dyn Fn() -> Client + Sync),
    connections: usize,
    send: impl Fn(&Client, usize) -> Result<usize, Failure> + Sync,
) -> Result<(Vec<Duration>, usize), Failure> {
    let begin = Instant::now() + WARM_UP;
    let one_connection = |number: usize| {
        let (client, mut times, mut bytes) = (client(), Vec::new(), 0);
        for turn in (0..).map(|turn: usize| turn * connections + number) {
            let since = Instant::now();
            bytes = send(&client, turn).map_err(|failure| failure.to_string())?;
            let now = Instant::now();
            if now > begin + TURN {
                break;
            }
            if now > begin {
                times.push(now - since);
            }
        }
        Ok::<_, String>((times, bytes))
    };
    thread::scope(|scope| {
        let one_connection = &one_connection;
        let connections: Vec<_> = (0..connections).map(|number| scope.spawn(move || one_connection(number))).collect();
        let (mut all, mut bytes) = (Vec::new(), 0);
        for connection in connections {
            let (times, of_one) = connection.join().map_err(|_| "a connection panicked")??;
            all.extend(times);
            bytes = of_one;
        }
        Ok((all, bytes))
    })
}
