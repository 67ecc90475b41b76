//! Reading what one has already: what the document says of `If-None-Match` is what happens, and no tag hides a change.

use serde_json::json;
use sweep::api::openapi::{DOCUMENT, for_each_operation};

use super::authorisation::TABLE;
use super::calls::Call;
use crate::bulk_delete::contacts;
use crate::harness::TestServer;

/// Reading operations, and whether each is documented to answer `If-None-Match`.
fn reads() -> Vec<(String, bool)> {
    let mut reads = Vec::new();
    for_each_operation(&DOCUMENT, |_, method, operation| {
        if method == "get" {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let conditional = parameters.filter(|parameter| parameter["name"] == "If-None-Match").count() == 1;
            assert_eq!(conditional, !operation["responses"]["304"].is_null(), "{}", operation["operationId"]);
            reads.push((operation["operationId"].as_str().unwrap().to_owned(), conditional));
        }
    });
    reads
}

#[test]
fn what_one_has_is_not_sent_again_where_the_document_says_so() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut conditional = Vec::new();
    let mut tagged_only = Vec::new();
    for (operation, documented) in reads() {
        let (_, on, ..) = TABLE.iter().find(|(name, ..)| *name == operation).expect("a row");
        let call = Call::new(&server, &operation, *on);
        let first = call.send(&admin, &[]);
        let tag = first.header("etag").map(ToOwned::to_owned);
        if !documented {
            tagged_only.extend(tag.map(|_| operation));
            continue;
        }
        let tag = tag.unwrap_or_else(|| panic!("{operation} has no ETag"));
        for known in [tag.as_str(), &format!("\"0\", {tag}"), "*"] {
            let again = call.send(&admin, &[("if-none-match", known)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{operation} {known}");
            assert_eq!((again.header("etag"), again.header("content-type")), (Some(tag.as_str()), None), "{operation}");
        }
        let stale = call.send(&admin, &[("if-none-match", "\"0000\"")]);
        assert_eq!((stale.status, stale.body), (200, first.body), "{operation}");
        let head = admin.send("HEAD", &call.path, &[("if-none-match", &tag)], Vec::new());
        assert_eq!(head.status, 304, "{operation}");
        conditional.push(operation);
    }
    assert!(conditional.len() > 8, "{conditional:?}");
    assert_eq!(tagged_only, ["get_contact"], "see below");
}

/// The tag of a contact is that of its row, for `If-Match`; which companies it shows changes without it.
#[test]
fn a_contact_is_always_sent() {
    let server = TestServer::start();
    let admin = server.admin();
    let contact = format!("/contacts/{}", contacts(&admin, &["a"])[0]);
    let company = admin.post("/companies", json!({"name": "c"})).expect(201)["id"].as_str().unwrap().to_owned();
    admin.put(&format!("{contact}/companies/{company}"), json!({})).expect(200);
    let tag = admin.get(&contact).header("etag").unwrap().to_owned();
    admin.delete(&format!("/companies/{company}")).expect(204);
    let now = admin.send("GET", &contact, &[("if-none-match", &tag)], Vec::new());
    assert_eq!(now.header("etag"), Some(tag.as_str()));
    assert_eq!(now.expect(200)["companies"], json!([]));
}

#[test]
fn a_change_is_answered_only_by_what_was_asked_for() {
    let server = TestServer::start();
    let admin = server.admin();
    let deal = json!({"title": "a", "customer": {"type": "contact", "id": contacts(&admin, &["a"])[0]}});
    let created = admin.json("POST", "/deals", &[("if-none-match", "*")], deal);
    let path = format!("/deals/{}", created.expect(201)["id"].as_str().unwrap());
    let tag = admin.get(&path).header("etag").unwrap().to_owned();
    let changed = admin.json("PATCH", &path, &[("if-none-match", "\"2\"")], json!({"title": "b"}));
    assert_eq!((changed.header("etag"), changed.status), (Some("\"2\""), 200));
    assert_eq!(admin.send("GET", &path, &[("if-none-match", &tag)], Vec::new()).expect(200)["title"], "b");
}
