//! Measures Sweep's release binary against plain SQL on the same PostgreSQL, in one run: `make bench`.
//!
//! docs/performance.md says what is measured, how, and what came out.

mod account;
mod bench;
mod bulk_actions;
mod by_hand;
mod chart;
mod cost;
mod full_pool;
mod growth;
mod growth_report;
mod health;
mod machine;
mod nodes;
mod postgres;
mod reads;
mod report;
mod requests;
mod segments;
mod service;
mod statements;
mod table;
mod writes;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::bench::Bench;
use crate::machine::Machine;
use crate::postgres::Postgres;
use crate::report::Report;

pub type Failure = Box<dyn std::error::Error>;

/// The account that everything is measured on.
pub const ACCOUNT: &str = "0193a000-0000-7000-8000-000000000001";

#[derive(Debug, Parser)]
pub struct Options {
    /// How large the account is.
    #[arg(long, default_value_t = 1_000_000)]
    contacts: u64,
    /// How often each measurement is repeated; medians are reported.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// What to measure, in this order; all if not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Measures accounts of these sizes, in contacts, with the service alone, instead of the parts; into growth.txt,
    /// growth.json and growth.svg.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1_000..))]
    growth: Vec<u64>,
    /// Where results.txt, results.json and chart.svg go.
    #[arg(long, default_value = "docs/benchmarks")]
    out: PathBuf,
    /// The folder for its PostgreSQL, on the disk to be measured (/tmp may be memory); cargo's target folder if not given.
    #[arg(long)]
    place: Option<PathBuf>,
    /// The database of the handlers that requests are held against; this process then is those.
    #[arg(long, hide = true)]
    serve_by_hand: Option<String>,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Import against COPY.
    Import,
    /// Freeze, bulk delete, undo and purge against plain SQL.
    BulkActions,
    /// Single requests from several connections against handlers written by hand.
    Requests,
    /// Counts, lists and searches against SQL written by hand.
    Reads,
    /// Single writes while a bulk delete of the whole account runs.
    Writes,
    /// Several processes that share one bulk delete, and kills of them.
    Nodes,
    /// What deleting and undoing five times leaves behind.
    Health,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.serve_by_hand {
        Some(database_url) => by_hand::serve(database_url),
        None => run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    // Under root PostgreSQL runs as another user, who has to pass through.
    let folder = tempfile::Builder::new()
        .prefix("bench-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir_in(options.place.as_deref().unwrap_or(Path::new(env!("CARGO_TARGET_TMPDIR"))))?;
    let postgres = Postgres::start(folder.path())?;
    let measured = if options.growth.is_empty() {
        measure(options, &postgres, folder.path()).and_then(|report| {
            Ok([("results.txt", report.table()), ("results.json", report.json()?), ("chart.svg", chart::draw(&report))])
        })
    } else {
        growth::measure(&postgres, folder.path(), &options.growth, options.runs).and_then(|growth| {
            let picture = growth_report::draw(&growth);
            Ok([
                ("growth.txt", growth_report::table(&growth)),
                ("growth.json", growth.json()?),
                ("growth.svg", picture),
            ])
        })
    };
    postgres.stop()?;
    let files = measured?;
    print!("{}", files[0].1);
    fs::create_dir_all(&options.out)?;
    for (name, content) in &files {
        fs::write(options.out.join(name), content)?;
    }
    println!("\nWritten to {}: {}", options.out.display(), files.map(|(name, _)| name).join(", "));
    Ok(())
}

fn measure(options: &Options, postgres: &Postgres, folder: &Path) -> Result<Report, Failure> {
    let bench = Bench { contacts: options.contacts, runs: options.runs, postgres, folder: folder.to_path_buf() };
    let parts = if options.only.is_empty() { Part::value_variants() } else { &options.only };
    if !parts.contains(&Part::Import) {
        account::make(&bench)?;
    }
    let sections = parts.iter().map(|part| match part {
        Part::Import => account::measure(&bench),
        Part::BulkActions => bulk_actions::measure(&bench),
        Part::Requests => requests::measure(&bench),
        Part::Reads => reads::measure(&bench),
        Part::Writes => writes::measure(&bench),
        Part::Nodes => nodes::measure(&bench),
        Part::Health => health::measure(&bench),
    });
    Ok(Report {
        date: postgres.today()?,
        contacts: options.contacts,
        runs: options.runs,
        machine: Machine::describe(postgres)?,
        sections: sections.collect::<Result<_, _>>()?,
    })
}
