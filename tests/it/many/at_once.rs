//! Several actions on the same records at the same instant: each record has one outcome in each, and they fit together.

use std::thread;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{act, ask, bin_one, body, counts, deal, id, in_bin, outcomes, path};
use crate::bulk_delete::{contacts, delete_ids, ended};
use crate::harness::TestServer;
use crate::invariants;
use crate::many_records::{count, lines, shift_clock, text, wait_until, waiting};

/// Six contacts in the bin; the actions are held at the fourth of them, so that both are under way.
struct Contest {
    server: TestServer,
    ids: Vec<String>,
    deletion: Value,
}

impl Contest {
    fn new() -> Self {
        let server = TestServer::start();
        let admin = server.admin();
        let mut ids = contacts(&admin, &["a", "b", "c", "d", "e", "f"]);
        ids.sort();
        let deletion = delete_ids(&admin, "contact", &ids);
        Self { server, ids, deletion }
    }

    /// Starts `first` and, once it waits, `second`; lets both go; their outcomes by record.
    fn hold(&self, first: impl Fn() -> Value, second: impl Fn() -> Value) -> [Vec<String>; 2] {
        let (admin, mut observer, mut holder) = (self.server.admin(), self.server.sql(), self.server.sql());
        let lock = format!("BEGIN; SELECT FROM contacts WHERE id = '{}' FOR UPDATE", self.ids[3]);
        holder.batch_execute(&lock).unwrap();
        let first = first();
        assert!(wait_until(|| waiting(&mut observer) == 1), "the first waits");
        let second = second();
        assert!(wait_until(|| waiting(&mut observer) == 2), "the second waits");
        holder.batch_execute("ROLLBACK").unwrap();
        let both = [first, second].map(|action| {
            let action = ended(&admin, &action);
            assert_eq!(action["status"], "completed", "{action}");
            outcomes(&admin, &action, &self.ids)
        });
        invariants::hold(&mut observer);
        both
    }

    fn start(&self, action: &str, target: &Value, rest: Value) -> Value {
        ask(&self.server.admin(), action, "contact", target, &rest)
    }
}

#[test]
fn of_a_purge_and_a_restore_the_first_wins() {
    for purge_first in [true, false] {
        let contest = Contest::new();
        let all = json!({"bin": {}});
        let purge = || contest.start("purge", &all, json!({"expected_count": 6}));
        let restore = || contest.start("restore", &json!({"ids": contest.ids}), json!({}));
        let (both, expected, left) = if purge_first {
            (contest.hold(purge, restore), ["purged", "gone"], 0)
        } else {
            (contest.hold(restore, purge), ["restored", "changed"], 6)
        };
        assert_eq!(both, expected.map(|outcome| vec![outcome.to_owned(); 6]));
        assert_eq!(count(&mut contest.server.sql(), "SELECT count(*) FROM contacts"), left);
    }
}

#[test]
fn of_a_purge_and_an_undo_the_first_wins() {
    for purge_first in [true, false] {
        let contest = Contest::new();
        let target = json!({"deletion_id": contest.deletion["id"]});
        let purge = || contest.start("purge", &target, json!({"expected_count": 6}));
        let undo = || contest.server.admin().call(&path(&contest.deletion, "undo")).expect(202);
        let (both, expected) = if purge_first {
            (contest.hold(purge, undo), ["purged", "gone"])
        } else {
            (contest.hold(undo, purge), ["restored", "changed"])
        };
        assert_eq!(both, expected.map(|outcome| vec![outcome.to_owned(); 6]));
    }
}

#[test]
fn of_two_purges_the_first_wins() {
    let contest = Contest::new();
    let purge = || contest.start("purge", &json!({"ids": contest.ids}), json!({"expected_count": 6}));
    assert_eq!(contest.hold(purge, purge), ["purged", "gone"].map(|outcome| vec![outcome.to_owned(); 6]));
    assert_eq!(in_bin(&contest.server.admin()), 0);
}

/// The action was frozen while the records could still be taken back; the upkeep comes first.
#[test]
fn what_the_upkeep_purges_meanwhile_is_gone() {
    let contest = Contest::new();
    let (admin, mut sql, mut holder) = (contest.server.admin(), contest.server.sql(), contest.server.sql());
    // The chunk cannot be claimed until the upkeep has been.
    holder.batch_execute("BEGIN; LOCK TABLE bulk_action_exceptions IN ACCESS EXCLUSIVE MODE").unwrap();
    let lock = format!("SELECT FROM contacts WHERE id = '{}' FOR UPDATE", contest.ids[0]);
    holder.batch_execute(&lock).unwrap();
    let purge = contest.start("purge", &json!({"bin": {}}), json!({"expected_count": 6}));
    assert!(wait_until(|| waiting(&mut sql) == 1));
    shift_clock(&mut sql, "31 days");
    assert!(wait_until(|| waiting(&mut sql) == 2), "the upkeep waits too");
    holder.batch_execute("ROLLBACK").unwrap();
    let purge = ended(&admin, &purge);
    // Its clock stood before their time was up, so the first to wait had them.
    assert_eq!(counts(&purge, &["purged", "gone"]), [6, 0]);
    assert!(wait_until(|| count(&mut sql, "SELECT count(*) FROM deletions") == 0), "the upkeep settles the deletion");
    let later = act(&admin, "purge", "contact", json!({"ids": contest.ids}), json!({"expected_count": 6}));
    assert_eq!(counts(&later, &["gone"]), [6]);
    invariants::hold(&mut sql);
}

