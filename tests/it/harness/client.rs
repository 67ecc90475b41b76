//! An HTTP client that holds every refusal it gets against the API document.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sweep::api::openapi::DOCUMENT;
use sweep::api::problem::PROBLEMS;
use ureq::http::{HeaderMap, Request};

pub const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";
pub const ACCOUNT: &str = "0193a000-0000-7000-8000-000000000001";
pub const OTHER_ACCOUNT: &str = "0193a000-0000-7000-8000-000000000002";

/// The claims of a token, to be changed at will.
#[derive(Debug, Clone)]
pub struct Claims(pub Value);

impl Claims {
    pub fn admin() -> Self {
        Self(json!({"sub": "ann", "account_id": ACCOUNT, "role": "admin", "exp": seconds_from_now(3600),
            "email": "ann@example.com", "name": "Ann Admin"}))
    }

    pub fn member() -> Self {
        Self::admin().with("sub", "max").with("role", "member").with("email", "max@example.com")
    }

    pub fn stranger() -> Self {
        Self::admin().with("sub", "eve").with("account_id", OTHER_ACCOUNT)
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0[name] = value.into();
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.as_object_mut().unwrap().remove(name);
        self
    }

    pub fn token(&self) -> String {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &self.0, &key).unwrap()
    }
}

pub fn seconds_from_now(seconds: i64) -> i64 {
    #[allow(clippy::disallowed_methods, reason = "tokens are checked against the machine's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + seconds
}

#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // The service closes a connection that was idle for five seconds, maybe while the next request is on its way.
            .max_idle_age(Duration::from_secs(1))
            .build();
        Self { agent: agent.into(), base: format!("http://{address}"), token }
    }

    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Vec::new())
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Vec::new())
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.json("POST", path, &[], body)
    }

    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.json("PATCH", path, &[], body)
    }

    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.json("PUT", path, &[], body)
    }

    /// A POST without a body.
    pub fn call(&self, path: &str) -> Answer {
        self.send("POST", path, &[], Vec::new())
    }

    pub fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(method, path, &all, body.to_string().into_bytes())
    }

    pub fn csv(&self, path: &str, csv: impl Into<Vec<u8>>) -> Answer {
        self.send("POST", path, &[("content-type", "text/csv")], csv.into())
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = if body.is_empty() && method != "POST" {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body).unwrap())
        };
        let mut response = response.expect("the service answers");
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a whole answer"),
        };
        if method != "HEAD" {
            answer.hold_against_document(method, path);
        }
        answer
    }
}

impl Answer {
    /// The JSON body of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).expect("a JSON body") }
    }

    /// The problem document of a refusal with this slug.
    #[track_caller]
    pub fn refused(self, slug: &str) -> Value {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{} {}", self.status, self.text());
        problem
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Every status of 400 and above is a problem document whose kind the operation documents.
    #[track_caller]
    fn hold_against_document(&self, method: &str, path: &str) {
        if self.status < 400 {
            return;
        }
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{method} {path}: {}", self.text());
        let problem: Value = serde_json::from_slice(&self.body).expect("a JSON problem");
        let slug = problem["type"].as_str().unwrap().strip_prefix("/problems/").expect("a problem type").to_owned();
        let kind = PROBLEMS.iter().find(|kind| kind.slug == slug).expect("a kind of the table");
        assert_eq!((kind.status, u64::from(kind.status)), (self.status, problem["status"].as_u64().unwrap()));
        // No operation answers these.
        if method == "OPTIONS" || matches!(slug.as_str(), "unknown-route" | "method-not-allowed") {
            return;
        }
        let operation = operation_of(method, path).unwrap_or_else(|| panic!("{method} {path} is not documented"));
        let documented = &operation["responses"][self.status.to_string()]["content"]["application/problem+json"];
        assert!(!documented["examples"][&slug].is_null(), "{method} {path} does not document {slug}");
    }
}

/// The documented operation that answers `method path`; literal parts win over parameters.
fn operation_of(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let given: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == given.len() && parts.iter().zip(&given).all(|(part, text)| part.starts_with('{') || part == text)
    };
    DOCUMENT["paths"]
        .as_object()?
        .iter()
        .filter(|(template, item)| fits(template) && item.get(method.to_lowercase()).is_some())
        .min_by_key(|(template, _)| template.matches('{').count())
        .map(|(_, item)| &item[method.to_lowercase()])
}
