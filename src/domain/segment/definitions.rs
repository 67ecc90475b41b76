//! The definition of every operator in words, for each class of fields.

use super::operator::{FieldClass, Operator as Op, OperatorDefinition, ValueShape as Value};

impl FieldClass {
    pub fn operators(self) -> &'static [OperatorDefinition] {
        match self {
            Self::Text => TEXT,
            Self::Choice => CHOICE,
            Self::Date => DATE,
            Self::Time => TIME,
            Self::Number => NUMBER,
            Self::Bool => BOOL,
            Self::Tags => TAGS,
            Self::Custom => CUSTOM,
            Self::Links => LINKS,
        }
    }

    pub fn allows(self, operator: Op) -> bool {
        self.operators().iter().any(|definition| definition.operator == operator)
    }
}

const fn define(operator: Op, value: Value, meaning: &'static str) -> OperatorDefinition {
    OperatorDefinition { operator, meaning, value }
}

const IS_EMPTY: OperatorDefinition =
    define(Op::IsEmpty, Value::None, "The field holds nothing; the opposite of is_not_empty.");
const IS_NOT_EMPTY: OperatorDefinition = define(Op::IsNotEmpty, Value::None, "The field holds something.");

/// Of a field with several entries (e-mails, telephones, linked companies) one entry that matches is enough.
const TEXT: &[OperatorDefinition] = &[
    define(
        Op::Equals,
        Value::Text,
        "The text, or one of its entries, is the value; case, accents and blanks around the value do not count.",
    ),
    define(Op::NotEquals, Value::Text, "The opposite of equals: no entry is the value, or the field is empty."),
    define(
        Op::Contains,
        Value::Text,
        "The value occurs in the text, or in one of its entries; case and accents do not count.",
    ),
    define(
        Op::NotContains,
        Value::Text,
        "The opposite of contains: the value occurs in no entry, or the field is empty.",
    ),
    define(
        Op::StartsWith,
        Value::Text,
        "The text, or one of its entries, starts with the value; case and accents do not count.",
    ),
    define(
        Op::EndsWith,
        Value::Text,
        "The text, or one of its entries, ends with the value; case and accents do not count.",
    ),
    define(Op::In, Value::TextList, "The text, or one of its entries, equals one of the values."),
    define(Op::NotIn, Value::TextList, "The opposite of in: no entry equals any of the values, or the field is empty."),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

const CHOICE: &[OperatorDefinition] = &[
    define(Op::Equals, Value::Choice, "The field is this choice."),
    define(Op::NotEquals, Value::Choice, "The opposite of equals: another choice, or the field is empty."),
    define(Op::In, Value::ChoiceList, "The field is one of these choices."),
    define(Op::NotIn, Value::ChoiceList, "The opposite of in: none of these choices, or the field is empty."),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

const DATE: &[OperatorDefinition] = &[
    define(Op::Equals, Value::Date, "The field is this day."),
    define(Op::Before, Value::Date, "The field is earlier than this day."),
    define(Op::After, Value::Date, "The field is later than this day."),
    define(Op::Between, Value::DatePair, "The field is not earlier than the first day and not later than the second."),
    define(Op::InLastDays, Value::Days, "The field lies from that many days ago up to today, both included (UTC)."),
    define(Op::MoreThanDaysAgo, Value::Days, "The field is earlier than the day that many days ago (UTC)."),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

const TIME: &[OperatorDefinition] = &[
    define(Op::Equals, Value::Time, "The time lies on this day (UTC), or on the day of this instant."),
    define(Op::Before, Value::Time, "The time is earlier than this instant, or than the start of this day (UTC)."),
    define(Op::After, Value::Time, "The time is later than this instant, or than the end of this day (UTC)."),
    define(
        Op::Between,
        Value::TimePair,
        "The time is not earlier than the first and not later than the second; days count whole (UTC).",
    ),
    define(
        Op::InLastDays,
        Value::Days,
        "The time's day lies from that many days ago up to today, both included (UTC).",
    ),
    define(Op::MoreThanDaysAgo, Value::Days, "The time's day is earlier than the day that many days ago (UTC)."),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

const NUMBER: &[OperatorDefinition] = &[
    define(Op::Equals, Value::Number, "The field is this number."),
    define(Op::NotEquals, Value::Number, "The opposite of equals: another number, or the field is empty."),
    define(Op::LessThan, Value::Number, "The field is less than this number."),
    define(Op::GreaterThan, Value::Number, "The field is greater than this number."),
    define(
        Op::Between,
        Value::NumberPair,
        "The field is not less than the first number and not greater than the second.",
    ),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

const BOOL: &[OperatorDefinition] = &[
    define(Op::IsTrue, Value::None, "The field is yes."),
    define(Op::IsFalse, Value::None, "The field is no; an empty field is neither yes nor no."),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

const TAGS: &[OperatorDefinition] = &[
    define(Op::HasAny, Value::TagList, "The record has at least one of these tags; case and accents do not count."),
    define(Op::HasAll, Value::TagList, "The record has all of these tags; case and accents do not count."),
    define(
        Op::HasNone,
        Value::TagList,
        "The opposite of has_any: the record has none of these tags, or no tag at all.",
    ),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

/// The operator says the type of the stored value it looks for, and where it does not, the rule's value does.
/// A stored value of another type matches none of these but the negations.
const CUSTOM: &[OperatorDefinition] = &[
    define(
        Op::Equals,
        Value::Scalar,
        "The field is the value and of its type; of a text, case, accents and blanks around the value do not count.",
    ),
    define(
        Op::NotEquals,
        Value::Scalar,
        "The opposite of equals: another value, a value of another type, or the field is empty.",
    ),
    define(Op::Contains, Value::Text, "The field is a text and the value occurs in it; case and accents do not count."),
    define(
        Op::NotContains,
        Value::Text,
        "The opposite of contains: the value does not occur in it, or the field is no text or empty.",
    ),
    define(
        Op::StartsWith,
        Value::Text,
        "The field is a text that starts with the value; case and accents do not count.",
    ),
    define(Op::EndsWith, Value::Text, "The field is a text that ends with the value; case and accents do not count."),
    define(Op::In, Value::ScalarList, "The field equals one of the values."),
    define(Op::NotIn, Value::ScalarList, "The opposite of in: the field equals none of the values, or is empty."),
    define(Op::Before, Value::Date, "The field is a date earlier than this day."),
    define(Op::After, Value::Date, "The field is a date later than this day."),
    define(
        Op::Between,
        Value::NumberOrDatePair,
        "The field is a number (or a date) not less than the first value and not greater than the second.",
    ),
    define(
        Op::InLastDays,
        Value::Days,
        "The field is a date from that many days ago up to today, both included (UTC).",
    ),
    define(Op::MoreThanDaysAgo, Value::Days, "The field is a date earlier than the day that many days ago (UTC)."),
    define(Op::LessThan, Value::Number, "The field is a number less than this one."),
    define(Op::GreaterThan, Value::Number, "The field is a number greater than this one."),
    define(Op::IsTrue, Value::None, "The field is true."),
    define(Op::IsFalse, Value::None, "The field is false; an empty field is neither true nor false."),
    IS_EMPTY,
    IS_NOT_EMPTY,
];

const LINKS: &[OperatorDefinition] = &[
    define(
        Op::Has,
        Value::None,
        "At least one live record of this kind is linked to it; what is in the recycle bin does not count.",
    ),
    define(Op::HasNot, Value::None, "The opposite of has: no live record of this kind is linked to it."),
    define(
        Op::CountLessThan,
        Value::Count,
        "Fewer live records of this kind than the value are linked to it; one that is linked in two roles counts once.",
    ),
    define(
        Op::CountGreaterThan,
        Value::Count,
        "More live records of this kind than the value are linked to it; one that is linked in two roles counts once.",
    ),
    define(Op::IsEmpty, Value::None, "The same as has_not."),
    define(Op::IsNotEmpty, Value::None, "The same as has."),
];
