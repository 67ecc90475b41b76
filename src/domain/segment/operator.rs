//! The operators of rules, the classes of fields that share them, and the values they take.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value},
};
use utoipa::ToSchema;

/// What a rule asks of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Equals,
    NotEquals,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    In,
    NotIn,
    Before,
    After,
    Between,
    InLastDays,
    MoreThanDaysAgo,
    LessThan,
    GreaterThan,
    IsTrue,
    IsFalse,
    HasAny,
    HasAll,
    HasNone,
    Has,
    HasNot,
    CountLessThan,
    CountGreaterThan,
    IsEmpty,
    IsNotEmpty,
}

impl Operator {
    /// The operator of which this one is the exact negation, if it is one.
    pub fn negated(self) -> Option<Self> {
        match self {
            Self::NotEquals => Some(Self::Equals),
            Self::NotContains => Some(Self::Contains),
            Self::NotIn => Some(Self::In),
            Self::HasNone => Some(Self::HasAny),
            Self::HasNot => Some(Self::Has),
            Self::IsEmpty => Some(Self::IsNotEmpty),
            _ => None,
        }
    }
}

impl FromStr for Operator {
    type Err = value::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::deserialize(name.into_deserializer())
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// What a rule's `value` must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueShape {
    /// No value at all.
    None,
    /// A text of 1 to 4,000 characters.
    Text,
    /// 1 to 1,000 texts.
    TextList,
    /// One of the field's `choices`.
    Choice,
    /// 1 to 1,000 of the field's `choices`.
    ChoiceList,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// Two days, the earlier first.
    DatePair,
    /// A day, `YYYY-MM-DD`, or an instant, RFC 3339.
    Time,
    /// Two days or instants, the earlier first.
    TimePair,
    /// A whole number of days, 0 to 100,000.
    Days,
    /// A number of at most 15 digits before and 10 after the point.
    Number,
    /// Two numbers, the smaller first.
    NumberPair,
    /// 1 to 1,000 tags.
    TagList,
    /// A whole number, 0 to 1,000,000,000.
    Count,
    /// A text, a number, `true` or `false`.
    Scalar,
    /// 1 to 1,000 of these.
    ScalarList,
    /// Two numbers or two days, the smaller or earlier first.
    NumberOrDatePair,
}

/// One operator as a class of fields defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorDefinition {
    pub operator: Operator,
    /// When the operator matches a record, in one sentence.
    #[schema(example = "The field is exactly the value, after folding.")]
    pub meaning: &'static str,
    pub value: ValueShape,
}

/// Fields of one class share operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldClass {
    Text,
    Choice,
    Date,
    Time,
    Number,
    Bool,
    Tags,
    Custom,
    Links,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_known_by_the_name_it_is_written_with() {
        assert_eq!("in_last_days".parse(), Ok(Operator::InLastDays));
        assert_eq!(Operator::InLastDays.to_string(), "in_last_days");
        assert!("equalz".parse::<Operator>().is_err() && "Equals".parse::<Operator>().is_err());
    }
}
