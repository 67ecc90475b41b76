//! The server's settings, all given at its start so that they follow the machine and this version.
//!
//! Whoever wants to tune by hand runs a PostgreSQL of their own and sets `DATABASE_URL`.

use std::fs;
use std::process::Command;

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Keeps what it has acknowledged, whatever happens to the machine.
    Service,
    /// Is as fast as can be and forgets everything in a power failure.
    Tests,
}

type Setting = (&'static str, String);

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// All settings but those that name the socket, for a machine with `memory` bytes.
pub(super) fn settings(purpose: Purpose, memory: u64, lz4: bool) -> Vec<Setting> {
    let mut all = private();
    match purpose {
        Purpose::Service => all.extend(for_service(memory, lz4)),
        Purpose::Tests => all.extend(for_tests()),
    }
    all
}

/// No port, and a log that never names a value of a row: its messages could carry personal data.
fn private() -> Vec<Setting> {
    fixed(&[
        ("listen_addresses", ""),
        ("port", "5432"),
        ("unix_socket_permissions", "0700"),
        ("lc_messages", "C"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_min_messages", "log"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("log_checkpoints", "off"),
        ("logging_collector", "off"),
        ("jit", "off"),
        ("random_page_cost", "1.1"),
    ])
}

fn for_service(memory: u64, lz4: bool) -> Vec<Setting> {
    let mut all = fixed(&[
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("wal_compression", if lz4 { "lz4" } else { "on" }),
        ("checkpoint_timeout", "15min"),
        ("autovacuum_vacuum_cost_limit", "2000"),
        ("autovacuum_naptime", "15s"),
    ]);
    // Elsewhere PostgreSQL refuses to start with it: there is no posix_fadvise.
    if cfg!(target_os = "linux") {
        all.extend(fixed(&[("effective_io_concurrency", "200")]));
    }
    let sized = [
        ("shared_buffers", (memory / 8).clamp(64 * MIB, 2 * GIB)),
        ("effective_cache_size", (memory / 3).max(128 * MIB)),
        ("work_mem", (memory / 512).clamp(4 * MIB, 32 * MIB)),
        ("maintenance_work_mem", (memory / 64).clamp(32 * MIB, 256 * MIB)),
        ("max_wal_size", (memory / 4).clamp(GIB, 4 * GIB)),
        ("min_wal_size", (memory / 32).clamp(80 * MIB, 512 * MIB)),
    ];
    all.extend(sized.map(|(name, bytes)| (name, format!("{}MB", bytes / MIB))));
    all
}

fn for_tests() -> Vec<Setting> {
    fixed(&[
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("max_wal_size", "128MB"),
        ("min_wal_size", "32MB"),
        ("max_connections", "300"),
        ("shared_buffers", "128MB"),
    ])
}

fn fixed(settings: &[(&'static str, &str)]) -> Vec<Setting> {
    settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// The memory this process may use, in bytes: the machine's, or less in a container. 1 GiB if nobody says.
pub(super) fn machine_memory() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo_total(&text)).or_else(sysctl_memory);
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(container).min().unwrap_or(GIB)
}

fn meminfo_total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// macOS has no /proc.
fn sysctl_memory() -> Option<u64> {
    let answer = Command::new("sysctl").args(["-n", "hw.memsize"]).output().ok()?;
    String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(settings: &[Setting], name: &str) -> String {
        settings.iter().find(|(n, _)| *n == name).unwrap().1.clone()
    }

    #[test]
    fn the_service_never_trades_durability_and_tests_always_do() {
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            assert_eq!(value(&settings(Purpose::Service, GIB, true), name), "on");
            assert_eq!(value(&settings(Purpose::Tests, GIB, true), name), "off");
        }
    }

    #[test]
    fn sizes_follow_the_memory_within_limits() {
        let buffers = |memory| value(&settings(Purpose::Service, memory, false), "shared_buffers");
        assert_eq!(buffers(128 * MIB), "64MB");
        assert_eq!(buffers(8 * GIB), "1024MB");
        assert_eq!(buffers(256 * GIB), "2048MB");
    }

    #[test]
    fn reads_meminfo() {
        let text = "MemTotal:       24684264 kB\nMemFree:        22656320 kB\n";
        assert_eq!(meminfo_total(text), Some(24_684_264 * 1024));
        assert_eq!(meminfo_total("nothing"), None);
    }
}
