//! Bulk deletes, their undo and the purge, from POST to `completed`, each against plain SQL that does the same to the same
//! rows.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Failure;
use crate::bench::{Bench, RUN};
use crate::cost::{Comparison, megabytes};
use crate::report::Section;
use crate::service::Client;
use crate::statements;

const PLAIN: &str = "one UPDATE";

/// The tenth that lives in France: rows on every page of the table.
pub fn a_tenth() -> Value {
    json!({"match": "all", "rules": [{"field": "country", "operator": "equals", "value": "FR"}]})
}

pub fn the_whole() -> Value {
    json!({"segment_id": "all-contacts"})
}

#[derive(Debug)]
struct Whole {
    freeze: Comparison,
    delete: Comparison,
    undo: Comparison,
    purge: Comparison,
    peak: u64,
}

pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    let tenth = tenth(bench)?;
    let Whole { freeze, delete, undo, purge, peak } = whole(bench)?;
    let mut section = Section::comparing("bulk_actions", &[tenth, freeze, delete, undo, purge])?;
    let _ = writeln!(section.text, "Memory of the service at most {:.0} MB", megabytes(peak));
    section.data = json!({"comparisons": section.data, "peak_megabytes": megabytes(peak)});
    Ok(section)
}

fn tenth(bench: &Bench) -> Result<Comparison, Failure> {
    let mut tenth = Comparison::new("delete a tenth", PLAIN);
    for run in 1..=bench.runs {
        bench.progress("delete a tenth", run);
        bench.fresh()?;
        let (deleted, cost) = bench.postgres.run(RUN, &statements::delete("AND c.country = 'FR'"))?;
        tenth.statement.push(cost);
        let service = bench.fresh_service()?;
        let client = service.client();
        let (action, cost) = bench.postgres.measure(|| client.completed(&delete(&client, &a_tenth())?))?;
        tenth.add(&action, "deleted", deleted, cost)?;
    }
    Ok(tenth)
}

/// Freezes and deletes all contacts, and undoes it; deletes them once more, and purges them.
fn whole(bench: &Bench) -> Result<Whole, Failure> {
    let mut whole = Whole {
        freeze: Comparison::new("freeze the whole account", "one INSERT"),
        delete: Comparison::new("delete the whole account", PLAIN),
        undo: Comparison::new("undo of the whole", PLAIN),
        purge: Comparison::new("purge of the whole", "plain DELETEs"),
        peak: 0,
    };
    for run in 1..=bench.runs {
        bench.progress("delete the whole account, undo, purge", run);
        let gone = whole_by_statements(bench, &mut whole)?;
        whole_by_service(bench, &mut whole, gone)?;
    }
    Ok(whole)
}

fn whole_by_statements(bench: &Bench, whole: &mut Whole) -> Result<usize, Failure> {
    let postgres = bench.postgres;
    bench.fresh()?;
    postgres.run_all(RUN, &statements::FREEZE)?;
    whole.freeze.statement.push(postgres.run(RUN, &statements::freeze())?.1);
    let mut gone = 0;
    for taken_back in [true, false] {
        bench.fresh()?;
        let (deleted, cost) = postgres.run(RUN, &statements::delete(""))?;
        whole.delete.statement.push(cost);
        postgres.run(RUN, "ANALYZE contacts")?;
        postgres.settle(RUN)?;
        gone = deleted;
        let (changed, into) = if taken_back {
            (postgres.run(RUN, &statements::restore())?, &mut whole.undo)
        } else {
            (postgres.run_all(RUN, &statements::purge())?, &mut whole.purge)
        };
        into.statement.push(changed.1);
        if changed.0 != gone {
            return Err(format!("of {gone} deleted rows the statement found {}", changed.0).into());
        }
    }
    Ok(gone)
}

/// `gone`: how many records the statement deleted.
fn whole_by_service(bench: &Bench, whole: &mut Whole, gone: usize) -> Result<(), Failure> {
    for taken_back in [true, false] {
        let service = bench.fresh_service()?;
        let client = service.client();
        let ((action, post), cost) = bench.postgres.measure(|| {
            let (action, post) = bench.postgres.measure(|| delete(&client, &the_whole()))?;
            Ok((client.completed(&action)?, post))
        })?;
        whole.delete.add(&action, "deleted", gone, cost)?;
        whole.freeze.service.push(post);
        whole.freeze.records = action["counts"]["matched"].as_u64().unwrap_or_default();
        client.wait(&action, |action| action["notification"]["status"] == "sent")?;
        bench.postgres.settle(RUN)?;
        let id = action["id"].as_str().unwrap_or_default();
        if taken_back {
            let undo = || client.completed(&client.post(&format!("/bulk-actions/{id}/undo"), &json!({}))?);
            let (action, cost) = bench.postgres.measure(undo)?;
            whole.undo.add(&action, "restored", gone, cost)?;
        } else {
            let request = json!({"action": "purge", "entity": "contact", "target": {"deletion_id": id},
                "expected_count": gone});
            let purge = || client.completed(&client.post("/bulk-actions", &request)?);
            let (action, cost) = bench.postgres.measure(purge)?;
            whole.purge.add(&action, "purged", gone, cost)?;
        }
        whole.peak = whole.peak.max(service.memory().peak);
    }
    Ok(())
}

/// Starts a bulk delete.
pub fn delete(client: &Client, target: &Value) -> Result<Value, Failure> {
    client.post("/bulk-actions", &json!({"action": "delete", "entity": "contact", "target": target}))
}
