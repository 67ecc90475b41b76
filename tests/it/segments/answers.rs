//! The example export: every segment of its answers has exactly that many records, and that many of them blocked.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer, example_answers, import_example};

#[test]
fn the_segments_of_the_example_export_have_the_known_sizes() {
    let server = TestServer::start();
    import_example(&server);
    let member = server.member();
    let answers = example_answers();
    let segments = answers["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 14);
    for segment in segments {
        let (entity, rules) = (&segment[0], &segment[1]);
        let expected = json!({"count": segment[2]["count"], "blocked_count": segment[2]["blocked"]});
        let id = match rules.as_str() {
            Some(standard) => standard.split(' ').next().unwrap().to_owned(),
            None => saved(&member, entity, rules, &expected),
        };
        assert_eq!(member.get(&format!("/segments/{id}/count")).expect(200), expected, "{rules}");
        let list = if entity == "contact" { "contacts" } else { "companies" };
        let listed = member.get(&format!("/{list}?segment_id={id}&limit=1&with_total=true")).expect(200);
        assert_eq!(listed["page"]["total"], expected["count"], "{rules}");
    }
}

/// Previews the rules, saves them as a segment and gives its id.
fn saved(client: &Client, entity: &Value, rules: &Value, expected: &Value) -> String {
    let mut body = rules.clone();
    body["entity"] = entity.clone();
    let preview = client.post("/segments/preview", body.clone()).expect(200);
    assert_eq!(
        (&preview["count"], &preview["blocked_count"]),
        (&expected["count"], &expected["blocked_count"]),
        "{rules}"
    );
    body["name"] = json!("from the example");
    client.post("/segments", body).expect(201)["id"].as_str().unwrap().to_owned()
}
