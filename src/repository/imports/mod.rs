//! What imports read and write: many rows by few statements.

pub mod companies;
pub mod contacts;
pub mod linked;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use uuid::Uuid;

use super::db::Tx;
use crate::domain::entity::RecordKind;
use crate::domain::error::{Conflict, Error, Result};

/// How the rows of a batch name the records they are about.
#[derive(Debug, Default)]
pub struct Keys {
    pub ids: BTreeSet<Uuid>,
    pub external_ids: BTreeSet<String>,
}

/// A record that a row names. It is locked.
#[derive(Debug)]
pub struct Found<T> {
    pub id: Uuid,
    /// None when it lies in the recycle bin.
    pub live: Option<T>,
}

/// What a batch writes, each record once.
pub struct Writes<T> {
    pub created: Vec<(Uuid, T)>,
    /// Locked and live.
    pub updated: Vec<(Uuid, T)>,
    /// Those of `updated` that give up the `external_id` they are stored with: another row may take it.
    pub rekeyed: Vec<Uuid>,
}

impl<T> Found<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        Found { id: self.id, live: self.live.map(change) }
    }
}

impl<T> Writes<T> {
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Writes<U> {
        self.filter_map(|record| Some(change(record)))
    }

    pub fn filter_map<U>(self, change: impl Fn(T) -> Option<U>) -> Writes<U> {
        let all = |records: Vec<(Uuid, T)>| {
            records.into_iter().filter_map(|(id, record)| Some((id, change(record)?))).collect()
        };
        Writes { created: all(self.created), updated: all(self.updated), rekeyed: self.rekeyed }
    }
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    external_id: String,
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: Uuid,
}

/// Prepares the transaction of a batch: plans are made for any account, because the statistics may not know this one
/// yet, and a plan for an account that seems empty reads all of it.
pub fn prepare(tx: &mut Tx) -> Result<()> {
    diesel::sql_query("SET LOCAL plan_cache_mode = force_generic_plan").execute(tx.conn)?;
    Ok(())
}

/// The ids of the live records of a kind that have these external ids.
pub fn ids_by_external_id(
    tx: &mut Tx,
    kind: RecordKind,
    external_ids: BTreeSet<String>,
) -> Result<HashMap<String, Uuid>> {
    let known = known(tx, kind.plural(), "AND deleted_at IS NULL", external_ids.into_iter().collect())?;
    Ok(known.into_iter().map(|known| (known.external_id, known.id)).collect())
}

/// Looks each external id up by itself in its unique index, whatever the planner believes of the table.
fn known(tx: &mut Tx, table: &str, live: &str, external_ids: Vec<String>) -> Result<Vec<Known>> {
    let sql = format!(
        "SELECT known.external_id, known.id FROM unnest($2) AS wanted (external_id), LATERAL (
             SELECT external_id, id FROM {table} WHERE account_id = $1 AND external_id = wanted.external_id {live} LIMIT 1
         ) AS known"
    );
    let query =
        diesel::sql_query(sql).bind::<diesel::sql_types::Uuid, _>(tx.account().0).bind::<Array<Text>, _>(external_ids);
    Ok(query.load(tx.conn)?)
}

/// The ids that `keys` name in a table, by whatever; `live` is a further condition for external ids.
fn named_ids(tx: &mut Tx, table: &str, live: &str, keys: &Keys) -> Result<Vec<Uuid>> {
    let external_ids: Vec<String> = keys.external_ids.iter().cloned().collect();
    let found = if external_ids.is_empty() { Vec::new() } else { known(tx, table, live, external_ids)? };
    Ok(found.iter().map(|known| known.id).chain(keys.ids.iter().copied()).collect())
}

/// Someone else stored the same `external_id` first: the next run of the batch finds it there.
fn run_again_if_taken(error: diesel::result::Error) -> Error {
    match Error::from(error) {
        Error::Conflict(conflict) if *conflict == Conflict::ExternalIdTaken => Error::Contention,
        other => other,
    }
}

/// The rows that `keys` name, locked in the order of their ids. `bin` stands for tables whose rows can lie in the bin:
/// there an external id finds only what is live.
macro_rules! lock_rows {
    ($table:ident $(with $bin:ident)?, $row:ty, $tx:expr, $keys:expr) => {{
        let tx: &mut Tx = $tx;
        let keys: &Keys = $keys;
        let live = concat!("" $(, lock_rows!(@$bin live))?);
        let ids = $crate::repository::imports::named_ids(tx, stringify!($table), live, keys)?;
        if ids.is_empty() {
            Vec::new()
        } else {
            $table::table
                .filter($table::account_id.eq(tx.account().0))
                .filter($table::id.eq_any(ids))
                $(.filter(lock_rows!(@$bin there $table, tx)))?
                .order($table::id)
                .select(<$row>::as_select())
                .for_no_key_update()
                .load::<$row>(tx.conn)?
        }
    }};
    (@bin live) => { "AND deleted_at IS NULL" };
    (@bin there $table:ident, $tx:ident) => { $table::purge_at.is_null().or($table::purge_at.gt($tx.now())) };
}

/// Writes rows that are there and locked: one statement for all, whose conflicts are the rows themselves.
macro_rules! overwrite_rows {
    ($table:ident, $rows:expr, $tx:expr, [$($column:ident),*]) => {{
        let tx: &mut Tx = $tx;
        // A statement takes at most 65,535 parameters.
        for rows in $rows.chunks(1_000) {
            diesel::insert_into($table::table)
                .values(rows)
                .on_conflict(($table::account_id, $table::id))
                .do_update()
                .set(($($table::$column.eq(excluded($table::$column)),)* $table::version.eq($table::version + 1)))
                .execute(tx.conn)
                .map_err(run_again_if_taken)?;
        }
    }};
}

/// Frees the external ids that other rows of the batch may take.
macro_rules! clear_external_ids {
    ($table:ident, $ids:expr, $tx:expr) => {{
        let (tx, ids): (&mut Tx, &[Uuid]) = ($tx, $ids);
        if !ids.is_empty() {
            diesel::update($table::table)
                .filter($table::account_id.eq(tx.account().0))
                .filter($table::id.eq_any(ids))
                .set($table::external_id.eq(None::<String>))
                .execute(tx.conn)?;
        }
    }};
}
use {clear_external_ids, lock_rows, overwrite_rows};
