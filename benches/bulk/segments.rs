//! The segments that reads are measured on: as rules, and as the conditions that one writes by hand for the same records.

use serde_json::{Value, json};

use crate::ACCOUNT;

pub struct Shape {
    pub name: &'static str,
    /// A standard segment's slug, or the rules of one of the account's own.
    pub segment: Segment,
    /// On `contacts AS c`, beside those that every live record of the account meets.
    pub condition: String,
}

pub enum Segment {
    Standard(&'static str),
    Own(Value),
}

/// Every column through which a live linked record forbids deleting a contact, deals first: its table, its name, and what
/// live ones meet.
const LINKS: [(&str, &str, &str); 6] = [
    ("deals", "customer_contact_id", " AND deleted_at IS NULL"),
    ("deals", "contact_person_id", " AND deleted_at IS NULL"),
    ("invoices", "customer_contact_id", ""),
    ("invoices", "attention_of_id", ""),
    ("project_customers", "customer_contact_id", ""),
    ("time_trackings", "subject_contact_id", ""),
];

/// From small ones to the whole account, served by one index, by several, and by none.
pub fn shapes() -> Vec<Shape> {
    let own = |name, rules: Value, condition: &str| Shape {
        name,
        segment: Segment::Own(rules),
        condition: condition.to_owned(),
    };
    let rule = |field: &str, operator: &str, value: Value| match value {
        Value::Null => json!({"field": field, "operator": operator}),
        value => json!({"field": field, "operator": operator, "value": value}),
    };
    vec![
        own("city is Besançon", json!([rule("city", "equals", "Besançon".into())]), "c.city_key = 'besancon'"),
        own(
            "deactivated, from a cold call",
            json!([
                rule("custom_fields.source", "equals", "cold call".into()),
                rule("status", "equals", "deactivated".into())
            ]),
            "c.status = 'deactivated' AND c.custom_fields ->> 'source' = 'cold call'",
        ),
        own(
            "NL and (VIP or score over 80)",
            json!([rule("country", "equals", "NL".into()), {"match": "any", "rules": [
                rule("tags", "has_any", json!(["vip"])), rule("custom_fields.score", "greater_than", 80.into())]}]),
            "c.country = 'NL' AND (c.tag_keys && ARRAY['vip'] OR jsonb_typeof(c.custom_fields -> 'score') = 'number' \
             AND c.custom_fields -> 'score' > '80')",
        ),
        own(
            "no e-mail and no tag",
            json!([rule("email", "is_empty", Value::Null), rule("tags", "is_empty", Value::Null)]),
            "c.email_keys = '{}' AND c.tag_keys = '{}'",
        ),
        own(
            "company in Cologne",
            json!([rule("company.city", "equals", "Köln".into())]),
            "EXISTS (SELECT FROM contact_companies AS l JOIN companies AS k ON k.account_id = l.account_id \
             AND k.id = l.company_id WHERE l.account_id = c.account_id AND l.contact_id = c.id \
             AND k.city_key = 'koln' AND k.deleted_at IS NULL)",
        ),
        own("has deals", json!([rule("deals", "has", Value::Null)]), &among(&LINKS[..2])),
        own("country is FR", json!([rule("country", "equals", "FR".into())]), "c.country = 'FR'"),
        own(
            "last name contains 'ss'",
            json!([rule("last_name", "contains", "ss".into())]),
            "c.folded ->> 'last_name' LIKE '%ss%'",
        ),
        own(
            "e-mail ends with media.example, last name not Maes",
            json!([rule("email", "ends_with", "media.example".into()), rule("last_name", "not_equals", "Maes".into())]),
            "EXISTS (SELECT FROM unnest(c.email_keys) AS key WHERE key LIKE '%media.example') \
             AND c.folded ->> 'last_name' <> 'maes'",
        ),
        own(
            "born before 1960",
            json!([rule("birthdate", "before", "1960-01-01".into())]),
            "c.birthdate < '1960-01-01'",
        ),
        Shape { name: "nothing is linked", segment: Segment::Standard("unlinked-contacts"), condition: unlinked() },
        Shape { name: "all", segment: Segment::Standard("all-contacts"), condition: "true".to_owned() },
    ]
}

/// Ways to count a segment and those of it that something blocks: each is some statements, whose sums are the answer.
pub fn counts(condition: &str) -> Vec<(&'static str, Vec<String>)> {
    let live = format!("FROM contacts AS c WHERE c.account_id = '{ACCOUNT}' AND c.deleted_at IS NULL AND {condition}");
    let (exists, among) = (exists(&LINKS).join(" OR "), among(&LINKS));
    let count = format!("SELECT count(*) AS count, 0::bigint AS blocked {live}");
    let blocked = |blocked: &str| format!("SELECT 0::bigint AS count, count(*) AS blocked {live} AND ({blocked})");
    let one_pass = |blocked: &str| {
        format!(
            "SELECT count(*) AS count, count(*) FILTER (WHERE blocked) AS blocked \
             FROM (SELECT ({blocked}) AS blocked {live} OFFSET 0) AS found"
        )
    };
    vec![
        ("EXISTS", vec![count.clone(), blocked(&exists)]),
        ("one set", vec![count, blocked(&among)]),
        ("EXISTS in one pass", vec![one_pass(&exists)]),
        ("one set in one pass", vec![one_pass(&among)]),
    ]
}

type Link = (&'static str, &'static str, &'static str);

fn exists(links: &[Link]) -> Vec<String> {
    let exists = |(table, column, live): &Link| {
        format!("EXISTS (SELECT FROM {table} AS l WHERE l.account_id = '{ACCOUNT}' AND l.{column} = c.id{live})")
    };
    links.iter().map(exists).collect()
}

fn among(links: &[Link]) -> String {
    let ids = |(table, column, live): &Link| {
        format!("SELECT {column} FROM {table} WHERE account_id = '{ACCOUNT}' AND {column} IS NOT NULL{live}")
    };
    format!("c.id IN ({})", links.iter().map(ids).collect::<Vec<_>>().join(" UNION "))
}

fn unlinked() -> String {
    exists(&LINKS).iter().map(|exists| format!("NOT {exists}")).collect::<Vec<_>>().join(" AND ")
}

/// The newest 50 records of the bin, with one more, and who deleted them.
pub fn bin_page() -> String {
    let of = |kind: &str, table: &str, name: &str| {
        format!(
            "(SELECT '{kind}' AS kind, id, {name} AS name, deleted_at, deletion_id, purge_at FROM {table} \
             WHERE account_id = '{ACCOUNT}' AND deleted_at IS NOT NULL AND purge_at > now() \
             ORDER BY deletion_id DESC, id DESC LIMIT 51)"
        )
    };
    format!(
        "SELECT found.*, d.deleted_by, d.deleted_by_name, d.reason FROM ({} UNION ALL {} UNION ALL {}) AS found \
         LEFT JOIN deletions AS d ON d.account_id = '{ACCOUNT}' AND d.id = found.deletion_id \
         ORDER BY found.deletion_id DESC, found.id DESC LIMIT 51",
        of("contact", "contacts", "concat(first_name, ' ', last_name)"),
        of("company", "companies", "name"),
        of("deal", "deals", "title"),
    )
}
