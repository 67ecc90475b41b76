//! Requests that nobody means well by: whatever is sent to any operation, the answer is no 5xx, and every refusal is a
//! problem document of a kind that the operation documents (the client checks that).

use proptest::prelude::*;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use sweep::api::openapi::{DOCUMENT, for_each_operation};

use super::calls::fill;
use crate::harness::{Claims, Client, TestServer, exchange};

/// Random requests to each operation.
const TRIES: usize = 40;

/// Values that have broken programs before.
fn strange_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\0",
        "a\0b",
        "%",
        "%00",
        "%zz",
        "..",
        "../../etc/passwd",
        "'",
        "\"",
        "\\",
        "';--",
        "{}",
        "[]",
        "null",
        "-1",
        "0",
        "1e999",
        "9223372036854775808",
        "NaN",
        "\u{feff}",
        "\u{202e}",
        "ﷺ",
        "🦀",
        "0001-01-01",
        "9999-12-31",
        "0000-00-00T00:00:00Z",
        "+292277026596-12-04T15:30:08Z",
        "2026-02-30",
        "00000000-0000-0000-0000-000000000000",
        "$1",
        "${x}",
        "\r\nX: y",
        "<script>",
        "=1+1",
        "all-contacts",
        "delete",
        "true",
    ]
    .map(ToOwned::to_owned)
    .into();
    texts.push("x".repeat(5_000));
    texts.push("\u{fdfa}".repeat(300));
    texts
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(strange_texts()).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// One draw after the other, the same ones in every run.
struct Dice(TestRunner);

impl Dice {
    fn new() -> Self {
        let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        Self(TestRunner::new_with_rng(Config::default(), seed))
    }

