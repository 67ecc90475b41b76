//! What imports read and write: many rows by few statements.

pub mod companies;
pub mod contacts;
pub mod linked;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use uuid::Uuid;

use super::db::Tx;
use super::schema;
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

/// The ids of the live records of a kind that have these external ids.
pub fn ids_by_external_id(
    tx: &mut Tx,
    kind: RecordKind,
    external_ids: BTreeSet<String>,
) -> Result<HashMap<String, Uuid>> {
    macro_rules! live {
        ($table:ident) => {
            schema::$table::table
                .filter(schema::$table::account_id.eq(tx.account().0))
                .filter(schema::$table::external_id.eq_any(external_ids.into_iter().collect::<Vec<_>>()))
                .filter(schema::$table::deleted_at.is_null())
                .select((schema::$table::external_id.assume_not_null(), schema::$table::id))
                .load(tx.conn)?
        };
    }
    let found: Vec<(String, Uuid)> = match kind {
        RecordKind::Company => live!(companies),
        RecordKind::Contact => live!(contacts),
    };
    Ok(found.into_iter().collect())
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
        let mut ids: Vec<Uuid> = if keys.external_ids.is_empty() {
            Vec::new()
        } else {
            $table::table
                .filter($table::account_id.eq(tx.account().0))
                .filter($table::external_id.eq_any(keys.external_ids.iter().collect::<Vec<_>>()))
                $(.filter(lock_rows!(@$bin live $table)))?
                .select($table::id)
                .load(tx.conn)?
        };
        ids.extend(&keys.ids);
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
    (@bin live $table:ident) => { $table::deleted_at.is_null() };
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
