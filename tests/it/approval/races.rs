//! Two who decide at the same instant: exactly one of them has decided.

use std::sync::{Arc, Barrier};

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::*;
use crate::harness::Answer;
use crate::invariants;
use crate::many_records::waiting;

const ROUNDS: usize = 12;

/// Both calls at the same instant.
fn at_once(one: (&Client, String), other: (&Client, String)) -> [Answer; 2] {
    let barrier = Arc::new(Barrier::new(2));
    let send = |(client, path): (&Client, String)| {
        let (client, barrier) = (client.clone(), Arc::clone(&barrier));
        std::thread::spawn(move || {
            barrier.wait();
            client.call(&path)
        })
    };
    let both = [send(one), send(other)];
    both.map(|call| call.join().unwrap())
}

/// The one that was answered with 200, and the refusal of the other.
#[track_caller]
fn one_wins(answers: [Answer; 2]) -> usize {
    let winner = answers.iter().position(|answer| answer.status == 200).expect("one wins");
    let [first, second] = answers;
    let loser = if winner == 0 { second } else { first };
    loser.refused("not-awaiting-approval");
    winner
}

#[test]
fn two_approvals_at_once_are_one() {
    let office = Office::new();
    for _ in 0..ROUNDS {
        let (_, action) = office.waiting();
        let answers = at_once((&office.bob, path(&action, "/approve")), (&office.carla, path(&action, "/approve")));
        let winner = ["bob", "carla"][one_wins(answers)];
        let done = ended(&office.ann, &action);
        assert_eq!(done["approval"]["decided_by"]["user_id"], winner);
        assert_eq!((&done["status"], &done["counts"]["deleted"]), (&json!("completed"), &json!(3)));
    }
    invariants::hold(&mut office.sql());
}

#[test]
fn an_approval_and_a_rejection_at_once_are_one_of_them() {
    let office = Office::new();
    for _ in 0..ROUNDS {
        let (_, action) = office.waiting();
        let answers = at_once((&office.bob, path(&action, "/approve")), (&office.carla, path(&action, "/reject")));
        let (status, deleted) = [("completed", 3), ("rejected", 0)][one_wins(answers)];
        let done = ended(&office.ann, &action);
        assert_eq!((&done["status"], &done["counts"]["deleted"]), (&json!(status), &json!(deleted)));
    }
    invariants::hold(&mut office.sql());
}

/// A cancel that comes second still finds an action that can be cancelled; one that comes first leaves nothing to
/// approve.
#[test]
fn an_approval_and_a_cancel_at_once_leave_an_exact_account() {
    let office = Office::new();
    for _ in 0..ROUNDS {
        let (ids, action) = office.waiting();
        let [approve, cancel] =
            at_once((&office.bob, path(&action, "/approve")), (&office.ann, path(&action, "/cancel")));
        let approved = approve.status == 200;
        let done = ended(&office.ann, &action);
        if !approved {
            approve.refused("not-awaiting-approval");
            assert_eq!((&done["status"], &done["counts"]["deleted"]), (&json!("cancelled"), &json!(0)));
        }
        if cancel.status == 200 {
            assert_eq!(done["status"], "cancelled");
        } else {
            cancel.refused("action-ended");
            assert_eq!((approved, &done["status"]), (true, &json!("completed")));
        }
        let live = ids.iter().filter(|id| office.server.member().get(&format!("/contacts/{id}")).status == 200).count();
        assert_eq!(3 - i64::try_from(live).unwrap(), done["counts"]["deleted"].as_i64().unwrap());
        let mut sql = office.sql();
        assert!(wait_until(|| chunks(&mut sql, &action, "pending") + chunks(&mut sql, &action, "waiting") == 0));
    }
    invariants::hold(&mut office.sql());
}

/// The approval began in time and stands in the queue for the row when the 72 hours end, with upkeep behind it or not yet.
#[test]
fn an_approval_and_the_end_of_its_time_are_one_of_them() {
    let office = Office::new();
    let (mut sql, mut holder) = (office.sql(), office.sql());
    for upkeep_is_there in [true, false] {
        let (_, action) = office.waiting();
        shift_clock(&mut sql, "71 hours 59 minutes");
        let id = action["id"].as_str().unwrap();
        holder.batch_execute(&format!("BEGIN; SELECT FROM bulk_actions WHERE id = '{id}' FOR UPDATE")).unwrap();
        let (bob, approve) = (office.bob.clone(), path(&action, "/approve"));
        let approval = std::thread::spawn(move || bob.call(&approve));
        assert!(wait_until(|| waiting(&mut sql) == 1), "the approval waits");
        shift_clock(&mut sql, "2 minutes");
        if upkeep_is_there {
            assert!(wait_until(|| waiting(&mut sql) == 2), "upkeep stands behind it");
        }
        holder.batch_execute("ROLLBACK").unwrap();
        let answer = approval.join().unwrap();
        let done = ended(&office.ann, &action);
        if answer.status == 200 {
            assert_eq!((&done["status"], &done["approval"]["decision"]), (&json!("completed"), &json!("approved")));
        } else {
            answer.refused("not-awaiting-approval");
            assert_eq!((&done["status"], &done["counts"]["deleted"]), (&json!("lapsed"), &json!(0)));
        }
        assert!(wait_until(|| chunks(&mut sql, &action, "waiting") == 0));
    }
    invariants::hold(&mut sql);
}

#[test]
fn a_repeated_key_is_the_same_decision_and_a_lost_race_stays_lost() {
    let office = Office::new();
    let (_, action) = office.waiting();
    let decide = |client: &Client, verb: &str, key: &str| {
        client.send("POST", &path(&action, verb), &[("idempotency-key", key)], Vec::new())
    };
    let first = decide(&office.bob, "/reject", "one").expect(200);
    let lost = || decide(&office.carla, "/approve", "two");
    lost().refused("not-awaiting-approval");
    let again = decide(&office.bob, "/reject", "one");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.expect(200), first);
    lost().refused("not-awaiting-approval");
    decide(&office.bob, "/approve", "one").refused("not-awaiting-approval");
    assert_eq!(office.look(&action)["status"], "rejected");
}
