//! The values of rules: what each operator makes of its value, for each class of fields.

use std::ops::Bound;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{
    condition::{CountTest, CustomTest, CustomValue, Fragment, Range, TagTest, Test, TextTest, When, end_of, start_of},
    field::{ChoiceField, Field},
    operator::Operator,
    parse::{MAX_VALUES, Parser},
    value::{self, Moment, Read},
};

impl Parser {
    pub(super) fn test(&mut self, field: Field, operator: Operator, value: &Value, at: &str) -> Option<Test> {
        if matches!(operator, Operator::IsNotEmpty | Operator::Has) {
            self.no_value(value, at)?;
            return Some(Test::Filled(field));
        }
        match field {
            Field::Text(text) => Some(Test::Text(text, self.text(operator, value, at)?)),
            Field::CompanyText(text) => Some(Test::CompanyText(text, self.text(operator, value, at)?)),
            Field::Choice(choice) => Some(Test::Choice(choice, self.choices(choice, operator, value, at)?)),
            Field::Birthdate => Some(Test::Birthdate(self.date(operator, value, at)?)),
            Field::Time(time) => Some(Test::Time(time, self.time(operator, value, at)?)),
            Field::PaymentTermDays => Some(Test::PaymentTermDays(self.number(operator, value, at)?)),
            Field::MarketingMailsConsent => Some(Test::MarketingMailsConsent(self.flag(operator, value, at)?)),
            Field::Tags => Some(Test::Tags(self.tags(operator, value, at)?)),
            Field::Custom(key) => Some(Test::Custom(key, self.custom(operator, value, at)?)),
            Field::Links(links) => Some(Test::Links(links, self.count(operator, value, at)?)),
        }
    }

    fn text(&mut self, operator: Operator, value: &Value, at: &str) -> Option<TextTest> {
        match operator {
            Operator::Equals => Some(TextTest::OneOf(vec![self.one(value::whole_text(value), at)?])),
            Operator::In => self.list(value, at, value::whole_text).map(TextTest::OneOf),
            _ => self.fragment(operator, value, at).map(TextTest::Has),
        }
    }

    fn fragment(&mut self, operator: Operator, value: &Value, at: &str) -> Option<Fragment> {
        let text = self.one(value::fragment(value), at)?;
        Some(match operator {
            Operator::StartsWith => Fragment::AtStart(text),
            Operator::EndsWith => Fragment::AtEnd(text),
            _ => Fragment::Anywhere(text),
        })
    }

