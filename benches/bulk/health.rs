//! What deleting and undoing the same account five times leaves behind: sizes, dead rows, and how long each round takes;
//! with the service's settings of autovacuum for each table, and with PostgreSQL's own.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Failure;
use crate::bench::{Bench, RUN};
use crate::bulk_actions::{delete, the_whole};
use crate::cost::{Cost, approximate, megabytes, rounded};
use crate::growth::undo;
use crate::postgres::number;
use crate::report::Section;
use crate::table::Table;

const ROUNDS: usize = 5;
/// Autovacuum is at rest when it has done nothing for so long: twice the time between two of its looks.
const REST: Duration = Duration::from_secs(31);
const REST_LIMIT: Duration = Duration::from_mins(15);
/// How many of the tables and of the indexes are shown, the largest.
const SHOWN: usize = 10;

/// The settings of tables and indexes that are compared, and the SQL that brings them about.
const SETTINGS: [(&str, &str); 2] = [
    (
        "PostgreSQL's settings",
        "DO $$ DECLARE change text; BEGIN FOR change IN \
           SELECT format('ALTER %s %s RESET (%s)', CASE relkind WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END, oid::regclass, \
             (SELECT string_agg(prefix || split_part(option, '=', 1), ', ') FROM unnest(options) AS option)) \
           FROM (SELECT oid, relkind, '' AS prefix, reloptions AS options FROM pg_class \
             WHERE relnamespace = 'public'::regnamespace UNION ALL \
             SELECT t.oid, t.relkind, 'toast.', s.reloptions FROM pg_class t JOIN pg_class s ON s.oid = t.reltoastrelid \
             WHERE t.relnamespace = 'public'::regnamespace) AS relation WHERE options IS NOT NULL \
         LOOP EXECUTE change; END LOOP; END $$",
    ),
    ("Sweep's settings", ""),
];

/// A table or an index.
#[derive(Debug, Serialize, QueryableByName)]
struct Relation {
    #[diesel(sql_type = Text)]
    name: String,
    /// `table` with what is stored beside its rows, or `index`.
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    dead_rows: i64,
    /// Changed since the last ANALYZE.
    #[diesel(sql_type = BigInt)]
    modified_rows: i64,
    #[diesel(sql_type = BigInt)]
    autovacuums: i64,
    #[diesel(sql_type = BigInt)]
    autoanalyzes: i64,
}

const RELATIONS: &str = "
    SELECT relname::text AS name, 'table' AS kind, pg_table_size(relid) AS bytes, n_dead_tup AS dead_rows,
        n_mod_since_analyze AS modified_rows, autovacuum_count AS autovacuums, autoanalyze_count AS autoanalyzes
    FROM pg_stat_user_tables WHERE schemaname = 'public' AND relname !~ '^__diesel'
    UNION ALL SELECT indexrelname, 'index', pg_relation_size(indexrelid), 0, 0, 0, 0
    FROM pg_stat_user_indexes WHERE schemaname = 'public' AND relname !~ '^__diesel' ORDER BY bytes DESC, name";

/// The database at one moment.
#[derive(Debug, Serialize)]
struct State {
    when: String,
    /// Of the round that led here.
    delete: Option<Cost>,
    undo: Option<Cost>,
    relations: Vec<Relation>,
}

impl State {
    fn sum(&self, kind: &str, of: impl Fn(&Relation) -> i64) -> u64 {
        let sum: i64 = self.relations.iter().filter(|relation| relation.kind == kind).map(of).sum();
        sum.unsigned_abs()
    }

    fn bytes_of(&self, name: &str) -> u64 {
        self.relations.iter().find(|relation| relation.name == name).map_or(0, |relation| relation.bytes.unsigned_abs())
    }

    fn bytes(&self) -> u64 {
        self.sum("table", |table| table.bytes) + self.sum("index", |index| index.bytes)
    }
}

pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    let (mut text, mut data) = (String::new(), Vec::new());
    for (name, sql) in SETTINGS {
        let states = rounds(bench, name, sql)?;
        let _ = write!(text, "{}\n{}\n", development(name, &states), relations(&states));
        data.push(json!({"settings": name, "bloat": bloat(&states), "states": states}));
    }
    Ok(Section { name: "health", text, data: data.into(), bars: Vec::new() })
}

