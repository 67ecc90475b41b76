//! The service in a private server works as a role that can only add to the audit log.

use std::io::{BufRead, BufReader};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use sweep::embedded_postgres::EmbeddedPostgres;

use super::{DataDir, ask, stops};
use crate::audit::assert_append_only;
use crate::harness::process::sweep;
use crate::harness::{Claims, Client, SECRET};

#[test]
fn the_service_is_no_superuser_and_cannot_change_the_audit_log() {
    let data = DataDir::new();
    let mut command = sweep(&["serve", "--listen", "127.0.0.1:0"]);
    let mut service = command.env("SWEEP_DATA_DIR", &data.path).env("SWEEP_JWT_SECRET", SECRET).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let address = said.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("it serves");
    let admin = Client::new(address.parse().unwrap(), Some(Claims::admin().token()));
    admin.patch("/settings", json!({"retention_days": 3})).expect(200);

    let postgres = EmbeddedPostgres::start(&data.path).unwrap();
    let roles =
        "SELECT string_agg(DISTINCT usename, ' ') AS value FROM pg_stat_activity WHERE application_name = 'sweep'";
    assert_eq!(ask(&postgres, roles), "sweep_service");
    let rights = "SELECT concat(rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication) AS value \
                  FROM pg_roles WHERE rolname = 'sweep_service'";
    assert_eq!(ask(&postgres, rights), "fffff");
    assert_append_only(&postgres.serving_url());

    kill(Pid::from_raw(i32::try_from(service.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(service.wait().unwrap().success());
    stops(&postgres);
}
