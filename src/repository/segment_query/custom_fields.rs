//! Tests of custom fields, and of other values within jsonb. A value of another type than the one asked for is a
//! plain "no": nothing is cast, so nothing can fail.

use std::ops::Bound;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Nullable, Text};
use rust_decimal::Decimal;
use serde_json::Value;

use super::columns::{Column, RuleTable};
use super::{Answer, all, any, texts, within};
use crate::domain::segment::condition::{CustomTest, CustomValue, Range};

/// The days that exist, as `domain::validation::parse_date` knows them: months of 31, 30 and 28 days, and the 29th of
/// February in leap years.
const DAY: &str = "^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)\
                   |02-(0[1-9]|1[0-9]|2[0-8]))\
                   |([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$";

diesel::infix_operator!(Matches, " ~ ", backend: diesel::pg::Pg);
diesel::postfix_operator!(AsBytes, " COLLATE \"C\"", Nullable<Text>, backend: diesel::pg::Pg);

pub(super) fn ask<T: RuleTable>(key: &str, test: &CustomTest, today: NaiveDate) -> Answer<T> {
    match test {
        CustomTest::OneOf(values) => one_of(key, values),
        CustomTest::Has(fragment) => Box::new(folded_text::<T>(key).like(texts::pattern(fragment))),
        CustomTest::Number(range) => number(|| json(key), *range),
        CustomTest::Date(when) => {
            let (from, to) = when.range(today);
            let written = (from.map(|day| day.to_string()), to.map(|day| day.to_string()));
            let is_day: Answer<T> = Box::new(Matches::new(text::<T>(key), DAY.into_sql::<Text>()));
            all(vec![is_day, within!(AsBytes::new(text::<T>(key)), written)])
        }
    }
}

pub(super) fn filled<T: RuleTable>(key: &str) -> Answer<T> {
    Box::new(text::<T>(key).ne(""))
}

/// A number in the range, among what a jsonb expression holds.
pub(super) fn number<T: RuleTable>(value: impl Fn() -> Column<T, Nullable<Jsonb>>, range: Range<Decimal>) -> Answer<T> {
    let range = (range.0.map(as_json), range.1.map(as_json));
    let is_number: Answer<T> = Box::new(diesel::dsl::jsonb_typeof(value()).eq("number"));
    all(vec![is_number, within!(value(), range)])
}

fn one_of<T: RuleTable>(key: &str, values: &[CustomValue]) -> Answer<T> {
    let (mut words, mut others) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            CustomValue::Text(text) => words.push(text.clone()),
            CustomValue::Number(number) => others.push(as_json(*number)),
            CustomValue::Bool(flag) => others.push(Value::from(*flag)),
        }
    }
    let mut answers: Vec<Answer<T>> = Vec::new();
    if !words.is_empty() {
        answers.push(Box::new(folded_text::<T>(key).eq_any(words)));
    }
    if !others.is_empty() {
        answers.push(Box::new(json::<T>(key).eq_any(others)));
    }
    any(answers)
}

fn json<T: RuleTable>(key: &str) -> Column<T, Nullable<Jsonb>> {
    Box::new(T::custom_fields().retrieve_as_object(key.to_owned()).nullable())
}

/// The value as it was given, whatever its type.
fn text<T: RuleTable>(key: &str) -> Column<T, Nullable<Text>> {
    Box::new(T::custom_fields().retrieve_as_text(key.to_owned()).nullable())
}

/// The folded twin, which only texts have.
fn folded_text<T: RuleTable>(key: &str) -> Column<T, Nullable<Text>> {
    Box::new(T::folded().retrieve_as_object("custom_fields").retrieve_as_text(key.to_owned()).nullable())
}

/// A validated number has at most 15 digits before and 10 after the point.
fn as_json(number: Decimal) -> Value {
    serde_json::from_str(&number.to_string()).expect("a decimal is written like a JSON number")
}
