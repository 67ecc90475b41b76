//! Logs and metrics. Neither ever carries personal data: routes, ids, counts and durations only.

use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;

use prometheus::{
    Encoder, GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec, TextEncoder, register_gauge_vec,
    register_histogram_vec, register_int_counter_vec, register_int_gauge_vec,
};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use uuid::Uuid;

use crate::domain::bulk_action::{BulkAction, ChunkResult, Outcome};

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Runs the handling of one request under its id.
pub async fn within_request<F: Future>(id: String, handling: F) -> F::Output {
    REQUEST_ID.scope(id, handling).await
}

/// The id of the request that is being handled, by which its log lines, its problem document and its rows of the audit
/// log find together.
pub fn request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// From a fast statement to the longest wait there is, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0];

static POOL_WAIT: LazyLock<HistogramVec> = LazyLock::new(|| {
    register_histogram_vec!(
        "sweep_db_pool_wait_seconds",
        "Time spent waiting for a database connection.",
        &["pool"],
        SECONDS.to_vec()
    )
    .expect("the name is registered once")
});

static REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!("sweep_http_requests_total", "Requests answered.", &["operation", "status"])
        .expect("the name is registered once")
});

static REQUEST_DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    register_histogram_vec!(
        "sweep_http_request_duration_seconds",
        "Time from a request to its answer.",
        &["operation"],
        SECONDS.to_vec()
    )
    .expect("the name is registered once")
});

static MAILS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!("sweep_mails_total", "Tries to send a mail.", &["kind", "result"])
        .expect("the name is registered once")
});

/// The account of a request, for its log line.
#[derive(Debug, Clone, Copy)]
pub struct LoggedAccount(pub Uuid);

pub fn observe_request(operation: &str, status: u16, duration: Duration) {
    REQUESTS.with_label_values(&[operation, &status.to_string()]).inc();
    REQUEST_DURATION.with_label_values(&[operation]).observe(duration.as_secs_f64());
}

static CHUNKS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!("sweep_chunks_total", "Chunks of bulk actions worked on.", &["action", "result"])
        .expect("the name is registered once")
});

static CHUNK_DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    register_histogram_vec!(
        "sweep_chunk_duration_seconds",
        "Time a chunk's transaction took.",
        &["action"],
        SECONDS.to_vec()
    )
    .expect("the name is registered once")
});

static RECORDS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!("sweep_records_total", "Records by what became of them.", &["action", "outcome"])
        .expect("the name is registered once")
});

pub fn observe_chunk(action: &BulkAction, result: &ChunkResult, duration: Duration) {
    let name = action.action.as_str();
    CHUNKS.with_label_values(&[name, "done"]).inc();
    CHUNK_DURATION.with_label_values(&[name]).observe(duration.as_secs_f64());
    let count = |outcome: Outcome, count: usize| {
        if let Ok(count) = u64::try_from(count) {
            RECORDS.with_label_values(&[name, outcome.as_str()]).inc_by(count);
        }
    };
    count(action.main_outcome(), result.succeeded.len());
    for exception in &result.exceptions {
        count(exception.outcome, 1);
    }
}

pub fn observe_failed_chunk() {
    CHUNKS.with_label_values(&["any", "failed"]).inc();
}

/// `result` is `sent`, `retrying`, `failed`, `dropped` when there was nothing to say any more, or `lease_lost` when another sender had taken over.
pub fn observe_mail(kind: &str, result: &str) {
    MAILS.with_label_values(&[kind, result]).inc();
}

static IMPORT_ROWS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!("sweep_import_rows_total", "Rows of imported files.", &["kind", "result"])
        .expect("the name is registered once")
});

/// Rows of one stored batch: created, updated, rejected.
pub fn observe_import(kind: &str, counts: [u64; 3]) {
    for (result, count) in ["created", "updated", "rejected"].iter().zip(counts) {
        IMPORT_ROWS.with_label_values(&[kind, result]).inc_by(count);
    }
}

static POOL_CONNECTIONS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    register_int_gauge_vec!("sweep_db_pool_connections", "Open database connections.", &["pool", "state"])
        .expect("the name is registered once")
});

static QUEUE_DEPTH: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    register_int_gauge_vec!("sweep_queue_depth", "Units of work that wait, on all nodes together.", &["queue"])
        .expect("the name is registered once")
});

static QUEUE_AGE: LazyLock<GaugeVec> = LazyLock::new(|| {
    register_gauge_vec!("sweep_queue_oldest_age_seconds", "How long the oldest of them has waited.", &["queue"])
        .expect("the name is registered once")
});

pub fn set_pool_connections(pool: &str, busy: u32, idle: u32) {
    POOL_CONNECTIONS.with_label_values(&[pool, "busy"]).set(busy.into());
    POOL_CONNECTIONS.with_label_values(&[pool, "idle"]).set(idle.into());
}

/// `oldest_age`: zero for an empty queue.
pub fn set_queue(queue: &str, depth: i64, oldest_age: Duration) {
    QUEUE_DEPTH.with_label_values(&[queue]).set(depth);
    QUEUE_AGE.with_label_values(&[queue]).set(oldest_age.as_secs_f64());
}

/// Every metric in Prometheus' text form.
pub fn metrics_text() -> String {
    let mut text = Vec::new();
    if let Err(error) = TextEncoder::new().encode(&prometheus::gather(), &mut text) {
        tracing::error!(%error, "the metrics cannot be written");
    }
    String::from_utf8(text).unwrap_or_default()
}

pub fn observe_pool_wait(pool: &str, waited: Duration) {
    POOL_WAIT.with_label_values(&[pool]).observe(waited.as_secs_f64());
}

/// One JSON line an event on standard error, filtered by `SWEEP_LOG` (`info` when unset).
pub fn start_logging(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
