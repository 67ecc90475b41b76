//! A validated rule tree: every value typed, every text folded, nothing left that could be wrong.

use std::ops::Bound;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

use super::field::{ChoiceField, Field, LinkField, TextField, TimeField};

/// Which records a segment selects. `All` of nothing selects every record.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Test),
}

/// One question to one field. A field that holds nothing answers no.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The field holds something.
    Filled(Field),
    Text(TextField, TextTest),
    CompanyText(TextField, TextTest),
    /// The field is one of these choices.
    Choice(ChoiceField, Vec<&'static str>),
    Birthdate(When<NaiveDate>),
    Time(TimeField, When<DateTime<Utc>>),
    PaymentTermDays(Range<Decimal>),
    MarketingMailsConsent(bool),
    Tags(TagTest),
    /// The key and what its value must be.
    Custom(String, CustomTest),
    Links(LinkField, CountTest),
}

/// All texts are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    OneOf(Vec<String>),
    Has(Fragment),
}

/// A folded text within another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fragment {
    Anywhere(String),
    AtStart(String),
    AtEnd(String),
}

/// All tags are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagTest {
    HasAny(Vec<String>),
    HasAll(Vec<String>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum CustomTest {
    OneOf(Vec<CustomValue>),
    Has(Fragment),
    Number(Range<Decimal>),
    Date(When<NaiveDate>),
}

/// A custom value that a rule names; a text is folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomValue {
    Text(String),
    Number(Decimal),
    Bool(bool),
}

/// How many live records are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountTest {
    LessThan(u32),
    GreaterThan(u32),
}

pub type Range<T> = (Bound<T>, Bound<T>);

/// A span of days or instants, fixed or counted back from today (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When<T> {
    Range(Range<T>),
    InLastDays(u32),
    MoreThanDaysAgo(u32),
}

impl When<NaiveDate> {
    pub fn range(self, today: NaiveDate) -> Range<NaiveDate> {
        match self {
            Self::Range(range) => range,
            Self::InLastDays(days) => (Bound::Included(days_before(today, days)), Bound::Included(today)),
            Self::MoreThanDaysAgo(days) => (Bound::Unbounded, Bound::Excluded(days_before(today, days))),
        }
    }
}

impl When<DateTime<Utc>> {
    pub fn range(self, today: NaiveDate) -> Range<DateTime<Utc>> {
        match self {
            Self::Range(range) => range,
            Self::InLastDays(days) => {
                (Bound::Included(start_of(days_before(today, days))), Bound::Excluded(end_of(today)))
            }
            Self::MoreThanDaysAgo(days) => (Bound::Unbounded, Bound::Excluded(start_of(days_before(today, days)))),
        }
    }
}

/// The first instant of a day (UTC).
pub fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The first instant after a day (UTC).
pub fn end_of(day: NaiveDate) -> DateTime<Utc> {
    start_of(day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX))
}

fn days_before(today: NaiveDate, days: u32) -> NaiveDate {
    today.checked_sub_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MIN)
}
