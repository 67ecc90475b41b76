//! What the parser takes, what it makes of it, and what it refuses with which words.

use std::ops::Bound;

use serde_json::{Value, json};

use super::{
    Condition, MAX_DEPTH, MAX_RULES, RuleTree, catalogue,
    condition::{CountTest, CustomTest, CustomValue, TagTest, Test, TextTest, When},
    field::{LinkField, TextField},
    operator::ValueShape,
};
use crate::domain::{entity::RecordKind, segment::parse};

fn one(rule: &Value) -> Result<Condition, Vec<(String, String)>> {
    of(RecordKind::Contact, rule)
}

fn of(kind: RecordKind, rule: &Value) -> Result<Condition, Vec<(String, String)>> {
    match parse(kind, &json!("all"), &json!([rule]), "") {
        Ok(Condition::All(mut members)) => Ok(members.remove(0)),
        Ok(other) => panic!("{other:?}"),
        Err(errors) => Err(errors.into_iter().map(|error| (error.pointer, error.detail)).collect()),
    }
}

fn pointers(matching: &Value, rules: &Value) -> Vec<String> {
    let errors = parse(RecordKind::Contact, matching, rules, "/target").unwrap_err();
    errors.into_iter().map(|error| error.pointer).collect()
}

fn example(shape: ValueShape, choices: Option<&[&str]>) -> Value {
    let choice = choices.map_or("", |choices| choices[0]);
    match shape {
        ValueShape::None => Value::Null,
        ValueShape::Text | ValueShape::Scalar => json!("Liège"),
        ValueShape::TextList | ValueShape::TagList => json!(["vip", "lost"]),
        ValueShape::Choice => json!(choice),
        ValueShape::ChoiceList => json!([choice]),
        ValueShape::Date | ValueShape::Time => json!("2024-02-29"),
        ValueShape::DatePair | ValueShape::TimePair | ValueShape::NumberOrDatePair => {
            json!(["2024-02-29", "2024-03-01"])
        }
        ValueShape::Days | ValueShape::Count => json!(30),
        ValueShape::Number => json!(80.5),
        ValueShape::NumberPair => json!([1, 2.5]),
        ValueShape::ScalarList => json!(["a", 1, true]),
    }
}

#[test]
fn every_operator_of_the_catalogue_is_taken_with_the_value_it_asks_for_and_refused_without() {
    for kind in RecordKind::ALL {
        for field in catalogue::fields(kind) {
            let name = field.field.replace("KEY", "score");
            for definition in field.operators {
                let value = example(definition.value, field.choices);
                let rule = json!({ "field": name, "operator": definition.operator, "value": value });
                assert!(of(kind, &rule).is_ok(), "{rule}");
                let wrong = if definition.value == ValueShape::None { json!(1) } else { json!({}) };
                let rule = json!({ "field": name, "operator": definition.operator, "value": wrong });
                let errors = of(kind, &rule).unwrap_err();
                assert!(errors[0].0.starts_with("/rules/0/value"), "{rule} {errors:?}");
            }
        }
    }
}

#[test]
fn negative_operators_are_the_exact_negations_of_their_positives() {
    let not_equals = one(&json!({"field": "city", "operator": "not_equals", "value": "Liège"}));
    let equals = Condition::Test(Test::Text(TextField::City, TextTest::OneOf(vec!["liege".to_owned()])));
    assert_eq!(not_equals, Ok(Condition::Not(Box::new(equals))));
    let has_none = one(&json!({"field": "tags", "operator": "has_none", "value": ["VIP"]}));
    let has_any = Condition::Test(Test::Tags(TagTest::HasAny(vec!["vip".to_owned()])));
    assert_eq!(has_none, Ok(Condition::Not(Box::new(has_any))));
    let of_links = |operator| one(&json!({"field": "deals", "operator": operator})).unwrap();
    assert_eq!(of_links("has_not"), Condition::Not(Box::new(of_links("has"))));
    assert_eq!(of_links("is_empty"), of_links("has_not"));
    let count = one(&json!({"field": "deals", "operator": "count_less_than", "value": 3}));
    assert_eq!(count, Ok(Condition::Test(Test::Links(LinkField::Deals, CountTest::LessThan(3)))));
}

#[test]
fn a_custom_field_gets_its_type_from_the_operator_then_from_the_value() {
    let test = |operator: &str, value: Value| match one(
        &json!({"field": "custom_fields.x", "operator": operator, "value": value}),
    ) {
        Ok(Condition::Test(Test::Custom(_, test))) => test,
        other => panic!("{operator} {value}: {other:?}"),
    };
    assert_eq!(test("equals", json!("Cold")), CustomTest::OneOf(vec![CustomValue::Text("cold".to_owned())]));
    assert_eq!(test("equals", json!(true)), test("is_true", Value::Null));
    assert!(matches!(test("between", json!([1, 2])), CustomTest::Number((Bound::Included(_), Bound::Included(_)))));
    assert!(matches!(test("between", json!(["2024-01-01", "2024-01-02"])), CustomTest::Date(When::Range(_))));
    assert_eq!(test("in_last_days", json!(7)), CustomTest::Date(When::InLastDays(7)));
    let mixed = one(&json!({"field": "custom_fields.x", "operator": "between", "value": [1, "2024-01-01"]}));
    assert_eq!(mixed.unwrap_err()[0].0, "/rules/0/value/1");
}

