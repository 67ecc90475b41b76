//! The server's data folder: where its parts are, how it is made, and who may start or stop it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};

use super::binaries::Binaries;
use super::error::EmbeddedPostgresError;
use super::identity::{ServerUser, data_folder_error, make_data_folder};
use super::settings::Purpose;

/// The superuser that `initdb` makes: it owns what Sweep's migrations make.
pub(super) const USER: &str = "sweep";
/// The role that Sweep serves as: no superuser, and no owner of its tables.
pub(super) const SERVING_ROLE: &str = "sweep_service";

/// The longest socket folder: a socket's path has room for 103 bytes, and PostgreSQL adds `/.s.PGSQL.5432`.
const LONGEST_SOCKET_DIR: usize = 85;

#[derive(Debug)]
pub(super) struct Cluster {
    /// Sweep's data folder, with all links resolved.
    root: PathBuf,
    /// What PostgreSQL calls its data directory.
    pub(super) pgdata: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) log: PathBuf,
    pub(super) user: ServerUser,
    pub(super) purpose: Purpose,
}

/// Held while a server is made, started or stopped; the kernel releases it when its holder dies. The file is never deleted.
#[derive(Debug)]
pub(super) struct StartLock(File);

impl Cluster {
    /// Makes `data_dir` if there is none.
    pub(super) fn in_folder(data_dir: &Path, purpose: Purpose) -> Result<Self, EmbeddedPostgresError> {
        make_data_folder(data_dir)?;
        let root = fs::canonicalize(data_dir).map_err(|cause| data_folder_error(data_dir, cause))?;
        let pgdata = root.join("postgres");
        let user = ServerUser::choose(&[&pgdata, &root])?;
        let socket_dir = socket_dir(&root);
        let log = root.join("postgres.log");
        Ok(Self { root, pgdata, socket_dir, log, user, purpose })
    }

    /// Waits for its turn among the processes that start or stop this server.
    pub(super) fn lock(&self) -> Result<StartLock, EmbeddedPostgresError> {
        let path = self.root.join("postgres.lock");
        let lock = File::options().create(true).append(true).open(&path).and_then(|file| {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.lock()?;
            Ok(StartLock(file))
        });
        lock.map_err(|cause| data_folder_error(&path, cause))
    }

    /// The major version that made the data; `None` if there is none yet.
    pub(super) fn made_by(&self) -> Result<Option<u32>, EmbeddedPostgresError> {
        if !self.pgdata.exists() {
            return Ok(None);
        }
        self.user.check_owner(&self.pgdata)?;
        let version = fs::read_to_string(self.pgdata.join("PG_VERSION")).unwrap_or_default();
        let major = version.trim().parse();
        major.map(Some).map_err(|_| EmbeddedPostgresError::NotADataFolder(self.pgdata.clone()))
    }

    /// Makes the data beside its place and moves it there when it is whole, so a kill leaves nothing half done.
    pub(super) fn init(&self, binaries: &Binaries, lock: &StartLock) -> Result<(), EmbeddedPostgresError> {
        let unfinished = self.root.join("postgres.new");
        match fs::remove_dir_all(&unfinished) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(data_folder_error(&unfinished, cause));
            }
            _ => {}
        }
        self.user.own_private_folder(&unfinished)?;
        self.run_initdb(binaries, &unfinished, lock)?;
        fs::rename(&unfinished, &self.pgdata)
            .and_then(|()| File::open(&self.root)?.sync_all())
            .map_err(|cause| data_folder_error(&self.pgdata, cause))
    }

    fn run_initdb(&self, binaries: &Binaries, folder: &Path, lock: &StartLock) -> Result<(), EmbeddedPostgresError> {
        let program = binaries.initdb();
        let mut initdb = self.user.command(&program, &self.root);
        initdb.arg("-D").arg(folder);
        initdb.args(["--username", USER, "--encoding=UTF8", "--locale=C"]);
        initdb.arg(format!("--lc-ctype={}", utf8_ctype()));
        initdb.args(["--auth-local=trust", "--auth-host=reject", "--no-instructions"]);
        if self.purpose == Purpose::Tests {
            initdb.arg("--no-sync");
        }
        // initdb holds the lock too: if this process is killed, the next one waits until initdb has ended
        // before it throws away what initdb was writing.
        let held = lock.0.try_clone().map_err(|cause| data_folder_error(&self.root, cause))?;
        let done = initdb.stdin(Stdio::from(held)).output();
        let done = done.map_err(|cause| self.user.run_error(&program, &self.root, cause))?;
        if done.status.success() {
            return Ok(());
        }
        let reason = complaint(&String::from_utf8_lossy(&done.stderr));
        Err(EmbeddedPostgresError::Initdb { folder: folder.to_path_buf(), reason })
    }

    /// The address of a database, as libpq takes it. The folder is the only thing that lets anybody in.
    pub(super) fn url(&self, database: &str) -> String {
        self.url_as(USER, database)
    }

    pub(super) fn url_as(&self, user: &str, database: &str) -> String {
        let host = percent_encode(self.socket_dir.as_os_str().as_bytes());
        let database = percent_encode(database.as_bytes());
        format!("postgresql://{user}@/{database}?host={host}&port=5432")
    }
}

/// Beside the data, or, where its path is one that libpq or the kernel cannot take, in a short folder named after it.
fn socket_dir(root: &Path) -> PathBuf {
    let preferred = root.join("socket");
    let bytes = preferred.as_os_str().as_bytes();
    if bytes.len() <= LONGEST_SOCKET_DIR && !bytes.iter().any(|byte| b",\"".contains(byte)) {
        return preferred;
    }
    let digest = Sha256::digest(root.as_os_str().as_bytes());
    let name = digest[..8].iter().fold(String::from("/tmp/sweep-"), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    PathBuf::from(name)
}

/// A locale whose character classes know Unicode.
fn utf8_ctype() -> &'static str {
    if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" }
}

fn percent_encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut encoded, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The line of PostgreSQL's output that names the cause: its last fatal one, its last error, or simply its last.
pub(super) fn complaint(output: &str) -> String {
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    let marked = |mark: &str| {
        let line = lines().rfind(|line| line.contains(mark))?;
        line.split_once(mark).map(|(_, text)| text.trim().to_owned())
    };
    marked("FATAL:")
        .or_else(|| marked("error:"))
        .or_else(|| lines().next_back().map(str::to_owned))
        .unwrap_or_else(|| "it ended without a word".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_lies_beside_the_data_unless_its_path_cannot_be_taken() {
        assert_eq!(socket_dir(Path::new("/var/lib/sweep")), Path::new("/var/lib/sweep/socket"));
        let long = PathBuf::from(format!("/{}", "x".repeat(100)));
        for unusable in [long.as_path(), Path::new("/a,b"), Path::new("/a\"b")] {
            let short = socket_dir(unusable);
            assert!(short.starts_with("/tmp") && short.as_os_str().len() < 40, "{short:?}");
            assert_eq!(short, socket_dir(unusable), "every process has to find the same");
        }
    }

    #[test]
    fn urls_escape_what_is_special() {
        assert_eq!(percent_encode("/a b/é?&,".as_bytes()), "/a%20b/%C3%A9%3F%26%2C");
    }

    #[test]
    fn finds_the_line_that_names_the_cause() {
        let log = "2026-01-01 LOG:  starting\n2026-01-01 [7] FATAL:  no space\n2026-01-01 LOG:  shut down\n";
        assert_eq!(complaint(log), "no space");
        assert_eq!(complaint("initdb: error: could not look up user\n"), "could not look up user");
        assert_eq!(complaint(" \n"), "it ended without a word");
    }
}
