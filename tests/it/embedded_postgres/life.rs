//! Starting, joining, stopping; the test server.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use diesel::{Connection, PgConnection};
use nix::unistd::geteuid;
use sweep::embedded_postgres::{EmbeddedPostgres, test_data_dir};

use super::{DataDir, ask, note, notes, runs_in, setting, stops};

#[test]
fn a_private_server_is_durable_and_speaks_utf8_on_a_socket_only() {
    let data = DataDir::new();
    let postgres = EmbeddedPostgres::start(&data.path).unwrap();
    for (name, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("lc_messages", "C"),
        ("unix_socket_permissions", "0700"),
    ] {
        assert_eq!(setting(&postgres, name), value, "{name}");
    }
    // Only a UTF-8 ctype knows that this is one letter, which trigram search needs.
    assert_eq!(ask(&postgres, "SELECT substring('1é2' from '[[:alpha:]]') AS value"), "é");
    let socket_dir = fs::metadata(data.path.join("socket")).unwrap();
    assert_eq!(socket_dir.mode() & 0o777, 0o700);
    if geteuid().is_root() {
        assert_ne!(fs::metadata(data.pgdata()).unwrap().uid(), 0, "PostgreSQL ran as root");
    }
    stops(&postgres);
}

#[test]
fn a_server_stops_when_unused_and_keeps_its_data_for_the_next_start() {
    let data = DataDir::new();
    let postgres = data.start();
    note(&postgres, 1);
    let pid = data.recorded_pid().unwrap();
    stops(&postgres);
    assert!(!runs_in(pid, &data.pgdata()));
    assert!(!postgres.stop_if_unused().unwrap(), "a second stop does nothing");
    let postgres = data.start();
    note(&postgres, 2);
    assert_eq!(notes(&postgres), "1 2");
    stops(&postgres);
}

#[test]
fn starts_at_the_same_time_share_one_server_that_the_last_one_stops() {
    let data = DataDir::new();
    let all: Vec<EmbeddedPostgres> = thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| data.start())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let server = "SELECT pg_postmaster_start_time()::text AS value";
    assert_eq!(ask(&all[0], server), ask(&all[2], server));
    let (last, others) = all.split_last().unwrap();
    for other in others {
        assert!(!other.stop_if_unused().unwrap());
    }
    stops(last);
}

#[test]
fn a_server_in_use_by_anybody_is_left_running() {
    let data = DataDir::new();
    let postgres = data.start();
    let client = PgConnection::establish(&postgres.database_url()).unwrap();
    assert!(!postgres.stop_if_unused().unwrap());
    drop(client);
    stops(&data.start());
}

#[test]
fn paths_that_a_socket_address_cannot_take_work() {
    let long = "long".repeat(30);
    for name in ["a b", "comma, quote\" and 'é%", &long] {
        let data = DataDir::named(name);
        let postgres = data.start();
        note(&postgres, 7);
        assert_eq!(notes(&postgres), "7", "{name}");
        let socket_dir = PathBuf::from(setting(&postgres, "unix_socket_directories"));
        assert_eq!(fs::metadata(&socket_dir).unwrap().mode() & 0o777, 0o700, "{name}");
        stops(&postgres);
        assert!(!socket_dir.exists(), "{name}: {socket_dir:?} is left behind");
    }
}

#[test]
fn the_test_server_is_fast_shared_and_removed_by_its_script() {
    let data = DataDir::new();
    let first = data.start();
    let second = data.start();
    for (name, value) in [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "300")] {
        assert_eq!(setting(&second, name), value);
    }
    let pid = data.recorded_pid().unwrap();
    drop((first, second));
    assert!(runs_in(pid, &data.pgdata()), "it stays for the next tests");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/stop-test-postgres.sh");
    assert!(Command::new(script).arg(&data.path).status().unwrap().success());
    assert!(!runs_in(pid, &data.pgdata()));
    assert!(!data.path.exists());
}

#[test]
fn every_project_folder_has_a_test_server_of_its_own() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = |project: &tempfile::TempDir| test_data_dir(project.path()).unwrap();
    assert_eq!(folder(&one), folder(&one));
    assert_ne!(folder(&one), folder(&other));
}
