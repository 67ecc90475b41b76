//! A deal comes back with its customer and contact person, or not at all.

use serde_json::{Value, json};

use super::super::bulk_delete::contacts;
use super::super::harness::{Client, TestServer};
use super::super::many_records::shift_clock;
use super::{customer, id, is_live, no_purge_yet, outcomes, restore};

/// A deal in the bin, and its customer and contact person too.
struct Binned {
    deal: String,
    company: String,
    person: String,
}

impl Binned {
    fn prepare(client: &Client, external_id: &str) -> Self {
        let company = client.post("/companies", json!({"name": "Customer", "external_id": external_id})).expect(201);
        let (company, person) = (id(&company), contacts(client, &["person"]).remove(0));
        let deal = id(&client
            .post(
                "/deals",
                json!({"title": "Offer", "customer": customer("company", &company),
            "contact_person": customer("contact", &person)}),
            )
            .expect(201));
        let binned = Self { deal, company, person };
        for path in binned.paths() {
            client.delete(&path).expect(204);
        }
        binned
    }

    fn paths(&self) -> [String; 3] {
        [format!("/deals/{}", self.deal), format!("/companies/{}", self.company), format!("/contacts/{}", self.person)]
    }

    fn lives(&self, client: &Client) -> [bool; 3] {
        self.paths().map(|path| is_live(client, &path))
    }

    fn restore_path(&self) -> String {
        format!("/recycle-bin/{}/restore", self.deal)
    }
}

#[test]
fn a_deal_pulls_its_customer_and_contact_person() {
    let server = TestServer::start();
    let admin = server.admin();
    let one = Binned::prepare(&admin, "A");
    let shown = admin.call(&one.restore_path()).expect(200);
    assert_eq!(shown["customer"]["id"], json!(one.company));
    assert_eq!(one.lives(&admin), [true; 3]);

    let (two, three) = (Binned::prepare(&admin, "B"), Binned::prepare(&admin, "C"));
    let live =
        id(&admin.post("/deals", json!({"title": "x", "customer": customer("company", &one.company)})).expect(201));
    let ids = json!([two.deal, three.deal, live, uuid::Uuid::now_v7()]);
    let action = restore(&admin, "deal", json!({"ids": ids}), json!({}));
    let counts = &action["counts"];
    assert_eq!((&counts["restored"], &counts["unchanged"], &counts["gone"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((two.lives(&admin), three.lives(&admin)), ([true; 3], [true; 3]));
}

#[test]
fn a_customer_that_meets_a_conflict_keeps_its_deal() {
    let server = TestServer::start();
    let admin = server.admin();
    let binned = Binned::prepare(&admin, "TAKEN");
    let twin = id(&admin.post("/companies", json!({"name": "Twin", "external_id": "TAKEN"})).expect(201));
    let problem = admin.call(&binned.restore_path()).refused("restore-conflict");
    assert_eq!((&problem["parent"], &problem["live_twin"]), (&json!(binned.company), &json!(twin)));
    assert_eq!(binned.lives(&admin), [false; 3], "nothing is restored");

    let free = Binned::prepare(&admin, "FREE");
    let action = restore(&admin, "deal", json!({"ids": [binned.deal, free.deal]}), json!({}));
    let mut expected = [(binned.deal.clone(), "conflict".to_owned()), (free.deal.clone(), "restored".to_owned())];
    expected.sort();
    assert_eq!(outcomes(&admin, &action), expected);
    assert_eq!((binned.lives(&admin), free.lives(&admin)), ([false; 3], [true; 3]));

    admin.post(&binned.restore_path(), json!({"on_conflict": "drop_external_id"})).expect(200);
    assert_eq!(binned.lives(&admin), [true; 3]);
    assert_eq!(admin.get(&binned.paths()[1]).expect(200)["external_id"], Value::Null);
}

#[test]
fn a_customer_past_its_time_keeps_its_deal() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.database.connect();
    let person = contacts(&admin, &["short"]).remove(0);
    let deal = id(&admin.post("/deals", json!({"title": "x", "customer": customer("contact", &person)})).expect(201));
    admin.delete(&format!("/deals/{deal}")).expect(204);
    admin.patch("/settings", json!({"retention_days": 1})).expect(200);
    admin.delete(&format!("/contacts/{person}")).expect(204);
    no_purge_yet(&mut connection);
    shift_clock(&mut connection, "1 day");

    let problem = admin.call(&format!("/recycle-bin/{deal}/restore")).refused("parent-expired");
    assert_eq!(problem["parent"], json!(person));
    let action = restore(&admin, "deal", json!({"ids": [deal]}), json!({}));
    assert_eq!(action["counts"]["conflict"], 1);
    assert!(!is_live(&admin, &format!("/deals/{deal}")));
    assert_eq!(admin.get(&format!("/recycle-bin/{deal}")).expect(200)["type"], "deal");
}
