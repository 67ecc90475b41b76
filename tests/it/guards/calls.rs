//! A valid request for each operation of the document, on records made for it.

use serde_json::{Value, json};
use sweep::api::openapi::{DOCUMENT, for_each_operation};

use crate::approval::waiting_delete;
use crate::bulk_delete::{delete_ids, ended};
use crate::harness::{Answer, Client, TestServer};

/// What an operation is called on. Everything is made by an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Nothing,
    Contact,
    Company,
    /// A contact and a company, linked or not.
    LinkedPair,
    UnlinkedPair,
    /// Of a contact.
    Deal,
    Invoice,
    Project,
    TimeTracking,
    Ticket,
    PrivateSegment,
    SharedSegment,
    StandardSegment,
    /// A bulk delete that has completed.
    BulkDelete,
    /// One that left a blocked contact.
    BlockedDelete,
    /// A completed dry run.
    DryRun,
    /// A bulk delete by another admin that waits for an approval.
    WaitingDelete,
    BinnedContact,
}

/// One request: the first of `ids` is what it is called on.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    /// With the ids in their places.
    pub path: String,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
    pub ids: Vec<String>,
}

impl Call {
    /// A valid call of the operation on a new subject.
    pub fn new(server: &TestServer, operation: &str, on: On) -> Self {
        let (method, template) = place_of(operation);
        let ids = match on {
            On::WaitingDelete => vec![waiting_delete(server)["id"].as_str().unwrap().to_owned()],
            _ => make(&server.admin(), on),
        };
        let mut path = fill(&template, &ids);
        if operation == "list_segment_fields" {
            path.push_str("?entity=contact");
        }
        let (content_type, body) = body_of(operation, &ids);
        Self { method, path, content_type, body, ids }
    }

    pub fn send(&self, client: &Client, headers: &[(&str, &str)]) -> Answer {
        let mut all: Vec<(&str, &str)> = self.content_type.iter().map(|media| ("content-type", *media)).collect();
        all.extend_from_slice(headers);
        client.send(&self.method, &self.path, &all, self.body.clone())
    }

    #[must_use]
    pub fn with_json(self, body: &Value) -> Self {
        Self { content_type: Some("application/json"), body: body.to_string().into_bytes(), ..self }
    }
}

/// Method and path template of an operation.
pub fn place_of(operation: &str) -> (String, String) {
    let mut place = None;
    for_each_operation(&DOCUMENT, |path, method, documented| {
        if documented["operationId"] == operation {
            place = Some((method.to_uppercase(), path.to_owned()));
        }
    });
    place.unwrap_or_else(|| panic!("the document has no operation {operation}"))
}

/// The template with ids for its parameters, in their order.
pub fn fill(template: &str, ids: &[String]) -> String {
    let mut ids = ids.iter();
    let parts = template.split('/').map(|part| match part {
        "{slug}" => "not-found",
        part if part.starts_with('{') => ids.next().expect("an id for each parameter"),
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn create(admin: &Client, path: &str, body: Value) -> String {
    admin.post(path, body).expect(201)["id"].as_str().unwrap().to_owned()
}

fn make(admin: &Client, on: On) -> Vec<String> {
    let contact = || create(admin, "/contacts", json!({"last_name": "Subject"}));
    let company = || create(admin, "/companies", json!({"name": "Subject"}));
    let linked = |path: &str, mut body: Value, role: &str| {
        body[role] = json!({"type": "contact", "id": contact()});
        vec![create(admin, path, body)]
    };
    let segment = |visibility: &str| {
        let rules = json!([{"field": "country", "operator": "equals", "value": "NL"}]);
        let body =
            json!({"name": "Subject", "entity": "contact", "match": "all", "rules": rules, "visibility": visibility});
        vec![create(admin, "/segments", body)]
    };
    match on {
        On::Nothing | On::WaitingDelete => Vec::new(),
        On::Contact => vec![contact()],
        On::Company => vec![company()],
        On::UnlinkedPair => vec![contact(), company()],
        On::LinkedPair => {
            let pair = vec![contact(), company()];
            admin.put(&format!("/contacts/{}/companies/{}", pair[0], pair[1]), json!({})).expect(200);
            pair
        }
        On::Deal => linked("/deals", json!({"title": "Subject"}), "customer"),
        On::Invoice => linked("/invoices", json!({"invoice_date": "2026-11-24"}), "customer"),
        On::Project => {
            let customers = json!([{"type": "contact", "id": contact()}]);
            vec![create(admin, "/projects", json!({"title": "Subject", "customers": customers}))]
        }
        On::TimeTracking => linked("/time-trackings", work(), "subject"),
        On::Ticket => linked("/tickets", json!({"subject": "Subject"}), "customer"),
        On::PrivateSegment => segment("private"),
        On::SharedSegment => segment("shared"),
        On::StandardSegment => vec!["all-contacts".to_owned()],
        On::BulkDelete => vec![delete_ids(admin, "contact", &[contact()])["id"].as_str().unwrap().to_owned()],
        On::BlockedDelete => {
            let id = contact();
            create(admin, "/deals", json!({"title": "Blocks", "customer": {"type": "contact", "id": id}}));
            vec![delete_ids(admin, "contact", &[id])["id"].as_str().unwrap().to_owned()]
        }
        On::DryRun => {
            let target = json!({"ids": [contact()]});
            let body = json!({"action": "delete", "entity": "contact", "target": target, "dry_run": true});
            let action = ended(admin, &admin.post("/bulk-actions", body).expect(202));
            vec![action["id"].as_str().unwrap().to_owned()]
        }
        On::BinnedContact => {
            let id = contact();
            admin.delete(&format!("/contacts/{id}")).expect(204);
            vec![id]
        }
    }
}

fn work() -> Value {
    json!({"started_at": "2026-11-24T09:14:00Z", "duration_seconds": 60})
}

/// What the operation has to be sent; its links lead to the first of `ids`.
fn body_of(operation: &str, ids: &[String]) -> (Option<&'static str>, Vec<u8>) {
    let reference = || json!({"type": "contact", "id": ids[0]});
    let rules = json!([{"field": "country", "operator": "equals", "value": "NL"}]);
    let json = match operation {
        "create_contact" => json!({"last_name": "New"}),
        "create_company" => json!({"name": "New"}),
        "create_deal" => json!({"title": "New", "customer": reference()}),
        "create_invoice" => json!({"invoice_date": "2026-11-24", "customer": reference()}),
        "create_project" => json!({"title": "New", "customers": [reference()]}),
        "create_time_tracking" => {
            let mut body = work();
            body["subject"] = reference();
            body
        }
        "create_ticket" => json!({"subject": "New", "customer": reference()}),
        "create_segment" => json!({"name": "New", "entity": "contact", "match": "all", "rules": rules}),
        "preview_segment" => json!({"entity": "contact", "match": "all", "rules": rules}),
        "create_bulk_action" => json!({"action": "delete", "entity": "contact", "target": {"ids": [ids[0]]}}),
        "put_company_link" => json!({"position": "CFO"}),
        name if name.starts_with("update_") => json!({}),
        "import_contacts" => return (Some("text/csv"), b"last_name\nNew\n".to_vec()),
        "import_companies" => return (Some("text/csv"), b"name\nNew\n".to_vec()),
        // Its row names nobody, and is rejected: that is an answer of the import, not a refusal of the file.
        name if name.starts_with("import_") => return (Some("text/csv"), b"external_id\nNew\n".to_vec()),
        _ => return (None, Vec::new()),
    };
    (Some("application/json"), json.to_string().into_bytes())
}
