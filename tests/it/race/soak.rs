//! Everything at once for a few seconds: deletes, restores, undos, purges and links by several clients.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::{Value, json};
use sweep::domain::entity::RecordKind;
use uuid::Uuid;

use super::super::harness::{ACCOUNT, Answer, Client, TestServer};
use super::super::invariants;
use super::super::many_records::{count, lines, shift_clock, wait_until};
use super::ways::record;

const CLIENTS: u64 = 4;
/// At least: it goes on until there was [`MUCH`].
const LASTS: Duration = Duration::from_secs(4);
/// Outcomes of bulk actions, and how often there has to be more than that.
const MUCH: [(&str, i64); 3] = [("succeeded", 50), ("blocked", 50), ("unchanged", 20)];
const CONTACTS: usize = 30;
const COMPANIES: usize = 10;

/// A small generator: the tests need chance, not quality.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn one<'a>(&mut self, all: &'a [String]) -> &'a String {
        &all[self.below(all.len())]
    }

    fn some(&mut self, all: &[String], most: usize) -> Vec<String> {
        (0..=self.below(most)).map(|_| self.one(all).clone()).collect()
    }
}

#[test]
fn invariants_survive_everything_at_once() {
    let server = TestServer::start_with(|settings| {
        settings.workers = 3;
        settings.api_connections = 12;
    });
    let admin = server.admin();
    let world = World {
        contacts: (0..CONTACTS).map(|_| record(&admin, RecordKind::Contact)).collect(),
        companies: (0..COMPANIES).map(|_| record(&admin, RecordKind::Company)).collect(),
        over: AtomicBool::new(false),
    };
    let (_, seed) = Uuid::now_v7().as_u64_pair();
    eprintln!("seed {seed}");
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let client = server.admin();
            let (world, database) = (&world, &server.database);
            scope.spawn(move || world.stir(&client, &mut database.connect(), Chance(seed.wrapping_add(number))));
        }
        let started = Instant::now();
        let mut observer = server.database.connect();
        wait_until(|| started.elapsed() > LASTS && MUCH.iter().all(|(what, least)| sum(&mut observer, what) > *least));
        world.over.store(true, Ordering::Relaxed);
    });
    let mut connection = server.database.connect();
    assert!(
        wait_until(|| count(&mut connection, "SELECT count(*) FROM bulk_actions WHERE finished_at IS NULL") == 0),
        "all actions end"
    );
    let failed = lines(&mut connection, "SELECT failure AS line FROM bulk_actions WHERE failure IS NOT NULL");
    assert!(failed.is_empty(), "{failed:?}");
    invariants::hold(&mut connection);
    for (what, least) in MUCH {
        let sum = sum(&mut connection, what);
        assert!(sum > least, "{what}: {sum}");
    }

    // In 90 days all that is in the bin goes, and nothing that is live.
    let live = "SELECT (SELECT count(*) FROM contacts WHERE deleted_at IS NULL) + \
                (SELECT count(*) FROM companies WHERE deleted_at IS NULL) + \
                (SELECT count(*) FROM deals WHERE deleted_at IS NULL)";
    let before = count(&mut connection, live);
    shift_clock(&mut connection, "90 days");
    let binned = "SELECT (SELECT count(*) FROM contacts WHERE deleted_at IS NOT NULL) + \
                  (SELECT count(*) FROM companies WHERE deleted_at IS NOT NULL) + \
                  (SELECT count(*) FROM deals WHERE deleted_at IS NOT NULL) + (SELECT count(*) FROM deletions)";
    let emptied = wait_until(|| count(&mut connection, binned) == 0);
    assert!(emptied, "left over: {:#?}", left_over(&mut connection));
    assert_eq!(count(&mut connection, live), before);
}

fn left_over(connection: &mut PgConnection) -> Vec<String> {
    let binned = |table: &str| {
        format!("SELECT '{table}: ' || to_jsonb(t)::text AS line FROM {table} AS t WHERE t.deleted_at IS NOT NULL")
    };
    let deletions = "SELECT 'deletions: ' || to_jsonb(d)::text || coalesce(to_jsonb(a)::text, '') AS line \
                     FROM deletions AS d LEFT JOIN bulk_actions AS a ON a.id = d.id";
    let all = [binned("companies"), binned("contacts"), binned("deals"), deletions.to_owned()];
    lines(connection, &all.join(" UNION ALL "))
}

