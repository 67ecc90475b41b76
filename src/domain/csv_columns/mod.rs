//! The columns of CSV files: what each is called, how a record fills its cell and what the cell changes in a record.
//!
//! Imports and exports share them, so that what is exported can be imported again.

mod company;
mod contact;
mod export;
mod linked;
mod links;
mod party;

use std::borrow::Cow;

use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

pub use contact::CompanyPlace;
pub use export::{ExportedRecord, RecordsCsv};
pub use linked::CUSTOMERS;
pub use links::{ExternalIds, LinkColumns, RecordName, read_names};
pub use party::set_custom;

use super::error::FieldError;
use super::party::{CustomFields, CustomValue};

pub const CUSTOM_FIELD_PREFIX: &str = "custom_fields.";

/// One column of the files of `R`.
pub struct Column<R> {
    pub name: &'static str,
    /// The cell of a record; empty for what it lacks.
    pub cell: fn(&R) -> String,
    /// Puts a cell into a record, an empty one clears; or says what is wrong with it.
    pub set: fn(&mut R, &str) -> Result<(), &'static str>,
}

/// A kind of record that stands in the rows of a file.
pub trait CsvRecord: Clone + Default + Send + Sync + 'static {
    /// A file without this column is refused.
    const REQUIRED_COLUMN: Option<&'static str> = None;

    /// In the order of an exported file, which is the order in which the cells of a row are put in. Links to other
    /// records and custom fields stand beside them.
    fn columns() -> Vec<Column<Self>>;

    /// None for kinds without custom fields.
    fn custom_fields_mut(&mut self) -> Option<&mut CustomFields> {
        None
    }

    fn external_id(&self) -> Option<&str>;

    /// The links that lead to one record each.
    fn links() -> Vec<LinkColumns<Self>> {
        Vec::new()
    }

    /// The column behind a wrong field.
    fn column_of(&self, error: &FieldError) -> String {
        first_part(&error.pointer).to_owned()
    }
}

/// A number if it is written like one, else text: leading zeros and `+32 ...` stay as they are.
pub fn custom_value(cell: &str) -> CustomValue {
    let number = is_plain_number(cell).then(|| cell.parse().ok()).flatten();
    number.map_or_else(|| CustomValue::Text(cell.to_owned()), CustomValue::Number)
}

/// The cell of a custom field; [`custom_value`] reads it back, but for booleans and texts that look like numbers.
pub fn custom_cell(value: &CustomValue) -> Cow<'_, str> {
    match value {
        CustomValue::Bool(flag) => Cow::Owned(flag.to_string()),
        CustomValue::Text(text) => Cow::Borrowed(text),
        // serde_json would write small numbers with an exponent.
        CustomValue::Number(number) => {
            let float = number.as_f64().filter(|_| number.is_f64());
            Cow::Owned(float.map_or_else(|| number.to_string(), |float| float.to_string()))
        }
    }
}

/// `^-?(0|[1-9]\d{0,14})(\.\d{1,10})?$`
fn is_plain_number(cell: &str) -> bool {
    let unsigned = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || (1..=15).contains(&whole.len()) && !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| digits(fraction) && (1..=10).contains(&fraction.len()))
}

/// The text of a cell, absent when it is empty.
fn optional(cell: &str) -> Option<String> {
    (!cell.is_empty()).then(|| cell.to_owned())
}

/// The enum that the API writes as `cell`; absent when it is empty.
fn word<T: DeserializeOwned>(cell: &str) -> Result<Option<T>, WordError> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let deserializer: StrDeserializer<'_, WordError> = cell.into_deserializer();
    T::deserialize(deserializer).map(Some)
}

/// The word that the API uses for `value`.
fn word_cell(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Reads a yes or no; absent when it is empty.
///
/// # Errors
/// The reason, for anything but `true` and `false`.
pub fn flag(cell: &str) -> Result<Option<bool>, &'static str> {
    match cell.trim() {
        "" => Ok(None),
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err("must be true or false"),
    }
}

/// The first member that a JSON pointer names.
fn first_part(pointer: &str) -> &str {
    pointer.trim_start_matches('/').split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_what_only_looks_like_one() {
        for number in ["0", "-0.5", "12", "999999999999999", "3.1415926535"] {
            assert!(matches!(custom_value(number), CustomValue::Number(_)), "{number}");
        }
        for text in ["", "-", "007", "+32 2", "1.", ".5", "1e3", "1,5", "1000000000000000", "0.12345678901", "٣", " 1"]
        {
            assert_eq!(custom_value(text), CustomValue::Text(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn custom_cells_come_back() {
        for cell in ["0.0000000001", "-12.5", "42", "text", "007"] {
            assert_eq!(custom_cell(&custom_value(cell)), cell);
        }
    }
}
