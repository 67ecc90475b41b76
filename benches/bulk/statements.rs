//! What the service does to the rows, as plain SQL: the best that a patient administrator could type.

use std::fmt::Write as _;

use sweep::domain::bulk_action::CHUNK_SIZE;
use sweep::domain::entity::RecordKind;
use sweep::domain::link_catalogue::{PurgeFate, links_to};

use crate::ACCOUNT;

/// The deletion's id that the plain statement writes.
const DELETION: &str = "0193a000-0000-7000-8000-00000000de1e";

/// The ids of a set in chunks, as they are frozen.
pub const FREEZE: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS frozen (number integer PRIMARY KEY, ids uuid[] NOT NULL)",
    "ALTER TABLE frozen ALTER COLUMN ids SET STORAGE EXTERNAL",
];

/// Fills the table of [`FREEZE`] with all live contacts.
pub fn freeze() -> String {
    format!(
        "WITH matched AS MATERIALIZED (SELECT array_agg(id) AS ids FROM (SELECT id FROM contacts \
         WHERE account_id = '{ACCOUNT}' AND deleted_at IS NULL ORDER BY id) AS found) \
         INSERT INTO frozen SELECT (first - 1) / {CHUNK_SIZE}, ids[first : first + {CHUNK_SIZE} - 1] \
         FROM matched, generate_series(1, cardinality(ids), {CHUNK_SIZE}) AS first"
    )
}

/// Deletes all live contacts that meet `condition` and that nothing holds back: all conditions of the link catalogue, the
/// same columns.
pub fn delete(condition: &str) -> String {
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

/// Takes back what [`delete`] did.
pub fn restore() -> String {
    format!(
        "UPDATE contacts SET deleted_at = NULL, deletion_id = NULL, purge_at = NULL, updated_at = now(), \
         version = version + 1 WHERE {}",
        binned("contacts")
    )
}

/// Removes for good what [`delete`] took: everything that is linked by the fate that the link catalogue names, then the
/// rows.
pub fn purge() -> Vec<String> {
    let mut statements = Vec::new();
    for link in links_to(RecordKind::Contact) {
        let (table, column) = (link.table, link.column);
        let of_set = format!(
            "contacts AS c WHERE c.account_id = {table}.account_id AND c.id = {table}.{column} AND {}",
            binned("c")
        );
        statements.extend(match link.fate {
            PurgeFate::None => None,
            PurgeFate::RemoveLink => Some(format!("DELETE FROM {table} USING {of_set}")),
            PurgeFate::PurgeLinked => {
                Some(format!("DELETE FROM {table} USING {of_set} AND {table}.deleted_at IS NOT NULL"))
            }
            PurgeFate::Clear => {
                Some(format!("UPDATE {table} SET {column} = NULL, version = {table}.version + 1 FROM {of_set}"))
            }
            PurgeFate::Anonymise => Some(format!(
                "UPDATE {table} SET {column} = NULL, subject = '', description = NULL, external_id = NULL, \
                 anonymised_at = now(), updated_at = now(), version = {table}.version + 1 FROM {of_set}"
            )),
        });
    }
    statements.push(format!("DELETE FROM contacts WHERE {}", binned("contacts")));
    statements
}

fn binned(table: &str) -> String {
    format!(
        "{table}.account_id = '{ACCOUNT}' AND {table}.deletion_id = '{DELETION}' AND {table}.deleted_at IS NOT NULL"
    )
}
