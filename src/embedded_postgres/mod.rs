//! The private PostgreSQL of a Sweep without `DATABASE_URL`: found on the machine, made in the data folder, reached by a
//! Unix socket only.
//!
//! There is no supervising process. The server is started detached and outlives a killed Sweep; the next start, or
//! another Sweep on the same folder, joins it; a clean exit stops it if nobody else is connected.

mod binaries;
mod cluster;
mod error;
mod identity;
mod server;
mod settings;

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use diesel::sql_types::{Array, BigInt, Text};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use nix::sys::statvfs::{Statvfs, statvfs};
use nix::unistd::geteuid;

use binaries::Binaries;
use cluster::{Cluster, SERVING_ROLE};
pub use error::EmbeddedPostgresError;
pub use identity::make_data_folder;
use settings::Purpose;

/// The database that Sweep keeps everything in.
const DATABASE: &str = "sweep";
/// What Sweep's tables need beyond the server itself.
const EXTENSIONS: [&str; 2] = ["pg_trgm", "btree_gin"];
/// How long connections that are being closed may take to disappear from the server's list.
const LAST_CLIENTS: Duration = Duration::from_secs(1);
/// How much must be free in memory for test databases to be kept there, in bytes.
const ROOM_FOR_TESTS: u64 = 512 << 20;

/// A running private server, in use until `stop_if_unused` or the end of this process.
pub struct EmbeddedPostgres {
    cluster: Cluster,
    /// One open connection, so that others see the server in use even while all pools are empty.
    presence: Mutex<Option<PgConnection>>,
    /// The server's process if it was started here: its parent has to wait for it.
    started: Mutex<Option<Child>>,
}

impl EmbeddedPostgres {
    /// Starts the server of `data_dir`, or joins it if it runs; makes the folder, the data and the database as needed.
    pub fn start(data_dir: &Path) -> Result<Self, EmbeddedPostgresError> {
        Self::start_for(data_dir, Purpose::Service)
    }

    /// The same for tests: faster, and nothing in it survives a power failure. It runs on when the tests end, for the
    /// next ones to join; `scripts/stop-test-postgres.sh` ends and removes it.
    pub fn start_for_tests(data_dir: &Path) -> Result<Self, EmbeddedPostgresError> {
        identity::make_data_folder(data_dir)?;
        identity::refuse_foreign_folder(data_dir)?;
        Self::start_for(data_dir, Purpose::Tests)
    }

    fn start_for(data_dir: &Path, purpose: Purpose) -> Result<Self, EmbeddedPostgresError> {
        let cluster = Cluster::in_folder(data_dir, purpose)?;
        let lock = cluster.lock()?;
        let made_by = cluster.made_by()?;
        let binaries = Binaries::find(made_by.map(|major| (major, cluster.pgdata.as_path())))?;
        if made_by.is_none() {
            cluster.init(&binaries, &lock)?;
        }
        let (mut connection, mut started) = server::join_or_start(&cluster, &binaries)?;
        if let Err(error) = prepare(&mut connection, &cluster) {
            if started.is_some() {
                server::stop(&cluster, started.as_mut())?;
            }
            return Err(error);
        }
        let (presence, started) = (Mutex::new(Some(connection)), Mutex::new(started));
        Ok(Self { cluster, presence, started })
    }

    /// The address of the database `sweep`, for libpq, as the superuser who owns its tables.
    pub fn database_url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// The same as the role that serves.
    pub fn serving_url(&self) -> String {
        self.serving_url_of(DATABASE)
    }

    /// The address of another database of the same server.
    pub fn url_of(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    /// The same as the role that serves.
    pub fn serving_url_of(&self, database: &str) -> String {
        self.cluster.url_as(SERVING_ROLE, database)
    }

    /// Stops the server if nobody else is connected, and says whether it did. All pools of this process should be closed
    /// before. A second call does nothing.
    pub fn stop_if_unused(&self) -> Result<bool, EmbeddedPostgresError> {
        let _lock = self.cluster.lock()?;
        let presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut connection) = presence else {
            return Ok(false);
        };
        let since = Instant::now();
        loop {
            match other_clients(&mut connection) {
                Ok(0) => break,
                Ok(_) if since.elapsed() < LAST_CLIENTS => thread::sleep(Duration::from_millis(20)),
                // In use, or already gone.
                Ok(_) | Err(_) => return Ok(false),
            }
        }
        drop(connection);
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        server::stop(&self.cluster, started.as_mut())?;
        Ok(true)
    }
}

