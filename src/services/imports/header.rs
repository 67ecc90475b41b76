//! The first row of a file: which column each cell belongs to.

use super::reader::Cells;
use crate::domain::csv_cell::unescape_formula;
use crate::domain::csv_columns::{CUSTOM_FIELD_PREFIX, Column, CsvRecord};
use crate::domain::error::FieldError;
use crate::domain::party::is_custom_key;

/// What the cells of one column are about.
enum Meaning<R> {
    Id,
    Field(Column<R>),
    CustomField(String),
    /// A part of a link to another record.
    Link,
}

struct HeaderColumn<R> {
    name: String,
    meaning: Meaning<R>,
}

/// The columns of a file.
pub struct Header<R> {
    columns: Vec<HeaderColumn<R>>,
    /// Positions of the plain fields, in the order in which they are put in.
    fields: Vec<usize>,
    external_id: Option<usize>,
    id: Option<usize>,
}

/// A wrong cell: its column, and what is wrong.
pub type WrongCell = (String, String);

impl<R: CsvRecord> Header<R> {
    /// `link_columns` name the links of the kind.
    ///
    /// # Errors
    /// Names every column that is unknown, doubled or missing.
    pub fn read(cells: &Cells, link_columns: &[&'static str]) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut columns: Vec<HeaderColumn<R>> = Vec::new();
        let mut order = Vec::new();
        for (position, cell) in cells.iter().enumerate() {
            let name = cell.trim();
            if columns.iter().any(|column| column.name == name) {
                errors.push(FieldError::new(name, "stands twice in the header row"));
                continue;
            }
            let mut known = R::columns();
            let meaning = if name == "id" {
                Meaning::Id
            } else if let Some(rank) = known.iter().position(|column| column.name == name) {
                order.push((rank, position));
                Meaning::Field(known.swap_remove(rank))
            } else if link_columns.contains(&name) {
                Meaning::Link
            } else if let Some(key) = custom_key::<R>(name) {
                Meaning::CustomField(key.to_owned())
            } else {
                errors.push(FieldError::new(name, unknown::<R>(link_columns)));
                continue;
            };
            columns.push(HeaderColumn { name: name.to_owned(), meaning });
        }
        let position = |name: &str| columns.iter().position(|column| column.name == name);
        if let Some(required) = R::REQUIRED_COLUMN.filter(|name| position(name).is_none()) {
            errors.push(FieldError::new(required, "is missing from the header row"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        order.sort_unstable();
        let fields = order.into_iter().map(|(_, position)| position).collect();
        let (id, external_id) = (position("id"), position("external_id"));
        Ok(Self { columns, fields, external_id, id })
    }

    pub fn len(&self) -> usize {
        self.columns.len()
    }

    pub fn name_of(&self, position: usize) -> Option<&str> {
        self.columns.get(position).map(|column| column.name.as_str())
    }

    /// The `id` of a row; empty when the row or the file has none.
    pub fn id<'a>(&self, cells: &'a Cells) -> &'a str {
        self.id.map_or("", |position| value(cells, position).trim())
    }

    /// The `external_id` of a row; empty when the row or the file has none.
    pub fn external_id<'a>(&self, cells: &'a Cells) -> &'a str {
        self.external_id.map_or("", |position| value(cells, position).trim())
    }

    /// The cell of a link column; none when the file does not have it.
    pub fn link<'a>(&self, cells: &'a Cells, name: &str) -> Option<&'a str> {
        let mut links = self.columns.iter().enumerate().filter(|(_, column)| matches!(column.meaning, Meaning::Link));
        links.find(|(_, column)| column.name == name).map(|(position, _)| value(cells, position).trim())
    }

    /// Puts the row's plain fields and custom fields into `record`, and says which cells are wrong in themselves.
    pub fn fill(&self, record: &mut R, cells: &Cells) -> Vec<WrongCell> {
        let mut wrong = Vec::new();
        for &position in &self.fields {
            let column = &self.columns[position];
            if let Meaning::Field(field) = &column.meaning
                && let Err(reason) = (field.set)(record, value(cells, position))
            {
                wrong.push((column.name.clone(), reason.to_owned()));
            }
        }
        if let Some(fields) = record.custom_fields_mut() {
            for (position, column) in self.columns.iter().enumerate() {
                if let Meaning::CustomField(key) = &column.meaning {
                    crate::domain::csv_columns::set_custom(fields, key, value(cells, position));
                }
            }
        }
        wrong
    }
}

/// A cell as it was before an export protected it from spreadsheets.
fn value(cells: &Cells, position: usize) -> &str {
    unescape_formula(cells.get(position))
}

fn custom_key<R: CsvRecord>(name: &str) -> Option<&str> {
    let key = name.strip_prefix(CUSTOM_FIELD_PREFIX)?;
    let has_custom_fields = R::default().custom_fields_mut().is_some();
    (has_custom_fields && is_custom_key(key)).then_some(key)
}

fn unknown<R: CsvRecord>(link_columns: &[&'static str]) -> String {
    let mut known: Vec<&str> = vec!["id"];
    known.extend(R::columns().iter().map(|column| column.name));
    known.extend(link_columns);
    if R::default().custom_fields_mut().is_some() {
        known.push("custom_fields.KEY (KEY of a-z, 0-9 and _)");
    }
    format!("is no column of these files; they may have {}", known.join(", "))
}
