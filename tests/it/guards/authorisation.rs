//! Who may do what: every operation of the document against no token, a member, an admin, and an admin of another account.

use std::collections::BTreeSet;

use sweep::api::openapi::{DOCUMENT, for_each_operation};

use super::calls::{Call, On};
use crate::harness::TestServer;

/// An operation on something that an admin made, and the status that a member of the same account, that admin, and an
/// admin of another account get. Without a token it is a 401, but for what needs none.
pub type Row = (&'static str, On, u16, u16, u16);

const NEEDS_NO_TOKEN: [&str; 5] = ["get_live", "get_ready", "get_metrics", "get_openapi", "get_problem"];

#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    ("get_live", On::Nothing, 200, 200, 200),
    ("get_ready", On::Nothing, 200, 200, 200),
    ("get_metrics", On::Nothing, 200, 200, 200),
    ("get_openapi", On::Nothing, 200, 200, 200),
    ("get_problem", On::Nothing, 200, 200, 200),
    ("get_me", On::Nothing, 200, 200, 200),
    ("get_settings", On::Nothing, 403, 200, 200),
    ("update_settings", On::Nothing, 403, 200, 200),
    ("list_audit_log", On::Nothing, 403, 200, 200),

    ("list_contacts", On::Contact, 200, 200, 200),
    ("create_contact", On::Nothing, 201, 201, 201),
    ("import_contacts", On::Nothing, 200, 200, 200),
    ("get_contact", On::Contact, 200, 200, 404),
    ("get_contact", On::BinnedContact, 404, 200, 404),
    ("update_contact", On::Contact, 200, 200, 404),
    ("update_contact", On::BinnedContact, 404, 409, 404),
    ("delete_contact", On::Contact, 204, 204, 404),
    ("delete_contact", On::BinnedContact, 404, 409, 404),
    ("get_contact_deletability", On::Contact, 200, 200, 404),
    ("put_company_link", On::UnlinkedPair, 200, 200, 404),
    ("delete_company_link", On::LinkedPair, 204, 204, 404),
    ("list_companies", On::Company, 200, 200, 200),
    ("create_company", On::Nothing, 201, 201, 201),
    ("import_companies", On::Nothing, 200, 200, 200),
    ("get_company", On::Company, 200, 200, 404),
    ("update_company", On::Company, 200, 200, 404),
    ("delete_company", On::Company, 204, 204, 404),
    ("get_company_deletability", On::Company, 200, 200, 404),

    ("list_deals", On::Deal, 200, 200, 200),
    ("create_deal", On::Contact, 201, 201, 409),
    ("import_deals", On::Nothing, 200, 200, 200),
    ("get_deal", On::Deal, 200, 200, 404),
    ("update_deal", On::Deal, 200, 200, 404),
    ("delete_deal", On::Deal, 204, 204, 404),
    ("list_invoices", On::Invoice, 200, 200, 200),
    ("create_invoice", On::Contact, 201, 201, 409),
    ("import_invoices", On::Nothing, 200, 200, 200),
    ("get_invoice", On::Invoice, 200, 200, 404),
    ("update_invoice", On::Invoice, 200, 200, 404),
    ("delete_invoice", On::Invoice, 204, 204, 404),
    ("list_projects", On::Project, 200, 200, 200),
    ("create_project", On::Contact, 201, 201, 409),
    ("import_projects", On::Nothing, 200, 200, 200),
    ("get_project", On::Project, 200, 200, 404),
    ("update_project", On::Project, 200, 200, 404),
    ("delete_project", On::Project, 204, 204, 404),
    ("list_time_trackings", On::TimeTracking, 200, 200, 200),
    ("create_time_tracking", On::Contact, 201, 201, 409),
    ("import_time_trackings", On::Nothing, 200, 200, 200),
    ("get_time_tracking", On::TimeTracking, 200, 200, 404),
    ("update_time_tracking", On::TimeTracking, 200, 200, 404),
    ("delete_time_tracking", On::TimeTracking, 204, 204, 404),
    ("list_tickets", On::Ticket, 200, 200, 200),
    ("create_ticket", On::Contact, 201, 201, 409),
    ("import_tickets", On::Nothing, 200, 200, 200),
    ("get_ticket", On::Ticket, 200, 200, 404),
    ("update_ticket", On::Ticket, 200, 200, 404),
    ("delete_ticket", On::Ticket, 204, 204, 404),

    ("list_segments", On::PrivateSegment, 200, 200, 200),
    ("create_segment", On::Nothing, 201, 201, 201),
    ("preview_segment", On::Nothing, 200, 200, 200),
    ("list_segment_fields", On::Nothing, 200, 200, 200),
    ("get_segment", On::PrivateSegment, 404, 200, 404),
    ("get_segment", On::SharedSegment, 200, 200, 404),
    ("get_segment", On::StandardSegment, 200, 200, 200),
    ("count_segment", On::PrivateSegment, 404, 200, 404),
    ("count_segment", On::SharedSegment, 200, 200, 404),
    ("update_segment", On::PrivateSegment, 404, 200, 404),
    ("update_segment", On::SharedSegment, 403, 200, 404),
    ("update_segment", On::StandardSegment, 403, 403, 403),
    ("delete_segment", On::PrivateSegment, 404, 204, 404),
    ("delete_segment", On::SharedSegment, 403, 204, 404),
    ("delete_segment", On::StandardSegment, 403, 403, 403),

    ("create_bulk_action", On::Contact, 403, 202, 202),
    ("list_bulk_actions", On::BulkDelete, 200, 200, 200),
    ("get_bulk_action", On::BulkDelete, 404, 200, 404),
    ("watch_bulk_action", On::BulkDelete, 404, 200, 404),
    ("list_results", On::BulkDelete, 404, 200, 404),
    ("undo_bulk_action", On::BulkDelete, 404, 202, 404),
    ("retry_bulk_action", On::BlockedDelete, 404, 202, 404),
    ("execute_bulk_action", On::DryRun, 404, 202, 404),
    ("cancel_bulk_action", On::BulkDelete, 404, 409, 404),
    ("approve_bulk_action", On::WaitingDelete, 403, 200, 404),
    ("approve_bulk_action", On::BulkDelete, 403, 403, 404),
    ("reject_bulk_action", On::WaitingDelete, 403, 200, 404),
    ("reject_bulk_action", On::BulkDelete, 403, 403, 404),

    ("list_recycle_bin", On::BinnedContact, 403, 200, 200),
    ("get_binned_record", On::BinnedContact, 403, 200, 404),
    ("restore_binned_record", On::BinnedContact, 403, 200, 404),
    ("purge_binned_record", On::BinnedContact, 403, 204, 404),
];