/// `/var/lib/sweep` for root, as the server must be able to get there; for a user the folder where the system keeps
/// programs' data.
pub fn default_data_dir() -> Result<PathBuf, EmbeddedPostgresError> {
    if geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/sweep"));
    }
    let home = || env::home_dir().filter(|home| home.is_absolute()).ok_or(EmbeddedPostgresError::NoHome);
    if cfg!(target_os = "macos") {
        return Ok(home()?.join("Library/Application Support/sweep"));
    }
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|data| data.is_absolute());
    data.map_or_else(|| Ok(home()?.join(".local/share/sweep")), |data| Ok(data.join("sweep")))
}

/// Where the test server of the project in the folder `project` keeps its data: in memory if there is room.
/// `scripts/stop-test-postgres.sh` knows these names.
pub fn test_data_dir(project: &Path) -> Result<PathBuf, EmbeddedPostgresError> {
    let found = fs::metadata(project).map_err(|cause| identity::data_folder_error(project, cause))?;
    let name = format!("sweep-test-{}-{}", geteuid(), found.ino());
    let memory = Path::new("/dev/shm").join(&name);
    let roomy = || statvfs("/dev/shm").is_ok_and(|shm| free_bytes(shm) >= ROOM_FOR_TESTS);
    // A server that is already there fills the room it was given.
    if memory.is_dir() || roomy() { Ok(memory) } else { Ok(env::temp_dir().join(name)) }
}

#[allow(clippy::useless_conversion, reason = "macOS counts blocks in 32 bits")]
fn free_bytes(filesystem: Statvfs) -> u64 {
    u64::from(filesystem.blocks_available()) * filesystem.fragment_size()
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Proves that this is the server of our data, that it can hold Sweep's tables, and makes the database and the role that
/// serves.
fn prepare(connection: &mut PgConnection, cluster: &Cluster) -> Result<(), EmbeddedPostgresError> {
    let refused = |action| {
        let log = cluster.log.clone();
        move |cause| EmbeddedPostgresError::Refused { action, cause, log }
    };
    let served: Name = sql_query("SELECT current_setting('data_directory') AS name")
        .get_result(connection)
        .map_err(refused("name its data folder"))?;
    if fs::canonicalize(&served.name).ok().as_deref() != Some(&cluster.pgdata) {
        let socket_dir = cluster.socket_dir.clone();
        return Err(EmbeddedPostgresError::OtherServer { socket_dir, served: served.name });
    }
    let missing = missing_extensions(connection, &EXTENSIONS).map_err(refused("list its extensions"))?;
    if !missing.is_empty() {
        return Err(EmbeddedPostgresError::MissingContrib { missing: missing.join(" and ") });
    }
    create_serving_role(connection).map_err(refused("create the role that serves"))?;
    create_database(connection).map_err(refused("create the database sweep"))
}

fn missing_extensions(connection: &mut PgConnection, needed: &[&str]) -> diesel::QueryResult<Vec<String>> {
    let missing: Vec<Name> = sql_query(
        "SELECT name FROM unnest($1) AS name \
         WHERE name NOT IN (SELECT name::text FROM pg_available_extensions)",
    )
    .bind::<Array<Text>, _>(needed)
    .load(connection)?;
    Ok(missing.into_iter().map(|extension| extension.name).collect())
}

/// A server that an older Sweep has made has none.
fn create_serving_role(connection: &mut PgConnection) -> diesel::QueryResult<()> {
    let existing: Count = sql_query("SELECT count(*) AS count FROM pg_roles WHERE rolname = $1")
        .bind::<Text, _>(SERVING_ROLE)
        .get_result(connection)?;
    if existing.count == 0 {
        sql_query(format!("CREATE ROLE {SERVING_ROLE} LOGIN")).execute(connection)?;
    }
    Ok(())
}

fn create_database(connection: &mut PgConnection) -> diesel::QueryResult<()> {
    let existing: Count = sql_query("SELECT count(*) AS count FROM pg_database WHERE datname = $1")
        .bind::<Text, _>(DATABASE)
        .get_result(connection)?;
    if existing.count == 0 {
        let statement = format!("CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'");
        sql_query(statement).execute(connection)?;
    }
    Ok(())
}

fn other_clients(connection: &mut PgConnection) -> diesel::QueryResult<i64> {
    let others: Count = sql_query(
        "SELECT count(*) AS count FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )
    .get_result(connection)?;
    Ok(others.count)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_server_without_contrib_is_told_from_one_with_it() {
        let beside = test_data_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let prefix = format!("{}.", beside.file_name().unwrap().display());
        let parent = beside.parent().unwrap();
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let postgres = EmbeddedPostgres::start_for_tests(folder.path()).unwrap();
        // By the connection that it has: one of its own might be there for longer than the stop below waits.
        let missing = {
            let mut presence = postgres.presence.lock().unwrap();
            missing_extensions(presence.as_mut().unwrap(), &["pg_trgm", "no_such", "btree_gin"])
        };
        assert!(postgres.stop_if_unused().unwrap());
        assert_eq!(missing.unwrap(), ["no_such"]);
    }
}
