//! Killed at any instant, again and again.

use std::thread;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::super::many_records::{count, wait_until, waiting};
use super::node::Node;
use super::{Case, all_sessions_gone, database, nothing_is_half_done};

/// How often; `SWEEP_CRASH_ROUNDS` for more.
const ROUNDS: u32 = 3;
/// Kills in one bulk delete.
const KILLS: u32 = 2;

#[test]
fn killed_at_random_instants_and_completed() {
    let (database, mut connection) = database();
    let mut node = Node::start(&database);
    // One that nobody disturbs tells how long it takes.
    let undisturbed = Case::prepare(&node, &mut connection);
    let started = Instant::now();
    let action = undisturbed.delete_all(&node);
    undisturbed.completes(&node, &mut connection, &action, &[&node]);
    let takes = started.elapsed();
    for _ in 0..rounds(ROUNDS) {
        let case = Case::prepare(&node, &mut connection);
        let action = case.delete_all(&node);
        let unfinished = format!("SELECT count(*) FROM bulk_actions WHERE id = '{action}' AND finished_at IS NULL");
        for _ in 0..KILLS {
            let instant = takes.mul_f64(f64::from(chance()) / 255.0);
            thread::sleep(instant);
            node.kill();
            assert!(all_sessions_gone(&mut connection));
            nothing_is_half_done(&mut connection, &action);
            let left = count(&mut connection, &unfinished);
            eprintln!("killed {instant:?} after the start; unfinished: {left}");
            node.restart();
        }
        case.completes(&node, &mut connection, &action, &[&node]);
    }
}

/// How often something is tried: as the reader wishes.
pub fn rounds(default: u32) -> u32 {
    std::env::var("SWEEP_CRASH_ROUNDS").ok().map_or(default, |rounds| rounds.parse().unwrap())
}

/// 0 to 255.
pub fn chance() -> u8 {
    Uuid::now_v7().as_bytes()[15]
}

/// The database throws out every session of the service in the middle of a chunk, twice: the chunks in hand are lost
/// and done again, and that is not counted as their failure.
#[test]
fn a_database_that_drops_its_sessions_costs_nothing() {
    let (database, mut connection) = database();
    let mut holder = database.connect();
    let node = Node::start(&database);
    let case = Case::prepare(&node, &mut connection);
    holder.batch_execute("BEGIN; LOCK TABLE bulk_action_exceptions IN EXCLUSIVE MODE").unwrap();
    let action = case.delete_all(&node);
    for _ in 0..2 {
        assert!(wait_until(|| waiting(&mut connection) == 2), "both workers are in the middle of a chunk");
        let thrown_out = "SELECT count(pg_terminate_backend(pid, 100000)) FROM pg_stat_activity \
                          WHERE datname = current_database() AND application_name = 'sweep'";
        assert!(count(&mut connection, thrown_out) >= 2);
        nothing_is_half_done(&mut connection, &action);
    }
    holder.batch_execute("ROLLBACK").unwrap();
    case.completes(&node, &mut connection, &action, &[&node]);
    let attempts = format!("SELECT sum(attempts) FROM bulk_action_chunks WHERE action_id = '{action}'");
    assert_eq!(count(&mut connection, &attempts), 0);
}
