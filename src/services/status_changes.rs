//! Deactivating and reactivating sets of contacts or companies.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::domain::bulk_action::{ChunkResult, Exception, Mode, Outcome};
use crate::domain::entity::RecordKind;
use crate::domain::error::Result;
use crate::domain::party::Status;
use crate::repository::db::Tx;
use crate::repository::status::{self, Standing};

/// Gives the live ones of `ids` this status; those that have it already are `unchanged`.
pub fn set_status(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], wanted: Status, mode: Mode) -> Result<ChunkResult> {
    let locked = status::lock(tx, kind, ids)?;
    let standings: BTreeMap<Uuid, Standing> = locked.into_iter().map(|row| (row.id, row)).collect();
    let mut result = ChunkResult::default();
    for id in ids {
        match standings.get(id) {
            Some(row) if row.live && row.status.0 != wanted => result.succeeded.push(*id),
            Some(row) if row.live => result.exceptions.push(Exception::new(*id, Outcome::Unchanged)),
            _ => result.exceptions.push(Exception::new(*id, Outcome::Gone)),
        }
    }
    if mode == Mode::Apply {
        status::set(tx, kind, &result.succeeded, wanted)?;
    }
    Ok(result)
}
