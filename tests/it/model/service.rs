//! The real side: the calls as HTTP requests, the workers' turns as the worker takes them, and what is there afterwards.

use std::collections::BTreeMap;

use actix_web::rt::System;
use diesel::prelude::*;
use serde_json::{Value, json};
use sweep::domain::actor::AccountId;
use sweep::domain::bulk_action::Action;
use sweep::repository::db::{Db, DbSettings};
use sweep::services::chunk_work::{self, ChunkRun};
use uuid::Uuid;

use super::calls::{Call, Of, Start, Verb};
use super::world::{MASK, RECORDS, Reply, UNKNOWN, World, chosen_of};
use crate::harness::{Answer, Claims, Client, TestServer};
use crate::many_records::shift_clock;

const TAG: &str = "seen";

/// An account of its own with its records.
pub struct Service {
    admin: Client,
    /// Another admin of the account.
    second: Client,
    account: AccountId,
    db: Db,
    system: actix_web::rt::SystemRunner,
    sql: PgConnection,
    pub records: Vec<String>,
    deals: Vec<Vec<String>>,
    pub actions: Vec<String>,
    keys: u32,
}

impl Service {
    pub fn new(server: &TestServer, approval_above: Option<usize>) -> Self {
        let account = Uuid::now_v7();
        let claims = Claims::admin().with("account_id", account.to_string());
        let (admin, second) = (server.client(&claims), server.client(&claims.with("sub", "bob")));
        if approval_above.is_some() {
            admin.patch("/settings", json!({"approval_above": approval_above})).expect(200);
        }
        let contact = |number: usize| {
            let contact = admin.post("/contacts", json!({"last_name": format!("Record {number}")})).expect(201);
            contact["id"].as_str().unwrap().to_owned()
        };
        let mut records: Vec<String> = (0..RECORDS).map(contact).collect();
        records.push(Uuid::now_v7().to_string());
        let db = Db::new(DbSettings {
            database_url: server.database.url(),
            name: "workers",
            connections: 1,
            wait: crate::harness::PATIENCE,
            lock_timeout: None,
        });
        Self {
            admin,
            second,
            account: AccountId(account),
            db,
            system: System::new(),
            sql: server.sql(),
            records,
            deals: vec![Vec::new(); UNKNOWN],
            actions: Vec::new(),
            keys: 0,
        }
    }

    /// Does the call; `world` is the model as it was before.
    pub fn answer(&mut self, call: &Call, world: &World) -> Reply {
        match call {
            Call::Link(record) => self.link(record % RECORDS),
            Call::Unlink(record) => {
                let deal = self.deals[record % RECORDS].pop().expect("the model has a deal too");
                reply(&self.admin.delete(&format!("/deals/{deal}")))
            }
            Call::DeleteOne(record) => reply(&self.admin.delete(&format!("/contacts/{}", self.record(*record)))),
            Call::RestoreOne(record) => {
                reply(&self.admin.call(&format!("/recycle-bin/{}/restore", self.record(*record))))
            }
            Call::PurgeOne(record) => reply(&self.admin.delete(&format!("/recycle-bin/{}", self.record(*record)))),
            Call::SetActive(record, active) => {
                let status = if *active { "active" } else { "deactivated" };
                reply(&self.admin.patch(&format!("/contacts/{}", self.record(*record)), json!({"status": status})))
            }
            Call::Start(start) => {
                let body = self.body(start, world);
                self.act(&self.admin.clone(), "/bulk-actions", &body, start.twice)
            }
            Call::Verb { verb, action, twice } => {
                let path =
                    format!("/bulk-actions/{}/{}", self.actions[chosen_of(*action, self.actions.len())], verb.as_str());
                let decides = matches!(verb, Verb::Approve | Verb::Reject);
                let by = if decides { self.second.clone() } else { self.admin.clone() };
                self.act(&by, &path, &json!({}), *twice)
            }
            Call::Work => {
                self.work();
                Reply::Done
            }
            Call::WorkThrough => {
                while self.work() {}
                Reply::Done
            }
            Call::Wait { hours } => {
                shift_clock(&mut self.sql, &format!("{hours} hours"));
                Reply::Done
            }
        }
    }

    fn record(&self, number: usize) -> &str {
        &self.records[number % RECORDS]
    }

    fn link(&mut self, record: usize) -> Reply {
        let customer = json!({"type": "contact", "id": self.records[record]});
        let answer = self.admin.post("/deals", json!({"title": "Offer", "customer": customer}));
        let reply = reply(&answer);
        if reply == Reply::Done {
            self.deals[record].push(answer.expect(201)["id"].as_str().unwrap().to_owned());
        }
        reply
    }

