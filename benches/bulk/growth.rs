//! Whether the time for a record, and the service's memory, stay the same as an account grows: `make bench GROWTH=...`.
//!
//! The service alone, without plain SQL beside it. Each run has one database, in which everything happens in turn, so that
//! an account of millions needs no further copies.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection;
use serde::Serialize;
use serde_json::{Value, json};
use sweep::demo_data::Account;

use crate::Failure;
use crate::account::import_file;
use crate::bench::{Bench, RUN};
use crate::bulk_actions::{a_tenth, delete, the_whole};
use crate::cost::{Cost, approximate, median, megabytes, rounded};
use crate::machine::Machine;
use crate::postgres::Postgres;
use crate::service::{Client, Service};

/// Runs of less records than this are repeated, nine times at most: single ones are noise.
const ENOUGH_RECORDS: u64 = 500_000;

/// What was measured on each size of account.
#[derive(Debug, Serialize)]
pub struct Growth {
    pub date: String,
    pub machine: Machine,
    pub sizes: Vec<Size>,
}

#[derive(Debug, Serialize)]
pub struct Size {
    pub contacts: u64,
    /// In the order of the other sizes.
    pub work: Vec<Work>,
    /// The most that the service took while it imported.
    pub import_megabytes: f64,
    /// The most that it took while it deleted, undid and purged.
    pub action_megabytes: f64,
}

/// One kind of work, each of its runs.
#[derive(Debug, Serialize)]
pub struct Work {
    pub name: &'static str,
    pub records: u64,
    pub runs: Vec<Cost>,
}

impl Work {
    fn new(name: &'static str) -> Self {
        Self { name, records: 0, runs: Vec::new() }
    }

    fn add(&mut self, records: &Value, cost: Cost) -> Result<(), Failure> {
        self.records = records.as_u64().filter(|&records| records > 0).ok_or("nothing was done")?;
        self.runs.push(cost);
        Ok(())
    }

    /// Microseconds from the request to the end, a record.
    pub fn wall(&self) -> f64 {
        median(&self.runs, |cost| cost.wall_seconds) * 1e6 / approximate(self.records)
    }

    /// Microseconds of PostgreSQL's processor time, a record.
    pub fn cpu(&self) -> f64 {
        median(&self.runs, |cost| cost.database_cpu_seconds) * 1e6 / approximate(self.records)
    }

    pub fn wal_bytes(&self) -> f64 {
        median(&self.runs, |cost| approximate(cost.wal_bytes)) / approximate(self.records)
    }
}

impl Growth {
    /// For each kind of work, what it took on each size.
    pub fn by_work(&self) -> impl Iterator<Item = Vec<(u64, &Work)>> {
        let kinds = self.sizes.first().map_or(0, |size| size.work.len());
        (0..kinds).map(|kind| self.sizes.iter().map(|size| (size.contacts, &size.work[kind])).collect())
    }

    pub fn json(&self) -> Result<String, Failure> {
        let flat: Vec<Value> = self
            .by_work()
            .map(|sizes| {
                json!({"work": sizes[0].1.name, "largest_to_smallest": rounded(spread(&sizes, Work::wall)),
                    "cpu_largest_to_smallest": rounded(spread(&sizes, Work::cpu))})
            })
            .collect();
        let mut document = serde_json::to_value(self)?;
        document["flatness"] = flat.into();
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}

/// How many times the smallest time of a record the largest is: 1 is flat.
pub fn spread(sizes: &[(u64, &Work)], of: impl Fn(&Work) -> f64) -> f64 {
    let times: Vec<f64> = sizes.iter().map(|(_, work)| of(work)).collect();
    times.iter().copied().fold(f64::MIN_POSITIVE, f64::max) / times.iter().copied().fold(f64::MAX, f64::min)
}

/// `sizes` in contacts; `runs` of the largest.
pub fn measure(postgres: &Postgres, folder: &Path, sizes: &[u64], runs: usize) -> Result<Growth, Failure> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    let sizes = sizes.iter().map(|&contacts| {
        let repeated = usize::try_from(ENOUGH_RECORDS / contacts.max(1))?.clamp(1, 9);
        let bench = Bench { contacts, runs: runs * repeated, postgres, folder: folder.to_path_buf() };
        one_size(&bench)
    });
    let sizes = sizes.collect::<Result<_, Failure>>()?;
    Ok(Growth { date: postgres.today()?, machine: Machine::describe(postgres)?, sizes })
}

