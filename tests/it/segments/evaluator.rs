//! What rules mean, in plain code over plain records: the other opinion that the SQL is held against.
//!
//! It reads the JSON of a rule tree by itself and shares nothing with the service but `fold`.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value;
use sweep::domain::fold::fold;

/// All that rules can ask about a live contact or company.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// By field; a field without an entry is empty.
    pub texts: Texts,
    pub choices: BTreeMap<String, String>,
    pub payment_days: Option<i32>,
    pub birthdate: Option<NaiveDate>,
    pub added_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub consent: Option<bool>,
    pub tags: Vec<String>,
    pub custom_fields: BTreeMap<String, Value>,
    /// How many live records of each kind are linked to it.
    pub links: BTreeMap<String, u64>,
    /// The texts of its live companies.
    pub companies: Vec<Texts>,
}

pub type Texts = BTreeMap<String, Vec<String>>;

/// Whether a group `{match, rules}` selects the record.
pub fn selects(group: &Value, record: &Record, today: NaiveDate) -> bool {
    let mut members = group["rules"].as_array().unwrap().iter();
    let mut holds = |member: &Value| {
        if member.get("rules").is_some() { selects(member, record, today) } else { rule(member, record, today) }
    };
    if group["match"] == "all" { members.all(&mut holds) } else { members.any(&mut holds) }
}

fn rule(rule: &Value, record: &Record, today: NaiveDate) -> bool {
    let field = rule["field"].as_str().unwrap();
    let ask = |operator: &str| positive(field, operator, &rule["value"], record, today);
    match rule["operator"].as_str().unwrap() {
        "not_equals" => !ask("equals"),
        "not_contains" => !ask("contains"),
        "not_in" => !ask("in"),
        "has_none" => !ask("has_any"),
        "has_not" => !ask("has"),
        "is_empty" => !ask("is_not_empty"),
        operator => ask(operator),
    }
}

fn positive(field: &str, operator: &str, value: &Value, record: &Record, today: NaiveDate) -> bool {
    if let Some(key) = field.strip_prefix("custom_fields.") {
        return record.custom_fields.get(key).is_some_and(|stored| custom(stored, operator, value, today));
    }
    let entries_match = |texts: &Texts, field: &str| {
        texts.get(field).is_some_and(|entries| entries.iter().any(|entry| text(entry, operator, value)))
    };
    if let Some(field) = field.strip_prefix("company.") {
        return record.companies.iter().any(|texts| entries_match(texts, field));
    }
    match field {
        "birthdate" => record.birthdate.is_some_and(|date| day(date, operator, value, today)),
        "added_at" => instant(record.added_at, operator, value, today),
        "updated_at" => instant(record.updated_at, operator, value, today),
        "marketing_mails_consent" => record.consent.is_some_and(|consent| flag(consent, operator)),
        "payment_term.days" => record.payment_days.is_some_and(|days| number(f64::from(days), operator, value)),
        "tags" => tags(&record.tags, operator, value),
        "deals" | "invoices" | "time_trackings" | "projects" | "companies" | "contacts" => {
            linked(record.links.get(field).copied().unwrap_or(0), operator, value)
        }
        "status" | "gender" | "country" | "language" | "payment_term.type" | "preferred_currency" => {
            record.choices.get(field).is_some_and(|choice| chosen(choice, operator, value))
        }
        _ => entries_match(&record.texts, field),
    }
}

fn same_text(entry: &str, value: &Value) -> bool {
    value.as_str().is_some_and(|value| fold(entry) == fold(value.trim()))
}

fn text(entry: &str, operator: &str, value: &Value) -> bool {
    let folded = fold(entry);
    let part = || fold(value.as_str().unwrap());
    match operator {
        "is_not_empty" => true,
        "equals" => same_text(entry, value),
        "in" => value.as_array().unwrap().iter().any(|value| same_text(entry, value)),
        "contains" => folded.contains(&part()),
        "starts_with" => folded.starts_with(&part()),
        "ends_with" => folded.ends_with(&part()),
        other => panic!("no text operator: {other}"),
    }
}

fn chosen(choice: &str, operator: &str, value: &Value) -> bool {
    let same = |value: &Value| value.as_str().unwrap().eq_ignore_ascii_case(choice);
    match operator {
        "is_not_empty" => true,
        "equals" => same(value),
        "in" => value.as_array().unwrap().iter().any(same),
        other => panic!("no choice operator: {other}"),
    }
}

