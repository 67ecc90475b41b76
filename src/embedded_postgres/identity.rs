//! As whom the server runs, and folders that are only its own.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Uid, User, geteuid};

use super::error::EmbeddedPostgresError;

/// The user who runs `initdb` and `postgres`.
#[derive(Debug)]
pub(super) struct ServerUser {
    uid: u32,
    gid: u32,
    pub(super) name: String,
    /// True if that is another user than this process's.
    dropped: bool,
}

impl ServerUser {
    /// This process's user; for root, whom PostgreSQL refuses, the first ordinary user with an entry in
    /// passwd (`initdb` needs one) of: the owners of `folders`, `postgres`, `nobody`.
    pub(super) fn choose(folders: &[&Path]) -> Result<Self, EmbeddedPostgresError> {
        if !geteuid().is_root() {
            let name = user_name(geteuid().as_raw());
            let (uid, gid) = (geteuid().as_raw(), nix::unistd::getegid().as_raw());
            return Ok(Self { uid, gid, name, dropped: false });
        }
        let owners = folders.iter().filter_map(|folder| {
            let uid = fs::metadata(folder).ok()?.uid();
            User::from_uid(Uid::from_raw(uid)).ok()?
        });
        let known = ["postgres", "nobody"].into_iter().filter_map(|name| User::from_name(name).ok()?);
        let user = owners.chain(known).find(|user| !user.uid.is_root()).ok_or(EmbeddedPostgresError::NoServerUser)?;
        let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
        Ok(Self { uid, gid, name: user.name, dropped: true })
    }

    /// A command of PostgreSQL that runs as this user in `folder`, untouched by the caller's locale and `PG*` variables.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").current_dir(folder);
        if self.dropped {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes `folder` (its parent exists) readable by this user alone, or proves that it already is.
    pub(super) fn own_private_folder(&self, folder: &Path) -> Result<(), EmbeddedPostgresError> {
        let failed = |cause| data_folder_error(folder, cause);
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(cause));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(folder).map_err(failed)?;
        let ours = found.is_dir() && (found.uid() == self.uid || found.uid() == geteuid().as_raw());
        if !ours || found.permissions().mode() & 0o077 != 0 {
            return Err(not_ours(folder, found.uid()));
        }
        if found.uid() != self.uid {
            chown(folder, Some(self.uid), Some(self.gid)).map_err(failed)?;
        }
        Ok(())
    }

    /// Proves that `folder` is this user's.
    pub(super) fn check_owner(&self, folder: &Path) -> Result<(), EmbeddedPostgresError> {
        let owner = fs::metadata(folder).map_err(|cause| data_folder_error(folder, cause))?.uid();
        if owner == self.uid { Ok(()) } else { Err(not_ours(folder, owner)) }
    }

    /// What a failure to run `program` in `folder` means.
    pub(super) fn run_error(&self, program: &Path, folder: &Path, cause: io::Error) -> EmbeddedPostgresError {
        if self.dropped && cause.kind() == io::ErrorKind::PermissionDenied {
            let (path, user) = (folder.to_path_buf(), self.name.clone());
            return EmbeddedPostgresError::Unreachable { path, user };
        }
        EmbeddedPostgresError::Run { program: program.to_path_buf(), cause }
    }
}

/// Makes the data folder if there is none. Under root other users may pass through it, as the server must, but not list it.
pub fn make_data_folder(folder: &Path) -> Result<(), EmbeddedPostgresError> {
    if folder.is_dir() {
        return Ok(());
    }
    let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(mode)))
        .map_err(|cause| data_folder_error(folder, cause))
}

/// Refuses a folder in a place open to all that another user made, or a link to elsewhere.
pub(super) fn refuse_foreign_folder(folder: &Path) -> Result<(), EmbeddedPostgresError> {
    let found = fs::symlink_metadata(folder).map_err(|cause| data_folder_error(folder, cause))?;
    if found.is_dir() && found.uid() == geteuid().as_raw() {
        return Ok(());
    }
    Err(not_ours(folder, found.uid()))
}

pub(super) fn data_folder_error(path: &Path, cause: io::Error) -> EmbeddedPostgresError {
    EmbeddedPostgresError::DataFolder { path: path.to_path_buf(), cause }
}

fn not_ours(path: &Path, owner: u32) -> EmbeddedPostgresError {
    EmbeddedPostgresError::NotOurs { path: path.to_path_buf(), owner: user_name(owner) }
}

fn user_name(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| format!("user {uid}"), |user| user.name)
}
