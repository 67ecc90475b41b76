//! What came out: medians and ratios, as a table and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::Failure;
use crate::machine::Machine;
use crate::postgres::Cost;

#[derive(Debug, Serialize)]
pub struct Report {
    pub date: String,
    pub contacts: u64,
    pub runs: usize,
    pub machine: Machine,
    pub bulk_actions: Vec<Comparison>,
    pub import: ImportResult,
    pub requests: Vec<Latency>,
    pub memory_megabytes: Megabytes,
}

/// The service against one SQL statement; every run of both.
#[derive(Debug, Serialize)]
pub struct Comparison {
    pub name: &'static str,
    /// Deleted, or restored.
    pub records: u64,
    pub service: Vec<Cost>,
    pub statement: Vec<Cost>,
}

#[derive(Debug, Serialize)]
pub struct ImportResult {
    pub rows: u64,
    pub service: Vec<Cost>,
    pub copy: Vec<Cost>,
}

#[derive(Debug, Serialize)]
pub struct Latency {
    pub name: &'static str,
    pub connections: usize,
    pub requests: usize,
    pub p50_milliseconds: f64,
    pub p99_milliseconds: f64,
}

/// Resident memory of the service's process.
#[derive(Debug, Serialize)]
pub struct Megabytes {
    pub idle: f64,
    pub peak_importing: f64,
    pub peak_deleting: f64,
    pub peak_in_requests: f64,
}

impl Comparison {
    pub fn new(name: &'static str) -> Self {
        Self { name, records: 0, service: Vec::new(), statement: Vec::new() }
    }

    /// Adds a run of the service, which must have come to the statement's number of records.
    pub fn add(&mut self, action: &Value, outcome: &str, records: usize, cost: Cost) -> Result<(), Failure> {
        let counted = action["counts"][outcome].as_u64();
        if counted != Some(u64::try_from(records)?) {
            return Err(
                format!("the statement {outcome} {records} records, the service did otherwise: {action}").into()
            );
        }
        self.records = counted.unwrap_or_default();
        self.service.push(cost);
        Ok(())
    }

    pub fn service_wall(&self) -> f64 {
        median(&self.service, |cost| cost.wall_seconds)
    }

    pub fn statement_wall(&self) -> f64 {
        median(&self.statement, |cost| cost.wall_seconds)
    }

    pub fn ratio(&self) -> f64 {
        self.service_wall() / self.statement_wall()
    }
}

impl ImportResult {
    pub fn new(rows: u64, service: Vec<Cost>, copy: Vec<Cost>) -> Self {
        Self { rows, service, copy }
    }

    pub fn service_wall(&self) -> f64 {
        median(&self.service, |cost| cost.wall_seconds)
    }

    pub fn copy_wall(&self) -> f64 {
        median(&self.copy, |cost| cost.wall_seconds)
    }

    fn rows_per_second(&self, wall: f64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "far fewer rows than a float counts exactly")]
        let rows = self.rows as f64;
        rows / wall
    }
}

impl Latency {
    pub fn new(name: &'static str, connections: usize, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |hundredths: usize| {
            let place = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
            times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        Self { name, connections, requests: times.len(), p50_milliseconds: at(50), p99_milliseconds: at(99) }
    }
}

impl Report {
    pub fn json(&self) -> Result<String, Failure> {
        let mut document = serde_json::to_value(self)?;
        for (comparison, value) in
            self.bulk_actions.iter().zip(document["bulk_actions"].as_array_mut().into_iter().flatten())
        {
            value["ratio"] = rounded(comparison.ratio());
        }
        let import = &self.import;
        document["import"]["rows_per_second"] = rounded(import.rows_per_second(import.service_wall()));
        document["import"]["copy_rows_per_second"] = rounded(import.rows_per_second(import.copy_wall()));
        document["import"]["speed_against_copy"] = rounded(import.copy_wall() / import.service_wall());
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        let Machine { processor, cores, memory_gib, postgresql, .. } = &self.machine;
        let _ = writeln!(
            text,
            "{} contacts, medians of {} runs, {}. {processor}, {cores} cores, {memory_gib} GiB, PostgreSQL {postgresql}\n",
            self.contacts, self.runs, self.date
        );
        let _ = writeln!(
            text,
            "{:<48} {:>9} {:>10} {:>12} {:>7} {:>9}",
            "", "records", "Sweep s", "one SQL s", "ratio", "CPU ratio"
        );
        for comparison in &self.bulk_actions {
            let cpu = |costs: &[Cost]| median(costs, |cost| cost.database_cpu_seconds);
            let _ = writeln!(
                text,
                "{:<48} {:>9} {:>10.2} {:>12.2} {:>7.2} {:>9.2}",
                comparison.name,
                comparison.records,
                comparison.service_wall(),
                comparison.statement_wall(),
                comparison.ratio(),
                cpu(&comparison.service) / cpu(&comparison.statement)
            );
        }
        let import = &self.import;
        let (ours, copy) = (import.service_wall(), import.copy_wall());
        let _ = writeln!(text, "\n{:<48} {:>9} {:>10} {:>12} {:>7}", "", "rows", "Sweep s", "COPY s", "speed");
        let _ = writeln!(
            text,
            "{:<48} {:>9} {ours:>10.2} {copy:>12.2} {:>7.2}   ({:.0} and {:.0} rows/s)",
            "import contacts over HTTP",
            import.rows,
            copy / ours,
            import.rows_per_second(ours),
            import.rows_per_second(copy)
        );
        let _ = writeln!(text, "\n{:<48} {:>9} {:>10} {:>12}", "", "requests", "p50 ms", "p99 ms");
        for latency in &self.requests {
            let _ = writeln!(
                text,
                "{:<48} {:>9} {:>10.1} {:>12.1}",
                format!("{}, {} connections", latency.name, latency.connections),
                latency.requests,
                latency.p50_milliseconds,
                latency.p99_milliseconds
            );
        }
        let memory = &self.memory_megabytes;
        let _ = writeln!(
            text,
            "\nMemory of the service, MB: {:.0} idle; at most {:.0} importing, {:.0} deleting and undoing, {:.0} in requests",
            memory.idle, memory.peak_importing, memory.peak_deleting, memory.peak_in_requests
        );
        text
    }
}

pub fn megabytes(bytes: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a size to look at")]
    let bytes = bytes as f64;
    (bytes / 1e5).round() / 10.0
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn rounded(value: f64) -> Value {
    Value::from((value * 1_000.0).round() / 1_000.0)
}