/// The state before, after each round, and at rest.
fn rounds(bench: &Bench, name: &str, sql: &str) -> Result<Vec<State>, Failure> {
    let postgres = bench.postgres;
    let service = bench.fresh_service()?;
    let client = service.client();
    let mut connection = postgres.connect(RUN)?;
    if !sql.is_empty() {
        connection.batch_execute(sql)?;
    }
    let mut states = vec![state(&mut connection, "before")?];
    for round in 1..=ROUNDS {
        bench.progress(&format!("{name}: delete and undo, round {round}"), 1);
        let (action, delete) = postgres.measure(|| client.completed(&delete(&client, &the_whole())?))?;
        let (undone, cost) = postgres.measure(|| undo(&client, &action))?;
        if undone["counts"]["restored"] != action["counts"]["deleted"] {
            return Err(format!("not all that was deleted came back: {undone}").into());
        }
        let after = state(&mut connection, &format!("after round {round}"))?;
        states.push(State { delete: Some(delete), undo: Some(cost), ..after });
    }
    wait_for_rest(&mut connection)?;
    states.push(state(&mut connection, "at rest")?);
    Ok(states)
}

fn state(connection: &mut PgConnection, when: &str) -> Result<State, Failure> {
    let relations = diesel::sql_query(RELATIONS).load(connection)?;
    Ok(State { when: when.to_owned(), delete: None, undo: None, relations })
}

fn wait_for_rest(connection: &mut PgConnection) -> Result<(), Failure> {
    let (since, mut quiet, mut seen) = (Instant::now(), Instant::now(), -1);
    while quiet.elapsed() < REST {
        if since.elapsed() > REST_LIMIT {
            return Err("autovacuum does not come to rest".into());
        }
        let runs = number(
            connection,
            "SELECT sum(autovacuum_count + autoanalyze_count)::bigint AS number FROM pg_stat_all_tables",
        )?;
        let working = number(
            connection,
            "SELECT count(*) AS number FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' \
             AND datname = current_database()",
        )?;
        if runs != seen || working > 0 {
            (seen, quiet) = (runs, Instant::now());
        }
        sleep(Duration::from_millis(500));
    }
    Ok(())
}

/// Size now against size before.
fn bloat(states: &[State]) -> Value {
    let Some((first, last)) = states.first().zip(states.last()) else { return Value::Null };
    let of = |bytes: fn(&State) -> u64| rounded(approximate(bytes(last)) / approximate(bytes(first)));
    json!({"all": of(State::bytes), "tables": of(|state| state.sum("table", |table| table.bytes)),
        "indexes": of(|state| state.sum("index", |index| index.bytes))})
}

fn development(name: &str, states: &[State]) -> String {
    let mut table = Table::new([
        name,
        "delete s",
        "undo s",
        "tables MB",
        "indexes MB",
        "size / before",
        "dead rows",
        "not analysed",
        "autovacuums",
        "autoanalyzes",
    ]);
    let before = states.first().map_or(1, State::bytes);
    let seconds = |cost: Option<Cost>| cost.map_or(String::new(), |cost| format!("{:.2}", cost.wall_seconds));
    for state in states {
        table.row([
            state.when.clone(),
            seconds(state.delete),
            seconds(state.undo),
            format!("{:.1}", megabytes(state.sum("table", |table| table.bytes))),
            format!("{:.1}", megabytes(state.sum("index", |index| index.bytes))),
            format!("{:.2}", approximate(state.bytes()) / approximate(before)),
            state.sum("table", |table| table.dead_rows).to_string(),
            state.sum("table", |table| table.modified_rows).to_string(),
            state.sum("table", |table| table.autovacuums).to_string(),
            state.sum("table", |table| table.autoanalyzes).to_string(),
        ]);
    }
    table.text()
}

/// The tables and indexes that are the largest at rest.
fn relations(states: &[State]) -> String {
    let mut text = Table::new(["", "MB before", "after 5 rounds", "at rest", "bloat", "dead rows", "autovacuums"]);
    if let [before, .., after, rest] = states {
        for kind in ["table", "index"] {
            for relation in rest.relations.iter().filter(|relation| relation.kind == kind).take(SHOWN) {
                let [first, last] = [before, rest].map(|state| approximate(state.bytes_of(&relation.name)));
                let size = |state: &State| format!("{:.1}", megabytes(state.bytes_of(&relation.name)));
                let of_table = |number: i64| if kind == "table" { number.to_string() } else { String::new() };
                text.row([
                    format!("{kind} {}", relation.name),
                    size(before),
                    size(after),
                    size(rest),
                    if first > 65_536.0 { format!("{:.2}", last / first) } else { String::new() },
                    of_table(relation.dead_rows),
                    of_table(relation.autovacuums),
                ]);
            }
        }
    }
    text.text()
}