fn sum(connection: &mut PgConnection, what: &str) -> i64 {
    count(connection, &format!("SELECT coalesce(sum({what}), 0)::bigint FROM bulk_actions"))
}

struct World {
    contacts: Vec<String>,
    companies: Vec<String>,
    over: AtomicBool,
}

impl World {
    fn stir(&self, client: &Client, connection: &mut PgConnection, mut chance: Chance) {
        while !self.over.load(Ordering::Relaxed) {
            let answer = self.step(client, connection, &mut chance);
            assert!(answer.status < 500 || answer.status == 503, "{} {}", answer.status, answer.text());
        }
    }

    fn reference(&self, chance: &mut Chance) -> Value {
        if chance.below(3) == 0 {
            json!({"type": "company", "id": chance.one(&self.companies)})
        } else {
            json!({"type": "contact", "id": chance.one(&self.contacts)})
        }
    }

    fn step(&self, client: &Client, connection: &mut PgConnection, chance: &mut Chance) -> Answer {
        let contact = chance.one(&self.contacts).clone();
        let reference = self.reference(chance);
        match chance.below(20) {
            0 | 1 => bulk(client, "delete", "contact", &chance.some(&self.contacts, 12)),
            2 => bulk(client, "delete", "company", &chance.some(&self.companies, 4)),
            3 => bulk(client, "restore", "contact", &chance.some(&self.contacts, 12)),
            4 => bulk(client, "restore", "company", &chance.some(&self.companies, 6)),
            5 => bulk(client, "restore", "deal", &some_of(connection, "deals", 3)),
            6 => match some_of(connection, "bulk_actions", 1).first() {
                Some(action) => client.call(&format!("/bulk-actions/{action}/undo")),
                None => client.get("/bulk-actions"),
            },
            7 => client.delete(&format!("/contacts/{contact}")),
            8 => client.call(&format!("/recycle-bin/{contact}/restore")),
            // A purged one does not come back: that has to stay rare.
            9 if chance.below(20) == 0 => client.delete(&format!("/recycle-bin/{contact}")),
            9 | 10 => client.post(
                "/deals",
                json!({"title": "soak", "customer": reference,
                "contact_person": {"type": "contact", "id": contact}}),
            ),
            11 => one_of(client, connection, "deals", "/deals", &json!({"customer": reference})),
            // Enough of them go that most contacts are linked to nothing at most times.
            12..=15 => one_of(client, connection, "deals", "/deals", &Value::Null),
            16 => {
                let project = json!({"title": "soak", "customers": [reference, {"type": "contact", "id": contact}]});
                client.post("/projects", project)
            }
            17 | 18 => one_of(client, connection, "projects", "/projects", &Value::Null),
            _ => {
                let company = chance.one(&self.companies);
                client.put(&format!("/contacts/{contact}/companies/{company}"), json!({"position": "soaked"}))
            }
        }
    }
}

fn bulk(client: &Client, action: &str, entity: &str, ids: &[String]) -> Answer {
    if ids.is_empty() {
        return client.get("/bulk-actions");
    }
    client.post("/bulk-actions", json!({"action": action, "entity": entity, "target": {"ids": ids}}))
}

fn some_of(connection: &mut PgConnection, table: &str, limit: usize) -> Vec<String> {
    let sql =
        format!("SELECT id::text AS line FROM {table} WHERE account_id = '{ACCOUNT}' ORDER BY random() LIMIT {limit}");
    lines(connection, &sql)
}

/// Changes a live linked record, or deletes it.
fn one_of(client: &Client, connection: &mut PgConnection, table: &str, path: &str, change: &Value) -> Answer {
    let live = if table == "deals" { "deals WHERE deleted_at IS NULL" } else { table };
    let sql = format!("SELECT id::text AS line FROM {live} ORDER BY random() LIMIT 1");
    match lines(connection, &sql).first() {
        None => client.get(path),
        Some(id) if change.is_null() => client.delete(&format!("{path}/{id}")),
        Some(id) => client.patch(&format!("{path}/{id}"), change.clone()),
    }
}
