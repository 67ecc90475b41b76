//! The running server: joining it, starting it, stopping it.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::Binaries;
use super::cluster::{Cluster, complaint};
use super::error::EmbeddedPostgresError;
use super::identity::data_folder_error;
use super::settings::{machine_memory, settings};

/// How long a server may take to answer; counted anew while it says that it recovers from a crash.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long a fast stop may take, with its last checkpoint.
const STOP_LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);

/// Connects to the cluster's server, starting it if none runs. Gives the server too if this call started it.
/// To be called under the cluster's lock.
pub(super) fn join_or_start(
    cluster: &Cluster,
    binaries: &Binaries,
) -> Result<(PgConnection, Option<Child>), EmbeddedPostgresError> {
    // Before the first connection: whoever could put a socket there could play our server.
    cluster.user.own_private_folder(&cluster.socket_dir)?;
    let mut started: Option<Child> = None;
    let mut since = Instant::now();
    loop {
        let refusal = match PgConnection::establish(&cluster.url("postgres")) {
            Ok(connection) => return Ok((connection, started)),
            Err(refusal) => refusal.to_string(),
        };
        if refusal.contains("starting up") {
            since = Instant::now();
        }
        if since.elapsed() > START_LIMIT {
            return Err(not_ready(cluster, &refusal));
        }
        if let Some(server) = &mut started {
            if has_ended(server) {
                let reason = complaint(&fs::read_to_string(&cluster.log).unwrap_or_default());
                if !reason.contains("shared memory block") {
                    return Err(did_not_start(cluster, reason));
                }
                // What a killed server leaves behind ends by itself as soon as it notices.
                started = None;
            }
        } else if postmaster(&cluster.pgdata).is_none() {
            started = Some(spawn(cluster, binaries)?);
        }
        // Else one of this folder, not ours, is about to be up or to be gone.
        thread::sleep(POLL);
    }
}

/// Asks for a fast stop (clients are cut off) and waits until the server is gone. To be called under the cluster's lock.
pub(super) fn stop(cluster: &Cluster, started: Option<&mut Child>) -> Result<(), EmbeddedPostgresError> {
    let Some(pid) = postmaster(&cluster.pgdata) else {
        return Ok(());
    };
    // Gone in between is as good as stopped.
    let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
    let since = Instant::now();
    while process_works_in(pid, &cluster.pgdata) {
        if since.elapsed() > STOP_LIMIT {
            return Err(EmbeddedPostgresError::DidNotStop { pid, seconds: STOP_LIMIT.as_secs() });
        }
        thread::sleep(POLL);
    }
    if let Some(server) = started {
        let _ = server.wait();
    }
    // Empty by now; it need not stay behind where it lies in /tmp.
    let _ = fs::remove_dir(&cluster.socket_dir);
    Ok(())
}

fn spawn(cluster: &Cluster, binaries: &Binaries) -> Result<Child, EmbeddedPostgresError> {
    let log = fresh_log(&cluster.log)?;
    let errors = log.try_clone().map_err(|cause| data_folder_error(&cluster.log, cause))?;
    let program = binaries.postgres();
    let mut postgres = cluster.user.command(&program, &cluster.pgdata);
    postgres.arg("-D").arg(&cluster.pgdata).arg("-k").arg(&cluster.socket_dir);
    for (name, value) in settings(cluster.purpose, machine_memory(), takes_lz4(cluster, &program)) {
        postgres.arg("-c").arg(format!("{name}={value}"));
    }
    // A lock file may name a process that has long been another program; PostgreSQL believes any living one.
    // It makes an exception for its own ancestors, so this says that the number is no server of the folder;
    // PostgreSQL itself then proves by the shared memory that none is left.
    if let Some(stale) = recorded_pid(&cluster.pgdata) {
        postgres.env("PG_GRANDPARENT_PID", stale.to_string());
    }
    // A process group of its own: Ctrl-C in the terminal is for Sweep, who then stops the server.
    postgres.process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors);
    postgres.spawn().map_err(|cause| cluster.user.run_error(&program, &cluster.pgdata, cause))
}

/// Whether this build of PostgreSQL can compress its log with LZ4.
fn takes_lz4(cluster: &Cluster, program: &Path) -> bool {
    let mut probe = cluster.user.command(program, &cluster.pgdata);
    probe.arg("-D").arg(&cluster.pgdata);
    probe.args(["-C", "wal_compression", "-c", "wal_compression=lz4"]);
    probe.stdin(Stdio::null()).output().is_ok_and(|answer| answer.status.success())
}

/// An empty log; the one before it is kept under `postgres.log.1`.
fn fresh_log(path: &Path) -> Result<File, EmbeddedPostgresError> {
    let mut previous = path.as_os_str().to_owned();
    previous.push(".1");
    match fs::rename(path, PathBuf::from(previous)) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => File::options().create(true).append(true).open(path),
    }
    .map_err(|cause| data_folder_error(path, cause))
}

/// The process of the server that runs on this data, proven by where it works: a number alone may be anybody's.
fn postmaster(pgdata: &Path) -> Option<i32> {
    recorded_pid(pgdata).filter(|&pid| process_works_in(pid, pgdata))
}

fn recorded_pid(pgdata: &Path) -> Option<i32> {
    let file = fs::read_to_string(pgdata.join("postmaster.pid")).ok()?;
    file.lines().next()?.trim().parse().ok()
}

/// Whether a living process (a zombie is none) is a server of this folder. It makes the folder its working directory.
fn process_works_in(pid: i32, pgdata: &Path) -> bool {
    if cfg!(target_os = "linux") {
        return fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == pgdata);
    }
    let answer = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    answer.is_ok_and(|answer| {
        let command = String::from_utf8_lossy(&answer.stdout).into_owned();
        command.contains(&*pgdata.to_string_lossy())
    })
}

fn has_ended(server: &mut Child) -> bool {
    !matches!(server.try_wait(), Ok(None))
}

fn not_ready(cluster: &Cluster, refusal: &str) -> EmbeddedPostgresError {
    EmbeddedPostgresError::NotReady {
        seconds: START_LIMIT.as_secs(),
        reason: complaint(refusal),
        log: cluster.log.clone(),
    }
}

fn did_not_start(cluster: &Cluster, reason: String) -> EmbeddedPostgresError {
    EmbeddedPostgresError::DidNotStart { reason, log: cluster.log.clone() }
}
