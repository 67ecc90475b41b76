//! The columns of contacts; their place in a company stands in further ones.

use super::export::ExportedRecord;
use super::party::{self, PartyRecord, text};
use super::{Column, CsvRecord, optional, word, word_cell};
use crate::domain::contact::{CompanyLink, Contact, Gender};
use crate::domain::error::FieldError;
use crate::domain::party::{CustomFields, Party};
use crate::domain::validation::parse_date;

impl PartyRecord for Contact {
    fn party(&self) -> &Party {
        &self.party
    }

    fn party_mut(&mut self) -> &mut Party {
        &mut self.party
    }
}

impl CsvRecord for Contact {
    const REQUIRED_COLUMN: Option<&'static str> = Some("last_name");

    fn columns() -> Vec<Column<Self>> {
        let mut columns: Vec<Column<Self>> = vec![
            party::external_id(),
            Column {
                name: "first_name",
                cell: |contact| contact.first_name.clone().unwrap_or_default(),
                set: |contact, cell| {
                    contact.first_name = optional(cell);
                    Ok(())
                },
            },
            Column {
                name: "last_name",
                cell: |contact| contact.last_name.clone(),
                set: |contact, cell| {
                    cell.clone_into(&mut contact.last_name);
                    Ok(())
                },
            },
            text!("salutation", profile.salutation),
            Column {
                name: "gender",
                cell: |contact| contact.gender.as_ref().map_or_else(String::new, word_cell),
                set: |contact, cell| {
                    contact.gender = word::<Gender>(cell)
                        .map_err(|_| "must be female, male, non_binary, prefers_not_to_say or unknown")?;
                    Ok(())
                },
            },
            Column {
                name: "birthdate",
                cell: |contact| contact.birthdate.map_or_else(String::new, |date| date.to_string()),
                set: |contact, cell| {
                    let cell = cell.trim();
                    let date = parse_date(cell);
                    if date.is_none() && !cell.is_empty() {
                        return Err("must be a date such as 1980-05-17");
                    }
                    contact.birthdate = date;
                    Ok(())
                },
            },
            party::status(),
            party::email(),
            party::telephone(),
            party::mobile(),
        ];
        columns.extend(party::details());
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

const COMPANY_COLUMNS: [&str; 5] = ["company_external_id", "company_id", "position", "division", "decision_maker"];

/// A contact's place in a company, and that company's own `external_id`.
pub struct CompanyPlace {
    pub link: CompanyLink,
    pub external_id: Option<String>,
}

impl ExportedRecord for Contact {
    type Link = Option<CompanyPlace>;

    fn link_columns() -> Vec<&'static str> {
        COMPANY_COLUMNS.to_vec()
    }

    fn link_cells(&self, place: &Self::Link) -> Vec<String> {
        let Some(CompanyPlace { link, external_id }) = place else {
            return vec![String::new(); COMPANY_COLUMNS.len()];
        };
        vec![
            external_id.clone().unwrap_or_default(),
            link.company_id.to_string(),
            link.position.clone().unwrap_or_default(),
            link.division.clone().unwrap_or_default(),
            link.decision_maker.to_string(),
        ]
    }
    fn custom_fields(&self) -> Option<&CustomFields> {
        Some(&self.party.custom_fields)
    }
}