#[test]
fn all_errors_are_told_at_once_each_with_its_pointer() {
    let rules = json!([
        {"field": "city", "operator": "equals", "value": "a\u{0}b"},
        {"field": "shoe_size", "operator": "equalz"},
        {"field": "country", "operator": "in", "value": ["NL", "XX", 5]},
        {"field": "birthdate", "operator": "contains", "value": "19"},
        {"field": "city", "operator": "is_empty", "valeu": 1, "a/b~c": 2},
        {"field": "city", "match": "all"},
        {"match": "some", "rules": []},
        {"match": "any"},
        "city",
        {},
        {"field": "birthdate", "operator": "between", "value": ["2024-01-02", "2024-01-01"]},
    ]);
    assert_eq!(
        pointers(&json!("none"), &rules),
        [
            "/target/match",
            "/target/rules/0/value",
            "/target/rules/1/field",
            "/target/rules/1/operator",
            "/target/rules/2/value/1",
            "/target/rules/2/value/2",
            "/target/rules/3/operator",
            "/target/rules/4/a~1b~0c",
            "/target/rules/4/valeu",
            "/target/rules/5",
            "/target/rules/6/match",
            "/target/rules/6/rules",
            "/target/rules/7/rules",
            "/target/rules/8",
            "/target/rules/9/field",
            "/target/rules/9/operator",
            "/target/rules/10/value",
        ]
    );
}

#[test]
fn a_tree_needs_a_rule_and_a_match() {
    assert_eq!(pointers(&Value::Null, &json!([{"field": "city", "operator": "is_empty"}])), ["/target/match"]);
    assert_eq!(pointers(&json!("all"), &json!([])), ["/target/rules"]);
    assert_eq!(pointers(&json!("all"), &Value::Null), ["/target/rules"]);
    assert_eq!(pointers(&json!("all"), &json!([{"match": "all", "rules": []}])), ["/target/rules/0/rules"]);
}

fn nested(depth: usize) -> Value {
    let leaf = json!([{"field": "city", "operator": "is_empty"}]);
    (1..depth).fold(leaf, |rules, _| json!([{"match": "all", "rules": rules}]))
}

#[test]
fn depth_rules_and_values_have_limits() {
    let parse_rules = |rules: &Value| parse(RecordKind::Contact, &json!("all"), rules, "");
    assert!(parse_rules(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(parse_rules(&nested(MAX_DEPTH + 1)).unwrap_err().len(), 1);
    assert_eq!(parse_rules(&nested(120)).unwrap_err().len(), 1);
    let rule = json!({"field": "city", "operator": "is_empty"});
    assert!(parse_rules(&json!(vec![rule.clone(); MAX_RULES])).is_ok());
    assert_eq!(parse_rules(&json!(vec![rule.clone(); MAX_RULES + 1])).unwrap_err()[0].pointer, "/rules");
    let groups = json!([{"match": "any", "rules": vec![rule.clone(); 60]}, {"match": "any", "rules": vec![rule; 60]}]);
    assert_eq!(parse_rules(&groups).unwrap_err()[0].pointer, "/rules/1/rules");
    let values = |count| json!([{"field": "city", "operator": "in", "value": vec!["a"; count]}]);
    assert!(parse_rules(&values(1_000)).is_ok());
    assert_eq!(parse_rules(&values(1_001)).unwrap_err()[0].pointer, "/rules/0/value");
    assert!(parse_rules(&values(0)).is_err());
    let wrong = json!([{"field": "city", "operator": "in", "value": vec![1; 1_000]}]);
    assert_eq!(parse_rules(&wrong).unwrap_err().len(), 100);
}

#[test]
fn fields_belong_to_one_kind_of_records() {
    let rule = json!({"field": "birthdate", "operator": "is_empty"});
    assert!(of(RecordKind::Contact, &rule).is_ok());
    let errors = of(RecordKind::Company, &rule).unwrap_err();
    assert!(errors[0].1.contains("GET /segments/fields?entity=company"), "{errors:?}");
}

#[test]
fn a_tree_is_stored_as_it_was_given() {
    let (matching, rules) = (json!("any"), json!([{"field": "city", "operator": "equals", "value": "Liège"}]));
    let tree = RuleTree::new(RecordKind::Contact, matching.clone(), rules.clone(), "").unwrap();
    assert_eq!(tree.to_json(), json!({"match": matching, "rules": rules}));
    assert_eq!(RuleTree::from_json(RecordKind::Contact, &tree.to_json()), Ok(tree));
}
