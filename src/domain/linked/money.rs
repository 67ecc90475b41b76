//! Amounts of money: decimal, never a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::domain::validation::Checks;

const INTEGER_DIGITS: usize = 13;
const DECIMALS: usize = 2;

/// A decimal of at most 13 digits before and 2 after the point. Below zero is allowed: credit notes and discounts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(Decimal);

impl Amount {
    /// Reads `12`, `12.5`, `-12.50`: no sign but a minus, no exponent, no blanks, no superfluous zero in front.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let whole_fits = (1..=INTEGER_DIGITS).contains(&whole.len())
            && all_digits(whole)
            && (whole == "0" || !whole.starts_with('0'));
        let decimals_fit = decimals.is_none_or(|part| (1..=DECIMALS).contains(&part.len()) && all_digits(part));
        if whole_fits && decimals_fit { Decimal::from_str(text).ok().map(Self::from_decimal) } else { None }
    }

    /// What a numeric(15, 2) column holds.
    pub fn from_decimal(mut decimal: Decimal) -> Self {
        decimal.rescale(2);
        if decimal.is_zero() {
            decimal.set_sign_positive(true);
        }
        Self(decimal)
    }

    pub fn decimal(self) -> Decimal {
        self.0
    }
}

/// Always two decimals.
impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.2}", self.0)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || {
            serde::de::Error::custom(
                "must be text such as \"12.50\" with at most 13 digits before the point and 2 after it",
            )
        };
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Self::parse(&text).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

/// An amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Text, not a number: at most 13 digits before the point and 2 after it; shown with two decimals.
    #[schema(value_type = String, pattern = r"^-?(0|[1-9]\d{0,12})(\.\d{1,2})?$", example = "12.50")]
    pub amount: Amount,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
}

impl Money {
    /// The money behind two nullable columns that are filled together.
    pub fn from_columns(amount: Option<Decimal>, currency: Option<String>) -> Option<Self> {
        Some(Self { amount: Amount::from_decimal(amount?), currency: currency? })
    }

    /// Checks the currency and stores it in upper case.
    pub fn check(money: &mut Option<Self>, checks: &mut Checks, pointer: &str) {
        if let Some(money) = money {
            let pointer = format!("{pointer}/currency");
            let mut currency = Some(std::mem::take(&mut money.currency));
            checks.currency(&pointer, &mut currency);
            match currency {
                Some(currency) => money.currency = currency,
                None => checks.fail(pointer, "must not be empty"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal_text() {
        for (text, shown) in [
            ("12.50", "12.50"),
            ("12", "12.00"),
            ("-0.5", "-0.50"),
            ("0", "0.00"),
            ("-0.00", "0.00"),
            ("9999999999999.99", "9999999999999.99"),
        ] {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()).as_deref(), Some(shown), "{text}");
        }
        for bad in ["", "-", ".5", "5.", "1.234", "+1", "1e3", " 1", "01", "1,5", "10000000000000", "١", "--1", "NaN"]
        {
            assert!(Amount::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_number_is_no_amount() {
        assert!(serde_json::from_str::<Money>(r#"{"amount": 12.5, "currency": "EUR"}"#).is_err());
        let money: Money = serde_json::from_str(r#"{"amount": "12.5", "currency": "EUR"}"#).expect("text is one");
        assert_eq!(serde_json::to_string(&money).expect("JSON"), r#"{"amount":"12.50","currency":"EUR"}"#);
    }
}
