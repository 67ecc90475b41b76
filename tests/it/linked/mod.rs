//! Deals, invoices, projects, time trackings and tickets over HTTP.

mod deals;
mod fields;
mod invoices;
mod lists;
mod lives;
mod refusals;
mod tickets;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::harness::{Client, TestServer};

/// What the kinds have in common, for tests that hold for all of them.
pub struct Kind {
    pub path: &'static str,
    /// A valid body, but for its links.
    fields: fn() -> Value,
    /// The required link, and whether it is a list.
    customer: &'static str,
    is_list: bool,
    /// The optional link to a contact.
    contact: Option<&'static str>,
}

pub const KINDS: [Kind; 5] = [
    Kind {
        path: "/deals",
        fields: || json!({"title": "Offer 12"}),
        customer: "customer",
        is_list: false,
        contact: Some("contact_person"),
    },
    Kind {
        path: "/invoices",
        fields: || json!({"invoice_date": "2026-11-24"}),
        customer: "customer",
        is_list: false,
        contact: Some("attention_of"),
    },
    Kind {
        path: "/projects",
        fields: || json!({"title": "Website"}),
        customer: "customers",
        is_list: true,
        contact: None,
    },
    Kind {
        path: "/time-trackings",
        fields: || json!({"started_at": "2026-11-24T09:00:00Z", "duration_seconds": 900}),
        customer: "subject",
        is_list: false,
        contact: None,
    },
    Kind {
        path: "/tickets",
        fields: || json!({"subject": "Cannot log in"}),
        customer: "customer",
        is_list: false,
        contact: None,
    },
];

impl Kind {
    /// A body that links to `customer`.
    pub fn body(&self, customer: &Value) -> Value {
        let mut body = self.customer_field(customer);
        body.as_object_mut().unwrap().extend((self.fields)().as_object().unwrap().clone());
        body
    }

    /// The required link alone, as a patch has it.
    pub fn customer_field(&self, customer: &Value) -> Value {
        if self.is_list { json!({ self.customer: [customer] }) } else { json!({ self.customer: customer }) }
    }

    /// Where that link stands.
    pub fn pointer(&self) -> String {
        if self.is_list { format!("/{}/0", self.customer) } else { format!("/{}", self.customer) }
    }

    pub fn create(&self, client: &Client, customer: &Value) -> String {
        let created = client.post(self.path, self.body(customer)).expect(201);
        format!("{}/{}", self.path, created["id"].as_str().unwrap())
    }
}

/// A reference to a new contact.
pub fn contact(client: &Client) -> Value {
    let created = client.post("/contacts", json!({"first_name": "Ann", "last_name": "Peeters"})).expect(201);
    json!({"type": "contact", "id": created["id"]})
}

/// A reference to a new company.
pub fn company(client: &Client) -> Value {
    let created =
        client.post("/companies", json!({"name": "Peeters & Zonen", "vat_number": "BE0123456789"})).expect(201);
    json!({"type": "company", "id": created["id"]})
}

pub fn id(reference: &Value) -> &str {
    reference["id"].as_str().unwrap()
}

/// Puts a contact or company into the bin by SQL, whatever is linked to it; it is due for purging after `days`.
pub fn put_into_bin(server: &TestServer, reference: &Value, days: i32) {
    server.sql().batch_execute(&bin_statement(reference, days)).unwrap();
}

pub fn bin_statement(reference: &Value, days: i32) -> String {
    let table = if reference["type"] == "contact" { "contacts" } else { "companies" };
    format!(
        "UPDATE {table} SET deleted_at = now(), deletion_id = gen_random_uuid(), purge_at = now() + '{days} days' \
         WHERE id = '{}'",
        id(reference)
    )
}

/// The ids in a list.
#[track_caller]
pub fn listed(client: &Client, path: &str) -> Vec<String> {
    let listed = client.get(path).expect(200);
    listed["data"].as_array().unwrap().iter().map(|item| id(item).to_owned()).collect()
}

/// The pointers of a `validation-failed` problem.
pub fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}
