//! Adding tags to, and removing them from, sets of contacts or companies.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::domain::bulk_action::{ChunkResult, Exception, Mode, Outcome};
use crate::domain::entity::RecordKind;
use crate::domain::error::Result;
use crate::domain::party::MAX_TAGS;
use crate::repository::db::Tx;
use crate::repository::tags::{self, TagList, Tagging};

/// Gives the live ones of `ids` the tags that they lack. Those that have all are `unchanged`; one that would have more
/// than 50 afterwards gets none of them and is in `conflict`.
pub fn add_tags(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], wanted: &[String], mode: Mode) -> Result<ChunkResult> {
    let (list, count) = (TagList::new(wanted), wanted.len());
    let result = sort_out(tx, kind, ids, &list, |has, of_list| {
        if of_list == count {
            Some(Outcome::Unchanged)
        } else {
            (has + count - of_list > MAX_TAGS).then_some(Outcome::Conflict)
        }
    })?;
    if mode == Mode::Apply {
        tags::add(tx, kind, &result.succeeded, &list)?;
    }
    Ok(result)
}

/// Takes the tags from the live ones of `ids`; those that have none of them are `unchanged`.
pub fn remove_tags(
    tx: &mut Tx,
    kind: RecordKind,
    ids: &[Uuid],
    unwanted: &[String],
    mode: Mode,
) -> Result<ChunkResult> {
    let list = TagList::new(unwanted);
    let result = sort_out(tx, kind, ids, &list, |_, of_list| (of_list == 0).then_some(Outcome::Unchanged))?;
    if mode == Mode::Apply {
        tags::remove(tx, kind, &result.succeeded, &list)?;
    }
    Ok(result)
}

/// Locks the rows; `stays` says of a live one why it is left alone, from how many tags it has and how many of the list.
fn sort_out(
    tx: &mut Tx,
    kind: RecordKind,
    ids: &[Uuid],
    list: &TagList,
    stays: impl Fn(usize, usize) -> Option<Outcome>,
) -> Result<ChunkResult> {
    let rows: BTreeMap<Uuid, Tagging> = tags::lock(tx, kind, ids, list)?.into_iter().map(|row| (row.id, row)).collect();
    let mut result = ChunkResult::default();
    for id in ids {
        let exception = match rows.get(id) {
            Some(row) if row.live => stays(row.tags(), row.of_list()),
            _ => Some(Outcome::Gone),
        };
        match exception {
            Some(outcome) => result.exceptions.push(Exception::new(*id, outcome)),
            None => result.succeeded.push(*id),
        }
    }
    Ok(result)
}
