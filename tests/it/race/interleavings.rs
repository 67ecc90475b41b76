//! The dangerous interleavings, forced: locks held from outside stop one side exactly where it matters.

use std::collections::BTreeSet;
use std::thread;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use sweep::domain::entity::RecordKind;
use sweep::domain::link_catalogue::{LINKS, Link};
use uuid::Uuid;

use super::super::bulk_delete::ended;
use super::super::harness::{ACCOUNT, Answer, Client, TestServer};
use super::super::invariants;
use super::super::many_records::{count, text, wait_until, waiting};
use super::ways::{Anchors, Attempt, Way, record};

fn server() -> TestServer {
    TestServer::start_with(|settings| {
        settings.workers = 6;
        settings.api_connections = 50;
    })
}

fn delete_in_bulk(client: &Client, kind: RecordKind, ids: &[&str]) -> Value {
    let body = json!({"action": "delete", "entity": kind.as_str(), "target": {"ids": ids}});
    client.post("/bulk-actions", body).expect(202)
}

fn targets(attempts: &[Attempt], kind: RecordKind) -> Vec<&str> {
    attempts.iter().filter(|attempt| attempt.link.target == kind).map(|attempt| attempt.target.as_str()).collect()
}

/// A chunk has locked and stamped its records and not yet committed. Every way to link to one of them waits for it, and
/// then finds it gone.
#[test]
fn a_link_that_comes_second_is_refused() {
    let server = server();
    let admin = server.admin();
    let anchors = Anchors::create(&admin);
    let attempts = Attempt::all(&admin, &anchors);
    let covered: BTreeSet<_> = attempts.iter().map(|attempt| (attempt.link.table, attempt.link.column)).collect();
    assert_eq!(covered.len(), LINKS.len());

    let (mut holder, mut observer) = (server.database.connect(), server.database.connect());
    holder.batch_execute("BEGIN; LOCK TABLE bulk_action_exceptions IN EXCLUSIVE MODE").unwrap();
    // An id that names nothing is an exception, and its row has to wait.
    let unknown = Uuid::now_v7().to_string();
    let actions = RecordKind::ALL.map(|kind| {
        let mut ids = targets(&attempts, kind);
        ids.push(&unknown);
        delete_in_bulk(&admin, kind, &ids)
    });
    assert!(wait_until(|| waiting(&mut observer) == 2), "the chunks of both actions wait");

    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> = attempts.iter().map(|attempt| scope.spawn(|| attempt.run(&server.admin()))).collect();
        let all = 2 + i64::try_from(attempts.len()).unwrap();
        let all_wait = wait_until(|| waiting(&mut observer) == all);
        holder.batch_execute("ROLLBACK").unwrap();
        let answers = calls.into_iter().map(|call| call.join().unwrap()).collect();
        assert!(all_wait, "every request waits for its record");
        answers
    });
    for action in &actions {
        let action = ended(&admin, action);
        assert_eq!((&action["counts"]["blocked"], &action["counts"]["gone"]), (&json!(0), &json!(1)), "{action}");
    }
    for (attempt, answer) in attempts.iter().zip(answers) {
        expect_refusal(&admin, attempt, answer);
        assert_eq!(lives(&admin, attempt), matches!(attempt.way, Way::Restore | Way::RestoreInBulk));
    }
    invariants::hold(&mut observer);
    for link in LINKS.iter().filter(|link| !link.blocks) {
        let made = format!(
            "SELECT count(*) FROM {} AS l JOIN {} AS t ON t.id = l.{} WHERE t.deleted_at IS NOT NULL",
            link.table,
            link.target.plural(),
            link.column
        );
        assert_eq!(count(&mut observer, &made), 0, "{}.{}", link.table, link.column);
    }
}

