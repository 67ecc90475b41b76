//! Examples of bodies for the API document, put together from the examples of the schemas they are made of.

use serde_json::{Map, Value, json};

use super::openapi::operations_mut;

/// No body is nested deeper; a schema that contains itself ends here.
const MAX_DEPTH: usize = 16;

/// Gives every JSON body of a request and of a success an example, where its handler gives none.
pub fn add_examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for (_, _, operation) in operations_mut(document) {
        if let Some(body) = operation.get_mut("requestBody") {
            complete(&schemas, body);
        }
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            if status.starts_with('2') {
                complete(&schemas, response);
            }
        }
    }
}

fn complete(schemas: &Value, body: &mut Value) {
    let Some(json) = body.get_mut("content").and_then(|content| content.get_mut("application/json")) else { return };
    if json.get("example").is_none()
        && let Some(example) = example_of(schemas, &json["schema"], 0)
    {
        json["example"] = example;
    }
}

/// A value that fits the schema; none when it has a text that only a given example could show.
fn example_of(schemas: &Value, schema: &Value, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let given = ["example", "const"].iter().find_map(|name| schema.get(name));
    let first = || ["examples", "enum"].iter().find_map(|name| schema.get(name)?.get(0));
    if let Some(value) = given.or_else(first) {
        return Some(value.clone());
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next()?;
        return example_of(schemas, &schemas[name], depth + 1);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return merged(schemas, parts, depth);
    }
    if let Some(variants) = ["oneOf", "anyOf"].iter().find_map(|name| schema[name].as_array()) {
        return variants.iter().filter(|variant| variant["type"] != "null").find_map(|variant| {
            // A variant that cannot be shown leaves the next one to be.
            example_of(schemas, variant, depth + 1)
        });
    }
    of_type(schemas, schema, depth)
}

/// The members of all parts; what a part may leave out is left out.
fn merged(schemas: &Value, parts: &[Value], depth: usize) -> Option<Value> {
    let mut members = Map::new();
    for part in parts {
        let variants = part["oneOf"].as_array();
        if variants.is_some_and(|variants| variants.iter().any(|variant| variant["type"] == "null")) {
            continue;
        }
        let Value::Object(more) = example_of(schemas, part, depth + 1)? else { return None };
        members.extend(more);
    }
    Some(Value::Object(members))
}

fn of_type(schemas: &Value, schema: &Value, depth: usize) -> Option<Value> {
    let (kind, nullable) = match &schema["type"] {
        // Anything fits.
        Value::Null => return Some(Value::Null),
        Value::Array(kinds) => (kinds.iter().find(|kind| *kind != "null")?.as_str()?, true),
        kind => (kind.as_str()?, false),
    };
    let shown = match kind {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, part)| Some((name.clone(), example_of(schemas, part, depth + 1)?))).collect()
        }
        "array" => example_of(schemas, &schema["items"], depth + 1).map(|item| json!([item])),
        "boolean" => Some(schema.get("default").cloned().unwrap_or(json!(true))),
        "integer" | "number" => Some(schema.get("minimum").cloned().unwrap_or(json!(0))),
        "string" => match schema["format"].as_str() {
            Some("uuid") => Some(json!("0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f")),
            Some("date-time") => Some(json!("2026-11-24T09:14:00Z")),
            Some("date") => Some(json!("2026-11-24")),
            _ => None,
        },
        _ => None,
    };
    if shown.is_none() && nullable { Some(Value::Null) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(schema: &Value) -> Option<Value> {
        let schemas = json!({
            "Name": {"type": "string", "example": "Ann"},
            "Tree": {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}},
            "Bin": {"type": "object", "properties": {"purge_at": {"type": "string", "format": "date-time"}}}
        });
        example_of(&schemas, schema, 0)
    }

    #[test]
    fn bodies_are_put_together() {
        let name = json!({"type": "object", "properties": {"name": {"$ref": "#/components/schemas/Name"}}});
        let bin = json!({"oneOf": [{"$ref": "#/components/schemas/Bin"}, {"type": "null"}]});
        let count = json!({"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}});
        let remarks = json!({"type": "object", "properties": {"remarks": {"type": ["string", "null"]}}});
        let all = json!({"allOf": [name, bin, count, remarks]});
        assert_eq!(shown(&all), Some(json!({"name": "Ann", "count": 1, "remarks": null})));
        assert_eq!(shown(&json!({"type": "array", "items": all})), shown(&all).map(|item| json!([item])));
    }

    #[test]
    fn what_only_its_author_could_show_has_no_example() {
        assert_eq!(shown(&json!({"type": "object", "properties": {"name": {"type": "string"}}})), None);
        assert_eq!(shown(&json!({"$ref": "#/components/schemas/Tree"})), None);
    }
}
