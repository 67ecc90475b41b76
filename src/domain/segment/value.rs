//! Reads the values of rules, one at a time: JSON in, a typed value or one sentence out.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{condition::CustomValue, field::ChoiceField};
use crate::domain::{fold::fold, validation::parse_date};

/// The longest text of a rule, in characters.
pub const MAX_TEXT: usize = 4_000;
/// The most days that a relative date can lie back.
pub const MAX_DAYS: u32 = 100_000;
const MAX_COUNT: u32 = 1_000_000_000;

pub type Read<T> = Result<T, String>;

/// A text that is searched for within another: folded, blanks kept.
pub fn fragment(value: &Value) -> Read<String> {
    let folded = fold(text(value)?);
    if folded.is_empty() {
        return Err("has no character to compare; use is_empty or is_not_empty to ask for empty fields".to_owned());
    }
    Ok(folded)
}

/// A text that is compared as a whole: trimmed like everything that is stored, then folded.
pub fn whole_text(value: &Value) -> Read<String> {
    fragment(&Value::from(text(value)?.trim()))
}

pub fn choice(field: ChoiceField, value: &Value) -> Read<&'static str> {
    field.choice(text(value)?).ok_or_else(|| format!("must be {}", field.describe_choices()))
}

pub fn custom_value(value: &Value) -> Read<CustomValue> {
    match value {
        Value::String(_) => whole_text(value).map(CustomValue::Text),
        Value::Number(_) => number(value).map(CustomValue::Number),
        Value::Bool(flag) => Ok(CustomValue::Bool(*flag)),
        _ => Err("must be a text, a number, true or false".to_owned()),
    }
}

/// A number of at most 15 digits before and 10 after the point. JSON numbers are read as doubles, so up to 15
/// significant digits are exact, as they are in stored custom fields.
pub fn number(value: &Value) -> Read<Decimal> {
    let Value::Number(number) = value else {
        return Err("must be a number".to_owned());
    };
    let written = number.to_string();
    Decimal::from_str(&written)
        .or_else(|_| Decimal::from_scientific(&written))
        .map(|decimal| decimal.normalize())
        .ok()
        .filter(|decimal| decimal.abs() < Decimal::from(1_000_000_000_000_000_u64) && decimal.scale() <= 10)
        .ok_or_else(|| "must have at most 15 digits before and 10 after the point".to_owned())
}

pub fn days(value: &Value) -> Read<u32> {
    whole_number(value, MAX_DAYS)
}

pub fn count(value: &Value) -> Read<u32> {
    whole_number(value, MAX_COUNT)
}

/// A day, exactly `YYYY-MM-DD`.
pub fn date(value: &Value) -> Read<NaiveDate> {
    value.as_str().and_then(parse_date).ok_or_else(|| "must be a day that exists, written YYYY-MM-DD".to_owned())
}

/// A whole day, or one instant (kept to the microsecond).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

pub fn moment(value: &Value) -> Read<Moment> {
    let text = value.as_str().unwrap_or_default();
    parse_date(text)
        .map(Moment::Day)
        .or_else(|| {
            let instant = DateTime::parse_from_rfc3339(text).ok()?;
            Some(Moment::Instant(instant.with_timezone(&Utc).trunc_subsecs(6)))
        })
        .ok_or_else(|| "must be a day (YYYY-MM-DD) or a time (RFC 3339, like 2026-11-24T09:14:00Z)".to_owned())
}

fn text(value: &Value) -> Read<&str> {
    let Value::String(text) = value else {
        return Err("must be a text".to_owned());
    };
    if text.contains('\0') {
        return Err("must not contain the character U+0000".to_owned());
    }
    if text.chars().nth(MAX_TEXT).is_some() {
        return Err(format!("must have at most {MAX_TEXT} characters"));
    }
    Ok(text)
}

fn whole_number(value: &Value, max: u32) -> Read<u32> {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| *number <= max)
        .ok_or_else(|| format!("must be a whole number from 0 to {max}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_exact_within_their_range() {
        for (written, decimal) in [
            ("0.1", "0.1"),
            ("-12.50", "-12.5"),
            ("80", "80"),
            ("1e3", "1000"),
            ("999999999999999", "999999999999999"),
            ("1e-10", "0.0000000001"),
        ] {
            let value = serde_json::from_str(written).unwrap();
            assert_eq!(number(&value), Ok(Decimal::from_str(decimal).unwrap()), "{written}");
        }
        for written in ["1e15", "-1000000000000000", "1e300", "1e-11", "1e-300", "\"5\"", "null"] {
            assert!(number(&serde_json::from_str(written).unwrap()).is_err(), "{written}");
        }
    }

    #[test]
    fn days_are_written_in_one_way_and_exist() {
        assert!(date(&json!("2024-02-29")).is_ok());
        for text in
            ["2023-02-29", "2024-2-9", "24-02-09", "+2024-02-9", "2024-02-09T00:00:00Z", "", "2024/02/09", "２024-0-9"]
        {
            assert!(date(&json!(text)).is_err(), "{text}");
        }
        assert!(date(&json!(20_240_229)).is_err());
    }

    #[test]
    fn a_moment_is_a_day_or_an_instant_in_any_zone() {
        assert!(matches!(moment(&json!("2024-02-29")), Ok(Moment::Day(_))));
        let Ok(Moment::Instant(instant)) = moment(&json!("2024-02-29T01:00:00.1234567+02:00")) else {
            panic!("no instant")
        };
        assert_eq!(instant.to_rfc3339(), "2024-02-28T23:00:00.123456+00:00");
        for value in [json!("2024-02-29T01:00:00"), json!("yesterday"), json!(1), json!(null)] {
            assert!(moment(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn texts_are_folded_and_must_have_something_to_compare() {
        assert_eq!(whole_text(&json!("  Liège ")), Ok("liege".to_owned()));
        assert_eq!(fragment(&json!(" de ")), Ok(" de ".to_owned()));
        for value in [json!(""), json!("\u{301}"), json!("a\0b"), json!("a".repeat(4_001)), json!(5), json!(["a"])] {
            assert!(fragment(&value).is_err(), "{value}");
        }
        assert!(whole_text(&json!("  ")).is_err());
        assert!(fragment(&json!("é".repeat(4_000))).is_ok());
    }

    #[test]
    fn whole_numbers_have_no_sign_and_no_fraction() {
        assert_eq!(days(&json!(30)), Ok(30));
        for value in [json!(-1), json!(1.5), json!("30"), json!(100_001), json!(null)] {
            assert!(days(&value).is_err(), "{value}");
        }
    }
}
