//! Counts, pages and searches over one connection, on an account of which a third lies in the bin, against the same SQL
//! written by hand.

use std::time::Instant;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;
use serde_json::{Value, json};

use crate::bench::{Bench, RUN};
use crate::by_hand::{self, After};
use crate::cost::{median, rounded};
use crate::postgres::word;
use crate::report::Section;
use crate::requests::{middle, row_before};
use crate::segments::{self, Segment, Shape};
use crate::service::{Client, Service};
use crate::table::Table;
use crate::{ACCOUNT, Failure};

/// Turns of each side, and how often it reads in each.
const TURNS: usize = 3;
const EACH: usize = 8;

type ByHand = Box<dyn Fn(&mut PgConnection) -> Result<Found, Failure>>;

/// What a read came to, to see that both sides did the same: rows of a page, or the counts.
type Found = (u64, u64);

struct Read {
    name: String,
    path: String,
    /// What is read off the service's answer.
    found: fn(&Value) -> Found,
    /// Ways to do the same by hand; the fastest counts.
    by_hand: Vec<(&'static str, ByHand)>,
}

#[derive(Debug, Serialize)]
struct Measured {
    name: String,
    found: Found,
    service_milliseconds: f64,
    by_hand_milliseconds: f64,
    /// The fastest way by hand.
    way: &'static str,
    every_way: Vec<(&'static str, f64)>,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.service_milliseconds / self.by_hand_milliseconds
    }
}

pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    let service = bench.fresh_service()?;
    fill_the_bin(bench, &service)?;
    let connection = &mut bench.postgres.connect(RUN)?;
    let mut reads = Vec::new();
    for shape in segments::shapes() {
        reads.push(count(&service.client(), shape)?);
    }
    reads.extend(pages(connection, &service.client())?);
    let measured: Vec<Measured> =
        reads.iter().map(|read| side_by_side(bench, &service, connection, read)).collect::<Result<_, _>>()?;
    section(&measured)
}

/// Deletes about 30 of 100 contacts, and lets the database look at what is left, as it would by itself.
fn fill_the_bin(bench: &Bench, service: &Service) -> Result<(), Failure> {
    let client = service.client();
    let rules = json!({"match": "all", "rules": [
        {"field": "custom_fields.score", "operator": "less_than", "value": 48}]});
    let action = client.completed(&crate::bulk_actions::delete(&client, &rules)?)?;
    client.wait(&action, |action| action["notification"]["status"] == "sent")?;
    bench.postgres.run_outside(RUN, "VACUUM ANALYZE")?;
    bench.postgres.settle(RUN)
}

fn count(client: &Client, shape: Shape) -> Result<Read, Failure> {
    let segment = match shape.segment {
        Segment::Standard(slug) => slug.to_owned(),
        Segment::Own(rules) => {
            let segment = json!({"name": shape.name, "entity": "contact", "match": "all", "rules": rules,
                "visibility": "private"});
            client.post("/segments", &segment)?["id"].as_str().unwrap_or_default().to_owned()
        }
    };
    let by_hand = segments::counts(&shape.condition).into_iter().map(|(way, statements)| {
        let run: ByHand = Box::new(move |connection| sums(connection, &statements));
        (way, run)
    });
    Ok(Read {
        name: format!("count: {}", shape.name),
        path: format!("/segments/{segment}/count"),
        found: |answer| (number(&answer["count"]), number(&answer["blocked_count"])),
        by_hand: by_hand.collect(),
    })
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(u64::MAX)
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    blocked: i64,
}

fn sums(connection: &mut PgConnection, statements: &[String]) -> Result<Found, Failure> {
    let mut sums = (0, 0);
    for statement in statements {
        let counts: Counts = diesel::sql_query(statement).get_result(connection)?;
        sums = (sums.0 + u64::try_from(counts.count)?, sums.1 + u64::try_from(counts.blocked)?);
    }
    Ok(sums)
}

