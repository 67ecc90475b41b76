//! What cannot work is refused in a sentence that says what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::unistd::geteuid;
use sweep::embedded_postgres::{EmbeddedPostgres, EmbeddedPostgresError};

use super::{DataDir, OtherProcess, stops};

#[test]
fn data_of_another_major_version_is_refused_with_both_versions() {
    let data = DataDir::new();
    stops(&data.start());
    fs::write(data.pgdata().join("PG_VERSION"), "9\n").unwrap();
    let refusal = data.refusal();
    assert!(refusal.contains("was made by PostgreSQL 9, and this machine has 1"), "{refusal}");
}

#[test]
fn a_folder_that_is_no_data_is_refused_and_kept() {
    let data = DataDir::new();
    stops(&data.start());
    fs::remove_file(data.pgdata().join("PG_VERSION")).unwrap();
    let refusal = data.refusal();
    assert!(refusal.contains("is not a PostgreSQL data folder"), "{refusal}");
    assert!(data.pgdata().join("global").is_dir());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let data = DataDir::new();
    stops(&data.start());
    fs::remove_file(data.pgdata().join("global/pg_control")).unwrap();
    let refusal = data.refusal();
    assert!(refusal.starts_with("PostgreSQL did not start: "), "{refusal}");
    assert!(refusal.contains("postgres.log"), "{refusal}");
}

#[test]
fn a_folder_without_binaries_is_refused_by_name() {
    let data = DataDir::new();
    let environment = [("SWEEP_POSTGRES_BIN", "/nowhere/bin")];
    let answer = OtherProcess::begin(&data.path, &environment).answer();
    assert!(answer.starts_with("SWEEP_POSTGRES_BIN is /nowhere/bin, which has no"), "{answer}");
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let data = DataDir::new();
    fs::write(&data.path, "a file").unwrap();
    let error = EmbeddedPostgres::start(&data.path).err().unwrap();
    assert!(matches!(error, EmbeddedPostgresError::DataFolder { .. }), "{error}");
    assert!(error.to_string().contains("SWEEP_DATA_DIR"), "{error}");
}

#[test]
fn root_is_told_when_the_server_cannot_reach_the_data_folder() {
    if !geteuid().is_root() {
        return;
    }
    let data = DataDir::new();
    fs::set_permissions(data.path.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let refusal = data.refusal();
    assert!(refusal.contains("cannot reach"), "{refusal}");
}
