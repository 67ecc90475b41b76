//! What every measurement needs: the server, and services on fresh copies of the account.

use std::path::{Path, PathBuf};

use crate::Failure;
use crate::postgres::Postgres;
use crate::service::Service;

/// The database with the whole account; everything is measured on copies of it.
pub const TEMPLATE: &str = "account";
/// The copy that is measured now.
pub const RUN: &str = "run";

pub struct Bench<'a> {
    /// How large the account is.
    pub contacts: u64,
    /// How often each measurement is repeated.
    pub runs: usize,
    pub postgres: &'a Postgres,
    pub folder: PathBuf,
}

impl Bench<'_> {
    /// Makes [`RUN`] a fresh copy of the account and brings it to rest.
    pub fn fresh(&self) -> Result<(), Failure> {
        self.postgres.copy(TEMPLATE, RUN)?;
        self.postgres.settle(RUN)
    }

    /// A service on a fresh copy of the account, at rest.
    pub fn fresh_service(&self) -> Result<Service, Failure> {
        self.postgres.copy(TEMPLATE, RUN)?;
        let service = Service::start(self.postgres, RUN, &self.folder)?;
        self.postgres.settle(RUN)?;
        Ok(service)
    }

    pub fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Says on standard error what goes on.
    pub fn progress(&self, what: &str, run: usize) {
        eprintln!("bench: {} contacts: {what}, run {run} of {}", self.contacts, self.runs);
    }
}
