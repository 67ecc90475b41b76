//! One person is purged from the real program: afterwards no column of any table and no line of the log has their data.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::super::bulk_delete::{delete_ids, ended};
use super::super::crash::node::Node;
use super::super::harness::{Claims, Client, TestDatabase};
use super::super::many_records::{count, lines, wait_until};

/// What is searched for, regardless of case. Nothing else in the test has these.
const TRACES: [&str; 7] = ["zqxvorn", "1931-02-03", "499918273", "BE71096123456769", "kwyrjba", "pfluxton", "hjgdmolk"];

/// The person: every text has `zqxvorn` in it, in one spelling or another.
fn person() -> Value {
    let text = |rest: &str| format!("Zqxvorn {rest}");
    json!({"external_id": text("id"), "first_name": text("first"), "last_name": "Zqxvórn-last", "salutation": text("sir"),
        "gender": "non_binary", "birthdate": "1931-02-03",
        "emails": [{"type": "primary", "email": "zqxvorn@example.com"}],
        "telephones": [{"type": "mobile", "number": "+32 499918273"}, {"type": "fax", "number": "zqxvorn 2"}],
        "addresses": [{"type": "primary", "line_1": text("street"), "postal_code": text("9"), "city": text("town"),
            "country": "BE"}],
        "website": "https://zqxvorn.example", "vat_number": "zqxvorn3", "iban": "BE71096123456769", "bic": "zqxvorn",
        "language": "nl", "remarks": text("remark"), "tags": [text("tag")], "custom_fields": {"kwyrjba": text("value")}})
}

struct Story {
    client: Client,
    /// A number for each idempotency key.
    keys: std::cell::Cell<u32>,
}

impl Story {
    /// A POST with an idempotency key, sent twice; the stored answer comes back.
    fn post(&self, path: &str, body: &Value) -> Value {
        self.keys.set(self.keys.get() + 1);
        let key = format!("key-{}", self.keys.get());
        let send = || self.client.json("POST", path, &[("idempotency-key", &key)], body.clone());
        let first = send();
        assert!(first.status < 300, "{path} {}", first.text());
        let second = send();
        assert_eq!((second.header("idempotency-replayed"), &second.body), (Some("true"), &first.body));
        serde_json::from_slice(&second.body).unwrap()
    }

    fn create(&self, path: &str, body: &Value) -> String {
        self.post(path, body)["id"].as_str().unwrap().to_owned()
    }

    /// All that can be done with the person, short of the purge; gives their id.
    fn live_through(&self) -> String {
        let client = &self.client;
        let id = self.create("/contacts", &person());
        let path = format!("/contacts/{id}");
        let reference = json!({"type": "contact", "id": id});
        let company = self.create("/companies", &json!({"name": "Employer"}));
        let link = json!({"position": "Pfluxton", "division": "pfluxton"});
        client.put(&format!("{path}/companies/{company}"), link).expect(200);
        self.post(
            "/segments/preview",
            &json!({"entity": "contact", "match": "all",
            "rules": [{"field": "last_name", "operator": "is_not_empty"}]}),
        );
        client.get("/contacts?q=zqxvorn&email=zqxvorn@example.com").expect(200);
        self.refusals(&path);
        self.shared_segment();

        let deal = self
            .create("/deals", &json!({"title": "Deal of hjgdmolk", "reference": "hjgdmolk", "customer": reference}));
        let ticket = json!({"subject": "zqxvorn asks", "description": "hjgdmolk", "external_id": "zqxvorn", "customer": reference});
        self.create("/tickets", &ticket);
        let invoice = json!({"invoice_date": "2026-01-31", "customer": reference, "invoice_number": "hjgdmolk"});
        let invoice = self.create("/invoices", &invoice);
        let tracking = json!({"started_at": "2026-01-31T09:00:00Z", "duration_seconds": 60, "description": "hjgdmolk",
            "subject": reference});
        let tracking = self.create("/time-trackings", &tracking);
        let blocked = delete_ids(client, "contact", std::slice::from_ref(&id));
        assert_eq!(blocked["counts"]["blocked"], 1);
        client.delete(&path).refused("linked-records");
        for linked in [format!("/invoices/{invoice}"), format!("/time-trackings/{tracking}"), format!("/deals/{deal}")]
        {
            client.delete(&linked).expect(204);
        }
        self.post(&format!("/recycle-bin/{deal}/restore"), &json!({}));
        client.delete(&format!("/deals/{deal}")).expect(204);
        let csv = format!("id;last_name;remarks;position;company_external_id\n{id};Zqxvorn;zqxvorn;zqxvorn;none\n");
        client.csv("/contacts/import", csv).expect(200);
        let deleted = delete_ids(client, "contact", std::slice::from_ref(&id));
        assert_eq!(deleted["counts"]["deleted"], 1);
        client.get("/recycle-bin?q=zqxvorn").expect(200);
        ended(client, &self.post(&format!("/bulk-actions/{}/undo", deleted["id"].as_str().unwrap()), &json!({})));
        client.delete(&path).expect(204);
        self.post(&format!("/recycle-bin/{id}/restore"), &json!({}));
        client.patch(&path, json!({"last_name": "Zqxvorn"})).expect(200);
        delete_ids(client, "contact", std::slice::from_ref(&id));
        id
    }

