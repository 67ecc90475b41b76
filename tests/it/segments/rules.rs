//! Random rule trees: every field of the catalogue with every operator, and values that have a chance to match.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use sweep::domain::entity::RecordKind;
use sweep::domain::fold::fold;
use sweep::domain::segment::catalogue::{self, FieldDescription};
use sweep::domain::segment::operator::ValueShape;

use super::records::{CUSTOM_KEYS, DAYS, EMAILS, INSTANTS, TAGS, TELEPHONES, TEXTS, custom_values, long_texts};

pub fn tree(kind: RecordKind) -> impl Strategy<Value = Value> {
    let node = rule(kind).prop_recursive(4, 12, 4, |inner| group(prop::collection::vec(inner, 1..4)));
    group(prop::collection::vec(node, 1..4))
}

fn group(rules: impl Strategy<Value = Vec<Value>>) -> impl Strategy<Value = Value> {
    (select(vec!["all", "any"]), rules).prop_map(|(matching, rules)| json!({"match": matching, "rules": rules}))
}

fn rule(kind: RecordKind) -> impl Strategy<Value = Value> {
    (select(catalogue::fields(kind)), select(CUSTOM_KEYS)).prop_flat_map(|(field, key)| {
        let name = field.field.replace("KEY", key);
        select(field.operators).prop_flat_map(move |definition| {
            let name = name.clone();
            value(definition.value, &field).prop_map(move |value| {
                let mut rule = json!({"field": name, "operator": definition.operator});
                if !value.is_null() {
                    rule["value"] = value;
                }
                rule
            })
        })
    })
}

fn value(shape: ValueShape, field: &FieldDescription) -> BoxedStrategy<Value> {
    match shape {
        ValueShape::None => Just(Value::Null).boxed(),
        ValueShape::Text => text().boxed(),
        ValueShape::TextList => list(text()),
        ValueShape::Choice => choice(field),
        ValueShape::ChoiceList => list(choice(field)),
        ValueShape::Date => day().boxed(),
        ValueShape::DatePair => pair(day()),
        ValueShape::Time => time().boxed(),
        ValueShape::TimePair => pair(time()),
        ValueShape::Days => select(vec![0, 1, 30, 365]).prop_map(Value::from).boxed(),
        ValueShape::Number => number().boxed(),
        ValueShape::NumberPair => pair(number()),
        ValueShape::TagList => list(select(TAGS).prop_map(|tag| json!(format!(" {} ", tag.to_lowercase())))),
        ValueShape::Count => select(vec![0, 1, 2, 4]).prop_map(Value::from).boxed(),
        ValueShape::Scalar => scalar().boxed(),
        ValueShape::ScalarList => list(scalar()),
        ValueShape::NumberOrDatePair => prop_oneof![pair(number()), pair(day())].boxed(),
    }
}

/// A text of the records, whole or in part, in any case; one that has something to compare.
fn text() -> impl Strategy<Value = Value> {
    let texts: Vec<String> =
        [TEXTS, EMAILS, TELEPHONES].concat().into_iter().map(str::to_owned).chain(long_texts()).collect();
    (select(texts), 0..5_usize, any::<prop::sample::Index>())
        .prop_map(|(text, change, index)| {
            let letters: Vec<char> = text.chars().collect();
            let cut = index.index(letters.len());
            match change {
                0 => letters[cut..].iter().collect(),
                1 => letters[..=cut].iter().collect(),
                2 => text.to_uppercase(),
                3 => format!(" {text}\t"),
                _ => text,
            }
        })
        .prop_filter("nothing to compare", |text| !fold(text.trim()).is_empty())
        .prop_map(Value::from)
}

fn choice(field: &FieldDescription) -> BoxedStrategy<Value> {
    let likely = ["NL", "be", "EUR", "usd", "nl", "FR"];
    let choices: Vec<String> = field.choices.unwrap_or_default().iter().map(|choice| (*choice).to_owned()).collect();
    let known = |word: &&str| choices.iter().any(|choice| choice.eq_ignore_ascii_case(word));
    let likely: Vec<String> = likely.iter().filter(|word| known(word)).map(|word| (*word).to_owned()).collect();
    let pool = if likely.is_empty() { choices } else { likely };
    select(pool).prop_map(Value::from).boxed()
}

fn day() -> impl Strategy<Value = Value> {
    select(DAYS).prop_map(Value::from)
}

fn time() -> impl Strategy<Value = Value> {
    select([DAYS, INSTANTS].concat()).prop_map(Value::from)
}

fn number() -> impl Strategy<Value = Value> {
    let numbers: Vec<Value> = custom_values().into_iter().filter(Value::is_number).collect();
    prop_oneof![select(numbers), select(vec![json!(14), json!(30), json!(80.25), json!(-2)])]
}

fn scalar() -> impl Strategy<Value = Value> {
    let values: Vec<Value> = custom_values().into_iter().filter(|value| value != "").collect();
    prop_oneof![select(values), text()]
        .prop_filter("nothing to compare", |value| value.as_str().is_none_or(|text| !fold(text.trim()).is_empty()))
}

fn list(values: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop::collection::vec(values, 1..4).prop_map(Value::from).boxed()
}

/// Two values in order: what is refused otherwise is not the point here.
fn pair(values: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop::collection::vec(values, 2)
        .prop_map(|mut values| {
            values.sort_by(|left, right| sort_key(left).partial_cmp(&sort_key(right)).unwrap());
            Value::from(values)
        })
        .boxed()
}

/// Seconds since 1970 of days and times, or the number itself.
fn sort_key(value: &Value) -> f64 {
    let Some(text) = value.as_str() else { return value.as_f64().unwrap() };
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let micros = chrono::DateTime::parse_from_rfc3339(&text).unwrap().timestamp_micros();
    #[allow(clippy::cast_precision_loss, reason = "microseconds of this century fit")]
    let micros = micros as f64;
    micros
}
