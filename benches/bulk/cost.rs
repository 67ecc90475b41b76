//! What work takes: time, PostgreSQL's processor time, and what it writes ahead.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::Failure;

/// What something took.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    pub wall_seconds: f64,
    /// Of all of PostgreSQL's processes together.
    pub database_cpu_seconds: f64,
    /// Written to PostgreSQL's log of changes.
    pub wal_bytes: u64,
}

/// The service against plain SQL that does the same to the same rows; every run of both.
#[derive(Debug, Serialize)]
pub struct Comparison {
    pub name: &'static str,
    /// What the service is held against.
    pub against: &'static str,
    pub records: u64,
    pub service: Vec<Cost>,
    pub statement: Vec<Cost>,
}

impl Comparison {
    pub fn new(name: &'static str, against: &'static str) -> Self {
        Self { name, against, records: 0, service: Vec::new(), statement: Vec::new() }
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

    pub fn cpu_ratio(&self) -> f64 {
        let cpu = |costs| median(costs, |cost: &Cost| cost.database_cpu_seconds);
        cpu(&self.service) / cpu(&self.statement)
    }

    /// Bytes of WAL a record, of the service and of the statement.
    pub fn wal_per_record(&self) -> (f64, f64) {
        let per_record = |costs| median(costs, |cost: &Cost| approximate(cost.wal_bytes)) / approximate(self.records);
        (per_record(&self.service), per_record(&self.statement))
    }

    /// With medians and ratios beside the runs.
    pub fn json(&self) -> Result<Value, Failure> {
        let mut value = serde_json::to_value(self)?;
        let (ours, theirs) = self.wal_per_record();
        value["ratio"] = rounded(self.ratio());
        value["cpu_ratio"] = rounded(self.cpu_ratio());
        value["wal_bytes_per_record"] = json!({"service": ours.round(), "statement": theirs.round()});
        Ok(value)
    }
}

/// Times of single requests.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    pub requests: usize,
    pub p50_milliseconds: f64,
    pub p99_milliseconds: f64,
    pub max_milliseconds: f64,
}

impl Latency {
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |hundredths: usize| {
            let place = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
            times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
        };
        Self { requests: times.len(), p50_milliseconds: at(50), p99_milliseconds: at(99), max_milliseconds: at(100) }
    }
}

pub fn median<T>(values: &[T], of: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = values.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

pub fn rounded(value: f64) -> Value {
    Value::from((value * 1_000.0).round() / 1_000.0)
}

#[allow(clippy::cast_precision_loss, reason = "a size to look at")]
pub fn approximate(number: u64) -> f64 {
    number as f64
}

pub fn megabytes(bytes: u64) -> f64 {
    (approximate(bytes) / 1e5).round() / 10.0
}