    fn choices(
        &mut self,
        field: ChoiceField,
        operator: Operator,
        value: &Value,
        at: &str,
    ) -> Option<Vec<&'static str>> {
        if operator == Operator::In {
            self.list(value, at, |value| value::choice(field, value))
        } else {
            Some(vec![self.one(value::choice(field, value), at)?])
        }
    }

    fn date(&mut self, operator: Operator, value: &Value, at: &str) -> Option<When<NaiveDate>> {
        match operator {
            Operator::InLastDays => self.one(value::days(value), at).map(When::InLastDays),
            Operator::MoreThanDaysAgo => self.one(value::days(value), at).map(When::MoreThanDaysAgo),
            Operator::Between => self.pair(value, at, value::date).map(When::Range),
            _ => self.one(value::date(value), at).map(|day| When::Range(span(operator, day))),
        }
    }

    fn time(&mut self, operator: Operator, value: &Value, at: &str) -> Option<When<DateTime<Utc>>> {
        match operator {
            Operator::InLastDays => self.one(value::days(value), at).map(When::InLastDays),
            Operator::MoreThanDaysAgo => self.one(value::days(value), at).map(When::MoreThanDaysAgo),
            Operator::Between => {
                let (from, to) = self.two(value, at, value::moment)?;
                let from = first_instant(from);
                let (in_order, to) = match to {
                    Moment::Day(day) => (from < end_of(day), Bound::Excluded(end_of(day))),
                    Moment::Instant(instant) => (from <= instant, Bound::Included(instant)),
                };
                self.in_order(in_order, at)?;
                Some(When::Range((Bound::Included(from), to)))
            }
            _ => self.one(value::moment(value), at).map(|moment| When::Range(time_span(operator, moment))),
        }
    }

    fn number(&mut self, operator: Operator, value: &Value, at: &str) -> Option<Range<Decimal>> {
        match operator {
            Operator::Between => self.pair(value, at, value::number),
            _ => self.one(value::number(value), at).map(|number| span(operator, number)),
        }
    }

    fn flag(&mut self, operator: Operator, value: &Value, at: &str) -> Option<bool> {
        self.no_value(value, at)?;
        Some(operator == Operator::IsTrue)
    }

    fn tags(&mut self, operator: Operator, value: &Value, at: &str) -> Option<TagTest> {
        let tags = self.list(value, at, value::whole_text)?;
        Some(if operator == Operator::HasAll { TagTest::HasAll(tags) } else { TagTest::HasAny(tags) })
    }

    fn count(&mut self, operator: Operator, value: &Value, at: &str) -> Option<CountTest> {
        let count = self.one(value::count(value), at)?;
        Some(if operator == Operator::CountLessThan {
            CountTest::LessThan(count)
        } else {
            CountTest::GreaterThan(count)
        })
    }

    fn custom(&mut self, operator: Operator, value: &Value, at: &str) -> Option<CustomTest> {
        match operator {
            Operator::Equals => Some(CustomTest::OneOf(vec![self.one(value::custom_value(value), at)?])),
            Operator::In => self.list(value, at, value::custom_value).map(CustomTest::OneOf),
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                self.fragment(operator, value, at).map(CustomTest::Has)
            }
            Operator::IsTrue | Operator::IsFalse => {
                let flag = self.flag(operator, value, at)?;
                Some(CustomTest::OneOf(vec![CustomValue::Bool(flag)]))
            }
            Operator::LessThan | Operator::GreaterThan => self.number(operator, value, at).map(CustomTest::Number),
            // Two numbers or two dates: the first says which.
            Operator::Between if value.get(0).is_some_and(Value::is_number) => {
                self.number(operator, value, at).map(CustomTest::Number)
            }
            _ => self.date(operator, value, at).map(CustomTest::Date),
        }
    }

    fn one<T>(&mut self, read: Read<T>, at: &str) -> Option<T> {
        read.map_err(|detail| self.refuse::<()>(at, detail)).ok()
    }

    fn no_value(&mut self, value: &Value, at: &str) -> Option<()> {
        if value.is_null() { Some(()) } else { self.refuse(at, "must be left out: this operator takes no value") }
    }

    fn list<T>(&mut self, value: &Value, at: &str, read: impl Fn(&Value) -> Read<T>) -> Option<Vec<T>> {
        let values = match value {
            Value::Array(values) if (1..=MAX_VALUES).contains(&values.len()) => values,
            _ => return self.refuse(at, format!("must be a list of 1 to {MAX_VALUES} values")),
        };
        let read: Vec<T> = values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| self.one(read(value), &format!("{at}/{index}")))
            .collect();
        (read.len() == values.len()).then_some(read)
    }

    fn two<T>(&mut self, value: &Value, at: &str, read: impl Fn(&Value) -> Read<T>) -> Option<(T, T)> {
        let Some([from, to]) = value.as_array().map(Vec::as_slice) else {
            return self.refuse(at, "must be a list of two values");
        };
        let (from, to) = (self.one(read(from), &format!("{at}/0")), self.one(read(to), &format!("{at}/1")));
        Some((from?, to?))
    }

    fn pair<T: PartialOrd>(&mut self, value: &Value, at: &str, read: impl Fn(&Value) -> Read<T>) -> Option<Range<T>> {
        let (from, to) = self.two(value, at, read)?;
        self.in_order(from <= to, at)?;
        Some((Bound::Included(from), Bound::Included(to)))
    }

    fn in_order(&mut self, in_order: bool, at: &str) -> Option<()> {
        if in_order { Some(()) } else { self.refuse(at, "must have its first value before its second") }
    }
}

fn span<T: Copy>(operator: Operator, value: T) -> Range<T> {
    match operator {
        Operator::Before | Operator::LessThan => (Bound::Unbounded, Bound::Excluded(value)),
        Operator::After | Operator::GreaterThan => (Bound::Excluded(value), Bound::Unbounded),
        _ => (Bound::Included(value), Bound::Included(value)),
    }
}

fn time_span(operator: Operator, moment: Moment) -> Range<DateTime<Utc>> {
    match (operator, moment) {
        (Operator::Before, moment) => (Bound::Unbounded, Bound::Excluded(first_instant(moment))),
        (Operator::After, Moment::Day(day)) => (Bound::Included(end_of(day)), Bound::Unbounded),
        (Operator::After, Moment::Instant(instant)) => (Bound::Excluded(instant), Bound::Unbounded),
        (_, Moment::Day(day)) => (Bound::Included(start_of(day)), Bound::Excluded(end_of(day))),
        (_, Moment::Instant(instant)) => {
            let day = instant.date_naive();
            (Bound::Included(start_of(day)), Bound::Excluded(end_of(day)))
        }
    }
}

fn first_instant(moment: Moment) -> DateTime<Utc> {
    match moment {
        Moment::Day(day) => start_of(day),
        Moment::Instant(instant) => instant,
    }
}
