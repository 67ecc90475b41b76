//! Wrong fields are named, right ones come back as they should.

use serde_json::{Value, json};

use super::{KINDS, company, contact, pointers};
use crate::harness::TestServer;

#[test]
fn required_fields_are_named_all_at_once() {
    let server = TestServer::start();
    let admin = server.admin();
    let ann = contact(&admin);
    let expected: [&[&str]; 5] = [
        &["/title", "/customer"],
        &["/invoice_date", "/customer"],
        &["/title", "/customers"],
        &["/started_at", "/duration_seconds", "/subject"],
        &["/subject", "/customer"],
    ];
    for (kind, expected) in KINDS.iter().zip(expected) {
        let problem = admin.post(kind.path, json!({})).refused("validation-failed");
        assert_eq!(pointers(&problem), expected);
        let location = kind.create(&admin, &ann);
        for pointer in expected {
            let problem = admin.patch(&location, json!({&pointer[1..]: null})).refused("validation-failed");
            assert_eq!(pointers(&problem), [*pointer]);
        }
    }
}

#[test]
fn wrong_fields_are_named() {
    let server = TestServer::start();
    let admin = server.admin();
    let (ann, acme) = (contact(&admin), company(&admin));
    let money = |amount: Value, currency: &str| json!({"amount": amount, "currency": currency});
    let cases: [(&str, Value, &str); 26] = [
        ("/deals", json!({"titel": "x"}), "/titel"),
        ("/deals", json!({"title": "x".repeat(256)}), "/title"),
        ("/deals", json!({"status": "closed"}), "/status"),
        ("/deals", json!({"customer": "x"}), "/customer"),
        ("/deals", json!({"customer": {"type": "deal", "id": ann["id"]}}), "/customer/type"),
        ("/deals", json!({"customer": {"type": "contact", "id": "x"}}), "/customer/id"),
        ("/deals", json!({"customer": {"type": "contact", "id": ann["id"], "x": 1}}), "/customer/x"),
        ("/deals", json!({"contact_person": acme}), "/contact_person/type"),
        ("/deals", json!({"estimated_value": money(json!(12.5), "EUR")}), "/estimated_value/amount"),
        ("/deals", json!({"estimated_value": money(json!("1.234"), "EUR")}), "/estimated_value/amount"),
        ("/deals", json!({"estimated_value": money(json!("12345678901234"), "EUR")}), "/estimated_value/amount"),
        ("/deals", json!({"estimated_value": money(json!("1"), "XYZ")}), "/estimated_value/currency"),
        ("/deals", json!({"estimated_value": money(json!("1"), " ")}), "/estimated_value/currency"),
        ("/deals", json!({"estimated_value": {"amount": "1"}}), "/estimated_value"),
        ("/invoices", json!({"invoice_date": "2026-02-30"}), "/invoice_date"),
        ("/invoices", json!({"attention_of": acme}), "/attention_of/type"),
        ("/invoices", json!({"total": money(json!("x"), "EUR")}), "/total/amount"),
        ("/invoices", json!({"customer_name": "x"}), "/customer_name"),
        ("/projects", json!({"customers": []}), "/customers"),
        ("/projects", json!({"customers": [ann, {"type": "x"}]}), "/customers/1/type"),
        ("/time-trackings", json!({"duration_seconds": -1}), "/duration_seconds"),
        ("/time-trackings", json!({"duration_seconds": 31_536_001}), "/duration_seconds"),
        ("/time-trackings", json!({"duration_seconds": 1.5}), "/duration_seconds"),
        ("/time-trackings", json!({"started_at": "2026-11-24"}), "/started_at"),
        ("/tickets", json!({"description": "x".repeat(65_536)}), "/description"),
        ("/tickets", json!({"anonymised_at": null, "anonymized": 1}), "/anonymised_at"),
    ];
    for (path, wrong, pointer) in cases {
        let kind = KINDS.iter().find(|kind| kind.path == path).unwrap();
        let mut body = kind.body(&ann);
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let problem = admin.post(path, body).refused("validation-failed");
        assert_eq!(pointers(&problem), [pointer], "{problem}");
    }
}

#[test]
fn money_makes_the_round_trip() {
    let server = TestServer::start();
    let admin = server.admin();
    let ann = contact(&admin);
    let location = KINDS[0].create(&admin, &ann);
    for (given, shown) in
        [("12", "12.00"), ("-0.5", "-0.50"), ("9999999999999.99", "9999999999999.99"), ("0.10", "0.10")]
    {
        let patch = json!({"estimated_value": {"amount": given, "currency": "eur"}});
        let changed = admin.patch(&location, patch).expect(200);
        assert_eq!(changed["estimated_value"], json!({"amount": shown, "currency": "EUR"}));
        assert_eq!(admin.get(&location).expect(200), changed);
    }
    let changed = admin.patch(&location, json!({"estimated_value": {"amount": "7.00"}})).expect(200);
    assert_eq!(changed["estimated_value"], json!({"amount": "7.00", "currency": "EUR"}));
    assert_eq!(admin.patch(&location, json!({"estimated_value": null})).expect(200)["estimated_value"], json!(null));
}

#[test]
fn a_time_is_shown_in_utc_and_to_the_microsecond() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut body = KINDS[3].body(&contact(&admin));
    body["started_at"] = json!("2026-11-24T10:00:00.1234567+01:00");
    let created = admin.post("/time-trackings", body).expect(201);
    assert_eq!(created["started_at"], "2026-11-24T09:00:00.123456Z");
    let path = format!("/time-trackings/{}", created["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).expect(200), created);
}

#[test]
fn a_project_has_one_to_fifty_different_customers() {
    let server = TestServer::start();
    let admin = server.admin();
    let customers: Vec<Value> = (0..51).map(|_| contact(&admin)).collect();
    let problem = admin.post("/projects", json!({"title": "x", "customers": customers})).refused("validation-failed");
    assert_eq!(pointers(&problem), ["/customers"]);
    let mut fifty = customers[..50].to_vec();
    fifty.reverse();
    let doubled: Vec<&Value> = fifty.iter().chain(&fifty).collect();
    let created = admin.post("/projects", json!({"title": "x", "customers": doubled})).expect(201);
    assert_eq!(created["customers"], json!(fifty));
    let path = format!("/projects/{}", created["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).expect(200), created);
    let changed = admin.patch(&path, json!({"customers": [customers[50], customers[3]]})).expect(200);
    assert_eq!(changed["customers"], json!([customers[50], customers[3]]));
    assert_eq!(admin.get("/projects").expect(200)["data"], json!([changed]));
}