#[test]
fn of_two_requests_with_one_key_at_the_same_instant_one_purges() {
    let contest = Contest::new();
    let purge = body("purge", "contact", &json!({"bin": {}}), &json!({"expected_count": 6}));
    let mut holder = contest.server.sql();
    // Freezing has to wait, so both requests are under way.
    holder.batch_execute("BEGIN; LOCK TABLE bulk_action_chunks IN ACCESS EXCLUSIVE MODE").unwrap();
    let send = || contest.server.admin().json("POST", "/bulk-actions", &[("idempotency-key", "once")], purge.clone());
    let mut answers = thread::scope(|scope| {
        let calls = [scope.spawn(send), scope.spawn(send)];
        let mut observer = contest.server.sql();
        assert!(wait_until(|| waiting(&mut observer) >= 1));
        // One is refused at once, the other waits.
        assert!(wait_until(|| calls.iter().filter(|call| call.is_finished()).count() == 1));
        holder.batch_execute("ROLLBACK").unwrap();
        calls.map(|call| call.join().unwrap())
    });
    answers.sort_by_key(|answer| answer.status);
    let [won, lost] = answers;
    lost.refused("idempotency-in-progress");
    let again = send();
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &won.body));
    assert_eq!(counts(&ended(&contest.server.admin(), &won.expect(202)), &["purged"]), [6]);
    let purges = "SELECT count(*) FROM bulk_actions WHERE action = 'purge'";
    assert_eq!(count(&mut contest.server.sql(), purges), 1);
}

/// Contacts and companies that are linked crosswise, and deals whose contact person is somebody else's: purges of all of
/// them at once touch the same rows from several sides.
#[test]
fn purges_that_touch_the_same_links_and_deals_do_not_hinder_each_other() {
    let server = TestServer::start_with(|settings| settings.workers = 4);
    let admin = server.admin();
    let mut sql = server.sql();
    for _ in 0..2 {
        let names: Vec<String> = (0..24).map(|n| format!("c{n}")).collect();
        let people = contacts(&admin, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let companies: Vec<String> =
            (0..6).map(|n| id(&admin.post("/companies", json!({"name": format!("k{n}")})).expect(201))).collect();
        for (n, person) in people.iter().enumerate() {
            for company in [&companies[n % 6], &companies[(n * 5 + 3) % 6]] {
                admin.put(&format!("/contacts/{person}/companies/{company}"), json!({})).expect(200);
            }
            let offer = deal(&admin, person, Some(&people[(n * 7 + 11) % 24]));
            bin_one(&admin, &format!("/deals/{offer}"));
        }
        delete_ids(&admin, "company", &companies);
        delete_ids(&admin, "contact", &people);
        let deals = lines(&mut sql, "SELECT id::text AS line FROM deals");
        let (even, odd): (Vec<_>, Vec<_>) = people.iter().enumerate().partition(|(n, _)| n % 2 == 0);
        let ids = |half: Vec<(usize, &String)>| half.into_iter().map(|(_, id)| id.clone()).collect::<Vec<_>>();
        let sets = [("contact", ids(even)), ("contact", ids(odd)), ("company", companies), ("deal", deals)];
        let actions: Vec<Value> = sets
            .iter()
            .map(|(entity, ids)| {
                ask(&admin, "purge", entity, &json!({"ids": ids}), &json!({"expected_count": ids.len()}))
            })
            .collect();
        for (action, (entity, ids)) in actions.iter().zip(&sets) {
            let action = ended(&admin, action);
            assert_eq!(action["status"], "completed", "{action}");
            let [purged, gone] = counts(&action, &["purged", "gone"])[..] else { unreachable!() };
            assert_eq!(purged + gone, i64::try_from(ids.len()).unwrap());
            assert!(gone == 0 || *entity == "deal", "only deals go along with others: {action}");
        }
        let attempts = "SELECT coalesce(sum(attempts), 0) FROM bulk_action_chunks";
        assert_eq!(text(&mut sql, attempts), "0");
    }
    let left = "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM companies) + (SELECT count(*) FROM deals) \
                + (SELECT count(*) FROM contact_companies)";
    assert_eq!(count(&mut sql, left), 0);
    assert_eq!(deadlocks(&server), 0);
    invariants::hold(&mut sql);
}

fn deadlocks(server: &TestServer) -> i64 {
    count(&mut server.sql(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

/// Each of two contacts is the contact person of the other one's deal. The purges are held when they have removed the
/// customer's deals; had both come that far, each would then wait for the deal that the other has removed.
#[test]
fn purges_of_crossed_contact_persons_lock_the_deals_in_one_order() {
    let server = TestServer::start();
    let (admin, mut observer, mut holder) = (server.admin(), server.sql(), server.sql());
    let people = contacts(&admin, &["a", "b"]);
    for (customer, person) in [(0, 1), (1, 0)] {
        let offer = deal(&admin, &people[customer], Some(&people[person]));
        bin_one(&admin, &format!("/deals/{offer}"));
    }
    delete_ids(&admin, "contact", &people);
    holder
        .batch_execute(
            "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END $$;
             CREATE TRIGGER linger AFTER DELETE ON deals FOR EACH STATEMENT EXECUTE FUNCTION linger();
             SELECT pg_advisory_lock(77)",
        )
        .unwrap();
    let purge = |id: &String| ask(&admin, "purge", "contact", &json!({"ids": [id]}), &json!({"expected_count": 1}));
    let actions = [purge(&people[0]), purge(&people[1])];
    assert!(wait_until(|| waiting(&mut observer) == 2));
    holder.batch_execute("SELECT pg_advisory_unlock(77)").unwrap();
    for action in actions {
        assert_eq!(counts(&ended(&admin, &action), &["purged"]), [1]);
    }
    assert_eq!(deadlocks(&server), 0);
    assert_eq!(count(&mut observer, "SELECT count(*) FROM deals"), 0);
}