fn one_size(bench: &Bench) -> Result<Size, Failure> {
    let work = ["import", "delete a tenth", "delete the whole", "undo of the whole", "purge of the whole"];
    let mut size = Size {
        contacts: bench.contacts,
        work: work.map(Work::new).into(),
        import_megabytes: 0.0,
        action_megabytes: 0.0,
    };
    for run in 1..=bench.runs {
        bench.progress("growth", run);
        import(bench, &mut size)?;
        actions(bench, &mut size)?;
        bench.postgres.drop(RUN)?;
    }
    Ok(size)
}

/// Makes [`RUN`] anew, by importing the account.
fn import(bench: &Bench, size: &mut Size) -> Result<(), Failure> {
    let (postgres, files) = (bench.postgres, bench.files());
    let written = Account { contacts: bench.contacts, seed: 1 }.write(&files)?;
    postgres.create(RUN)?;
    let service = Service::start(postgres, RUN, bench.folder())?;
    let client = service.client();
    for file in &written {
        if file.name == "contacts" {
            postgres.settle(RUN)?;
        }
        let (report, cost) = postgres.measure(|| import_file(&client, &files, file))?;
        if file.name == "contacts" {
            size.work[0].add(&report["created"], cost)?;
        }
        fs::remove_file(files.join(file.name).with_extension("csv"))?;
    }
    size.import_megabytes = size.import_megabytes.max(megabytes(service.memory().peak));
    Ok(())
}

/// Each from its POST to `completed`. Whatever changed before has been vacuumed.
fn actions(bench: &Bench, size: &mut Size) -> Result<(), Failure> {
    let postgres = bench.postgres;
    let service = Service::start(postgres, RUN, bench.folder())?;
    let client = service.client();
    vacuum(postgres)?;
    let (tenth, cost) = postgres.measure(|| client.completed(&delete(&client, &a_tenth())?))?;
    size.work[1].add(&tenth["counts"]["deleted"], cost)?;
    undo(&client, &tenth)?;
    vacuum(postgres)?;
    let (whole, cost) = postgres.measure(|| client.completed(&delete(&client, &the_whole())?))?;
    size.work[2].add(&whole["counts"]["deleted"], cost)?;
    rest(postgres, &client, &whole)?;
    let (undone, cost) = postgres.measure(|| undo(&client, &whole))?;
    size.work[3].add(&undone["counts"]["restored"], cost)?;
    vacuum(postgres)?;
    let again = client.completed(&delete(&client, &the_whole())?)?;
    rest(postgres, &client, &again)?;
    let request = json!({"action": "purge", "entity": "contact", "target": {"deletion_id": again["id"]},
        "expected_count": again["counts"]["deleted"]});
    let (purged, cost) = postgres.measure(|| client.completed(&client.post("/bulk-actions", &request)?))?;
    size.work[4].add(&purged["counts"]["purged"], cost)?;
    size.action_megabytes = size.action_megabytes.max(megabytes(service.memory().peak));
    Ok(())
}

/// Until the undo of the action is completed.
pub fn undo(client: &Client, action: &Value) -> Result<Value, Failure> {
    let id = action["id"].as_str().ok_or("that is no action")?;
    client.completed(&client.post(&format!("/bulk-actions/{id}/undo"), &json!({}))?)
}

fn vacuum(postgres: &Postgres) -> Result<(), Failure> {
    postgres.connect(RUN)?.batch_execute("VACUUM ANALYZE")?;
    postgres.settle(RUN)
}

/// Until the action's mail has left and PostgreSQL does nothing more.
fn rest(postgres: &Postgres, client: &Client, action: &Value) -> Result<(), Failure> {
    client.wait(action, |action| action["notification"]["status"] == "sent")?;
    postgres.settle(RUN)
}
