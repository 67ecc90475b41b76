//! Rows of deals, invoices, projects, time trackings and tickets.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{count, counts, rejected_cells};
use crate::harness::TestServer;

/// A company `A`, contacts `1` and `2`, a company `Gone` in the bin.
fn server() -> TestServer {
    let server = TestServer::start();
    let admin = server.admin();
    admin.csv("/companies/import", "external_id,name,vat_number\nA,Acme,BE1\nGone,Gone,\n").expect(200);
    admin.csv("/contacts/import", "external_id,first_name,last_name\n1,Ann,One\n2,Bob,Two\n").expect(200);
    let bin = "UPDATE companies SET deleted_at = now(), deletion_id = gen_random_uuid(),
        purge_at = now() + interval '1 day' WHERE external_id = 'Gone'";
    server.sql().batch_execute(bin).unwrap();
    server
}

fn listed(server: &TestServer, path: &str) -> Vec<Value> {
    server.admin().get(path).expect(200)["data"].as_array().unwrap().clone()
}

fn id_of(server: &TestServer, path: &str) -> String {
    listed(server, path)[0]["id"].as_str().unwrap().to_owned()
}

fn wrong(cells: &[(u64, &str)]) -> Vec<(u64, String)> {
    cells.iter().map(|(line, column)| (*line, (*column).to_owned())).collect()
}

#[test]
fn deals() {
    let server = server();
    let admin = server.admin();
    let contact = id_of(&server, "/contacts?q=two");
    let file = format!(
        "external_id,title,status,customer_type,customer_external_id,customer_id,contact_person_external_id,\
         estimated_value_amount,estimated_value_currency\n\
         D1,Offer,won,company,A,,1,12.5,eur\nD2,Offer,,contact,,{contact},,,EUR\nD3,Offer,,company,Gone,,,,\n\
         D4,Offer,,person,1,,9,1,\n,,gone,contact,,,,x,\nD5,Offer,,contact,1,,,1.234,EUR\n"
    );
    let report = admin.csv("/deals/import", file).expect(200);
    assert_eq!(counts(&report), (2, 0, 4), "{report}");
    let expected = [
        (4, "customer_external_id"),
        (5, "customer_type"),
        (5, "contact_person_external_id"),
        (5, "estimated_value_currency"),
        (6, "status"),
        (6, "estimated_value_amount"),
        (6, "title"),
        (6, "customer_external_id"),
        (7, "estimated_value_amount"),
    ];
    let mut found = rejected_cells(&report);
    found.sort();
    let mut expected = wrong(&expected);
    expected.sort();
    assert_eq!(found, expected, "{report}");

    let deal = |external_id: &str| {
        listed(&server, "/deals").into_iter().find(|deal| deal["external_id"] == external_id).unwrap()
    };
    let first = deal("D1");
    assert_eq!(first["estimated_value"], json!({"amount": "12.50", "currency": "EUR"}));
    assert_eq!((&first["customer"]["type"], &first["contact_person"]["type"]), (&json!("company"), &json!("contact")));
    assert_eq!(deal("D2")["customer"]["id"], json!(contact));

    // Only what the file has changes; an empty cell clears.
    let file = "external_id,contact_person_external_id,title\nD1,,New title\n";
    assert_eq!(counts(&admin.csv("/deals/import", file).expect(200)), (0, 1, 0));
    let changed = deal("D1");
    assert_eq!((&changed["title"], &changed["contact_person"]), (&json!("New title"), &Value::Null));
    assert_eq!((&changed["status"], &changed["customer"]), (&first["status"], &first["customer"]));
    assert_eq!(count(&server, "deals WHERE external_id = 'D1' AND version = 2 AND search_text LIKE 'new title%'"), 1);

    let binned = id_of(&server, "/deals?sort=created_at");
    admin.delete(&format!("/deals/{binned}")).expect(204);
    let report = admin.csv("/deals/import", format!("id,title\n{binned},x\n")).expect(200);
    assert_eq!(rejected_cells(&report), wrong(&[(2, "id")]));
    let again = "external_id,title,customer_type,customer_external_id\nD1,Offer,contact,1\n";
    assert_eq!(counts(&admin.csv("/deals/import", again).expect(200)), (1, 0, 0));
}

