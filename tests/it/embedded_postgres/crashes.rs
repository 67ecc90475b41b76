//! What a killed Sweep, a killed initdb, a killed server and a copied lock file leave behind.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sweep::embedded_postgres::EmbeddedPostgres;

use super::{DataDir, OtherProcess, note, notes, stops};
use crate::many_records::wait_until;

#[test]
fn a_server_outlives_a_killed_process_and_the_next_start_joins_it() {
    let data = DataDir::new();
    let mut other = OtherProcess::begin(&data.path, &[]);
    assert!(other.answer().starts_with("postgresql://"));
    let pid = data.recorded_pid();
    other.kill();
    let postgres = data.start();
    assert_eq!(data.recorded_pid(), pid, "it was started anew");
    stops(&postgres);
}

#[test]
fn a_kill_while_the_data_is_made_leaves_nothing_half_done() {
    let data = DataDir::new();
    let other = OtherProcess::begin(&data.path, &[]);
    assert!(wait_until(|| data.path.join("postgres.new/PG_VERSION").exists()));
    assert!(!data.pgdata().exists());
    other.kill();
    let postgres = data.start();
    note(&postgres, 1);
    assert!(!data.path.join("postgres.new").exists());
    stops(&postgres);
}

#[test]
fn a_killed_server_is_started_again_with_its_data() {
    let data = DataDir::new();
    let postgres = EmbeddedPostgres::start(&data.path).unwrap();
    note(&postgres, 1);
    let killed = data.recorded_pid().unwrap();
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    let again = EmbeddedPostgres::start(&data.path).unwrap();
    assert_eq!(notes(&again), "1");
    assert!(!postgres.stop_if_unused().unwrap(), "its server is gone");
    stops(&again);
}

#[test]
fn a_lock_file_that_names_another_program_does_not_stop_a_start() {
    let data = DataDir::new();
    let postgres = data.start();
    let lock_file = data.pgdata().join("postmaster.pid");
    let written = fs::read_to_string(&lock_file).unwrap();
    stops(&postgres);

    // As the server's own user: of others PostgreSQL knows by itself that they are none of its.
    let owner = fs::metadata(data.pgdata()).unwrap();
    let mut unrelated = Command::new("sleep").arg("3600").uid(owner.uid()).spawn().unwrap();
    let (_, rest) = written.split_once('\n').unwrap();
    fs::write(&lock_file, format!("{}\n{rest}", unrelated.id())).unwrap();
    chown(&lock_file, Some(owner.uid()), Some(owner.gid())).unwrap();

    let postgres = data.start();
    stops(&postgres);
    assert!(unrelated.try_wait().unwrap().is_none(), "it was taken for the server and stopped");
    unrelated.kill().unwrap();
    unrelated.wait().unwrap();
}