fn pages(connection: &mut PgConnection, client: &Client) -> Result<Vec<Read>, Failure> {
    let (cursor, before) = middle(client)?;
    let (name, id) = row_before(connection, before)?;
    let (name, id) = (Some(name), Some(id.parse()?));
    let rare = word(
        connection,
        &format!(
            "SELECT split_part(email_keys[1], '@', 1) AS word FROM contacts WHERE account_id = '{ACCOUNT}' \
             AND deleted_at IS NULL AND email_keys <> '{{}}' ORDER BY md5(id::text) LIMIT 1"
        ),
    )?;
    let search = |name: &str, word: &str| {
        let pattern = format!("%{word}%");
        let run: ByHand = Box::new(move |sql| rows(by_hand::page(sql, &After::default(), Some(&pattern))?.len()));
        page(name, format!("/contacts?q={word}"), run)
    };
    Ok(vec![
        page(
            "first page of contacts",
            "/contacts".to_owned(),
            Box::new(|sql| rows(by_hand::page(sql, &After::default(), None)?.len())),
        ),
        page(
            "page in the middle",
            format!("/contacts?cursor={cursor}"),
            Box::new(move |sql| rows(by_hand::page(sql, &After { name: name.clone(), id }, None)?.len())),
        ),
        search("search: a common word", "peeters"),
        search("search: a rare word", &rare),
        search("search: a word that nobody has", "qqzzqq"),
        page(
            "first page of the bin",
            "/recycle-bin".to_owned(),
            Box::new(|sql| rows(diesel::sql_query(segments::bin_page()).execute(sql)?)),
        ),
    ])
}

fn page(name: &str, path: String, by_hand: ByHand) -> Read {
    let found = |answer: &Value| (answer["data"].as_array().map_or(0, Vec::len) as u64, 0);
    Read { name: name.to_owned(), path, found, by_hand: vec![("", by_hand)] }
}

/// Of a page that has one row more when there is another one.
#[allow(clippy::unnecessary_wraps, reason = "it ends what can fail")]
fn rows(number: usize) -> Result<Found, Failure> {
    Ok((number.min(50) as u64, 0))
}

fn side_by_side(
    bench: &Bench,
    service: &Service,
    connection: &mut PgConnection,
    read: &Read,
) -> Result<Measured, Failure> {
    let client = service.client();
    let found = (read.found)(&client.get(&read.path)?);
    let mut ours = Vec::new();
    let mut theirs: Vec<Vec<f64>> = vec![Vec::new(); read.by_hand.len()];
    for run in 1..=bench.runs.max(TURNS) {
        bench.progress(&read.name, run);
        ours.extend(times(|| {
            let sent = client.send("GET", &read.path, "")?;
            if sent.status == 200 { Ok(()) } else { Err(format!("{}: {}", read.path, sent.status).into()) }
        })?);
        for ((way, by_hand), times_of_it) in read.by_hand.iter().zip(&mut theirs) {
            times_of_it.extend(times(|| match by_hand(connection)? {
                same if same == found => Ok(()),
                other => Err(format!("{}: {found:?}, by hand ({way}) {other:?}", read.name).into()),
            })?);
        }
    }
    let middle = |times: &[f64]| median(times, |time| *time);
    let every_way: Vec<(&'static str, f64)> =
        read.by_hand.iter().zip(&theirs).map(|((way, _), times)| (*way, middle(times))).collect();
    let fastest = every_way.iter().copied().min_by(|one, other| one.1.total_cmp(&other.1));
    let (way, by_hand_milliseconds) = fastest.ok_or("nothing is written by hand")?;
    let service_milliseconds = middle(&ours);
    Ok(Measured { name: read.name.clone(), found, service_milliseconds, by_hand_milliseconds, way, every_way })
}

/// Milliseconds of each time but the first, which warms up.
fn times(mut read: impl FnMut() -> Result<(), Failure>) -> Result<Vec<f64>, Failure> {
    let mut times = Vec::with_capacity(EACH);
    for number in 0..=EACH {
        let since = Instant::now();
        read()?;
        if number > 0 {
            times.push(since.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    Ok(times)
}

fn section(measured: &[Measured]) -> Result<Section, Failure> {
    let mut table = Table::new(["", "records", "blocked", "Sweep ms", "SQL ms", "ratio", "more ms", "fastest by hand"]);
    let mut data = Vec::new();
    for read in measured {
        let counts = read.every_way.len() > 1;
        table.row([
            read.name.clone(),
            read.found.0.to_string(),
            if counts { read.found.1.to_string() } else { String::new() },
            format!("{:.2}", read.service_milliseconds),
            format!("{:.2}", read.by_hand_milliseconds),
            format!("{:.2}", read.ratio()),
            format!("{:.2}", read.service_milliseconds - read.by_hand_milliseconds),
            read.way.to_owned(),
        ]);
        let mut value = serde_json::to_value(read)?;
        value["ratio"] = rounded(read.ratio());
        data.push(value);
    }
    Ok(Section { name: "reads", text: table.text(), data: Value::Array(data), bars: Vec::new() })
}
