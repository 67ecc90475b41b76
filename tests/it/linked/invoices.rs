//! An invoice keeps a copy of its customer's name and VAT number.

use serde_json::json;

use super::{KINDS, company, contact, id};
use crate::harness::TestServer;

#[test]
fn the_copies_are_those_of_when_the_customer_was_set() {
    let server = TestServer::start();
    let admin = server.admin();
    let (ann, acme) = (contact(&admin), company(&admin));
    let path = KINDS[1].create(&admin, &acme);
    let copies = || {
        let invoice = admin.get(&path).expect(200);
        (invoice["customer_name"].clone(), invoice["customer_vat_number"].clone())
    };
    let of_acme = (json!("Peeters & Zonen"), json!("BE0123456789"));
    assert_eq!(copies(), of_acme);

    admin.patch(&format!("/companies/{}", id(&acme)), json!({"name": "Renamed", "vat_number": null})).expect(200);
    admin.patch(&path, json!({"status": "outstanding", "invoice_number": "2026/77"})).expect(200);
    admin.patch(&path, json!({"customer": acme})).expect(200);
    assert_eq!(copies(), of_acme);

    admin.patch(&path, json!({"customer": ann})).expect(200);
    assert_eq!(copies(), (json!("Ann Peeters"), json!(null)));
    admin.patch(&path, json!({"customer": acme})).expect(200);
    assert_eq!(copies(), (json!("Renamed"), json!(null)));
}
