//! The columns of companies.

use super::export::ExportedRecord;
use super::party::{self, PartyRecord, text};
use super::{Column, CsvRecord, optional};
use crate::domain::company::Company;
use crate::domain::error::FieldError;
use crate::domain::party::{CustomFields, Party};

impl PartyRecord for Company {
    fn party(&self) -> &Party {
        &self.party
    }

    fn party_mut(&mut self) -> &mut Party {
        &mut self.party
    }
}

impl CsvRecord for Company {
    const REQUIRED_COLUMN: Option<&'static str> = Some("name");

    fn columns() -> Vec<Column<Self>> {
        let mut columns: Vec<Column<Self>> = vec![
            party::external_id(),
            Column {
                name: "name",
                cell: |company| company.name.clone(),
                set: |company, cell| {
                    cell.clone_into(&mut company.name);
                    Ok(())
                },
            },
            party::status(),
            party::email(),
            party::invoicing_email(),
            party::telephone(),
        ];
        columns.extend(party::details());
        columns.push(text!("preferred_currency", profile.preferred_currency));
        columns
    }

    fn custom_fields_mut(&mut self) -> Option<&mut CustomFields> {
        Some(&mut self.party.custom_fields)
    }

    fn external_id(&self) -> Option<&str> {
        self.party.external_id.as_deref()
    }

    fn column_of(&self, error: &FieldError) -> String {
        party::column_of(&self.party, error)
    }
}

impl ExportedRecord for Company {
    type Link = ();

    fn link_columns() -> Vec<&'static str> {
        Vec::new()
    }

    fn link_cells(&self, (): &()) -> Vec<String> {
        Vec::new()
    }

    fn custom_fields(&self) -> Option<&CustomFields> {
        Some(&self.party.custom_fields)
    }
}
