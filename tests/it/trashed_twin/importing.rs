//! How many of the records that an import makes have a twin in the bin.

use serde_json::{Value, json};

use super::{binned, company, contact, emails};
use crate::bulk_delete::ended;
use crate::harness::{Client, TestServer, example_file, import_example};
use crate::invariants;
use crate::many_records;

fn twins(client: &Client, path: &str, file: &str) -> Value {
    let report = client.csv(path, file).expect(200);
    assert_eq!(report["rejected"], 0, "{report}");
    report.get("trashed_twins").cloned().unwrap_or(Value::Null)
}

#[test]
fn new_records_are_counted_once_and_changed_ones_are_not() {
    let server = TestServer::start();
    let admin = server.admin();
    let all = json!({"external_id": "1", "vat_number": "V-1", "emails": emails(&["a@x.example"])["emails"]});
    binned(&admin, "/contacts", contact(all));
    binned(&admin, "/contacts", contact(emails(&["b@x.example", "c@x.example"])));
    binned(&admin, "/contacts", contact(emails(&["c@x.example"])));
    binned(&admin, "/companies", company(json!({"external_id": "7", "vat_number": "V-7"})));
    admin.post("/contacts", contact(json!({"external_id": "live"}))).expect(201);

    // 1 comes twice and is one record; live is changed, not made, whatever e-mail it gets.
    let file = "external_id,last_name,email,vat_number\n1,One,A@X.example,v-1\n1,One,,\n2,Two,C@x.example,\n\
                live,Live,b@x.example,\n3,Three,,V-1\n4,Four,d@x.example,V-7\n,None,,\n";
    assert_eq!(twins(&admin, "/contacts/import", file), 3);
    assert_eq!(twins(&admin, "/contacts/import", file), 0, "all but the last are changed now");
    assert_eq!(twins(&admin, "/companies/import", "name,vat_number,external_id\nNew,v-7,8\nOther,V-1,1\n"), 1);
    assert_eq!(twins(&admin, "/companies/import", "name\n"), 0);
    // Nothing is said of deals, nor to a member, nor of another account's bin.
    let deal = "title,customer_type,customer_external_id\nOffer,contact,1\n";
    assert_eq!(twins(&admin, "/deals/import", deal), Value::Null);
    assert_eq!(twins(&server.member(), "/contacts/import", "last_name,email\nNew,b@x.example\n"), Value::Null);
    assert_eq!(twins(&server.stranger(), "/contacts/import", "last_name,email\nNew,b@x.example\n"), 0);
}

#[test]
fn twins_are_found_by_many_keys_in_large_sets_as_in_small_ones() {
    let server = TestServer::start();
    let admin = server.admin();
    let rows = |range: std::ops::Range<u32>| {
        let row = |n| format!("E-{n},Name,mail{n}@x.example\n");
        format!("external_id,last_name,email\n{}", range.map(row).collect::<String>())
    };
    admin.csv("/contacts/import", rows(0..4_100)).expect(200);
    let target = json!({"segment_id": "all-contacts"});
    let body = json!({"action": "delete", "entity": "contact", "target": target});
    ended(&admin, &admin.post("/bulk-actions", body).expect(202));
    binned(&admin, "/contacts", contact(json!({"external_id": "E-5000"})));
    invariants::hold(&mut server.sql());
    assert_eq!(many_records::count(&mut server.sql(), "SELECT count(*) FROM binned_keys"), 4);

    // 1,200 from the large sets by both keys, one from the small set, and 99 strangers: over two batches.
    let mut file = rows(3_000..4_200);
    file.push_str("E-5000,Small,\n");
    assert_eq!(twins(&admin, "/contacts/import", &file), 1_101);
    // By one key alone, each the other's.
    let by_email = "last_name,email\nOne,MAIL17@x.example\nTwo,mail4099@x.example\nThree,mail4100@x.example\n";
    assert_eq!(twins(&admin, "/contacts/import", by_email), 2);
    let created = admin.post("/contacts", contact(json!({"external_id": "E-2999"}))).expect(201);
    assert_eq!(created["trashed_twin"]["matched_on"], "external_id");
    let created = admin.post("/contacts", contact(emails(&["mail2998@X.example"]))).expect(201);
    assert_eq!(created["trashed_twin"]["matched_on"], "email");
}

/// The example again, after 3,449 of its contacts went into the bin: each of those comes anew and has its twin there.
#[test]
fn the_example_that_comes_again_after_a_bulk_delete_tells_of_all_it_makes_anew() {
    let server = TestServer::start();
    let admin = server.admin();
    import_example(&server);
    let rules = json!([{"field": "country", "operator": "equals", "value": "NL"}]);
    let target = json!({"match": "all", "rules": rules});
    let body = json!({"action": "delete", "entity": "contact", "target": target});
    let deleted = ended(&admin, &admin.post("/bulk-actions", body).expect(202));
    assert_eq!(deleted["counts"]["deleted"], 3_449);
    let again = admin.csv("/contacts/import", example_file("contacts.csv")).expect(200);
    assert_eq!((&again["created"], &again["trashed_twins"]), (&json!(3_449), &json!(3_449)));
    assert_eq!(again["updated"], 20_000 + 20 - 3_449);
    invariants::hold(&mut server.sql());
}
