//! The page that shows the API document: served whole by the service itself.

use serde_json::Value;

use crate::harness::TestServer;

#[test]
fn the_page_needs_no_other_server() {
    let server = TestServer::start();
    let nobody = server.nobody();
    let redirect = nobody.get("/docs");
    assert!((301..=308).contains(&redirect.status));
    assert_eq!(redirect.header("location"), Some("/docs/"));
    let page = nobody.get("/docs/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let html = page.text();
    let parts = referenced(&html);
    assert!(parts.len() >= 4, "{parts:?}");
    for part in parts {
        assert!(!part.contains("//"), "{part} lies on another server");
        let path = format!("/docs/{}", part.trim_start_matches("./"));
        let answer = nobody.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("url(http"), "{path}");
    }
    let settings = nobody.get("/docs/swagger-initializer.js").text();
    assert!(settings.contains("/openapi.json") && settings.contains("tryItOutEnabled"), "{settings}");
    assert!(!settings.contains("://"), "{settings}");
    let document: Value = serde_json::from_slice(&nobody.get("/openapi.json").body).unwrap();
    assert_eq!(document, *sweep::api::openapi::DOCUMENT);
}

/// What the page loads.
fn referenced(html: &str) -> Vec<&str> {
    let after = |mark: &'static str| html.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
    after("src=\"").chain(after("href=\"")).collect()
}
