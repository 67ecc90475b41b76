//! The records of a set that still lie in the bin as they were meant: what a restore and a purge begin with.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::domain::bulk_action::{Exception, Outcome};
use crate::domain::entity::BinKind;
use crate::domain::error::Result;
use crate::repository::db::Tx;
use crate::repository::parties::BinStamp;
use crate::repository::recycle_bin::{self, BinFilter, LockedRow};

/// Locks `ids` and gives those that lie in the bin and that `meant` lets through, and what became of the others: gone,
/// `if_live`, or changed when it lies there by a deletion that is not meant.
pub fn lock_binned(
    tx: &mut Tx,
    kind: BinKind,
    ids: &[Uuid],
    meant: &BinFilter,
    if_live: Outcome,
) -> Result<(Vec<LockedRow>, Vec<Exception>)> {
    let locked = recycle_bin::lock(tx, kind, ids)?;
    // Asked of the locked rows, so that the answer stays true. Of which deletion they are they tell themselves.
    let other_conditions = BinFilter { deletion_id: None, ..meant.clone() };
    let strays = recycle_bin::outside(tx, kind, ids, &other_conditions)?;
    let is_stray = |row: &LockedRow, stamp: BinStamp| {
        meant.deletion_id.is_some_and(|deletion| deletion != stamp.deletion_id) || strays.binary_search(&row.id).is_ok()
    };
    let mut rows: BTreeMap<Uuid, LockedRow> = locked.into_iter().map(|row| (row.id, row)).collect();
    let (mut binned, mut exceptions) = (Vec::new(), Vec::new());
    for id in ids {
        let outcome = match rows.remove(id) {
            None => Outcome::Gone,
            Some(row) => match row.bin {
                None => if_live,
                Some(stamp) if stamp.purge_at <= tx.now() => Outcome::Gone,
                Some(stamp) if is_stray(&row, stamp) => Outcome::Changed,
                Some(_) => {
                    binned.push(row);
                    continue;
                }
            },
        };
        exceptions.push(Exception::new(*id, outcome));
    }
    Ok((binned, exceptions))
}
