//! Bulk deletes and their undo, from POST to `completed`, each against the one SQL statement that does the same to the
//! same rows.

use std::fmt::Write as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sweep::domain::entity::RecordKind;
use sweep::domain::link_catalogue::links_to;

use crate::account::TEMPLATE;
use crate::postgres::Postgres;
use crate::report::Comparison;
use crate::service::{Client, Memory, Service};
use crate::{ACCOUNT, Failure, Options, progress};

const RUN: &str = "run";
/// The deletion's id that the plain statement writes.
const DELETION: &str = "0193a000-0000-7000-8000-00000000de1e";
const POLL: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_hours(1);

/// Deletes the tenth that lives in France: rows on every page of the table.
pub fn tenth(options: &Options, postgres: &Postgres, folder: &Path) -> Result<Comparison, Failure> {
    let mut tenth = Comparison::new("delete a tenth");
    let target = json!({"match": "all", "rules": [{"field": "country", "operator": "equals", "value": "FR"}]});
    for run in 1..=options.runs {
        progress(&format!("delete a tenth, run {run} of {}", options.runs));
        postgres.copy(TEMPLATE, RUN)?;
        postgres.settle(RUN)?;
        let (deleted, cost) = postgres.run(RUN, &delete_statement("AND c.country = 'FR'"))?;
        tenth.statement.push(cost);
        postgres.copy(TEMPLATE, RUN)?;
        let service = Service::start(postgres, RUN, folder)?;
        let client = service.client();
        postgres.settle(RUN)?;
        let (action, cost) = postgres.measure(|| delete(&client, &target))?;
        tenth.add(&action, "deleted", deleted, cost)?;
    }
    Ok(tenth)
}

/// Deletes all contacts, then undoes it.
pub fn whole_and_undo(
    options: &Options,
    postgres: &Postgres,
    folder: &Path,
) -> Result<(Comparison, Comparison, Memory), Failure> {
    let (mut whole, mut undo) = (Comparison::new("delete the whole account"), Comparison::new("undo of the whole"));
    let mut peak = Memory::default();
    for run in 1..=options.runs {
        progress(&format!("delete the whole account and undo it, run {run} of {}", options.runs));
        postgres.copy(TEMPLATE, RUN)?;
        postgres.settle(RUN)?;
        let (deleted, cost) = postgres.run(RUN, &delete_statement(""))?;
        whole.statement.push(cost);
        postgres.run(RUN, "ANALYZE contacts")?;
        postgres.settle(RUN)?;
        let (restored, cost) = postgres.run(RUN, &restore_statement())?;
        undo.statement.push(cost);
        postgres.copy(TEMPLATE, RUN)?;
        let service = Service::start(postgres, RUN, folder)?;
        let client = service.client();
        postgres.settle(RUN)?;
        let (action, cost) = postgres.measure(|| delete(&client, &json!({"segment_id": "all-contacts"})))?;
        whole.add(&action, "deleted", deleted, cost)?;
        wait(&client, &action, |action| action["notification"]["status"] == "sent")?;
        postgres.settle(RUN)?;
        let path = format!("/bulk-actions/{}/undo", text(&action["id"])?);
        let (action, cost) = postgres.measure(|| completed(&client, &client.post(&path, &json!({}))?))?;
        undo.add(&action, "restored", restored, cost)?;
        let memory = service.memory();
        peak = if memory.peak > peak.peak { memory } else { peak };
    }
    Ok((whole, undo, peak))
}

fn delete(client: &Client, target: &Value) -> Result<Value, Failure> {
    let request = json!({"action": "delete", "entity": "contact", "target": target});
    completed(client, &client.post("/bulk-actions", &request)?)
}

/// The action once it is completed.
fn completed(client: &Client, action: &Value) -> Result<Value, Failure> {
    wait(client, action, |action| action["status"] == "completed")
}

fn wait(client: &Client, action: &Value, until: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
    let path = format!("/bulk-actions/{}", text(&action["id"])?);
    let since = Instant::now();
    loop {
        let action = client.get(&path)?;
        if until(&action) {
            return Ok(action);
        }
        if action["status"] == "failed" || since.elapsed() > LIMIT {
            return Err(format!("the action does not get there: {action}").into());
        }
        sleep(POLL);
    }
}

fn text(value: &Value) -> Result<&str, Failure> {
    value.as_str().ok_or_else(|| format!("{value} is no text").into())
}

/// What the engine does to the rows, as one statement: all conditions of the link catalogue, the same columns.
fn delete_statement(condition: &str) -> String {
    let mut unblocked = String::new();
    for link in links_to(RecordKind::Contact).filter(|link| link.blocks) {
        let live = if link.in_bin { " AND l.deleted_at IS NULL" } else { "" };
        let _ = write!(
            unblocked,
            " AND NOT EXISTS (SELECT FROM {} AS l WHERE l.account_id = c.account_id AND l.{} = c.id{live})",
            link.table, link.column
        );
    }
    format!(
        "UPDATE contacts AS c SET deleted_at = now(), deletion_id = '{DELETION}', \
         purge_at = now() + interval '30 days', version = version + 1 \
         WHERE c.account_id = '{ACCOUNT}' AND c.deleted_at IS NULL {condition}{unblocked}"
    )
}

fn restore_statement() -> String {
    format!(
        "UPDATE contacts SET deleted_at = NULL, deletion_id = NULL, purge_at = NULL, updated_at = now(), \
         version = version + 1 WHERE account_id = '{ACCOUNT}' AND deletion_id = '{DELETION}' AND deleted_at IS NOT NULL"
    )
}
