//! Made-up accounts of any size, as the CSV files of a CRM export: for demonstrations and for the benchmark.
//!
//! The same seed and size give the same files, byte for byte. Nobody in them exists: mail and web addresses end in
//! `.example`, telephone numbers begin with a country code that nobody has.

mod linked;
mod parties;
pub mod random;
mod words;

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use random::Random;

/// Which account to make up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// There is a company for ten of them, and about 11 of 100 have something linked to them.
    pub contacts: u64,
    pub seed: u64,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Without its extension.
    pub name: &'static str,
    pub rows: u64,
}

/// A row of a file, or none for a record without one.
type MakeRow = fn(&Account, &mut Random, u64) -> Option<Vec<String>>;

impl Account {
    pub fn companies(&self) -> u64 {
        self.contacts / 10
    }

    /// Writes `companies.csv`, `contacts.csv`, `deals.csv`, `invoices.csv`, `projects.csv` and `time_trackings.csv`
    /// into `folder`, which is made when it is not there. This is also the order to import them in.
    pub fn write(&self, folder: &Path) -> io::Result<Vec<Written>> {
        fs::create_dir_all(folder)?;
        let files: [(&'static str, &str, u64, MakeRow); 6] = [
            ("companies", parties::COMPANY_COLUMNS, self.companies(), parties::company),
            ("contacts", parties::CONTACT_COLUMNS, self.contacts, parties::contact),
            ("deals", linked::DEAL_COLUMNS, self.contacts, linked::deal),
            ("invoices", linked::INVOICE_COLUMNS, self.contacts, linked::invoice),
            ("projects", linked::PROJECT_COLUMNS, self.contacts, linked::project),
            ("time_trackings", linked::TIME_TRACKING_COLUMNS, self.contacts, linked::time_tracking),
        ];
        files
            .into_iter()
            .map(|(name, columns, end, row)| {
                let file = File::create(folder.join(format!("{name}.csv")))?;
                Ok(Written { name, rows: self.write_rows(file, name, columns, end, row)? })
            })
            .collect()
    }

    /// One row at a time: memory does not grow with the account.
    fn write_rows(&self, file: File, name: &str, columns: &str, end: u64, row: MakeRow) -> io::Result<u64> {
        let mut out = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(BufWriter::with_capacity(1 << 16, file));
        out.write_record(columns.split(','))?;
        let mut rows = 0;
        for number in 1..=end {
            if let Some(cells) = row(self, &mut Random::of_row(self.seed, name, number), number) {
                out.write_record(cells)?;
                rows += 1;
            }
        }
        out.flush()?;
        Ok(rows)
    }
}

fn contact_key(number: u64) -> String {
    format!("CT-{number:06}")
}

fn company_key(number: u64) -> String {
    format!("CO-{number:06}")
}

fn boolean(value: bool) -> String {
    value.to_string()
}

/// A day of `first` to `last`, both years, that every month has.
fn date(random: &mut Random, first: u64, last: u64) -> String {
    format!("{}-{:02}-{:02}", random.between(first, last), random.between(1, 12), random.between(1, 28))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn read(folder: &Path, name: &str) -> (csv::StringRecord, Vec<csv::StringRecord>) {
        let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv"))).unwrap();
        (reader.headers().unwrap().clone(), reader.records().map(Result::unwrap).collect())
    }

    fn column(folder: &Path, name: &str, column: &str) -> Vec<String> {
        let (headers, rows) = read(folder, name);
        let place = headers.iter().position(|header| header == column).unwrap();
        rows.iter().map(|row| row[place].to_owned()).filter(|cell| !cell.is_empty()).collect()
    }

    const FILES: [&str; 6] = ["companies", "contacts", "deals", "invoices", "projects", "time_trackings"];

    #[test]
    fn files_have_the_columns_of_the_example() {
        let folder = tempfile::tempdir().unwrap();
        Account { contacts: 10, seed: 1 }.write(folder.path()).unwrap();
        for name in FILES {
            let example = fs::read_to_string(format!("examples/crm-export/{name}.csv")).unwrap();
            let header = example.lines().next().unwrap().trim_start_matches('\u{feff}').replace(';', ",");
            let written = fs::read_to_string(folder.path().join(format!("{name}.csv"))).unwrap();
            assert_eq!(written.lines().next().unwrap(), header, "{name}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_files_and_another_one_others() {
        let [first, same, other] = [7, 7, 8].map(|seed| {
            let folder = tempfile::tempdir().unwrap();
            Account { contacts: 300, seed }.write(folder.path()).unwrap();
            folder
        });
        let content = |folder: &tempfile::TempDir, name| fs::read(folder.path().join(format!("{name}.csv"))).unwrap();
        for name in FILES {
            assert_eq!(content(&first, name), content(&same, name), "{name}");
            assert_ne!(content(&first, name), content(&other, name), "{name}");
        }
    }

    #[test]
    fn links_lead_somewhere_and_block_about_eleven_of_a_hundred_contacts() {
        let folder = tempfile::tempdir().unwrap();
        let written = Account { contacts: 20_000, seed: 3 }.write(folder.path()).unwrap();
        assert_eq!((written[0].rows, written[1].rows), (2_000, 20_000));
        let known: BTreeSet<String> =
            ["companies", "contacts"].iter().flat_map(|name| column(folder.path(), name, "external_id")).collect();
        let linked: BTreeSet<String> = [
            ("deals", "customer_external_id"),
            ("deals", "contact_person_external_id"),
            ("invoices", "customer_external_id"),
            ("invoices", "attention_contact_external_id"),
            ("time_trackings", "subject_external_id"),
            ("projects", "customers"),
        ]
        .iter()
        .flat_map(|(name, of)| column(folder.path(), name, of))
        .flat_map(|cell| cell.split('|').map(|key| key[key.len() - 9..].to_owned()).collect::<Vec<_>>())
        .collect();
        assert!(linked.is_subset(&known));
        let blocked = linked.iter().filter(|key| key.starts_with("CT-")).count();
        assert!((2_000..=2_500).contains(&blocked), "{blocked} of 20,000");
        let french = column(folder.path(), "contacts", "country").iter().filter(|code| *code == "FR").count();
        assert!((1_800..=2_200).contains(&french), "{french} of 20,000");
    }
}
