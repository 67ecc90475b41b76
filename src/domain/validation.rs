//! Checks of single values, collected so that one answer names everything that is wrong.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::codes::{countries, currencies, languages};
use super::error::{Error, FieldError, Result};

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub struct Checks {
    errors: Vec<FieldError>,
}

impl Checks {
    pub fn fail(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.errors.push(FieldError::new(pointer, detail));
    }

    /// Trims in place; length counts characters, 1..=max.
    pub fn required_text(&mut self, pointer: &str, value: &mut String, max: usize) {
        trim(value);
        if value.is_empty() {
            self.fail(pointer, "must not be empty");
        }
        self.length(pointer, value, max);
    }

    /// Trims in place; what is empty then becomes absent.
    pub fn optional_text(&mut self, pointer: &str, value: &mut Option<String>, max: usize) {
        if let Some(text) = value {
            trim(text);
            if text.is_empty() {
                *value = None;
            } else {
                self.length(pointer, text, max);
            }
        }
    }

    pub fn length(&mut self, pointer: &str, value: &str, max: usize) {
        if value.chars().count() > max {
            self.fail(pointer, format!("must be at most {max} characters long"));
        }
        if value.contains('\0') {
            self.fail(pointer, "must not contain the NUL character");
        }
    }

    pub fn count(&mut self, pointer: &str, len: usize, max: usize) {
        if len > max {
            self.fail(pointer, format!("must have at most {max} entries"));
        }
    }

    pub fn email(&mut self, pointer: &str, value: &mut String) {
        trim(value);
        if !is_email(value) {
            self.fail(pointer, "must be an e-mail address such as ann@example.com, of at most 254 characters");
        }
    }

    /// Stores the code in upper case.
    pub fn country(&mut self, pointer: &str, value: &mut Option<String>) {
        self.code(pointer, value, "must be an ISO 3166-1 alpha-2 country code such as BE", |code| {
            let code = code.to_ascii_uppercase();
            knows(countries(), &code).then_some(code)
        });
    }

    pub fn language(&mut self, pointer: &str, value: &mut Option<String>) {
        self.code(pointer, value, "must be an ISO 639-1 language code such as nl", |code| {
            let code = code.to_ascii_lowercase();
            knows(languages(), &code).then_some(code)
        });
    }

    pub fn currency(&mut self, pointer: &str, value: &mut Option<String>) {
        self.code(pointer, value, "must be an ISO 4217 currency code such as EUR", |code| {
            let code = code.to_ascii_uppercase();
            knows(currencies(), &code).then_some(code)
        });
    }

    fn code(
        &mut self,
        pointer: &str,
        value: &mut Option<String>,
        detail: &str,
        normal: impl Fn(&str) -> Option<String>,
    ) {
        if let Some(text) = value {
            trim(text);
            if text.is_empty() {
                *value = None;
            } else if let Some(code) = normal(text) {
                *text = code;
            } else {
                self.fail(pointer, detail);
            }
        }
    }

    /// Passes on a required value; that it is missing is among the errors.
    pub fn required<T>(&mut self, pointer: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.fail(pointer, "is required");
        }
        value
    }

    /// The values that passed, once nothing is wrong; a value that is none has been failed before.
    ///
    /// # Errors
    /// `Invalid` with everything that was collected.
    pub fn finish_with<T>(self, passed: Option<T>) -> Result<T> {
        match passed {
            Some(values) if self.errors.is_empty() => Ok(values),
            _ => Err(Error::Invalid(self.errors)),
        }
    }

    /// # Errors
    /// `Invalid` with everything that was collected.
    pub fn finish(self) -> Result<()> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::Invalid(self.errors)) }
    }
}

fn knows(codes: &[&str], code: &str) -> bool {
    codes.binary_search(&code).is_ok()
}

fn trim(value: &mut String) {
    let trimmed = value.trim();
    if trimmed.len() != value.len() {
        *value = trimmed.to_owned();
    }
}

/// To 254 characters, one `@`, a local part, a domain with a dot, no blanks or controls.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
    !local.is_empty()
        && dotted
        && !domain.contains('@')
        && text.chars().count() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A calendar date in the form 2026-11-24.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let digits = |range: std::ops::Range<usize>| text.as_bytes()[range].iter().all(u8::is_ascii_digit);
    let shaped = text.len() == 10 && text.is_ascii() && digits(0..4) && digits(5..7) && digits(8..10);
    if shaped { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None }
}

/// A time in the form of RFC 3339, to the microsecond, which is what the database keeps.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    DateTime::from_timestamp_micros(time.timestamp_micros())
}

/// Where a JSON value holds the NUL character, which PostgreSQL takes neither in text nor in jsonb.
pub fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| find_nul(item).map(|rest| format!("/{index}{rest}")))
        }
        Value::Object(members) => members.iter().find_map(|(key, item)| {
            if key.contains('\0') {
                return Some(String::new());
            }
            find_nul(item).map(|rest| format!("/{}{rest}", escape_pointer(key)))
        }),
        _ => None,
    }
}

/// A member name as a JSON pointer token (RFC 6901).
pub fn escape_pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["a@b.c", "Ann.O'Brien+crm@sub.example.com", "é@exämple.com"] {
            assert!(is_email(good), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in ["", "a", "@b.c", "a@b", "a@b.", "a@.c", "a@b@c.d", "a b@c.d", "a@b\u{7}.c", long.as_str()] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn dates_are_strict() {
        assert!(parse_date("2024-02-29").is_some());
        for bad in ["2023-02-29", "2024-2-29", "24-02-29", "2024-02-29T00:00", "+024-02-29", "٢٠٢٤-02-29"] {
            assert!(parse_date(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn times_are_utc_and_to_the_microsecond() {
        let time = parse_time("2026-11-24T10:00:00.1234567+01:00").expect("a time");
        assert_eq!(time.to_rfc3339(), "2026-11-24T09:00:00.123456+00:00");
        for bad in ["2026-11-24", "2026-11-24T10:00:00", "2026-02-30T10:00:00Z", "10:00", ""] {
            assert!(parse_time(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn nul_is_found_where_it_is() {
        let value = serde_json::json!({"a": [1, {"b/c": "x\0"}]});
        assert_eq!(find_nul(&value).as_deref(), Some("/a/1/b~1c"));
    }
}
