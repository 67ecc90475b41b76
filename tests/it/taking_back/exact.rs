//! What comes back is what went.

use serde_json::{Value, json};

use super::super::bulk_delete::{delete_ids, ended};
use super::super::harness::{Client, TestServer};
use super::{id, is_live};

fn full_contact() -> Value {
    json!({"external_id": "CT-1", "first_name": "Ann", "last_name": "'s Gravensande", "salutation": "Mevr.",
        "gender": "female", "birthdate": "1980-05-17", "status": "deactivated",
        "emails": [{"type": "primary", "email": "ann@example.com"}],
        "telephones": [{"type": "phone", "number": "+32 9 123"}, {"type": "mobile", "number": "+32 499 1"}],
        "addresses": [{"type": "primary", "line_1": "Kerkstraat 1", "postal_code": "9000", "city": "Liège",
            "country": "BE"}, {"type": "visiting", "line_1": "x", "postal_code": null, "city": null, "country": "NL"}],
        "website": "https://example.com", "vat_number": "BE0123", "iban": "BE71096123456769", "bic": "GKCCBEBB",
        "language": "nl", "payment_term": {"type": "end_of_month", "days": 30}, "remarks": "line\nbreak",
        "tags": ["vip", "Łódź"], "custom_fields": {"score": 81.5, "since": "2020-01-01", "ok": true},
        "marketing_mails_consent": false})
}

fn full_company() -> Value {
    let mut company = full_contact();
    let fields = company.as_object_mut().unwrap();
    for field in ["first_name", "last_name", "salutation", "gender", "birthdate"] {
        fields.remove(field);
    }
    fields.insert("name".to_owned(), json!("Peeters & Zonen"));
    fields.insert("preferred_currency".to_owned(), json!("EUR"));
    fields.insert("telephones".to_owned(), json!([{"type": "fax", "number": "+32 9 124"}]));
    company
}

/// The record as its address shows it, but for what every restore changes.
fn shown(client: &Client, path: &str) -> Value {
    let mut record = client.get(path).expect(200);
    let fields = record.as_object_mut().unwrap();
    assert!(fields.remove("updated_at").is_some());
    record
}

#[test]
fn every_field_tag_and_company_link_is_back() {
    let server = TestServer::start();
    let admin = server.admin();
    let company = id(&admin.post("/companies", full_company()).expect(201));
    let other = id(&admin.post("/companies", json!({"name": "Other"})).expect(201));
    let contact = id(&admin.post("/contacts", full_contact()).expect(201));
    let link = json!({"position": "CFO", "division": "Finance", "decision_maker": true});
    admin.put(&format!("/contacts/{contact}/companies/{company}"), link).expect(200);
    admin.put(&format!("/contacts/{contact}/companies/{other}"), json!({"position": "Advisor"})).expect(200);
    let paths = [("contact", format!("/contacts/{contact}")), ("company", format!("/companies/{company}"))];
    let before = paths.each_ref().map(|(_, path)| shown(&admin, path));
    assert_eq!(before[0]["companies"].as_array().unwrap().len(), 2);

    let undo = |action: &Value| {
        let undo = admin.call(&format!("/bulk-actions/{}/undo", id(action))).expect(202);
        assert_eq!(ended(&admin, &undo)["counts"]["restored"], 1);
    };
    let together = [("contact", &contact), ("company", &company)];
    let actions = together.map(|(kind, id)| delete_ids(&admin, kind, std::slice::from_ref(id)));
    actions.iter().for_each(undo);
    assert_eq!(paths.each_ref().map(|(_, path)| shown(&admin, path)), before, "after an undo");

    for (_, path) in &paths {
        let version = admin.get(path).header("etag").unwrap().to_owned();
        admin.delete(path).expect(204);
        let restored = admin.call(&format!("/recycle-bin/{}/restore", path.rsplit('/').next().unwrap()));
        assert_eq!(restored.expect(200)["deleted_at"], Value::Null);
        assert_ne!(admin.get(path).header("etag").unwrap(), version, "a restore is a new version");
    }
    assert_eq!(paths.each_ref().map(|(_, path)| shown(&admin, path)), before, "after single restores");
}

#[test]
fn a_link_to_a_company_in_the_bin_is_hidden_until_it_is_back() {
    let server = TestServer::start();
    let admin = server.admin();
    let company = id(&admin.post("/companies", json!({"name": "Gone"})).expect(201));
    let contact = id(&admin.post("/contacts", json!({"last_name": "x"})).expect(201));
    let link = json!({"position": "CFO", "decision_maker": true});
    admin.put(&format!("/contacts/{contact}/companies/{company}"), link).expect(200);
    let path = format!("/contacts/{contact}");
    let before = admin.get(&path).expect(200)["companies"].clone();
    let company_path = format!("/companies/{company}");
    let through_company = format!("/contacts?company_id={company}");
    assert_eq!(admin.get(&through_company).expect(200)["data"].as_array().unwrap().len(), 1);

    admin.delete(&company_path).expect(204);
    let hidden = || {
        assert_eq!(admin.get(&path).expect(200)["companies"], json!([]));
        let counted =
            json!({"entity": "contact", "match": "all", "rules": [{"field": "companies", "operator": "has"}]});
        assert_eq!(admin.post("/segments/preview", counted).expect(200)["count"], 0);
    };
    hidden();
    admin.put(&format!("{path}/companies/{company}"), json!({})).refused("in-recycle-bin");
    admin.delete(&path).expect(204);
    admin.call(&format!("/recycle-bin/{contact}/restore")).expect(200);
    assert!(!is_live(&admin, &company_path), "restoring a contact does not pull its company in");
    hidden();
    admin.call(&format!("/recycle-bin/{company}/restore")).expect(200);
    assert_eq!(admin.get(&path).expect(200)["companies"], before);
    assert_eq!(admin.get(&through_company).expect(200)["data"].as_array().unwrap().len(), 1);
}
