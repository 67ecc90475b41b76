//! How long single requests take, from 16 connections at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::Failure;
use crate::bench::Bench;
use crate::cost::{Latency, megabytes};
use crate::report::Section;
use crate::service::{Client, Service};
use crate::table::Table;

const CONNECTIONS: usize = 16;
/// Requests that each connection sends, one after the other.
const EACH: usize = 100;
const WARM_UP: usize = 10;

#[derive(Debug, Serialize)]
struct Measured {
    name: &'static str,
    connections: usize,
    latency: Latency,
}

pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    let service = bench.fresh_service()?;
    let client = service.client();
    let idle = service.memory().now;
    let deep = deep_page(&client)?;
    let segment = client.post(
        "/segments",
        &json!({"name": "French contacts", "entity": "contact", "match": "all", "visibility": "private",
            "rules": [{"field": "country", "operator": "equals", "value": "FR"}]}),
    )?;
    let count = format!("/segments/{}/count", segment["id"].as_str().unwrap_or_default());
    let created = AtomicU64::new(0);
    let requests: [(&'static str, Box<dyn Fn(&Client) -> Result<Value, Failure> + Sync>); 4] = [
        ("first page of contacts", Box::new(|client| client.get("/contacts?limit=50"))),
        ("page in the middle", Box::new(|client| client.get(&deep))),
        ("count of a segment of a tenth, with its blocked", Box::new(|client| client.get(&count))),
        (
            "create a contact",
            Box::new(|client| client.post("/contacts", &contact(created.fetch_add(1, Ordering::Relaxed)))),
        ),
    ];
    let mut table = Table::new(["", "connections", "requests", "p50 ms", "p99 ms", "max ms"]);
    let mut measured = Vec::new();
    for (name, request) in requests {
        bench.progress(name, 1);
        let latency = Latency::of(times(&service, &request)?);
        table.row([
            name.to_owned(),
            CONNECTIONS.to_string(),
            latency.requests.to_string(),
            format!("{:.1}", latency.p50_milliseconds),
            format!("{:.1}", latency.p99_milliseconds),
            format!("{:.1}", latency.max_milliseconds),
        ]);
        measured.push(Measured { name, connections: CONNECTIONS, latency });
    }
    let peak = megabytes(service.memory().peak);
    Ok(Section {
        name: "requests",
        text: format!("{}Memory of the service: {:.0} MB idle, at most {peak:.0}\n", table.text(), megabytes(idle)),
        data: json!({"requests": measured, "idle_megabytes": megabytes(idle), "peak_megabytes": peak}),
        bars: Vec::new(),
    })
}

/// A page of 50 that begins in the middle of the account.
fn deep_page(client: &Client) -> Result<String, Failure> {
    let first = client.get("/contacts?limit=200&with_total=true")?;
    let pages = first["page"]["total"].as_u64().unwrap_or_default() / 400;
    let mut page = first;
    for _ in 1..pages {
        page = client.get(&format!("/contacts?limit=200&cursor={}", cursor(&page)?))?;
    }
    Ok(format!("/contacts?limit=50&cursor={}", cursor(&page)?))
}

fn cursor(page: &Value) -> Result<&str, Failure> {
    page["page"]["next_cursor"].as_str().ok_or_else(|| "the list of contacts has only one page".into())
}

/// A body that makes a contact.
pub fn contact(number: u64) -> Value {
    json!({"first_name": "Zoë", "last_name": format!("Example {number}"),
        "emails": [{"type": "primary", "email": format!("zoe{number}@bench.example")}],
        "telephones": [{"type": "phone", "number": format!("+999 {number:09}")}],
        "addresses": [{"type": "primary", "line_1": "Dorpsstraat 1", "city": "Ghent", "country": "BE"}],
        "tags": ["customer", "newsletter"], "custom_fields": {"score": 50}})
}

fn times(
    service: &Service,
    request: &(dyn Fn(&Client) -> Result<Value, Failure> + Sync),
) -> Result<Vec<Duration>, Failure> {
    let one_connection = || {
        let client = service.client();
        let mut times = Vec::with_capacity(EACH);
        for number in 0..WARM_UP + EACH {
            let since = Instant::now();
            request(&client).map_err(|failure| failure.to_string())?;
            if number >= WARM_UP {
                times.push(since.elapsed());
            }
        }
        Ok::<_, String>(times)
    };
    thread::scope(|scope| {
        let connections: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(one_connection)).collect();
        let mut all = Vec::new();
        for connection in connections {
            all.extend(connection.join().map_err(|_| "a connection panicked")??);
        }
        Ok(all)
    })
}
