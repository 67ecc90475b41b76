//! The database as the migrations make it, held against what the program believes of it.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use sweep::domain::link_catalogue::LINKS;

use super::harness::TestDatabase;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut PgConnection, sql: &str) -> Vec<String> {
    diesel::sql_query(sql).load::<Line>(conn).unwrap().into_iter().map(|row| row.line).collect()
}

#[test]
fn the_link_catalogue_is_the_foreign_keys() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    let keys = lines(
        &mut conn,
        "SELECT format('%s.%s->%s', c.conrelid::regclass, a.attname, c.confrelid::regclass) AS line
         FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
         WHERE c.contype = 'f' AND c.confrelid IN ('contacts'::regclass, 'companies'::regclass)",
    );
    let catalogue =
        LINKS.iter().map(|link| format!("{}.{}->{}", link.table, link.column, link.target.plural())).collect();
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), catalogue);
}

/// A purge deletes all that points at its records first: NO ACTION would cost it twice the queries for the same answer.
#[test]
fn keys_of_contacts_and_companies_restrict() {
    let database = TestDatabase::create();
    let others = lines(
        &mut database.connect(),
        "SELECT conname::text AS line FROM pg_constraint WHERE contype = 'f' AND confdeltype <> 'r' \
         AND confrelid IN ('contacts'::regclass, 'companies'::regclass)",
    );
    assert_eq!(others, Vec::<String>::new());
}

#[test]
fn every_foreign_key_has_a_full_index_and_no_table_a_trigger() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    let bare = lines(
        &mut conn,
        "SELECT c.conname::text AS line FROM pg_constraint c WHERE c.contype = 'f' AND NOT EXISTS (
             SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
             AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)",
    );
    assert_eq!(bare, Vec::<String>::new());
    let triggers = lines(&mut conn, "SELECT tgname::text AS line FROM pg_trigger WHERE NOT tgisinternal");
    assert_eq!(triggers, Vec::<String>::new());
}
