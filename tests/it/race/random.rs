//! Bulk deletes while every way to make a link is tried at random instants.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::{Value, json};
use sweep::domain::entity::RecordKind;
use uuid::Uuid;

use super::super::bulk_delete::ended;
use super::super::harness::{ACCOUNT, Client, PATIENCE, TestServer};
use super::super::invariants;
use super::super::many_records::{self, count, lines};
use super::ways::{Anchors, Attempt, Way};

const ROUNDS: usize = 4;
/// Records besides the raced ones: with them a chunk takes long enough for links to fall into it at every point.
const BYSTANDERS: usize = 900;
const LINKERS: usize = 4;

#[test]
fn links_at_random_instants_never_point_into_the_bin() {
    let server = TestServer::start_with(|settings| settings.workers = 3);
    let admin = server.admin();
    let mut connection = server.database.connect();
    let anchors = Anchors::create(&admin);
    many_records::contacts(&admin, &mut connection, BYSTANDERS);
    many_records::companies(&admin, &mut connection, BYSTANDERS);
    let (mut linked, mut refused) = (0, 0);
    let (mut rounds, since) = (0, Instant::now());
    // What comes first is left to chance, so there are more rounds if it was always the same.
    while rounds < ROUNDS || (linked == 0 || refused == 0) && since.elapsed() < PATIENCE {
        rounds += 1;
        let attempts = Attempt::all(&admin, &anchors);
        let actions = race(&server, &mut connection, &anchors, &attempts, &mut linked, &mut refused);
        invariants::hold(&mut connection);
        for action in actions {
            let undo = admin.call(&format!("/bulk-actions/{}/undo", action["id"].as_str().unwrap())).expect(202);
            ended(&admin, &undo);
        }
        invariants::hold(&mut connection);
    }
    assert!(linked > 0 && refused > 0, "the race went both ways: {linked} links, {refused} refusals");
}

/// Deletes all records but the anchors while links to some of them are made.
fn race(
    server: &TestServer,
    connection: &mut PgConnection,
    anchors: &Anchors,
    attempts: &[Attempt],
    linked: &mut usize,
    refused: &mut usize,
) -> Vec<Value> {
    let admin = server.admin();
    let sets = RecordKind::ALL.map(|kind| (kind, all_but(connection, kind, anchors)));
    let waiting = Mutex::new(shuffled(attempts));
    let actions = thread::scope(|scope| {
        let linkers: Vec<_> = (0..LINKERS)
            .map(|_| {
                scope.spawn(|| {
                    let client = server.admin();
                    let mut made = (0, 0);
                    while let Some(attempt) = next(&waiting) {
                        if makes_link(&client, attempt) { made.0 += 1 } else { made.1 += 1 }
                    }
                    made
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(u64::from(Uuid::now_v7().as_bytes()[15] % 30)));
        let actions = sets.map(|(kind, ids)| {
            let body = json!({"action": "delete", "entity": kind.as_str(), "target": {"ids": ids}});
            admin.post("/bulk-actions", body).expect(202)
        });
        let actions = actions.map(|action| ended(&admin, &action));
        for linker in linkers {
            let made = linker.join().unwrap();
            *linked += made.0;
            *refused += made.1;
        }
        actions
    });
    let restores = "SELECT count(*) FROM bulk_actions WHERE finished_at IS NULL";
    assert!(many_records::wait_until(|| count(connection, restores) == 0));
    actions.into()
}

fn next<'a>(waiting: &Mutex<Vec<&'a Attempt>>) -> Option<&'a Attempt> {
    waiting.lock().unwrap().pop()
}

fn makes_link(client: &Client, attempt: &Attempt) -> bool {
    let answer = attempt.run(client);
    assert_ne!(answer.status, 500, "{}", answer.text());
    match attempt.way {
        Way::Import => answer.expect(200)["rejected"] == 0,
        _ => answer.status < 300,
    }
}

fn shuffled(attempts: &[Attempt]) -> Vec<&Attempt> {
    let mut keyed: Vec<(Uuid, &Attempt)> = attempts.iter().map(|attempt| (random(), attempt)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, attempt)| attempt).collect()
}

/// The last bytes of a UUIDv7 are random; here they come first.
fn random() -> Uuid {
    let mut bytes = *Uuid::now_v7().as_bytes();
    bytes.reverse();
    Uuid::from_bytes(bytes)
}

fn all_but(connection: &mut PgConnection, kind: RecordKind, anchors: &Anchors) -> Vec<String> {
    lines(
        connection,
        &format!(
            "SELECT id::text AS line FROM {} WHERE account_id = '{ACCOUNT}' AND id NOT IN ('{}', '{}')",
            kind.plural(),
            anchors.contact,
            anchors.company
        ),
    )
}
