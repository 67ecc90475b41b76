//! What it was measured on.

use std::collections::BTreeMap;
use std::fs;

use serde::Serialize;

use crate::Failure;
use crate::postgres::Postgres;

#[derive(Debug, Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_gib: u64,
    pub postgresql: String,
    pub settings: BTreeMap<&'static str, String>,
}

const SETTINGS: [&str; 10] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_compression",
    "shared_buffers",
    "work_mem",
    "max_wal_size",
    "checkpoint_timeout",
    "random_page_cost",
    "jit",
];

impl Machine {
    pub fn describe(postgres: &Postgres) -> Result<Self, Failure> {
        let of = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
        };
        let kibibytes: u64 = of("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
        let settings =
            SETTINGS.iter().map(|name| Ok((*name, postgres.setting(name)?))).collect::<Result<_, Failure>>()?;
        Ok(Self {
            processor: of("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: (kibibytes + (1 << 19)) >> 20,
            postgresql: postgres.setting("server_version")?,
            settings,
        })
    }
}
