//! Who is let in.

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::harness::{Claims, SECRET, TestServer, seconds_from_now};
use super::many_records::wait_until;

#[test]
fn tokens_that_are_refused_and_why() {
    let server = TestServer::start();
    let sign = |algorithm, key: &EncodingKey| jsonwebtoken::encode(&Header::new(algorithm), &Claims::admin().0, key);
    let now = seconds_from_now(0);
    let other_key = EncodingKey::from_secret(b"another-secret-of-thirty-two-bytes-or-more");
    let unsigned = {
        let token = Claims::admin().token();
        let body = token.split('.').nth(1).unwrap();
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.")
    };
    let refused = [
        (Claims::admin().without("exp").token(), "exp"),
        (Claims::admin().with("exp", now - 10).token(), "expired"),
        (Claims::admin().with("nbf", now + 3600).token(), "not valid yet"),
        (sign(Algorithm::HS256, &other_key).unwrap(), "not signed"),
        (sign(Algorithm::HS512, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap(), "another algorithm"),
        (unsigned, "token"),
        (Claims::admin().without("sub").token(), "sub"),
        (Claims::admin().without("account_id").token(), "account_id"),
        (Claims::admin().without("role").token(), "role"),
        (Claims::admin().with("role", "owner").token(), "owner"),
        (Claims::admin().with("account_id", "1").token(), "claims"),
        (Claims::admin().with("sub", "").token(), "sub"),
        (Claims::admin().with("sub", "x".repeat(256)).token(), "sub"),
        (Claims::admin().with("name", "a\0b").token(), "NUL"),
        ("garbage".to_owned(), "cannot be read"),
    ];
    for (token, reason) in refused {
        let answer = server.nobody().with_token(&token).get("/me");
        assert_eq!(answer.status, 401, "{reason}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        let problem = answer.refused("unauthorized");
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem} does not say {reason}");
    }
    server.nobody().get("/me").refused("unauthorized");
}

#[test]
fn tokens_that_are_accepted() {
    let server = TestServer::start();
    let now = seconds_from_now(0);
    for claims in [
        Claims::admin(),
        Claims::admin().with("nbf", now + 3),
        Claims::admin().with("aud", "somebody-else").with("iss", "anyone"),
        Claims::admin().with("aud", serde_json::json!(["a", "b"])),
        Claims::admin().with("sub", "no uuid at all"),
        Claims::admin().without("email"),
    ] {
        server.client(&claims).get("/me").expect(200);
    }
}

#[test]
fn a_token_holds_for_five_seconds_more_than_it_says() {
    let server = TestServer::start();
    let in_time = wait_until(|| {
        let ended = seconds_from_now(-2);
        let answer = server.client(&Claims::admin().with("exp", ended)).get("/me");
        // On a slow machine the answer may come too late to tell anything.
        seconds_from_now(0) < ended + 5 && answer.expect(200)["user_id"] == "ann"
    });
    assert!(in_time);
}

#[test]
fn issuer_and_audience_are_required_once_configured() {
    let server = TestServer::start_with(|settings| {
        settings.tokens.jwt_issuer = Some("crm".to_owned());
        settings.tokens.jwt_audience = Some("sweep".to_owned());
    });
    let right = Claims::admin().with("iss", "crm").with("aud", "sweep");
    server.client(&right).get("/me").expect(200);
    for wrong in [
        right.clone().without("iss"),
        right.clone().without("aud"),
        right.clone().with("iss", "other"),
        right.clone().with("aud", "other"),
    ] {
        server.client(&wrong).get("/me").refused("unauthorized");
    }
}

#[test]
fn me_says_what_the_caller_may_do() {
    let server = TestServer::start();
    let admin = server.admin().get("/me").expect(200);
    assert_eq!(admin["user_id"], "ann");
    assert!(admin["permissions"].as_array().unwrap().contains(&"bulk.delete".into()));
    let member = server.member().get("/me").expect(200);
    assert!(!member["permissions"].as_array().unwrap().contains(&"bulk.delete".into()));
}

#[test]
fn addresses_and_methods_that_do_not_exist() {
    let server = TestServer::start();
    server.admin().get("/contact").refused("unknown-route");
    let answer = server.admin().delete("/contacts");
    assert_eq!(answer.header("allow"), Some("GET, POST, HEAD"));
    answer.refused("method-not-allowed");
    let head = server.admin().send("HEAD", "/me", &[], Vec::new());
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
}