fn date_of(value: &Value) -> Option<NaiveDate> {
    let parts: Vec<&str> = value.as_str()?.split('-').collect();
    let widths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    if widths != [4, 2, 2] || !parts.concat().bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    NaiveDate::from_ymd_opt(parts[0].parse().ok()?, parts[1].parse().ok()?, parts[2].parse().ok()?)
}

fn days_ago(value: &Value, today: NaiveDate) -> NaiveDate {
    today - Days::new(value.as_u64().unwrap())
}

fn day(date: NaiveDate, operator: &str, value: &Value, today: NaiveDate) -> bool {
    let named = |value: &Value| date_of(value).unwrap();
    match operator {
        "is_not_empty" => true,
        "equals" => date == named(value),
        "before" => date < named(value),
        "after" => date > named(value),
        "between" => named(&value[0]) <= date && date <= named(&value[1]),
        "in_last_days" => days_ago(value, today) <= date && date <= today,
        "more_than_days_ago" => date < days_ago(value, today),
        other => panic!("no date operator: {other}"),
    }
}

/// A value that names a day is compared with the instant's day (UTC), one that names an instant with the instant.
fn instant(time: DateTime<Utc>, operator: &str, value: &Value, today: NaiveDate) -> bool {
    let date = time.date_naive();
    let exact = |value: &Value| DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap().to_utc();
    let earlier = |value: &Value| date_of(value).map_or_else(|| time < exact(value), |named| date < named);
    let later = |value: &Value| date_of(value).map_or_else(|| time > exact(value), |named| date > named);
    match operator {
        "is_not_empty" => true,
        "equals" => date == date_of(value).unwrap_or_else(|| exact(value).date_naive()),
        "before" => earlier(value),
        "after" => later(value),
        "between" => !earlier(&value[0]) && !later(&value[1]),
        "in_last_days" => days_ago(value, today) <= date && date <= today,
        "more_than_days_ago" => date < days_ago(value, today),
        other => panic!("no time operator: {other}"),
    }
}

#[allow(clippy::float_cmp, reason = "both sides were read from the same decimals")]
fn number(stored: f64, operator: &str, value: &Value) -> bool {
    let named = |value: &Value| value.as_f64().unwrap();
    match operator {
        "is_not_empty" => true,
        "equals" => stored == named(value),
        "less_than" => stored < named(value),
        "greater_than" => stored > named(value),
        "between" => named(&value[0]) <= stored && stored <= named(&value[1]),
        other => panic!("no number operator: {other}"),
    }
}

fn flag(stored: bool, operator: &str) -> bool {
    match operator {
        "is_not_empty" => true,
        "is_true" => stored,
        "is_false" => !stored,
        other => panic!("no bool operator: {other}"),
    }
}

fn tags(tags: &[String], operator: &str, value: &Value) -> bool {
    let has = |wanted: &Value| tags.iter().any(|tag| same_text(tag, wanted));
    match operator {
        "is_not_empty" => !tags.is_empty(),
        "has_any" => value.as_array().unwrap().iter().any(has),
        "has_all" => value.as_array().unwrap().iter().all(has),
        other => panic!("no tag operator: {other}"),
    }
}

fn linked(count: u64, operator: &str, value: &Value) -> bool {
    match operator {
        "has" | "is_not_empty" => count > 0,
        "count_less_than" => count < value.as_u64().unwrap(),
        "count_greater_than" => count > value.as_u64().unwrap(),
        other => panic!("no link operator: {other}"),
    }
}

fn same_custom(stored: &Value, named: &Value) -> bool {
    match (stored, named) {
        (Value::String(stored), Value::String(_)) => same_text(stored, named),
        (Value::Number(stored), Value::Number(_)) => number(stored.as_f64().unwrap(), "equals", named),
        (stored, named) => stored == named,
    }
}

/// The operator, and then the rule's value, say which type is asked for; another one does not match.
fn custom(stored: &Value, operator: &str, value: &Value, today: NaiveDate) -> bool {
    match operator {
        "is_not_empty" => stored != "",
        "equals" => same_custom(stored, value),
        "in" => value.as_array().unwrap().iter().any(|named| same_custom(stored, named)),
        "contains" | "starts_with" | "ends_with" => stored.as_str().is_some_and(|stored| text(stored, operator, value)),
        "is_true" | "is_false" => stored.as_bool().is_some_and(|stored| flag(stored, operator)),
        "less_than" | "greater_than" => stored.as_f64().is_some_and(|stored| number(stored, operator, value)),
        "between" if value[0].is_number() => stored.as_f64().is_some_and(|stored| number(stored, operator, value)),
        _ => date_of(stored).is_some_and(|stored| day(stored, operator, value, today)),
    }
}
