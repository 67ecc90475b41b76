//! One database per test, cloned from a template that is migrated once and named by a digest of the migrations.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Once};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use sweep::embedded_postgres::{EmbeddedPostgres, test_data_dir};
use sweep::repository::migrations;

/// The server that holds the test databases.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
/// Chosen once: where there is room may change meanwhile.
static OWN_DATA_DIR: LazyLock<PathBuf> =
    LazyLock::new(|| test_data_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_or_else(|error| panic!("{error}")));
static TEMPLATE: LazyLock<String> = LazyLock::new(template_name);
static TEMPLATE_MADE: Once = Once::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

enum Cluster {
    /// `SWEEP_TEST_DATABASE_URL`: a server whose user may create databases and roles.
    Given(String),
    Own(Box<EmbeddedPostgres>),
}

impl Cluster {
    fn start() -> Self {
        if let Ok(url) = std::env::var("SWEEP_TEST_DATABASE_URL") {
            make_serving_role(&url);
            return Self::Given(url);
        }
        Self::Own(Box::new(EmbeddedPostgres::start_for_tests(&OWN_DATA_DIR).unwrap_or_else(|error| panic!("{error}"))))
    }

    fn url_of(&self, database: &str) -> String {
        match self {
            Self::Own(postgres) => postgres.url_of(database),
            Self::Given(url) => {
                let (base, query) = url.split_once('?').map_or((url.as_str(), None), |(base, q)| (base, Some(q)));
                let server = base.rsplit_once('/').map_or(base, |(server, _)| server);
                query.map_or_else(|| format!("{server}/{database}"), |q| format!("{server}/{database}?{q}"))
            }
        }
    }

    /// As the role that serves.
    fn serving_url_of(&self, database: &str) -> String {
        match self {
            Self::Own(postgres) => postgres.serving_url_of(database),
            Self::Given(_) => as_role(&self.url_of(database), SERVING_ROLE),
        }
    }

    fn connect(&self, database: &str) -> PgConnection {
        PgConnection::establish(&self.url_of(database)).expect("the test server answers")
    }
}

/// Serves on a given server; its password is its name.
const SERVING_ROLE: &str = "sweep_test_service";

/// The address with this role in place of its user. The role's password is its name.
pub fn as_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("an address");
    let (authority, place) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{role}:{role}@{host}{place}")
}

fn make_serving_role(url: &str) {
    let mut connection = PgConnection::establish(url).expect("the test server answers");
    // An earlier run may have left it. Its sessions are only shown to who has its rights.
    let _ = connection.batch_execute(&format!(
        "CREATE ROLE {SERVING_ROLE} LOGIN PASSWORD '{SERVING_ROLE}'; GRANT {SERVING_ROLE} TO CURRENT_USER"
    ));
    PgConnection::establish(&as_role(url, SERVING_ROLE)).expect("the role that serves is let in by its password");
}

/// A migrated database that is dropped with this value.
pub struct TestDatabase {
    pub name: String,
}

impl TestDatabase {
    pub fn create() -> Self {
        TEMPLATE_MADE.call_once(make_template);
        let name = format!("sweep_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut maintenance = CLUSTER.connect("postgres");
        maintenance.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {}", *TEMPLATE)).unwrap();
        Self { name }
    }

    /// An empty database without tables.
    pub fn empty() -> Self {
        let name = format!("sweep_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        CLUSTER.connect("postgres").batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).unwrap();
        Self { name }
    }

    pub fn url(&self) -> String {
        CLUSTER.url_of(&self.name)
    }

    /// The same database as the role that serves, which does not own the tables.
    pub fn serving_url(&self) -> String {
        CLUSTER.serving_url_of(&self.name)
    }

    pub fn connect(&self) -> PgConnection {
        CLUSTER.connect(&self.name)
    }

    /// The log of the tests' own server; a given one's is out of reach.
    pub fn server_log() -> Option<PathBuf> {
        match &*CLUSTER {
            Cluster::Own(_) => Some(OWN_DATA_DIR.join("postgres.log")),
            Cluster::Given(_) => None,
        }
    }

    /// A connection to the server's own database, to do something to another one.
    pub fn maintenance() -> PgConnection {
        CLUSTER.connect("postgres")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped =
            CLUSTER.connect("postgres").batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        if let Err(error) = dropped {
            eprintln!("{} stays behind: {error}", self.name);
        }
    }
}

fn template_name() -> String {
    let mut digest = Sha256::new();
    let mut folders: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        digest.update(std::fs::read(folder.join("up.sql")).unwrap());
    }
    let digest = digest.finalize();
    let head = digest.first_chunk().copied().map(u64::from_be_bytes).unwrap();
    format!("sweep_template_{head:016x}")
}

/// Several test processes may get here at once: the first makes the template under a lock.
fn make_template() {
    let template = &*TEMPLATE;
    let mut maintenance = CLUSTER.connect("postgres");
    maintenance.batch_execute("SELECT pg_advisory_lock(724551)").unwrap();
    let exists: i64 = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!(
        "(SELECT count(*) FROM pg_database WHERE datname = '{template}')"
    )))
    .get_result(&mut maintenance)
    .unwrap();
    if exists == 0 {
        let unfinished = format!("{template}_new");
        maintenance
            .batch_execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"))
            .and_then(|()| maintenance.batch_execute(&format!("CREATE DATABASE {unfinished} TEMPLATE template0")))
            .unwrap();
        migrations::migrate(&CLUSTER.serving_url_of(&unfinished), Some(&CLUSTER.url_of(&unfinished))).unwrap();
        maintenance
            .batch_execute(&format!("ALTER DATABASE {unfinished} RENAME TO {template}"))
            .and_then(|()| maintenance.batch_execute(&format!("ALTER DATABASE {template} ALLOW_CONNECTIONS false")))
            .unwrap();
    }
}
