//! Brings the made-up account into the database, by the service's import and, for comparison, by COPY.

use std::path::Path;

use diesel::connection::SimpleConnection;
use sweep::demo_data::Account;

use crate::postgres::{Cost, Postgres, number};
use crate::report::ImportResult;
use crate::service::{Memory, Service};
use crate::{Failure, Options, progress};

/// The database with the whole account; everything else is measured on copies of it.
pub const TEMPLATE: &str = "account";
/// The database with the account's companies alone.
const COMPANIES: &str = "companies";
const RUN: &str = "run";
/// What an import of contacts writes.
const IMPORTED: [&str; 2] = ["contacts", "contact_companies"];

/// Imports contacts as often as asked, each time beside the same companies, and copies the same rows by COPY into the
/// same indexed tables. Makes the [`TEMPLATE`].
pub fn import(options: &Options, postgres: &Postgres, folder: &Path) -> Result<(ImportResult, Memory), Failure> {
    let files = folder.join("files");
    let written = Account { contacts: options.contacts, seed: 1 }.write(&files)?;
    postgres.create(COMPANIES)?;
    {
        let service = Service::start(postgres, COMPANIES, folder)?;
        service.client().import("/companies/import", &files.join("companies.csv"))?;
    }
    let (mut imports, mut copies, mut peak) = (Vec::new(), Vec::new(), Memory::default());
    for run in 1..=options.runs {
        progress(&format!("import of {} contacts, run {run} of {}", options.contacts, options.runs));
        postgres.copy(COMPANIES, RUN)?;
        postgres.settle(RUN)?;
        let service = Service::start(postgres, RUN, folder)?;
        let client = service.client();
        let (report, cost) = postgres.measure(|| client.import("/contacts/import", &files.join("contacts.csv")))?;
        if report["created"] != options.contacts {
            return Err(format!("not all contacts were imported: {report}").into());
        }
        imports.push(cost);
        let memory = service.memory();
        peak = if memory.peak > peak.peak { memory } else { peak };
        if run == options.runs {
            for file in &written[2..] {
                let path = format!("/{}/import", file.name.replace('_', "-"));
                client.import(&path, &files.join(file.name).with_extension("csv"))?;
            }
        }
        drop(service);
        if run == 1 {
            save_for_copy(postgres, RUN)?;
        }
        copies.push(copy(postgres, "copied")?);
    }
    postgres.rename(RUN, TEMPLATE)?;
    postgres.connect(TEMPLATE)?.batch_execute("VACUUM ANALYZE")?;
    Ok((ImportResult::new(options.contacts, imports, copies), peak))
}

fn save_for_copy(postgres: &Postgres, database: &str) -> Result<(), Failure> {
    let folder = postgres.data_directory()?;
    for table in IMPORTED {
        let file = folder.join(table);
        postgres.run(database, &format!("COPY {table} TO '{}'", file.display()))?;
    }
    Ok(())
}

fn copy(postgres: &Postgres, database: &str) -> Result<Cost, Failure> {
    let folder = postgres.data_directory()?;
    postgres.copy(COMPANIES, database)?;
    postgres.settle(database)?;
    let statements = IMPORTED.map(|table| format!("COPY {table} FROM '{}'", folder.join(table).display()));
    let mut connection = postgres.connect(database)?;
    let ((), cost) = postgres.measure(|| {
        connection.batch_execute("BEGIN")?;
        for statement in &statements {
            connection.batch_execute(statement)?;
        }
        Ok(connection.batch_execute("COMMIT")?)
    })?;
    if number(&mut connection, "SELECT count(*) AS number FROM contacts")? == 0 {
        return Err("COPY brought no contacts".into());
    }
    drop(connection);
    postgres.drop(database)?;
    Ok(cost)
}
