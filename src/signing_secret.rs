//! The secret that HS256 tokens are signed with: configured, or a development secret in the data folder.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::config::{JwtAlgorithm, TokenConfig};

const FILE: &str = "development-secret";

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "{0} can be reached from other machines: set SWEEP_JWT_SECRET to a secret of 32 bytes or more \
         (openssl rand -base64 48), or listen on 127.0.0.1"
    )]
    NotLoopback(SocketAddr),
    #[error("there is no secret to sign with: set SWEEP_JWT_SECRET, or start `sweep serve` once to make {0}")]
    NoneYet(PathBuf),
    #[error("tokens of algorithm {0:?} are signed with your own private key, not here")]
    PublicKeyAlgorithm(JwtAlgorithm),
    #[error("cannot use {path}: {cause}")]
    File { path: PathBuf, cause: std::io::Error },
}

/// The secret `sweep serve` checks tokens with; makes a development secret (mode 0600) when none is configured and
/// only this machine can reach the service.
pub fn for_serving(config: &TokenConfig, data_dir: &Path, listen: SocketAddr) -> Result<String, SecretError> {
    if config.jwt_algorithm != JwtAlgorithm::HS256 {
        return Ok(String::new());
    }
    if let Some(secret) = &config.jwt_secret {
        return Ok(secret.clone());
    }
    if !listen.ip().is_loopback() {
        return Err(SecretError::NotLoopback(listen));
    }
    match read(data_dir) {
        Err(SecretError::NoneYet(_)) => {}
        found => return found,
    }
    let path = data_dir.join(FILE);
    let failed = |cause| SecretError::File { path: path.clone(), cause };
    std::fs::create_dir_all(data_dir).map_err(failed)?;
    let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match made.and_then(|mut file| file.write_all(secret.as_bytes())) {
        Ok(()) => Ok(secret),
        // Another process was first.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read(data_dir),
        Err(error) => Err(failed(error)),
    }
}

/// The secret `sweep token` signs with.
pub fn for_minting(config: &TokenConfig, data_dir: &Path) -> Result<String, SecretError> {
    if config.jwt_algorithm != JwtAlgorithm::HS256 {
        return Err(SecretError::PublicKeyAlgorithm(config.jwt_algorithm));
    }
    config.jwt_secret.clone().map_or_else(|| read(data_dir), Ok)
}

fn read(data_dir: &Path) -> Result<String, SecretError> {
    let path = data_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(secret) => Ok(secret.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(SecretError::NoneYet(path)),
        Err(cause) => Err(SecretError::File { path, cause }),
    }
}
