//! What must be true of the whole database at any moment, checked by SQL and from the outside.

use std::fmt::Write as _;

use diesel::prelude::*;
use sweep::domain::link_catalogue::LINKS;

use super::many_records::lines;

/// Panics unless no live blocking link leads into the bin, every action's account is exact, every binned record has its
/// deletion, the audit log tells of every action and deletion once, and the keys of the bin are those of what lies in it.
#[track_caller]
pub fn hold(connection: &mut PgConnection) {
    let broken: Vec<String> = [
        dangling_links(connection),
        wrong_accounts(connection),
        lost_deletions(connection),
        untold(connection),
        wrong_keys(connection),
    ]
    .concat();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The live linked records of a blocking kind that point at a record in the bin.
pub fn dangling_links(connection: &mut PgConnection) -> Vec<String> {
    let mut sql = String::new();
    for link in LINKS.iter().filter(|link| link.blocks) {
        if !sql.is_empty() {
            sql.push_str(" UNION ALL ");
        }
        let live = if link.in_bin { "l.deleted_at IS NULL" } else { "true" };
        let parents = if link.target.as_str() == "contact" { "contacts" } else { "companies" };
        let _ = write!(
            sql,
            "SELECT '{table}.{column}: ' || l.{id} || ' points at ' || p.id AS line FROM {table} AS l JOIN {parents} AS p \
             ON p.account_id = l.account_id AND p.id = l.{column} WHERE {live} AND p.deleted_at IS NOT NULL",
            table = link.table,
            column = link.column,
            id = link.linked_id,
        );
    }
    lines(connection, &sql)
}

/// Actions whose counts differ from what their chunks and exceptions say.
pub fn wrong_accounts(connection: &mut PgConnection) -> Vec<String> {
    lines(
        connection,
        "WITH sets AS (SELECT account_id, action_id, sum(cardinality(ids)) AS ids, count(*) FILTER (WHERE number >= 0) AS chunks, \
           count(*) FILTER (WHERE state = 'done') AS done, \
           coalesce(sum(cardinality(ids)) FILTER (WHERE state = 'done'), 0) AS processed, \
           count(*) FILTER (WHERE state = 'pending') AS pending FROM bulk_action_chunks GROUP BY 1, 2), \
         kept AS (SELECT account_id, action_id, count(*) AS exceptions, \
           count(*) FILTER (WHERE outcome = 'blocked') AS blocked, count(*) FILTER (WHERE outcome = 'gone') AS gone, \
           count(*) FILTER (WHERE outcome = 'conflict') AS conflict, \
           count(*) FILTER (WHERE outcome = 'changed') AS changed, \
           count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged, \
           count(*) FILTER (WHERE outcome = 'deactivated') AS deactivated, \
           count(*) FILTER (WHERE outcome = 'reactivated') AS reactivated FROM bulk_action_exceptions GROUP BY 1, 2) \
         SELECT a.id || ' ' || a.status || ': ' || to_jsonb(a)::text || coalesce(to_jsonb(s)::text, '') || \
           coalesce(to_jsonb(k)::text, '') AS line \
         FROM bulk_actions AS a LEFT JOIN sets AS s ON s.account_id = a.account_id AND s.action_id = a.id \
         LEFT JOIN kept AS k ON k.account_id = a.account_id AND k.action_id = a.id \
         WHERE a.target <> '{}' AND NOT (a.matched = coalesce(s.ids, 0) AND a.chunks_total = coalesce(s.chunks, 0) \
           AND (a.options ->> 'on_blocked' = 'abort' OR a.chunks_done = coalesce(s.done, 0)) \
           AND a.succeeded = CASE WHEN a.status = 'aborted' THEN 0 \
             ELSE coalesce(s.processed, 0) - coalesce(k.exceptions, 0) END \
           AND a.blocked = coalesce(k.blocked, 0) AND a.gone = coalesce(k.gone, 0) \
           AND a.conflict = coalesce(k.conflict, 0) AND a.changed = coalesce(k.changed, 0) \
           AND a.unchanged = coalesce(k.unchanged, 0) AND a.deactivated = coalesce(k.deactivated, 0) \
           AND a.reactivated = coalesce(k.reactivated, 0) \
           AND (a.status <> 'completed' OR a.chunks_done = a.chunks_total) \
           AND (a.finished_at IS NULL OR coalesce(s.pending, 0) = 0))",
    )
}

/// Binned records without a deletion, or whose deletion is looked at too late. The first chunk to commit says when: a
/// little late is as good, for nobody sees them any more.
pub fn lost_deletions(connection: &mut PgConnection) -> Vec<String> {
    let branch = |table: &str| {
        format!(
            "SELECT '{table}: ' || t.id || ' lies in the bin of ' || t.deletion_id AS line FROM {table} AS t \
             LEFT JOIN deletions AS d ON d.account_id = t.account_id AND d.id = t.deletion_id \
             WHERE t.deleted_at IS NOT NULL AND (d.first_purge_at IS NULL OR d.first_purge_at > t.purge_at + interval '1 hour')"
        )
    };
    lines(connection, &["companies", "contacts", "deals"].map(branch).join(" UNION ALL "))
}

/// What was done without a row in the audit log, or with several.
pub fn untold(connection: &mut PgConnection) -> Vec<String> {
    let told = |member: &str, of: &str, actions: &str| {
        format!(
            "(SELECT count(*) FROM audit_log AS l WHERE l.account_id = {of}.account_id AND l.outcome = 'accepted' \
             AND l.details ->> '{member}' = {of}.id::text AND l.action IN ({actions}))"
        )
    };
    let begun =
        told("action_id", "a", "'bulk_action.create', 'bulk_action.undo', 'bulk_action.retry', 'bulk_action.execute'");
    let cancelled = told("action_id", "a", "'bulk_action.cancel'");
    let deleted = told("deletion_id", "d", "'record.delete'");
    let sql = format!(
        "SELECT a.id || ' begun: ' || {begun} AS line FROM bulk_actions AS a WHERE {begun} <> 1 \
         UNION ALL SELECT a.id || ' cancelled: ' || {cancelled} FROM bulk_actions AS a \
         WHERE {cancelled} <> (a.status = 'cancelled')::int \
         UNION ALL SELECT d.id || ' deleted: ' || {deleted} FROM deletions AS d \
         WHERE {deleted} <> (NOT EXISTS (SELECT FROM bulk_actions AS a \
           WHERE a.account_id = d.account_id AND a.id = d.id))::int"
    );
    lines(connection, &sql)
}

/// Binned records that are not in exactly one set of keys, and sets whose fingerprints are not those of their records.
pub fn wrong_keys(connection: &mut PgConnection) -> Vec<String> {
    lines(
        connection,
        "WITH binned AS ( \
           SELECT account_id, 'contact' AS entity, deletion_id, id, external_id, folded ->> 'vat_number' AS vat, email_keys \
           FROM contacts WHERE deleted_at IS NOT NULL UNION ALL \
           SELECT account_id, 'company', deletion_id, id, external_id, folded ->> 'vat_number', email_keys \
           FROM companies WHERE deleted_at IS NOT NULL), \
         held AS (SELECT b.*, k.first_id FROM binned AS b LEFT JOIN binned_keys AS k ON k.account_id = b.account_id \
           AND k.entity = b.entity AND k.deletion_id = b.deletion_id AND b.id BETWEEN k.first_id AND k.last_id), \
         sets AS (SELECT k.*, ARRAY(SELECT id FROM held AS h WHERE (h.account_id, h.entity, h.deletion_id, h.first_id) \
           = (k.account_id, k.entity, k.deletion_id, k.first_id)) AS ids FROM binned_keys AS k), \
         prints AS (SELECT s.*, cardinality(ids) AS held, \
           ARRAY(SELECT hashtext(external_id) FROM binned AS b WHERE b.account_id = s.account_id AND b.id = ANY(ids) \
             AND external_id IS NOT NULL ORDER BY 1) AS right_external_ids, \
           ARRAY(SELECT hashtext(vat) FROM binned AS b WHERE b.account_id = s.account_id AND b.id = ANY(ids) \
             AND vat IS NOT NULL ORDER BY 1) AS right_vat_numbers, \
           ARRAY(SELECT hashtext(e) FROM binned AS b, unnest(email_keys) AS e WHERE b.account_id = s.account_id \
             AND b.id = ANY(ids) ORDER BY 1) AS right_emails FROM sets AS s) \
         SELECT entity || ' ' || id || ' is in ' || count(first_id) || ' sets of keys' AS line FROM held \
         GROUP BY entity, id HAVING count(first_id) <> 1 \
         UNION ALL SELECT 'the keys of ' || entity || ' ' || deletion_id || ' ' || first_id || ' are wrong' FROM prints \
         WHERE records = 0 OR records <> held OR right_external_ids <> ARRAY(SELECT unnest(external_ids) ORDER BY 1) \
           OR right_vat_numbers <> ARRAY(SELECT unnest(vat_numbers) ORDER BY 1) \
           OR right_emails <> ARRAY(SELECT unnest(emails) ORDER BY 1)",
    )
}