fn expect_refusal(client: &Client, attempt: &Attempt, answer: Answer) {
    let what = format!("{}.{} by {:?}: {}", attempt.link.table, attempt.link.column, attempt.way, answer.text());
    match attempt.way {
        // A deal that comes back brings its customer along.
        Way::Restore => assert_eq!(answer.status, 200, "{what}"),
        Way::RestoreInBulk => {
            assert_eq!(ended(client, &answer.expect(202))["counts"]["restored"], 1, "{what}");
        }
        Way::Import => assert_eq!(answer.expect(200)["rejected"], 1, "{what}"),
        Way::Create | Way::Patch | Way::PutCompanyLink => {
            assert_eq!(answer.status, 409, "{what}");
            answer.refused("link-target-unavailable");
        }
    }
}

fn lives(client: &Client, attempt: &Attempt) -> bool {
    let record = client.get(&format!("/{}/{}", attempt.link.target.plural(), attempt.target)).expect(200);
    record["deleted_at"].is_null()
}

/// A link is made and not yet committed when the deletion comes. The chunk waits for it and then sees the blocker.
#[test]
fn a_link_that_comes_first_blocks() {
    let server = server();
    let admin = server.admin();
    let blocking: Vec<&Link> = LINKS.iter().filter(|link| link.blocks).collect();
    let targets: Vec<String> = blocking.iter().map(|link| record(&admin, link.target)).collect();
    let (mut linker, mut observer) = (server.database.connect(), server.database.connect());
    linker.batch_execute("BEGIN").unwrap();
    for (link, target) in blocking.iter().zip(&targets) {
        link_uncommitted(&mut linker, link, target);
    }
    let of = |kind| {
        let ids = blocking.iter().zip(&targets).filter(move |(link, _)| link.target == kind);
        ids.map(|(_, id)| id.as_str()).collect::<Vec<_>>()
    };
    let actions = RecordKind::ALL.map(|kind| delete_in_bulk(&admin, kind, &of(kind)));
    assert!(wait_until(|| waiting(&mut observer) == 2), "the chunks wait for the links");
    linker.batch_execute("COMMIT").unwrap();
    for action in actions {
        let action = ended(&admin, &action);
        assert_eq!(
            (&action["counts"]["deleted"], &action["counts"]["blocked"]),
            (&json!(0), &action["counts"]["matched"])
        );
    }
    invariants::hold(&mut observer);
    for (link, target) in blocking.iter().zip(&targets) {
        let path = format!("/{}/{target}", link.target.plural());
        let problem = admin.delete(&path).refused("linked-records");
        let blocker = &problem["blockers"][0];
        assert_eq!((&blocker["type"], &blocker["role"]), (&json!(link.kind.as_str()), &json!(link.role.as_str())));
    }
}

/// What an API write does that has not committed yet: holds its target, then points at it.
fn link_uncommitted(connection: &mut PgConnection, link: &Link, target: &str) {
    let (column, linked, account) = (link.column, Uuid::now_v7(), ACCOUNT);
    let (columns, values) = match link.table {
        "deals" if column == "contact_person_id" => (
            "title, status, search_text, customer_company_id",
            format!("'raced', 'new', '', {}", anchor_company(connection)),
        ),
        "deals" => ("title, status, search_text", "'raced', 'new', ''".to_owned()),
        "invoices" if column == "attention_of_id" => (
            "status, invoice_date, customer_name, customer_company_id",
            format!("'draft', '2026-01-31', 'raced', {}", anchor_company(connection)),
        ),
        "invoices" => ("status, invoice_date, customer_name", "'draft', '2026-01-31', 'raced'".to_owned()),
        "time_trackings" => ("started_at, duration_seconds", "'2026-01-31', 60".to_owned()),
        "project_customers" => ("position", "1".to_owned()),
        table => panic!("{table} has no case in the race test"),
    };
    let hold = format!("SELECT FROM {} WHERE id = '{target}' FOR KEY SHARE;", link.target.plural());
    let insert = if link.table == "project_customers" {
        format!(
            "INSERT INTO projects (account_id, id, title, status, created_at, updated_at, version) \
             VALUES ('{account}', '{linked}', 'raced', 'open', '2026-01-31', '2026-01-31', 1); \
             INSERT INTO project_customers (account_id, project_id, {column}, {columns}) \
             VALUES ('{account}', '{linked}', '{target}', {values})"
        )
    } else {
        format!(
            "INSERT INTO {} (account_id, id, created_at, updated_at, version, {column}, {columns}) \
             VALUES ('{account}', '{linked}', '2026-01-31', '2026-01-31', 1, '{target}', {values})",
            link.table
        )
    };
    connection.batch_execute(&format!("{hold} {insert}")).unwrap();
}