#[test]
fn invoices_copy_their_customer_when_it_is_written() {
    let server = server();
    let admin = server.admin();
    let file = "external_id,invoice_date,status,customer_type,customer_external_id,attention_contact_external_id,\
                total_amount,total_currency\n\
                I1,2026-11-24,outstanding,company,A,1,-5,EUR\nI2,2026-11-24,,contact,1,,,\n,2026-02-30,,contact,1,,,\n";
    let report = admin.csv("/invoices/import", file).expect(200);
    assert_eq!((counts(&report), rejected_cells(&report)), ((2, 0, 1), wrong(&[(4, "invoice_date")])), "{report}");
    let stored = |condition: &str| count(&server, &format!("invoices WHERE {condition}"));
    assert_eq!(stored("external_id = 'I1' AND customer_name = 'Acme' AND customer_vat_number = 'BE1'"), 1);
    assert_eq!(stored("external_id = 'I2' AND customer_name = 'Ann One' AND customer_vat_number IS NULL"), 1);
    // The copy outlives a change of the name, and goes with the customer.
    server.sql().batch_execute("UPDATE companies SET name = 'Renamed'").unwrap();
    let file = "external_id,status,customer_type,customer_external_id\nI1,matched,company,A\nI2,,contact,2\n";
    assert_eq!(counts(&admin.csv("/invoices/import", file).expect(200)), (0, 2, 0));
    assert_eq!(stored("external_id = 'I1' AND customer_name = 'Acme' AND status = 'matched'"), 1);
    assert_eq!(stored("external_id = 'I2' AND customer_name = 'Bob Two'"), 1);
}

#[test]
fn projects() {
    let server = server();
    let admin = server.admin();
    let company = id_of(&server, "/companies");
    let file = format!(
        "external_id,title,customers\nP1,One,contact:1|company-id:{company}|contact:1\nP2,Two,contact:1|company:Gone\n\
         P3,Three,\nP4,Four,deal:1\n"
    );
    let report = admin.csv("/projects/import", file).expect(200);
    assert_eq!(counts(&report), (1, 0, 3), "{report}");
    assert_eq!(rejected_cells(&report), wrong(&[(3, "customers"), (4, "customers"), (5, "customers")]));
    let kinds = || -> Vec<Value> {
        let project = listed(&server, "/projects")[0].clone();
        project["customers"].as_array().unwrap().iter().map(|customer| customer["type"].clone()).collect()
    };
    assert_eq!(kinds(), ["contact", "company"]);
    assert_eq!(counts(&admin.csv("/projects/import", "external_id,status\nP1,closed\n").expect(200)), (0, 1, 0));
    assert_eq!(kinds(), ["contact", "company"]);
    let file = "external_id,customers\nP1,contact:2\n";
    assert_eq!(counts(&admin.csv("/projects/import", file).expect(200)), (0, 1, 0));
    assert_eq!(kinds(), ["contact"]);
}

#[test]
fn time_trackings_and_tickets() {
    let server = server();
    let admin = server.admin();
    let file = "external_id,started_at,duration_seconds,subject_type,subject_external_id\n\
                T1,2026-11-24T10:00:00+01:00,900,company,A\nT2,2026-11-24,1.5,company,A\n\
                T3,2026-11-24T10:00:00Z,31536001,contact,1\nT4,,,contact,\n";
    let report = admin.csv("/time-trackings/import", file).expect(200);
    assert_eq!(counts(&report), (1, 0, 3), "{report}");
    let expected = [
        (3, "started_at"),
        (3, "duration_seconds"),
        (4, "duration_seconds"),
        (5, "started_at"),
        (5, "duration_seconds"),
        (5, "subject_external_id"),
    ];
    assert_eq!(rejected_cells(&report), wrong(&expected));
    assert_eq!(listed(&server, "/time-trackings")[0]["started_at"], "2026-11-24T09:00:00Z");

    let file = "external_id,subject,description,status,customer_type,customer_external_id\n\
                1,Help,\"two\nlines\",open,contact,1\n2,,,,contact,1\n";
    let report = admin.csv("/tickets/import", file).expect(200);
    assert_eq!((counts(&report), rejected_cells(&report)), ((1, 0, 1), wrong(&[(4, "subject")])), "{report}");
    assert_eq!(listed(&server, "/tickets")[0]["description"], "two\nlines");
}

#[test]
fn a_ticket_whose_purge_is_due_gives_up_its_external_id() {
    let server = server();
    let admin = server.admin();
    let file = "external_id,subject,customer_type,customer_external_id\nX,Old,contact,1\n";
    admin.csv("/tickets/import", file).expect(200);
    let old = id_of(&server, "/tickets");
    let expire = "UPDATE contacts SET deleted_at = now() - interval '31 days', deletion_id = gen_random_uuid(),
        purge_at = now() - interval '1 day' WHERE external_id = '1'";
    server.sql().batch_execute(expire).unwrap();
    let file = "external_id,subject,customer_type,customer_external_id\nX,New,contact,2\n";
    assert_eq!(counts(&admin.csv("/tickets/import", file).expect(200)), (1, 0, 0));
    let report = admin.csv("/tickets/import", format!("id,status\n{old},closed\n")).expect(200);
    assert_eq!(counts(&report), (0, 1, 0), "{report}");
}
