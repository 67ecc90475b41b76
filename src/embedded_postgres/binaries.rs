//! Finds the machine's PostgreSQL: the folder that holds `initdb` and `postgres`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::EmbeddedPostgresError;

/// The oldest major version whose SQL Sweep speaks.
pub(super) const OLDEST_MAJOR: u32 = 15;

/// Folders of versions side by side; `*` stands for the version.
const VERSIONED_FOLDERS: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// Finds the binaries for a new data folder (`made_by` is `None`), or for one that version
    /// `made_by` has made and that no other can open. `SWEEP_POSTGRES_BIN` ends the search.
    pub(super) fn find(made_by: Option<(u32, &Path)>) -> Result<Self, EmbeddedPostgresError> {
        let installed = match env::var_os("SWEEP_POSTGRES_BIN").filter(|folder| !folder.is_empty()) {
            Some(folder) => {
                let folder = PathBuf::from(folder);
                let binaries = Self::in_folder(&folder).filter(|b| b.major >= OLDEST_MAJOR);
                vec![binaries.ok_or(EmbeddedPostgresError::BadOverride(folder))?]
            }
            None => search_folders().iter().filter_map(|folder| Self::in_folder(folder)).collect(),
        };
        Self::choose(installed, made_by)
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        let answer = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&answer.stdout))?;
        let folder = folder.to_path_buf();
        Some(Self { folder, major })
    }

    /// Takes the first of the newest version that fits.
    fn choose(installed: Vec<Self>, made_by: Option<(u32, &Path)>) -> Result<Self, EmbeddedPostgresError> {
        let Some(newest) = installed.iter().map(|b| b.major).max() else {
            return Err(EmbeddedPostgresError::NotInstalled);
        };
        if newest < OLDEST_MAJOR {
            return Err(EmbeddedPostgresError::TooOld { newest });
        }
        let wanted = made_by.map_or(newest, |(major, _)| major);
        let mut majors: Vec<u32> = installed.iter().map(|b| b.major).collect();
        installed.into_iter().find(|b| b.major == wanted && wanted >= OLDEST_MAJOR).ok_or_else(|| {
            majors.sort_unstable();
            majors.dedup();
            let majors: Vec<String> = majors.iter().map(ToString::to_string).collect();
            EmbeddedPostgresError::OtherMajorVersion {
                folder: made_by.map(|(_, folder)| folder.to_path_buf()).unwrap_or_default(),
                data: wanted,
                installed: majors.join(" and "),
            }
        })
    }
}

/// The command that installs PostgreSQL on this machine, as the start of a sentence.
pub(super) fn install_hint() -> &'static str {
    const MANAGERS: [(&str, &str); 5] = [
        ("/usr/bin/apt-get", "run `sudo apt-get install postgresql`"),
        ("/usr/bin/dnf", "run `sudo dnf install postgresql-server postgresql-contrib`"),
        ("/opt/homebrew/bin/brew", "run `brew install postgresql@17`"),
        ("/usr/local/bin/brew", "run `brew install postgresql@17`"),
        ("/sbin/apk", "run `apk add postgresql postgresql-contrib`"),
    ];
    MANAGERS
        .iter()
        .find(|(program, _)| Path::new(program).exists())
        .map_or("install it with its contrib modules", |(_, hint)| hint)
}

fn search_folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .chain(VERSIONED_FOLDERS.iter().flat_map(|pattern| expand(pattern)))
        .collect()
}

/// The existing folders that a pattern with one `*` stands for.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(format!("{parent}/")) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .filter(|folder| folder.is_dir())
        .collect()
}

/// The major version in the answer to `postgres --version`, such as `postgres (PostgreSQL) 17.2`.
fn major_of(answer: &str) -> Option<u32> {
    let version = answer.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Binaries> {
        let binaries = |&major| Binaries { folder: PathBuf::from(format!("/pg/{major}")), major };
        majors.iter().map(binaries).collect()
    }

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 19devel\n"), Some(19));
        assert_eq!(major_of("postgres: not a server"), None);
    }

    #[test]
    fn takes_the_newest_for_a_new_data_folder() {
        assert_eq!(Binaries::choose(installed(&[15, 17, 14]), None).unwrap().major, 17);
    }

    #[test]
    fn takes_the_version_that_made_an_existing_data_folder() {
        let made_by = Some((15, Path::new("/data")));
        assert_eq!(Binaries::choose(installed(&[17, 15]), made_by).unwrap().major, 15);
    }

    #[test]
    fn names_both_versions_when_none_fits() {
        let made_by = Some((16, Path::new("/data/postgres")));
        let error = Binaries::choose(installed(&[17, 15, 15]), made_by).unwrap_err().to_string();
        assert!(error.contains("/data/postgres was made by PostgreSQL 16"), "{error}");
        assert!(error.contains("this machine has 15 and 17"), "{error}");
    }

    #[test]
    fn says_what_to_do_when_there_is_none_or_only_an_old_one() {
        let none = Binaries::choose(Vec::new(), None).unwrap_err().to_string();
        assert!(none.contains("install") && none.contains("DATABASE_URL"), "{none}");
        let old = Binaries::choose(installed(&[13, 14]), None).unwrap_err().to_string();
        assert!(old.contains("the newest PostgreSQL on this machine is 14"), "{old}");
    }

    #[test]
    fn expands_versioned_folders() {
        let root = tempfile::tempdir().unwrap();
        for version in ["pgsql-15/bin", "pgsql-17/bin", "pgsql-16", "other/bin"] {
            fs::create_dir_all(root.path().join(version)).unwrap();
        }
        let mut found = expand(&format!("{}/pgsql-*/bin", root.path().display()));
        found.sort();
        assert_eq!(found, [root.path().join("pgsql-15/bin"), root.path().join("pgsql-17/bin")]);
    }
}
