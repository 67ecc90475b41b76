//! Every column of the link catalogue, and every way to fill it over HTTP.

use serde_json::{Value, json};
use sweep::domain::entity::RecordKind;
use sweep::domain::link_catalogue::{LINKS, Link, LinkedKind};

use super::super::harness::{Answer, Client};

/// How a link becomes live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Create,
    Patch,
    /// A deal comes back from the bin, alone or by a bulk action.
    Restore,
    RestoreInBulk,
    PutCompanyLink,
    Import,
}

/// The ways to fill a column of this kind of linked record.
const fn ways(kind: LinkedKind) -> &'static [Way] {
    match kind {
        LinkedKind::Deal => &[Way::Create, Way::Patch, Way::Import, Way::Restore, Way::RestoreInBulk],
        LinkedKind::Invoice | LinkedKind::Project | LinkedKind::TimeTracking | LinkedKind::Ticket => {
            &[Way::Create, Way::Patch, Way::Import]
        }
        LinkedKind::CompanyLink => &[Way::PutCompanyLink, Way::Import],
    }
}

/// The member of a request's body that fills the column. A column that is not here has no case yet: give it one.
fn member(link: &Link) -> &'static str {
    match (link.table, link.column) {
        ("deals" | "invoices" | "tickets", "customer_contact_id" | "customer_company_id") => "customer",
        ("deals", "contact_person_id") => "contact_person",
        ("invoices", "attention_of_id") => "attention_of",
        ("project_customers", "customer_contact_id" | "customer_company_id") => "customers",
        ("time_trackings", "subject_contact_id" | "subject_company_id") => "subject",
        ("contact_companies", "contact_id" | "company_id") => "companies",
        (table, column) => panic!("{table}.{column} has no case in the race test"),
    }
}

fn collection(kind: LinkedKind) -> &'static str {
    match kind {
        LinkedKind::Deal => "/deals",
        LinkedKind::Invoice => "/invoices",
        LinkedKind::Project => "/projects",
        LinkedKind::TimeTracking => "/time-trackings",
        LinkedKind::Ticket => "/tickets",
        LinkedKind::CompanyLink => "/contacts",
    }
}

/// Two records that stay live: the other ends of links.
pub struct Anchors {
    pub contact: String,
    pub company: String,
}

/// A record with an external id, for imports.
pub fn record(client: &Client, kind: RecordKind) -> String {
    let name = if kind == RecordKind::Contact { "last_name" } else { "name" };
    let body = json!({name: "x", "external_id": uuid::Uuid::now_v7()});
    client.post(&format!("/{}", kind.plural()), body).expect(201)["id"].as_str().unwrap().to_owned()
}

impl Anchors {
    pub fn create(client: &Client) -> Self {
        Self { contact: record(client, RecordKind::Contact), company: record(client, RecordKind::Company) }
    }
}

/// One link that can be made live at once, by one request.
pub struct Attempt {
    pub link: &'static Link,
    pub way: Way,
    /// The record at which the link is going to point.
    pub target: String,
    request: Request,
}

enum Request {
    Json(&'static str, String, Value),
    Csv(String, String),
}

impl Attempt {
    /// Every way for every column, each with a target of its own.
    pub fn all(client: &Client, anchors: &Anchors) -> Vec<Self> {
        let each = LINKS.iter().flat_map(|link| ways(link.kind).iter().map(move |way| (link, *way)));
        each.map(|(link, way)| Self::prepare(client, anchors, link, way)).collect()
    }

    fn prepare(client: &Client, anchors: &Anchors, link: &'static Link, way: Way) -> Self {
        let target = record(client, link.target);
        let reference = json!({"type": link.target.as_str(), "id": target});
        let collection = collection(link.kind);
        let request = match way {
            Way::Create => Request::Json("POST", collection.to_owned(), body(link, anchors, &reference)),
            Way::Patch => {
                let other = json!({"type": "contact", "id": anchors.contact});
                let made = client.post(collection, body(link, anchors, &other)).expect(201);
                let path = format!("{collection}/{}", made["id"].as_str().unwrap());
                Request::Json("PATCH", path, json!({member(link): in_member(link, &reference)}))
            }
            Way::Restore | Way::RestoreInBulk => {
                let deal = client.post(collection, body(link, anchors, &reference)).expect(201);
                let id = deal["id"].as_str().unwrap();
                client.delete(&format!("{collection}/{id}")).expect(204);
                let bulk = json!({"action": "restore", "entity": "deal", "target": {"ids": [id]}});
                if way == Way::Restore {
                    Request::Json("POST", format!("/recycle-bin/{id}/restore"), json!({}))
                } else {
                    Request::Json("POST", "/bulk-actions".to_owned(), bulk)
                }
            }
            Way::PutCompanyLink => {
                let (contact, company) = ends(link, anchors, &target);
                Request::Json("PUT", format!("/contacts/{contact}/companies/{company}"), json!({}))
            }
            Way::Import => import(client, anchors, link, &target),
        };
        Self { link, way, target, request }
    }