/// What the table lacks, and what it has too much.
fn gaps(table: &[Row]) -> (Vec<String>, Vec<String>) {
    let mut documented = BTreeSet::new();
    for_each_operation(&DOCUMENT, |_, _, operation| {
        documented.insert(operation["operationId"].as_str().unwrap().to_owned());
    });
    let listed: BTreeSet<String> = table.iter().map(|(operation, ..)| (*operation).to_owned()).collect();
    (documented.difference(&listed).cloned().collect(), listed.difference(&documented).cloned().collect())
}

#[test]
fn every_operation_has_a_row() {
    assert_eq!(gaps(TABLE), (Vec::new(), Vec::new()), "operations without a row, rows without an operation");
    assert_eq!(gaps(&TABLE[1..]).0, ["get_live"]);
    assert_eq!(gaps(&[TABLE, &[("fly", On::Nothing, 200, 200, 200)]].concat()).1, ["fly"]);
}

#[test]
fn everyone_gets_what_the_table_says() {
    let server = TestServer::start();
    let mut wrong = Vec::new();
    for &(operation, on, member, admin, stranger) in TABLE {
        let without_token = if NEEDS_NO_TOKEN.contains(&operation) { 200 } else { 401 };
        for (who, client, expected) in [
            ("nobody", server.nobody(), without_token),
            ("a stranger", server.stranger(), stranger),
            ("a member", server.member(), member),
            ("an admin", server.admin(), admin),
        ] {
            let call = Call::new(&server, operation, on);
            let answer = call.send(&client, &[]);
            if answer.status != expected {
                wrong.push(format!("{operation} on {on:?} as {who}: {} instead of {expected}", answer.status));
            }
            let seen = who == "a stranger" && on != On::StandardSegment && answer.status < 400;
            if seen && call.ids.iter().any(|id| answer.text().contains(id.as_str())) {
                wrong.push(format!("{operation} on {on:?} shows {who} another account's record"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_refused_caller_learns_nothing_of_the_request() {
    let server = TestServer::start();
    // 401 and 403 come before the shape of the request and before the record is looked for.
    let refused = |client: &crate::harness::Client, path: &str| client.patch(path, serde_json::json!({"no": "field"}));
    for path in ["/settings", "/settings?x=1", "/contacts/none", "/segments/none"] {
        refused(&server.nobody(), path).refused("unauthorized");
    }
    refused(&server.member(), "/settings").refused("admin-only");
    refused(&server.member(), "/settings?x=1").refused("admin-only");
    server.member().delete("/recycle-bin/none").refused("admin-only");
}
