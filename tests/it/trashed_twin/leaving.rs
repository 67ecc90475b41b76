//! What has left the bin, by a restore or for good, is no twin, and nothing of its keys stays.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::ScopedJoinHandle;

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{contact, emails, found, id, twin_of};
use crate::bulk_delete::{delete_ids, ended};
use crate::harness::{Client, TestServer};
use crate::invariants;
use crate::many_records::{count, shift_clock, wait_until, waiting};

fn made(admin: &Client, count: usize) -> Vec<String> {
    let body = |n| {
        contact(json!({"external_id": format!("E-{n}"), "emails": emails(&[&format!("m{n}@x.example"),
        &format!("n{n}@x.example")])["emails"], "vat_number": format!("V-{n}")}))
    };
    (0..count).map(|n| id(&admin.post("/contacts", body(n)).expect(201))).collect()
}

#[test]
fn those_that_leave_take_their_keys_along_and_the_others_keep_theirs() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.sql();
    let ids = made(&admin, 5);
    let deleted = delete_ids(&admin, "contact", &ids);
    let by = |n: usize| twin_of(&admin, "/contacts", contact(emails(&[&format!("n{n}@x.example")])));
    let addresses = "SELECT sum(cardinality(emails)) FROM binned_keys";
    assert_eq!(count(&mut connection, addresses), 10);

    admin.call(&format!("/recycle-bin/{}/restore", ids[0])).expect(200);
    assert_eq!((by(0), count(&mut connection, addresses)), (None, 8));
    admin.delete(&format!("/recycle-bin/{}", ids[1])).expect(204);
    assert_eq!((by(1), count(&mut connection, addresses)), (None, 6));
    assert_eq!((by(2), by(4)), (found(&ids[2], "email"), found(&ids[4], "email")));
    invariants::hold(&mut connection);

    // Deleted again, it is found by its new deletion, and goes with it.
    admin.delete(&format!("/contacts/{}", ids[0])).expect(204);
    assert_eq!(by(0), found(&ids[0], "email"));
    admin.delete(&format!("/recycle-bin/{}", ids[0])).expect(204);
    assert_eq!((by(0), count(&mut connection, addresses)), (None, 6));

    ended(&admin, &admin.call(&format!("/bulk-actions/{}/undo", id(&deleted))).expect(202));
    assert_eq!((by(2), by(4)), (None, None));
    assert_eq!(count(&mut connection, "SELECT count(*) FROM binned_keys"), 0);
    invariants::hold(&mut connection);
}

#[test]
fn the_keys_go_with_the_purge_of_what_is_due() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.sql();
    let ids = made(&admin, 3);
    delete_ids(&admin, "contact", &ids[..2]);
    admin.patch("/settings", json!({"retention_days": 90})).expect(200);
    admin.delete(&format!("/contacts/{}", ids[2])).expect(204);
    shift_clock(&mut connection, "31 days");
    let left = "SELECT count(*) FROM binned_keys";
    assert!(wait_until(|| count(&mut connection, left) == 1), "the first deletion is purged");
    let by = |n: usize| twin_of(&admin, "/contacts", contact(json!({"vat_number": format!("v-{n}")})));
    assert_eq!((by(0), by(2)), (None, found(&ids[2], "vat_number")));
    invariants::hold(&mut connection);
}

/// Two records of one set leave the bin by two requests at once: the second to come to the set waits for the first, and
/// does not write down again what that took out.
#[test]
fn records_of_one_set_that_leave_at_once() {
    let server = TestServer::start();
    let admin = server.admin();
    let (mut holder, mut connection) = (server.sql(), server.sql());
    let ids = made(&admin, 3);
    delete_ids(&admin, "contact", &ids);
    // The answer to a restore reads the company links, when all else is done and nothing is committed.
    holder.batch_execute("BEGIN; LOCK TABLE contact_companies IN ACCESS EXCLUSIVE MODE").unwrap();
    std::thread::scope(|scope| {
        for (n, id) in (1..).zip(&ids[..2]) {
            let admin = admin.clone();
            scope.spawn(move || admin.call(&format!("/recycle-bin/{id}/restore")).expect(200));
            assert!(wait_until(|| waiting(&mut connection) == n));
        }
        holder.batch_execute("ROLLBACK").unwrap();
    });
    assert_eq!(count(&mut connection, "SELECT sum(records) FROM binned_keys"), 1);
    invariants::hold(&mut connection);
}

/// The twin comes and goes while others ask for it: no create fails, and what is named was there at some instant.
#[test]
fn a_twin_that_comes_and_goes_while_it_is_looked_for() {
    let server = TestServer::start();
    let admin = server.admin();
    let twin = made(&admin, 1).remove(0);
    let over = AtomicBool::new(false);
    // How often none was named, and how often one.
    let seen = [AtomicU32::new(0), AtomicU32::new(0)];
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..2)
            .map(|_| {
                let (admin, twin, over, seen) = (admin.clone(), &twin, &over, &seen);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let named = twin_of(&admin, "/contacts", contact(emails(&["M0@x.example"])));
                        assert!(named.is_none() || named == found(twin, "email"), "{named:?}");
                        seen[usize::from(named.is_some())].fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let mut rounds = 0;
        let enough = wait_until(|| {
            admin.delete(&format!("/contacts/{twin}")).expect(204);
            admin.call(&format!("/recycle-bin/{twin}/restore")).expect(200);
            rounds += 1;
            rounds >= 40 && seen.iter().all(|times| times.load(Ordering::Relaxed) > 0)
                || askers.iter().any(ScopedJoinHandle::is_finished)
        });
        over.store(true, Ordering::Relaxed);
        for asker in askers {
            asker.join().unwrap();
        }
        assert!(enough, "with and without: {seen:?}");
    });
    invariants::hold(&mut server.sql());
}