    pub fn run(&self, client: &Client) -> Answer {
        match &self.request {
            Request::Json(method, path, body) => client.json(method, path, &[], body.clone()),
            Request::Csv(path, csv) => client.csv(path, csv.as_bytes()),
        }
    }
}

fn in_member(link: &Link, reference: &Value) -> Value {
    if link.kind == LinkedKind::Project { json!([reference]) } else { reference.clone() }
}

/// A new linked record whose column points at `reference`.
fn body(link: &Link, anchors: &Anchors, reference: &Value) -> Value {
    let anchor = json!({"type": "company", "id": anchors.company});
    let mut body = match link.kind {
        LinkedKind::Deal => json!({"title": "raced", "customer": anchor}),
        LinkedKind::Invoice => json!({"invoice_date": "2026-01-31", "customer": anchor}),
        LinkedKind::Project => json!({"title": "raced"}),
        LinkedKind::TimeTracking => json!({"started_at": "2026-01-31T09:00:00Z", "duration_seconds": 60}),
        LinkedKind::Ticket => json!({"subject": "raced"}),
        LinkedKind::CompanyLink => unreachable!("a company link is no record"),
    };
    body[member(link)] = in_member(link, reference);
    body
}

/// The contact and the company of a company link of which one is the target.
fn ends<'a>(link: &Link, anchors: &'a Anchors, target: &'a str) -> (&'a str, &'a str) {
    match link.target {
        RecordKind::Contact => (target, &anchors.company),
        RecordKind::Company => (&anchors.contact, target),
    }
}

/// An import whose one row makes the link.
fn import(client: &Client, anchors: &Anchors, link: &Link, target: &str) -> Request {
    let external_id = |kind: RecordKind, id: &str| {
        let record = client.get(&format!("/{}/{id}", kind.plural())).expect(200);
        record["external_id"].as_str().unwrap().to_owned()
    };
    let (kind, target_key) = (link.target.as_str(), external_id(link.target, target));
    let employer = external_id(RecordKind::Company, &anchors.company);
    let (header, row) = match (link.kind, member(link)) {
        (LinkedKind::Deal, "customer") => {
            ("title,customer_type,customer_external_id", format!("raced,{kind},{target_key}"))
        }
        (LinkedKind::Deal, _) => (
            "title,customer_type,customer_external_id,contact_person_external_id",
            format!("raced,company,{employer},{target_key}"),
        ),
        (LinkedKind::Invoice, "customer") => {
            ("invoice_date,customer_type,customer_external_id", format!("2026-01-31,{kind},{target_key}"))
        }
        (LinkedKind::Invoice, _) => (
            "invoice_date,customer_type,customer_external_id,attention_contact_external_id",
            format!("2026-01-31,company,{employer},{target_key}"),
        ),
        (LinkedKind::Project, _) => ("title,customers", format!("raced,{kind}:{target_key}")),
        (LinkedKind::TimeTracking, _) => (
            "started_at,duration_seconds,subject_type,subject_external_id",
            format!("2026-01-31T09:00:00Z,60,{kind},{target_key}"),
        ),
        (LinkedKind::Ticket, _) => ("subject,customer_type,customer_external_id", format!("raced,{kind},{target_key}")),
        (LinkedKind::CompanyLink, _) => {
            let (contact, company) = ends(link, anchors, target);
            let company = external_id(RecordKind::Company, company);
            ("id,last_name,company_external_id", format!("{contact},x,{company}"))
        }
    };
    Request::Csv(format!("{}/import", collection(link.kind)), format!("{header}\n{row}\n"))
}
