//! Thousands of records at once, by SQL: copies of one that the API made, so their columns are what it writes.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::{Value, json};

use super::harness::{Client, PATIENCE};

/// Every column of the table but `id`, as it stands in the database.
fn columns_but_id(connection: &mut PgConnection, table: &str) -> String {
    text(
        connection,
        &format!(
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns \
             WHERE table_name = '{table}' AND column_name <> 'id'"
        ),
    )
}

/// Copies the row with this id `copies` times.
fn multiply(connection: &mut PgConnection, table: &str, id: &str, copies: usize) {
    let columns = columns_but_id(connection, table);
    connection
        .batch_execute(&format!(
            "INSERT INTO {table} (id, {columns}) SELECT gen_random_uuid(), {columns} FROM {table}, \
             generate_series(1, {copies}) WHERE id = '{id}'"
        ))
        .unwrap();
}

/// This many live contacts in the caller's account.
pub fn contacts(client: &Client, connection: &mut PgConnection, count: usize) {
    many(client, connection, "contacts", json!({"last_name": "Copy", "tags": ["copied"]}), count);
}

pub fn companies(client: &Client, connection: &mut PgConnection, count: usize) {
    many(client, connection, "companies", json!({"name": "Copy"}), count);
}

fn many(client: &Client, connection: &mut PgConnection, table: &str, first: Value, count: usize) {
    let first = client.post(&format!("/{table}"), first).expect(201);
    multiply(connection, table, first["id"].as_str().unwrap(), count - 1);
}

/// Links a live deal to every `every`th contact of the account; gives the number of contacts that have one now.
pub fn deals_for_every(client: &Client, connection: &mut PgConnection, account: &str, every: usize) -> i64 {
    let customer = text(connection, &format!("SELECT min(id::text) FROM contacts WHERE account_id = '{account}'"));
    let deal = json!({"title": "Copy", "customer": {"type": "contact", "id": customer}});
    let deal = client.post("/deals", deal).expect(201);
    let columns = columns_but_id(connection, "deals");
    let (id, set) = (deal["id"].as_str().unwrap(), columns.replace("customer_contact_id", "c.id"));
    connection
        .batch_execute(&format!(
            "INSERT INTO deals (id, {columns}) SELECT gen_random_uuid(), {set} FROM deals AS d, \
             (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM contacts WHERE account_id = '{account}') AS c \
             WHERE d.id = '{id}' AND c.n > 0 AND c.n % {every} = 0",
            set = set
                .split(", ")
                .map(|c| if c == "c.id" { c.to_owned() } else { format!("d.{c}") })
                .collect::<Vec<_>>()
                .join(", "),
        ))
        .unwrap();
    count(connection, &format!("SELECT count(*) FROM deals WHERE account_id = '{account}'"))
}

pub fn count(connection: &mut PgConnection, sql: &str) -> i64 {
    diesel::select(diesel::dsl::sql::<BigInt>(&format!("({sql})"))).get_result(connection).unwrap()
}

pub fn text(connection: &mut PgConnection, sql: &str) -> String {
    diesel::select(diesel::dsl::sql::<Text>(&format!("({sql})::text"))).get_result(connection).unwrap()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The rows of a query of one text column named `line`.
pub fn lines(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    diesel::sql_query(sql).load::<Line>(connection).unwrap().into_iter().map(|row| row.line).collect()
}

/// Moves the clock of the database.
pub fn shift_clock(connection: &mut PgConnection, interval: &str) {
    connection
        .batch_execute(&format!(
            "INSERT INTO clock_shift (id, shift) VALUES (1, '{interval}') \
             ON CONFLICT (id) DO UPDATE SET shift = clock_shift.shift + excluded.shift"
        ))
        .unwrap();
}

/// Polls until `reached` gives true; false when that takes longer than anything may.
pub fn wait_until(mut reached: impl FnMut() -> bool) -> bool {
    let started = std::time::Instant::now();
    while !reached() {
        if started.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    true
}

/// How many statements of the service wait for a lock. Those are not counted that come by themselves, whenever it is time:
/// upkeep's look for old idempotency keys, and the statistics after a large action.
pub fn waiting(connection: &mut PgConnection) -> i64 {
    count(
        connection,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sweep' \
         AND wait_event_type = 'Lock' AND query NOT LIKE '%\"idempotency_keys\".\"created_at\" <= %' \
         AND query NOT LIKE '%refresh_statistics(%'",
    )
}
