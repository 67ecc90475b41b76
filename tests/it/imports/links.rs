//! Which record a row is about, and which it links to.

use serde_json::{Value, json};

use super::{count, counts, rejected_cells};
use crate::harness::TestServer;
use diesel::connection::SimpleConnection;

fn create(server: &TestServer, body: Value) -> String {
    server.admin().post("/contacts", body).expect(201)["id"].as_str().unwrap().to_owned()
}

/// Puts every record of a table that meets `condition` into the bin.
fn bin(server: &TestServer, table: &str, condition: &str) {
    let sql = format!(
        "UPDATE {table} SET deleted_at = now(), deletion_id = gen_random_uuid(), purge_at = now() + interval '30 days'
         WHERE {condition}"
    );
    server.sql().batch_execute(&sql).unwrap();
}

#[test]
fn an_id_names_its_record_and_may_give_it_another_external_id() {
    let server = TestServer::start();
    let admin = server.admin();
    let one = create(&server, json!({"last_name": "One", "external_id": "1"}));
    let two = create(&server, json!({"last_name": "Two", "external_id": "2"}));
    let three = create(&server, json!({"last_name": "Three"}));
    let foreign = server.stranger().post("/contacts", json!({"last_name": "Foreign"})).expect(201);
    let foreign = foreign["id"].as_str().unwrap().to_owned();
    // Two gives up its external id, which Three takes; One may not have that of Three then.
    let file = format!(
        "id,external_id,last_name\n{two},2b,Two\n{three},2,Three\n{one},2,One\n{one},,One\nnonsense,,X\n{foreign},,X\n,1,New\n"
    );
    let report = admin.csv("/contacts/import", file).expect(200);
    assert_eq!(counts(&report), (1, 3, 3), "{report}");
    let wrong = |line: u64, column: &str| (line, column.to_owned());
    assert_eq!(rejected_cells(&report), [wrong(4, "external_id"), wrong(6, "id"), wrong(7, "id")]);
    let external_id = |id: &str| admin.get(&format!("/contacts/{id}")).expect(200)["external_id"].clone();
    assert_eq!((external_id(&one), external_id(&two), external_id(&three)), (Value::Null, json!("2b"), json!("2")));
}

#[test]
fn a_record_in_the_bin_is_not_written_and_its_external_id_is_free() {
    let server = TestServer::start();
    let admin = server.admin();
    let id = create(&server, json!({"last_name": "Old", "external_id": "1"}));
    bin(&server, "contacts", "true");
    let report = admin.csv("/contacts/import", format!("id,last_name\n{id},Changed\n")).expect(200);
    assert_eq!((counts(&report), rejected_cells(&report)), ((0, 0, 1), vec![(2, "id".to_owned())]));
    assert!(report["rejections"][0]["reason"].as_str().unwrap().contains("recycle bin"), "{report}");
    let report = admin.csv("/contacts/import", "external_id,last_name\n1,New\n").expect(200);
    assert_eq!(counts(&report), (1, 0, 0));
    assert_eq!(count(&server, "contacts WHERE external_id = '1'"), 2);
    assert_eq!(count(&server, "contacts WHERE last_name = 'Old' AND version = 1"), 1);
}

#[test]
fn a_row_links_its_contact_to_a_live_company_only() {
    let server = TestServer::start();
    let admin = server.admin();
    let file = "external_id,name\nA,A\nB,B\nGone,Gone\n";
    assert_eq!(counts(&admin.csv("/companies/import", file).expect(200)), (3, 0, 0));
    server.stranger().csv("/companies/import", "external_id,name\nForeign,F\n").expect(200);
    bin(&server, "companies", "external_id = 'Gone'");
    let file = "external_id,last_name,company_external_id,position,division,decision_maker\n\
                1,One,A,CEO,Board,true\n2,Two,Gone,,,\n3,Three,Foreign,,,\n4,Four,,CFO,,\n5,Five,,,,false\n";
    let report = admin.csv("/contacts/import", file).expect(200);
    assert_eq!(counts(&report), (2, 0, 3), "{report}");
    let wrong = |line: u64, column: &str| (line, column.to_owned());
    let expected = [wrong(3, "company_external_id"), wrong(4, "company_external_id"), wrong(5, "position")];
    assert_eq!(rejected_cells(&report), expected);

    // A second company is added, the first changed where the file has a column; an empty cell unlinks nothing.
    let file = "external_id,last_name,company_external_id,position\n1,One,B,Adviser\n1,One,A,Chair\n1,One,,\n";
    let report = admin.csv("/contacts/import", file).expect(200);
    assert_eq!(counts(&report), (0, 3, 0), "{report}");
    let listed = admin.get("/contacts?q=one").expect(200);
    let places: Vec<Value> = listed["data"][0]["companies"].as_array().unwrap().clone();
    let place = |position: &str, division: Value, decision_maker: bool| json!({"position": position, "division": division, "decision_maker": decision_maker});
    let mut without_ids: Vec<Value> = places.clone();
    for place in &mut without_ids {
        place.as_object_mut().unwrap().remove("company_id");
    }
    assert_eq!(without_ids, [place("Chair", json!("Board"), true), place("Adviser", Value::Null, false)]);

    let company = places[1]["company_id"].as_str().unwrap();
    let file =
        format!("external_id,last_name,company_id,division\n1,One,{company},Sales\n1,One,{},\n", uuid::Uuid::nil());
    let report = admin.csv("/contacts/import", file).expect(200);
    assert_eq!((counts(&report), rejected_cells(&report)), ((0, 1, 1), vec![wrong(3, "company_id")]));
    let contact = admin.get("/contacts?q=one").expect(200)["data"][0].clone();
    assert_eq!(contact["companies"][1]["division"], "Sales");
}
