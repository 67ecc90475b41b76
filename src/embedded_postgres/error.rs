//! What can go wrong with the private PostgreSQL. Each message is one sentence that says what to do.

use std::io;
use std::path::PathBuf;

use super::binaries::{OLDEST_MAJOR, install_hint};

#[derive(Debug, thiserror::Error)]
pub enum EmbeddedPostgresError {
    #[error(
        "PostgreSQL {OLDEST_MAJOR} or newer was not found on this machine: {}, or set SWEEP_POSTGRES_BIN \
         to the folder of its initdb and postgres, or DATABASE_URL to a server that is already there",
        install_hint()
    )]
    NotInstalled,

    #[error(
        "the newest PostgreSQL on this machine is {newest}, and Sweep needs {OLDEST_MAJOR} or newer: \
         install a newer one, or set DATABASE_URL to a server that is already there"
    )]
    TooOld { newest: u32 },

    #[error(
        "SWEEP_POSTGRES_BIN is {}, which has no working initdb and postgres of version {OLDEST_MAJOR} \
         or newer: correct it, or unset it to let Sweep search",
        .0.display()
    )]
    BadOverride(PathBuf),

    #[error(
        "{} was made by PostgreSQL {data}, and this machine has {installed}: install PostgreSQL {data}, \
         or choose another folder with SWEEP_DATA_DIR and take the data along with pg_dump",
        .folder.display()
    )]
    OtherMajorVersion { folder: PathBuf, data: u32, installed: String },

    #[error(
        "{} is not a PostgreSQL data folder (it has no PG_VERSION): move it away, or choose another \
         folder with SWEEP_DATA_DIR",
        .0.display()
    )]
    NotADataFolder(PathBuf),

    #[error(
        "PostgreSQL lacks its contrib modules ({missing}): {}, or set DATABASE_URL to a server that has them",
        contrib_hint()
    )]
    MissingContrib { missing: String },

    #[error("there is no home folder to keep the data in: set SWEEP_DATA_DIR to a folder that Sweep may write to")]
    NoHome,

    #[error(
        "cannot use {}: {cause}; make it writable, or choose another data folder with SWEEP_DATA_DIR",
        .path.display()
    )]
    DataFolder { path: PathBuf, cause: io::Error },

    #[error(
        "{} belongs to {owner} or is open to others, so it is not safe to use: run Sweep as its owner, \
         remove it, or choose another data folder with SWEEP_DATA_DIR",
        .path.display()
    )]
    NotOurs { path: PathBuf, owner: String },

    #[error(
        "PostgreSQL runs as the user {user} here (it refuses to run as root), who cannot reach {}: \
         choose a data folder outside of private folders with SWEEP_DATA_DIR, such as /var/lib/sweep",
        .path.display()
    )]
    Unreachable { path: PathBuf, user: String },

    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to \
         run it as: run Sweep as an ordinary user"
    )]
    NoServerUser,

    #[error("cannot run {}: {cause}; reinstall PostgreSQL, or set DATABASE_URL", .program.display())]
    Run { program: PathBuf, cause: io::Error },

    #[error("initdb could not make {}: {reason}; remove the cause and start again", .folder.display())]
    Initdb { folder: PathBuf, reason: String },

    #[error("PostgreSQL did not start: {reason}; its log is {}", .log.display())]
    DidNotStart { reason: String, log: PathBuf },

    #[error(
        "PostgreSQL does not accept connections after {seconds} s ({reason}): look into its log {}, then start again",
        .log.display()
    )]
    NotReady { seconds: u64, reason: String, log: PathBuf },

    #[error(
        "the PostgreSQL that answers in {} serves another data folder, {served}: stop it, then start again",
        .socket_dir.display()
    )]
    OtherServer { socket_dir: PathBuf, served: String },

    #[error(
        "the private PostgreSQL refused to {action}: {cause}; look into its log {}, then start again",
        .log.display()
    )]
    Refused { action: &'static str, cause: diesel::result::Error, log: PathBuf },

    #[error("PostgreSQL (process {pid}) has not stopped after {seconds} s: stop it with `kill -QUIT {pid}`")]
    DidNotStop { pid: i32, seconds: u64 },
}

fn contrib_hint() -> &'static str {
    if cfg!(target_os = "macos") {
        "install PostgreSQL with `brew install postgresql@17`, which has them"
    } else {
        "install your system's package postgresql-contrib"
    }
}