    fn body(&self, start: &Start, world: &World) -> Value {
        let target = match &start.of {
            Of::Records(bits) => {
                let chosen = (0..=UNKNOWN).filter(|record| bits & MASK & (1 << record) != 0);
                json!({"ids": chosen.map(|record| &self.records[record]).collect::<Vec<_>>()})
            }
            Of::Active => {
                json!({"match": "all", "rules": [{"field": "status", "operator": "equals", "value": "active"}]})
            }
            Of::Deletion(action) => json!({"deletion_id": self.actions[chosen_of(*action, self.actions.len())]}),
        };
        let mut body = json!({"action": start.action, "entity": "contact", "target": target, "dry_run": start.dry_run});
        match start.action {
            Action::Delete => body["on_blocked"] = json!(start.on_blocked),
            Action::AddTags | Action::RemoveTags => body["tags"] = json!([TAG]),
            _ => {}
        }
        if let Some(off) = start.expected {
            body["expected_count"] = json!(i64::try_from(world.selected(&start.of).len()).unwrap() + off);
        }
        body
    }

    /// A POST that makes or ends an action; a second time with the same key it is answered the same and does nothing.
    fn act(&mut self, by: &Client, path: &str, body: &Value, twice: bool) -> Reply {
        self.keys += 1;
        let key = format!("{}-{}", self.account.0, self.keys);
        let send = || by.json("POST", path, &[("idempotency-key", &key)], body.clone());
        let first = send();
        if first.status >= 400 {
            // A refusal is not kept: it comes again because nothing has changed.
            assert!(!twice || reply(&send()) == reply(&first), "{path}");
            return reply(&first);
        }
        if twice {
            let second = send();
            assert_eq!((second.status, second.text()), (first.status, first.text()), "{path}");
        }
        let makes_none = ["cancel", "approve", "reject"].iter().any(|verb| path.ends_with(verb));
        let id = first.expect(if makes_none { 200 } else { 202 })["id"].as_str().unwrap().to_owned();
        let number = self.actions.iter().position(|known| *known == id);
        Reply::Action(number.unwrap_or_else(|| {
            self.actions.push(id);
            self.actions.len() - 1
        }))
    }

    /// One chunk, in the worker's own way; false when none is due.
    fn work(&mut self) -> bool {
        loop {
            let work = self.db.write(self.account, |tx| chunk_work::run_chunk(tx, &mut |_| ()));
            match self.system.block_on(work).unwrap() {
                ChunkRun::Idle => return false,
                ChunkRun::Done { .. } => return true,
                ChunkRun::Dropped => {}
            }
        }
    }

    pub fn action(&self, number: usize) -> Value {
        self.admin.get(&format!("/bulk-actions/{}", self.actions[number])).expect(200)
    }

    /// The outcome of every record of the action, by id.
    pub fn outcomes(&self, number: usize) -> BTreeMap<String, Value> {
        let results = self.admin.get(&format!("/bulk-actions/{}/results?limit=200", self.actions[number])).expect(200);
        by_id(&results, "record_id", "outcome")
    }

    /// The status of every live record, by id.
    pub fn live(&self) -> BTreeMap<String, Value> {
        by_id(&self.admin.get("/contacts?limit=200").expect(200), "id", "status")
    }

    /// The live records that have the tag.
    pub fn tagged(&self) -> BTreeMap<String, Value> {
        by_id(&self.admin.get(&format!("/contacts?limit=200&tags={TAG}")).expect(200), "id", "tags")
    }

    /// The deletion of every record in the bin, by id.
    pub fn binned(&self) -> BTreeMap<String, Value> {
        by_id(&self.admin.get("/recycle-bin?type=contact&limit=200").expect(200), "id", "deletion_id")
    }
}

fn by_id(list: &Value, id: &str, value: &str) -> BTreeMap<String, Value> {
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| (row[id].as_str().unwrap().to_owned(), row[value].clone())).collect()
}

fn reply(answer: &Answer) -> Reply {
    if answer.status < 400 {
        return Reply::Done;
    }
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    let slug = problem["type"].as_str().unwrap().strip_prefix("/problems/").unwrap();
    let known = sweep::api::problem::PROBLEMS.iter().find(|kind| kind.slug == slug).expect("a kind of the table");
    Reply::Refused(known.slug)
}
