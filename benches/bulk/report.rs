//! What came out: one table for people, and JSON with every run.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::Failure;
use crate::cost::Comparison;
use crate::machine::Machine;
use crate::table::Table;

/// What one part of the benchmark measured.
pub struct Section {
    /// Its name in the JSON.
    pub name: &'static str,
    pub text: String,
    pub data: Value,
    /// What the chart shows of it.
    pub bars: Vec<Pair>,
}

/// Two times to compare, in seconds.
#[derive(Debug, Clone)]
pub struct Pair {
    pub name: String,
    pub ours: f64,
    pub theirs: f64,
    /// What took the second time.
    pub against: &'static str,
}

pub struct Report {
    pub date: String,
    pub contacts: u64,
    pub runs: usize,
    pub machine: Machine,
    pub sections: Vec<Section>,
}

impl Section {
    /// The service against plain SQL, a line each.
    pub fn comparing(name: &'static str, comparisons: &[Comparison]) -> Result<Self, Failure> {
        let mut table =
            Table::new(["", "records", "Sweep s", "SQL s", "ratio", "CPU ratio", "WAL bytes/record", "of the SQL"]);
        for comparison in comparisons {
            let (ours, theirs) = comparison.wal_per_record();
            table.row([
                format!("{} | {}", comparison.name, comparison.against),
                comparison.records.to_string(),
                format!("{:.2}", comparison.service_wall()),
                format!("{:.2}", comparison.statement_wall()),
                format!("{:.2}", comparison.ratio()),
                format!("{:.2}", comparison.cpu_ratio()),
                format!("{ours:.0}"),
                format!("{theirs:.0}"),
            ]);
        }
        Ok(Self {
            name,
            text: table.text(),
            data: comparisons.iter().map(Comparison::json).collect::<Result<_, _>>()?,
            bars: comparisons.iter().map(Pair::of).collect(),
        })
    }
}

impl Pair {
    fn of(comparison: &Comparison) -> Self {
        let name = format!("{} ({})", comparison.name, crate::table::grouped(comparison.records));
        let (ours, theirs) = (comparison.service_wall(), comparison.statement_wall());
        Self { name, ours, theirs, against: comparison.against }
    }
}

impl Report {
    pub fn json(&self) -> Result<String, Failure> {
        let mut document = Map::new();
        document.insert("date".to_owned(), self.date.clone().into());
        document.insert("contacts".to_owned(), self.contacts.into());
        document.insert("runs".to_owned(), self.runs.into());
        document.insert("machine".to_owned(), serde_json::to_value(&self.machine)?);
        for section in &self.sections {
            document.insert(section.name.to_owned(), section.data.clone());
        }
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }

    pub fn table(&self) -> String {
        let Machine { processor, cores, memory_gib, postgresql, .. } = &self.machine;
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} contacts, medians of {} runs, {}. {processor}, {cores} cores, {memory_gib} GiB, PostgreSQL {postgresql}",
            crate::table::grouped(self.contacts),
            self.runs,
            self.date
        );
        for section in &self.sections {
            let _ = write!(text, "\n{}", section.text);
        }
        text
    }
}
