//! src/repository/schema.rs: written from the migrated database, and compared with it.

use std::fmt::Write;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::{assert_generated, project};
use crate::harness::TestDatabase;

const SCHEMA: &str = "src/repository/schema.rs";

const HEADER: &str = "\
//! The tables as diesel sees them. A test holds this file against the migrated database.
//!
//! Made by `make schema`; array elements are never null.
";

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Text)]
    primary_key: String,
}

const COLUMNS: &str = "
    SELECT c.table_name::text AS \"table\", c.column_name::text AS name, c.udt_name::text AS type_name, c.is_nullable = 'YES' AS nullable,
        (SELECT string_agg(k.column_name, ', ' ORDER BY k.ordinal_position)
         FROM information_schema.table_constraints t
         JOIN information_schema.key_column_usage k USING (table_schema, table_name, constraint_name)
         WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema AND t.table_name = c.table_name
        ) AS primary_key
    FROM information_schema.columns c
    WHERE c.table_schema = 'public' AND c.table_name <> '__diesel_schema_migrations'
    ORDER BY c.table_name COLLATE \"C\", c.ordinal_position";

fn diesel_type(column: &Column) -> String {
    let element = column.type_name.trim_start_matches('_');
    let name = match element {
        "uuid" => "Uuid",
        "text" => "Text",
        "int4" => "Int4",
        "int8" => "Int8",
        "bool" => "Bool",
        "timestamptz" => "Timestamptz",
        "date" => "Date",
        "jsonb" => "Jsonb",
        "numeric" => "Numeric",
        "bytea" => "Bytea",
        "interval" => "Interval",
        other => panic!("{}.{}: which diesel type is {other}?", column.table, column.name),
    };
    let name = if element == column.type_name { name.to_owned() } else { format!("Array<{name}>") };
    if column.nullable { format!("Nullable<{name}>") } else { name }
}

/// The file as the database has it.
fn rendered(conn: &mut PgConnection) -> String {
    let columns: Vec<Column> = diesel::sql_query(COLUMNS).load(conn).unwrap();
    let mut text = HEADER.to_owned();
    let mut tables = Vec::new();
    for table in columns.chunk_by(|one, other| one.table == other.table) {
        let name = &table[0].table;
        writeln!(text, "\ndiesel::table! {{\n    {name} ({}) {{", table[0].primary_key).unwrap();
        for column in table {
            writeln!(text, "        {} -> {},", column.name, diesel_type(column)).unwrap();
        }
        text.push_str("    }\n}\n");
        tables.push(name.as_str());
    }
    writeln!(text, "\ndiesel::allow_tables_to_appear_in_same_query!(\n    {},\n);", tables.join(",\n    ")).unwrap();
    text
}

#[test]
fn schema_rs_is_the_migrated_database() {
    assert_generated(SCHEMA, &rendered(&mut TestDatabase::create().connect()), "make schema");
}

#[test]
fn a_changed_column_changes_the_file() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    let before = rendered(&mut conn);
    for change in [
        "ALTER TABLE deals ALTER title DROP NOT NULL",
        "ALTER TABLE deals ALTER reference TYPE bigint USING NULL",
        "ALTER TABLE deals ADD further text",
    ] {
        conn.test_transaction::<_, diesel::result::Error, _>(|conn| {
            diesel::sql_query(change).execute(conn)?;
            assert_ne!(rendered(conn), before, "{change}");
            Ok(())
        });
    }
}

/// `make schema`.
#[test]
#[ignore = "writes src/repository/schema.rs"]
fn write_schema_rs() {
    std::fs::write(project(SCHEMA), rendered(&mut TestDatabase::create().connect())).unwrap();
}
