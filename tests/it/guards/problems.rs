//! The kinds of problem: listed in the docs, explained by the service, and each one answered by something.

use std::collections::BTreeSet;

use sweep::api::openapi::{DOCUMENT, for_each_operation};
use sweep::api::problem::PROBLEMS;
use sweep::api::problems::list_in_markdown;

use super::assert_generated;
use crate::harness::TestServer;

/// Answered before any operation is found.
const OF_ROUTING: [&str; 2] = ["unknown-route", "method-not-allowed"];

#[test]
fn the_list_is_checked_in() {
    assert_generated("docs/problems.md", &list_in_markdown(), "make openapi");
}

#[test]
fn every_kind_is_answered_by_an_operation_and_told_once() {
    let mut documented: BTreeSet<String> = OF_ROUTING.map(ToOwned::to_owned).into();
    for_each_operation(&DOCUMENT, |_, _, operation| {
        for response in operation["responses"].as_object().unwrap().values() {
            let examples = response["content"]["application/problem+json"]["examples"].as_object();
            documented.extend(examples.into_iter().flatten().map(|(slug, _)| slug.clone()));
        }
    });
    let table: BTreeSet<String> = PROBLEMS.iter().map(|kind| kind.slug.to_owned()).collect();
    assert_eq!(table.len(), PROBLEMS.len(), "two kinds have the same slug");
    assert_eq!(table, documented, "a kind that nothing answers, or a slug that is no kind");
}

#[test]
fn the_service_explains_each() {
    let server = TestServer::start();
    for kind in PROBLEMS {
        let told = server.nobody().get(&format!("/problems/{}", kind.slug)).expect(200);
        assert_eq!((&told["slug"], &told["status"]), (&kind.slug.into(), &kind.status.into()));
        assert_eq!((&told["title"], &told["advice"]), (&kind.title.into(), &kind.advice.into()));
    }
    server.nobody().get("/problems/no-such-kind").refused("unknown-route");
}
