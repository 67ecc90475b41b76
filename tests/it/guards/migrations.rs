//! The migrations go both ways, and what they make follows the rules for keys, indexes and names.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;
use sweep::repository::failure;
use sweep::repository::migrations::{MIGRATIONS, migrate};

use crate::harness::TestDatabase;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut PgConnection, sql: &str) -> BTreeSet<String> {
    diesel::sql_query(sql).load::<Line>(conn).unwrap().into_iter().map(|row| row.line).collect()
}

/// Everything the migrations make: columns, constraints, indexes, options of tables and columns, extensions, functions.
const CATALOGUE: &str = "
    WITH ours AS (
        SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relname !~ '^__diesel'
    )
    SELECT format('column %s.%s %s %s %s %s %s %s', t.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attstorage, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid)) AS line
    FROM ours t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum WHERE t.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL SELECT format('%s %s %s', t.relkind, t.relname, t.reloptions) FROM ours t
    UNION ALL SELECT format('constraint %s %s %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
    FROM ours t JOIN pg_constraint c ON c.conrelid = t.oid
    UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM ours t JOIN pg_index i ON i.indrelid = t.oid
    UNION ALL SELECT format('extension %s', extname) FROM pg_extension
    UNION ALL SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT format('type %s', t.typname) FROM pg_type t
    WHERE t.typnamespace = 'public'::regnamespace AND t.typrelid = 0 AND t.typelem = 0 AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')";

#[test]
fn down_takes_back_what_up_has_made() {
    let database = TestDatabase::empty();
    let mut conn = database.connect();
    let nothing = lines(&mut conn, CATALOGUE);
    migrate(&database.url(), None).unwrap();
    let made = lines(&mut conn, CATALOGUE);
    assert!(made.len() > nothing.len() + 100);
    conn.revert_all_migrations(MIGRATIONS).unwrap();
    assert_eq!(lines(&mut conn, CATALOGUE), nothing);
    migrate(&database.url(), None).unwrap();
    assert_eq!(lines(&mut conn, CATALOGUE), made);
}

#[test]
fn migrating_twice_and_at_once_is_migrating() {
    let database = TestDatabase::empty();
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| migrate(&database.url(), None))).collect();
        for start in starts {
            start.join().unwrap().unwrap();
        }
    });
    let migrated = TestDatabase::create();
    assert_eq!(lines(&mut database.connect(), CATALOGUE), lines(&mut migrated.connect(), CATALOGUE));
}

/// Indexes that do not start with the account: they sweep all accounts for due work, or their table is of none.
const ACROSS_ACCOUNTS: [&str; 7] = [
    "bulk_actions_detailed",
    "clock_shift_pkey",
    "deletions_due",
    "idempotency_keys_created",
    "known_admins_seen",
    "outbox_digests",
    "outbox_due",
];

const INDEXES_ACROSS_ACCOUNTS: &str = "
    SELECT c.relname::text AS line FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE t.relnamespace = 'public'::regnamespace AND t.relname !~ '^__diesel'
    AND a.attname IS DISTINCT FROM 'account_id'";

#[test]
fn every_other_index_starts_with_the_account() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    let named: BTreeSet<String> = ACROSS_ACCOUNTS.map(ToOwned::to_owned).into();
    assert_eq!(lines(&mut conn, INDEXES_ACROSS_ACCOUNTS), named);
    diesel::sql_query("CREATE INDEX deals_title ON deals (title, account_id)").execute(&mut conn).unwrap();
    assert!(lines(&mut conn, INDEXES_ACROSS_ACCOUNTS).contains("deals_title"));
}

/// What a statement can be refused for by name: constraints, and unique indexes.
const NAMES: &str = "
    SELECT conname::text AS line FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.contype <> 'n' AND t.relnamespace = 'public'::regnamespace AND t.relname !~ '^__diesel'
    UNION SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid
    WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relname !~ '^__diesel'";

#[test]
fn every_constraint_means_something_to_the_program() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    let unknown = |conn: &mut PgConnection| -> Vec<String> {
        lines(conn, NAMES).into_iter().filter(|name| failure::known_names().all(|known| known != name)).collect()
    };
    assert_eq!(unknown(&mut conn), [""; 0], "give it a meaning in src/repository/failure.rs, or call it an invariant");
    diesel::sql_query("CREATE UNIQUE INDEX deals_one_title ON deals (account_id, title)").execute(&mut conn).unwrap();
    assert_eq!(unknown(&mut conn), ["deals_one_title"]);
    let names = lines(&mut conn, NAMES);
    let gone: Vec<_> = failure::known_names().filter(|name| !names.contains(*name)).collect();
    assert_eq!(gone, [""; 0], "src/repository/failure.rs knows a constraint that does not exist");
}
