//! Brings the made-up account into the database, by the service's import and, for comparison, by COPY.

use std::path::Path;

use diesel::connection::SimpleConnection;
use serde_json::json;
use sweep::demo_data::{Account, Written};

use crate::Failure;
use crate::bench::{Bench, RUN, TEMPLATE};
use crate::cost::{Comparison, approximate, megabytes, rounded};
use crate::postgres::number;
use crate::report::Section;
use crate::service::{Client, Service};
use crate::table::Table;

/// The database with the account's companies alone.
const COMPANIES: &str = "companies";
/// What an import of contacts writes.
const IMPORTED: [&str; 2] = ["contacts", "contact_companies"];

/// Makes the [`TEMPLATE`] by importing the account; nothing is compared.
pub fn make(bench: &Bench) -> Result<Comparison, Failure> {
    let files = bench.files();
    let written = Account { contacts: bench.contacts, seed: 1 }.write(&files)?;
    bench.postgres.create(RUN)?;
    let service = Service::start(bench.postgres, RUN, bench.folder())?;
    let client = service.client();
    let mut import = Comparison::new("import contacts over HTTP", "COPY");
    bench.progress("import", 1);
    for file in &written {
        let (report, cost) = bench.postgres.measure(|| import_file(&client, &files, file))?;
        if file.name == "contacts" {
            import.records = report["created"].as_u64().unwrap_or_default();
            import.service.push(cost);
        }
    }
    drop(service);
    keep(bench)?;
    Ok(import)
}

/// Imports contacts as often as asked, each time beside the same companies, and copies the same rows by COPY into the
/// same indexed tables. Makes the [`TEMPLATE`].
pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    let (postgres, files) = (bench.postgres, bench.files());
    let written = Account { contacts: bench.contacts, seed: 1 }.write(&files)?;
    postgres.create(COMPANIES)?;
    {
        let service = Service::start(postgres, COMPANIES, bench.folder())?;
        service.client().import("/companies/import", &files.join("companies.csv"))?;
    }
    let (mut import, mut peak) = (Comparison::new("import contacts over HTTP", "COPY"), 0);
    import.records = bench.contacts;
    for run in 1..=bench.runs {
        bench.progress("import", run);
        postgres.copy(COMPANIES, RUN)?;
        postgres.settle(RUN)?;
        let service = Service::start(postgres, RUN, bench.folder())?;
        let client = service.client();
        let (report, cost) = postgres.measure(|| client.import("/contacts/import", &files.join("contacts.csv")))?;
        if report["created"] != bench.contacts {
            return Err(format!("not all contacts were imported: {report}").into());
        }
        import.service.push(cost);
        peak = peak.max(service.memory().peak);
        if run == bench.runs {
            for file in &written[2..] {
                import_file(&client, &files, file)?;
            }
        }
        drop(service);
        if run == 1 {
            save_for_copy(bench)?;
        }
        copy(bench, &mut import)?;
    }
    keep(bench)?;
    section(&import, peak)
}

/// Imports one file of the account.
pub fn import_file(client: &Client, files: &Path, file: &Written) -> Result<serde_json::Value, Failure> {
    let path = format!("/{}/import", file.name.replace('_', "-"));
    client.import(&path, &files.join(file.name).with_extension("csv"))
}

fn keep(bench: &Bench) -> Result<(), Failure> {
    bench.postgres.rename(RUN, TEMPLATE)?;
    Ok(bench.postgres.connect(TEMPLATE)?.batch_execute("VACUUM ANALYZE")?)
}

fn save_for_copy(bench: &Bench) -> Result<(), Failure> {
    let folder = bench.postgres.data_directory()?;
    for table in IMPORTED {
        let file = folder.join(table);
        bench.postgres.run(RUN, &format!("COPY {table} TO '{}'", file.display()))?;
    }
    Ok(())
}

fn copy(bench: &Bench, import: &mut Comparison) -> Result<(), Failure> {
    const COPIED: &str = "copied";
    let postgres = bench.postgres;
    let folder = postgres.data_directory()?;
    postgres.copy(COMPANIES, COPIED)?;
    postgres.settle(COPIED)?;
    let statements = IMPORTED.map(|table| format!("COPY {table} FROM '{}'", folder.join(table).display()));
    let (_, cost) = postgres.run_all(COPIED, &statements)?;
    import.statement.push(cost);
    if number(&mut postgres.connect(COPIED)?, "SELECT count(*) AS number FROM contacts")? == 0 {
        return Err("COPY brought no contacts".into());
    }
    postgres.drop(COPIED)
}

fn section(import: &Comparison, peak: u64) -> Result<Section, Failure> {
    let rows = approximate(import.records);
    let (ours, theirs) = (rows / import.service_wall(), rows / import.statement_wall());
    let mut table = Table::new(["", "rows", "Sweep s", "COPY s", "speed", "Sweep rows/s", "COPY rows/s", "peak MB"]);
    table.row([
        import.name.to_owned(),
        import.records.to_string(),
        format!("{:.2}", import.service_wall()),
        format!("{:.2}", import.statement_wall()),
        format!("{:.2}", ours / theirs),
        format!("{ours:.0}"),
        format!("{theirs:.0}"),
        format!("{:.0}", megabytes(peak)),
    ]);
    let mut section = Section::comparing("import", std::slice::from_ref(import))?;
    section.text = table.text();
    section.data = json!({"comparison": import.json()?, "rows_per_second": rounded(ours),
        "copy_rows_per_second": rounded(theirs), "speed_against_copy": rounded(ours / theirs),
        "peak_megabytes": megabytes(peak)});
    Ok(section)
}