    /// Requests that go wrong with the person's data in them: what is logged of them must not quote it.
    fn refusals(&self, path: &str) {
        let client = &self.client;
        client.post("/contacts", person()).refused("external-id-taken");
        client.post("/contacts", json!({"last_name": "zqxvorn", "emails": "zqxvorn"})).refused("validation-failed");
        client.patch(path, json!({"birthdate": "zqxvorn"})).refused("validation-failed");
        client
            .send("POST", "/contacts", &[("content-type", "application/json")], b"{zqxvorn".to_vec())
            .refused("malformed-request");
        client.get("/contacts/zqxvorn").refused("not-found");
        client.get("/contacts?cursor=zqxvorn").refused("invalid-cursor");
        client.get("/zqxvorn?zqxvorn=zqxvorn").refused("unknown-route");
        let member = client.with_token(&Claims::member().token());
        member.delete("/recycle-bin/zqxvorn").refused("admin-only");
        member.delete(&format!("/recycle-bin/{}", path.trim_start_matches("/contacts/"))).refused("admin-only");
    }

    /// A segment whose rules quote the person: the audit log outlives it.
    fn shared_segment(&self) {
        let rules = json!([{"field": "last_name", "operator": "equals", "value": "Zqxvórn-last"}]);
        let body =
            json!({"name": "zqxvorn", "entity": "contact", "match": "all", "rules": rules, "visibility": "shared"});
        let segment = self.client.post("/segments", body).expect(201)["id"].clone();
        let path = format!("/segments/{}", segment.as_str().unwrap());
        self.client.patch(&path, json!({"name": "Zqxvorn"})).expect(200);
        self.client.delete(&path).expect(204);
    }
}

#[test]
fn nothing_of_a_purged_person_is_left() {
    nothing_is_left_after(5, |story, id| {
        story.client.delete(&format!("/recycle-bin/{id}")).expect(204);
    });
}

/// A rehearsal, a restore and a purge of many that has the person among others, each with its stored answer.
#[test]
fn nothing_of_a_person_purged_in_bulk_is_left() {
    nothing_is_left_after(4, |story, id| {
        let others: Vec<String> =
            (0..3).map(|n| story.create("/contacts", &json!({"last_name": format!("Other {n}")}))).collect();
        let deletion = delete_ids(&story.client, "contact", &others);
        let bulk = |body: &Value| ended(&story.client, &story.post("/bulk-actions", body));
        let ids = json!({"ids": [id, others[0]]});
        let restored = bulk(&json!({"action": "restore", "entity": "contact", "target": ids}));
        assert_eq!(restored["counts"]["restored"], 2);
        let tags =
            bulk(&json!({"action": "add_tags", "entity": "contact", "target": ids, "tags": ["a"], "notify": "always"}));
        assert_eq!(tags["counts"]["tagged"], 2);
        delete_ids(&story.client, "contact", &[id.to_owned(), others[0].clone()]);
        let by_deletion = json!({"deletion_id": deletion["id"]});
        bulk(&json!({"action": "restore", "entity": "contact", "target": by_deletion, "dry_run": true}));
        let everything = json!({"action": "purge", "entity": "contact", "target": {"bin": {}}, "expected_count": 4,
            "notify": "always", "dry_run": true});
        let rehearsal = bulk(&everything);
        let execution = format!("/bulk-actions/{}/execute", rehearsal["id"].as_str().unwrap());
        let purge = ended(&story.client, &story.post(&execution, &json!({})));
        assert_eq!(purge["counts"]["purged"], 4);
        let results = story.client.get(&format!("/bulk-actions/{}/results", purge["id"].as_str().unwrap())).expect(200);
        assert!(results["data"].as_array().unwrap().iter().all(|row| row["name"].is_null()), "{results}");
    });
}

fn nothing_is_left_after(kept: i64, purge: impl FnOnce(&Story, &str)) {
    let database = TestDatabase::create();
    let mut connection = database.connect();
    let node = Node::start(&database);
    let claims = Claims::admin();
    let story = Story { client: node.client(&claims.token()), keys: std::cell::Cell::default() };
    let id = story.live_through();
    let sent = "SELECT count(*) FROM outbox WHERE status = 'sent'";
    assert!(
        wait_until(|| count(&mut connection, sent) == 2),
        "the reports of what was blocked and of the undo are sent"
    );
    let before = traces(&mut connection);
    for trace in TRACES {
        assert!(before.iter().any(|found| found.contains(trace)), "{trace} is somewhere: {before:?}");
    }

    purge(&story, &id);
    assert_eq!(traces(&mut connection), Vec::<String>::new());
    let told = format!("SELECT count(*) FROM audit_log WHERE subject_id = '{id}'");
    assert_eq!(count(&mut connection, &told), kept, "who did what to it is kept");
    assert_eq!(count(&mut connection, "SELECT count(*) FROM audit_log WHERE subject_type = 'segment'"), 3);
    let log = node.whole_log().to_lowercase();
    assert!(log.contains("/contacts/{id}"), "the log has the requests");
    for trace in TRACES {
        let line = log.lines().find(|line| line.contains(&trace.to_lowercase()));
        assert_eq!(line, None, "{trace}");
    }
}

/// Every place in the database where one of the traces stands.
fn traces(connection: &mut PgConnection) -> Vec<String> {
    let columns = lines(
        connection,
        "SELECT quote_ident(c.table_schema) || '.' || quote_ident(c.table_name) || ' ' || quote_ident(c.column_name) AS line \
         FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name) \
         WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')",
    );
    assert!(columns.len() > 150, "all tables are searched");
    let mut found = Vec::new();
    for (table, column) in columns.iter().map(|place| place.split_once(' ').unwrap()) {
        for trace in TRACES {
            let hits = format!("SELECT count(*) FROM {table} WHERE {column}::text ILIKE '%{trace}%'");
            let hits = count(connection, &hits);
            if hits > 0 {
                found.push(format!("{trace} in {hits} of {table}.{column}"));
            }
        }
    }
    found
}