    fn draw<T: std::fmt::Debug>(&mut self, strategy: impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    fn below(&mut self, limit: usize) -> usize {
        self.draw(0..limit)
    }

    fn text(&mut self) -> String {
        let index = self.below(strange_texts().len());
        strange_texts().swap_remove(index)
    }

    /// The example with some of its values replaced, dropped, or joined by others.
    fn bent(&mut self, example: &Value) -> Value {
        match (self.below(6), example) {
            (0, _) => self.draw(any_json()),
            (_, Value::Object(members)) => {
                let mut bent = serde_json::Map::new();
                for (name, member) in members {
                    if self.below(8) > 0 {
                        bent.insert(name.clone(), self.bent(member));
                    }
                }
                if self.below(12) == 0 {
                    bent.insert(self.text(), Value::Null);
                }
                Value::Object(bent)
            }
            (_, Value::Array(items)) => {
                let items: Vec<Value> = items.iter().map(|item| self.bent(item)).collect();
                let times = self.below(3);
                Value::Array(items.iter().cycle().take(items.len() * times).cloned().collect())
            }
            (1, _) => Value::from(self.text()),
            _ => example.clone(),
        }
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A random request to the operation.
fn attack(dice: &mut Dice, client: &Client, template: &str, method: &str, operation: &Value, known: &[String]) {
    let ids: Vec<String> = (0..2)
        .map(|_| match dice.below(3) {
            0 => encoded(&dice.text()),
            _ => known[dice.below(known.len())].clone(),
        })
        .collect();
    let mut path = fill(template, &ids);
    // An empty id makes another path: whatever it is, it may be refused as any other.
    if path.contains("//") || path.ends_with('/') {
        path = fill(template, known);
    }
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let named: Vec<&str> = parameters.filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str()).collect();
    let mut query = Vec::new();
    for name in named {
        if dice.below(3) == 0 {
            query.push(format!("{name}={}", encoded(&dice.text())));
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let content = operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
    let (media, body) = match content {
        None => ("application/json", Vec::new()),
        Some((media, content)) => match (dice.below(8), content["example"].as_str()) {
            (0, _) => (media.as_str(), dice.draw(proptest::collection::vec(any::<u8>(), 0..200))),
            (_, Some(text)) => {
                let at = dice.below(text.len());
                (media.as_str(), format!("{}{}{}", &text[..at], dice.text(), &text[at..]).into_bytes())
            }
            _ => (media.as_str(), dice.bent(&content["example"]).to_string().into_bytes()),
        },
    };
    let answer = client.send(&method.to_uppercase(), &path, &[("content-type", media)], body.clone());
    assert!(answer.status < 500, "{method} {path} {}: {}", String::from_utf8_lossy(&body), answer.text());
}

#[test]
fn no_random_request_brings_an_operation_down() {
    let server = TestServer::start();
    let admin = server.admin();
    let contact = admin.post("/contacts", json!({"last_name": "a"})).expect(201)["id"].as_str().unwrap().to_owned();
    let company = admin.post("/companies", json!({"name": "a"})).expect(201)["id"].as_str().unwrap().to_owned();
    let known = [contact, company];
    let mut dice = Dice::new();
    for_each_operation(&DOCUMENT, |template, method, operation| {
        for _ in 0..TRIES {
            attack(&mut dice, &admin, template, method, operation, &known);
        }
    });
    admin.get("/health/ready").expect(200);
}

#[test]
fn nul_is_refused_wherever_it_hides() {
    let server = TestServer::start();
    let admin = server.admin();
    for path in
        ["/contacts/%00", "/segments/%00", "/segments/a%00b/count", "/recycle-bin/%00", "/bulk-actions/%00/results"]
    {
        admin.get(path).refused("not-found");
    }
    admin.get("/problems/%00").refused("unknown-route");
    for path in ["/contacts?q=%00", "/contacts?tags=a&tags=b%00", "/contacts?cursor=%00", "/recycle-bin?deleted_by=%00"]
    {
        let problem = admin.get(path).refused("validation-failed");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("NUL"), "{path} {problem}");
    }
    for body in [
        json!({"last_name": "a\0"}),
        json!({"last_name": "a", "tags": ["\0"]}),
        json!({"last_name": "a", "custom_fields": {"key": "\0"}}),
        json!({"last_name": "a", "addresses": [{"type": "primary", "city": "\0"}]}),
    ] {
        admin.post("/contacts", body).refused("validation-failed");
    }
    let raw = b"{\"last_name\": \"a\0\"}".to_vec();
    admin.send("POST", "/contacts", &[("content-type", "application/json")], raw).refused("malformed-request");
    let report = admin.csv("/contacts/import", "last_name\na\0b\n").expect(200);
    assert_eq!((&report["created"], &report["rejected"]), (&json!(0), &json!(1)));
}

/// A request whose head is written by hand, with an admin's token.
fn by_hand(server: &TestServer, line: &str, headers: &str) -> crate::harness::RawAnswer {
    let token = Claims::admin().token();
    let head = format!("{line}\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{headers}\r\n");
    exchange(server.address, head.as_bytes())
}

#[test]
fn malformed_paths_and_headers_are_the_callers_fault() {
    let server = TestServer::start();
    for path in [
        "/contacts/%",
        "/contacts/%zz",
        "/contacts/%ff",
        "/segments/%ff%fe",
        "/problems/%ff",
        "/contacts/%2f",
        "/contacts/%2e%2e",
        "//",
        "/contacts//",
        "/./contacts/..",
        "/contacts/a/companies/%ff",
        "/contacts;x=1",
        "/%",
    ] {
        let answer = by_hand(&server, &format!("GET {path} HTTP/1.1"), "");
        assert!([404, 405].contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
    for query in ["q=%", "q=%zz", "q=%ff", "q=%ed%a0%80", "&&&", "=", "q", "?", "q=+%20+"] {
        let answer = by_hand(&server, &format!("GET /contacts?{query} HTTP/1.1"), "");
        assert!([200, 422].contains(&answer.status), "{query}: {} {}", answer.status, answer.body);
    }
    let latin = |name: &str| format!("{name}: \u{e9}\r\n");
    for (header, status) in [("If-Match", 404), ("X-Request-Id", 404), ("Accept", 404), ("Content-Type", 404)] {
        let answer = by_hand(&server, "DELETE /contacts/0193a7f0-5b7a-7c1e-9d2f-0a4b6c8d0e1f HTTP/1.1", &latin(header));
        assert_eq!(answer.status, status, "{header}: {}", answer.body);
    }
    let key = format!("{}Content-Type: application/json\r\nContent-Length: 0\r\n", latin("Idempotency-Key"));
    assert_eq!(by_hand(&server, "POST /contacts HTTP/1.1", &key).status, 400);
    // What is no HTTP is refused before it is a request.
    for line in ["GET /contacts\0 HTTP/1.1", "GET", "\0\0\0\0", "GET /me HTTP/9.9"] {
        assert_eq!(by_hand(&server, line, "").status, 400, "{line:?}");
    }
    assert_eq!(by_hand(&server, "GET /me HTTP/1.1", "X-Nul: a\0b\r\n").status, 400);
    server.admin().get("/me").expect(200);
}

#[test]
fn an_unreadable_if_match_matches_nothing() {
    let server = TestServer::start();
    let contact = server.admin().post("/contacts", json!({"last_name": "a"})).expect(201);
    let path = format!("/contacts/{}", contact["id"].as_str().unwrap());
    for tag in ["\u{ff}", "", "garbage", "\"0\"", "\"1", "1"] {
        let answer = by_hand(&server, &format!("DELETE {path} HTTP/1.1"), &format!("If-Match: {tag}\r\n"));
        assert_eq!(answer.status, 412, "{tag}: {}", answer.body);
    }
    let answer = by_hand(&server, &format!("DELETE {path} HTTP/1.1"), "If-Match: \"7\", \"1\"\r\n");
    assert_eq!(answer.status, 204, "{}", answer.body);
}

#[test]
fn size_alone_breaks_nothing() {
    let server = TestServer::start();
    let admin = server.admin();
    for length in [2_000, 20_000, 60_000, 200_000] {
        for place in [
            format!("/contacts/{}", "a".repeat(length)),
            format!("/contacts?q={}", "a".repeat(length)),
            format!("/contacts?{}", "tags=a&".repeat(length / 7)),
            "/x".repeat(length / 2),
        ] {
            let answer = by_hand(&server, &format!("GET {place} HTTP/1.1"), "");
            assert!([200, 400, 404, 414, 422, 431].contains(&answer.status), "{length}: {}", answer.status);
        }
    }
    let deep = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for depth in [100, 127, 128, 10_000, 100_000] {
        for body in [
            deep("[", "]", depth),
            deep("{\"a\":", "}", depth),
            format!("{{\"last_name\":{}}}", deep("[", "]", depth)),
            format!(
                "{{\"entity\":\"contact\",\"match\":\"all\",\"rules\":{}}}",
                deep("[{\"match\":\"any\",\"rules\":", "}]", depth)
            ),
        ] {
            for path in ["/contacts", "/segments", "/segments/preview", "/bulk-actions"] {
                let headers = [("content-type", "application/json")];
                let answer = admin.send("POST", path, &headers, body.clone().into_bytes());
                assert!([400, 413, 422].contains(&answer.status), "{path} {depth}: {}", answer.status);
            }
        }
    }
    let tags: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let many = json!({"last_name": "a", "tags": tags});
    admin.post("/contacts", many).refused("validation-failed");
    let rules = vec![json!({"field": "city", "operator": "equals", "value": "x"}); 10_000];
    admin
        .post("/segments/preview", json!({"entity": "contact", "match": "any", "rules": rules}))
        .refused("validation-failed");
}