/// A company that the transaction makes for what is linked to two records.
fn anchor_company(connection: &mut PgConnection) -> String {
    let id = Uuid::now_v7();
    let columns = text(
        connection,
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns \
         WHERE table_name = 'companies' AND column_name NOT IN ('id', 'external_id')",
    );
    let copy = format!(
        "INSERT INTO companies (id, {columns}) SELECT '{id}', {columns} FROM companies \
         WHERE account_id = '{ACCOUNT}' ORDER BY id LIMIT 1"
    );
    connection.batch_execute(&copy).unwrap();
    format!("'{id}'")
}

/// The single DELETE, both ways round.
#[test]
fn a_single_delete_and_a_link_exclude_each_other() {
    let server = server();
    let admin = server.admin();
    let (mut holder, mut observer) = (server.database.connect(), server.database.connect());
    let deal = |id: &str| json!({"title": "raced", "customer": {"type": "contact", "id": id}});

    let first = record(&admin, RecordKind::Contact);
    holder.batch_execute("BEGIN; LOCK TABLE deletions IN EXCLUSIVE MODE").unwrap();
    thread::scope(|scope| {
        let deleted = scope.spawn(|| server.admin().delete(&format!("/contacts/{first}")));
        assert!(wait_until(|| waiting(&mut observer) == 1));
        let linked = scope.spawn(|| server.admin().post("/deals", deal(&first)));
        assert!(wait_until(|| waiting(&mut observer) == 2));
        holder.batch_execute("ROLLBACK").unwrap();
        deleted.join().unwrap().expect(204);
        linked.join().unwrap().refused("link-target-unavailable");
    });

    let second = record(&admin, RecordKind::Contact);
    let link = LINKS.iter().find(|link| link.table == "time_trackings").unwrap();
    holder.batch_execute("BEGIN").unwrap();
    link_uncommitted(&mut holder, link, &second);
    thread::scope(|scope| {
        let deleted = scope.spawn(|| server.admin().delete(&format!("/contacts/{second}")));
        assert!(wait_until(|| waiting(&mut observer) == 1));
        holder.batch_execute("COMMIT").unwrap();
        deleted.join().unwrap().refused("linked-records");
    });
    invariants::hold(&mut observer);
}

/// A deal comes back, and its customer with it, while the customer is about to be deleted again.
#[test]
fn a_restored_deal_blocks_the_deletion_of_its_customer() {
    let server = server();
    let admin = server.admin();
    let customer = record(&admin, RecordKind::Contact);
    let deal = json!({"title": "raced", "customer": {"type": "contact", "id": customer}});
    let deal = admin.post("/deals", deal).expect(201)["id"].as_str().unwrap().to_owned();
    admin.delete(&format!("/deals/{deal}")).expect(204);
    let (mut holder, mut observer) = (server.database.connect(), server.database.connect());
    holder.batch_execute(&format!("BEGIN; SELECT FROM deals WHERE id = '{deal}' FOR UPDATE")).unwrap();
    thread::scope(|scope| {
        let restored = scope.spawn(|| server.admin().call(&format!("/recycle-bin/{deal}/restore")));
        assert!(wait_until(|| waiting(&mut observer) == 1), "the restore holds the customer and waits for the deal");
        let action = delete_in_bulk(&admin, RecordKind::Contact, &[&customer]);
        assert!(wait_until(|| waiting(&mut observer) == 2), "the chunk waits for the customer");
        holder.batch_execute("ROLLBACK").unwrap();
        restored.join().unwrap().expect(200);
        assert_eq!(ended(&admin, &action)["counts"]["blocked"], 1);
    });
    invariants::hold(&mut observer);
}
