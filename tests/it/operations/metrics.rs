//! The metrics.

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::bulk_delete::contacts;
use crate::harness::{SweepProcess, TestDatabase};
use crate::many_records::{count, wait_until};

/// The value of one series.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

/// The metrics once all of `series` have come to their values, or when nothing more can be expected: what is done is counted
/// after it.
fn settled(service: &SweepProcess, series: &[(&str, f64)]) -> String {
    let mut text = String::new();
    wait_until(|| {
        text = service.nobody().get("/metrics").text();
        series.iter().all(|(name, expected)| value(&text, name) == Some(*expected))
    });
    text
}

#[test]
fn everything_that_is_promised_is_measured() {
    let database = TestDatabase::create();
    let before = SweepProcess::start(&database);
    let admin = before.admin();
    let ids = contacts(&admin, &["a"]);
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}, "notify": "always"});
    let action = admin.post("/bulk-actions", body).expect(202);
    crate::bulk_delete::ended(&admin, &action);
    // Its mail waits in the outbox.
    let mut sql = database.connect();
    let sent = "SELECT count(*) FROM outbox WHERE status = 'sent'";
    assert!(wait_until(|| count(&mut sql, sent) == 1));
    drop(before);
    sql.batch_execute(
        "UPDATE outbox SET status = 'pending', sent_at = NULL, next_attempt_at = now() + interval '1 day'",
    )
    .unwrap();

    let service = SweepProcess::start(&database);
    let admin = service.admin();
    let ids = contacts(&admin, &["b", "c"]);
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}, "notify": "always"});
    crate::bulk_delete::ended(&admin, &admin.post("/bulk-actions", body).expect(202));
    admin.csv("/contacts/import", "last_name,email\nd,\ne,no\n").expect(200);
    service.nobody().get("/me").refused("unauthorized");
    let all = [
        ("sweep_mails_total{kind=\"report\",result=\"sent\"}", 1.0),
        ("sweep_queue_depth{queue=\"outbox\"}", 1.0),
        ("sweep_queue_depth{queue=\"chunks\"}", 0.0),
        ("sweep_queue_oldest_age_seconds{queue=\"chunks\"}", 0.0),
        ("sweep_queue_depth{queue=\"purge\"}", 0.0),
        ("sweep_http_requests_total{operation=\"create_contact\",status=\"201\"}", 2.0),
        ("sweep_http_requests_total{operation=\"get_me\",status=\"401\"}", 1.0),
        ("sweep_http_request_duration_seconds_count{operation=\"create_contact\"}", 2.0),
        ("sweep_chunks_total{action=\"delete\",result=\"done\"}", 1.0),
        ("sweep_chunk_duration_seconds_count{action=\"delete\"}", 1.0),
        ("sweep_records_total{action=\"delete\",outcome=\"deleted\"}", 2.0),
        ("sweep_import_rows_total{kind=\"contacts\",result=\"created\"}", 1.0),
        ("sweep_import_rows_total{kind=\"contacts\",result=\"rejected\"}", 1.0),
    ];
    let text = settled(&service, &all);
    for (series, expected) in all {
        assert_eq!(value(&text, series), Some(expected), "{series} in {text}");
    }
    for pool in ["api", "workers"] {
        assert!(value(&text, &format!("sweep_db_pool_wait_seconds_count{{pool=\"{pool}\"}}")).unwrap() > 0.0);
        let open = ["busy", "idle"].map(|state| {
            value(&text, &format!("sweep_db_pool_connections{{pool=\"{pool}\",state=\"{state}\"}}")).unwrap()
        });
        assert!(open[0] + open[1] >= 1.0, "{pool} {open:?}");
    }
    assert!(value(&text, "sweep_queue_oldest_age_seconds{queue=\"outbox\"}").unwrap() >= 0.0);
    if cfg!(target_os = "linux") {
        assert!(value(&text, "process_resident_memory_bytes").unwrap() > 1e6);
    }
    let answer = service.nobody().get("/metrics");
    assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    // Labels are operations and words of ours: never an id, which would make a series for each record.
    assert!(ids.iter().all(|id| !text.contains(id.as_str())));
}
