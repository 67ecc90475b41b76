//! How PostgreSQL runs the service's own statements on an account of 200,000 contacts, half of its tables' rows, of which a
//! third lies in the bin: no large table is read from end to end, and no page sorts or reads the account.

mod accounts;
mod actions;
mod guard;
mod plan;
mod reads;

use diesel::connection::SimpleConnection;

use self::guard::{Guard, PAGE};

/// What must be among the statements that were judged, beside the lists that are asked for by name.
const HOT: [(&str, &str); 21] = [
    ("the freeze of a set", "WITH matched AS MATERIALIZED (SELECT array_agg(id) AS ids FROM (SELECT \"contacts\""),
    ("the freeze of an undo", "array_agg(r.id ORDER BY r.id) FROM bulk_action_chunks"),
    ("the freeze of what lies in the bin", "AS ids FROM (SELECT t.id FROM contacts"),
    ("twins in a restore", "WITH shared AS MATERIALIZED"),
    ("the next account with a chunk", "ORDER BY \"bulk_action_chunks\".\"account_id\""),
    ("the claim of a chunk", "\"bulk_action_chunks\".\"twins\" FROM"),
    ("twins of a new record in the bin", "binned_keys"),
    ("the lock of a chunk's rows", "FOR UPDATE OF contacts"),
    ("the blockers of a chunk", "count(DISTINCT id) AS count"),
    ("into the bin", "SET deleted_at = $"),
    ("out of the bin", "UPDATE contacts SET deleted_at = NULL"),
    ("progress for those who watch", "(account_id, id) IN (SELECT * FROM unnest("),
    ("the gate of links", "FOR KEY SHARE"),
    ("an import's external ids", "AS wanted (external_id)"),
    ("an import's known rows", "ON CONFLICT (\"account_id\", \"id\") DO UPDATE"),
    ("the rows of a purge", "DELETE FROM contacts WHERE"),
    ("foreign keys to what is purged", "SELECT 1 FROM ONLY \"public\".\"deals\""),
    ("answers that tell of what is purged", "names && "),
    ("records past their time", "purge_at <= $3"),
    ("deletions past their time", "\"deletions\".\"first_purge_at\" <= $"),
    ("accounts to tell of what leaves", "FROM deletions AS d LEFT JOIN account_settings"),
];

#[test]
fn no_hot_statement_reads_or_sorts_what_it_is_not_about() {
    let Some(mut guard) = Guard::start() else {
        eprintln!("not looked at: the plans are in the log of the tests' own server alone");
        return;
    };
    reads::all(&mut guard);
    actions::all(&mut guard);
    let unseen: Vec<_> = HOT.into_iter().filter(|(_, text)| !guard.has_judged(text)).collect();
    assert!(unseen.is_empty(), "no statement holds these: {unseen:?}");
    let faults = guard.faults();
    assert!(faults.is_empty(), "{} plans are wrong:\n{}", faults.len(), faults.join("\n"));
    sees_a_missing_index(&mut guard);
}

/// The guard itself: without an index the statements that need it are named.
fn sees_a_missing_index(guard: &mut Guard) {
    for (index, path, table) in [
        ("contacts_name_live", "/contacts?sort=name", "contacts"),
        ("contacts_bin", "/recycle-bin?limit=10", "contacts"),
        ("deals_updated_live", "/deals?sort=-updated_at", "deals"),
        ("audit_log_by_user", "/audit-log?actor=user-7", "audit_log"),
    ] {
        guard.sql.batch_execute(&format!("DROP INDEX {index}")).unwrap();
        guard.get(path, table, PAGE);
        let faults = guard.faults();
        assert!(faults.iter().any(|fault| fault.starts_with(path)), "{path} does without {index}");
    }
}
