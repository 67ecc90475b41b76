//! What the tables of linked records share: how one is stored, found, changed, listed and removed.
//!
//! A file per kind holds its row and what is its own; [`linked_rows!`] makes the statements that differ in nothing but
//! the table.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::{Read, Tx};
use super::idempotency;
use super::links::hold_live;
use super::parties::BinStamp;
use crate::domain::entity::RecordRef;
use crate::domain::error::Result;
use crate::domain::linked::LinkedRecord;
use crate::domain::page::{Page, PageRequest};

/// A linked record as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    pub id: Uuid,
    pub record: T,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    /// Deals only: the others are deleted for good.
    pub bin: Option<BinStamp>,
}

/// How a list is sorted; a leading `-` means descending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum LinkedSort {
    #[serde(rename = "created_at")]
    CreatedAt,
    #[default]
    #[serde(rename = "-created_at")]
    CreatedAtDesc,
    #[serde(rename = "updated_at")]
    UpdatedAt,
    #[serde(rename = "-updated_at")]
    UpdatedAtDesc,
}

/// The sort key of a row. Ids count up with the time of creation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum LinkedKey {
    Created(Uuid),
    Updated(DateTime<Utc>, Uuid),
}

impl LinkedKey {
    pub(super) fn of<T>(stored: &Stored<T>, sort: LinkedSort) -> Self {
        match sort {
            LinkedSort::CreatedAt | LinkedSort::CreatedAtDesc => Self::Created(stored.id),
            LinkedSort::UpdatedAt | LinkedSort::UpdatedAtDesc => Self::Updated(stored.updated_at, stored.id),
        }
    }
}

/// Which live linked records a list shows; all conditions must hold.
#[derive(Debug, Clone)]
pub struct LinkedFilter<S> {
    pub ids: Vec<Uuid>,
    /// Linked to this contact, in whatever role.
    pub contact_id: Option<Uuid>,
    /// Linked to this company, in whatever role.
    pub company_id: Option<Uuid>,
    pub status: Option<S>,
    pub updated_since: Option<DateTime<Utc>>,
}

/// The statements on a kind's table; made by [`linked_rows!`].
pub trait LinkedRows: LinkedRecord {
    fn insert_row(tx: &mut Tx, stored: &Stored<Self>) -> Result<()>;
    fn save_row(tx: &mut Tx, stored: &Stored<Self>) -> Result<()>;
    fn delete_row(tx: &mut Tx, id: Uuid) -> Result<()>;
    /// Waits for a change of the row to end and keeps others out until this transaction does.
    fn lock_row(tx: &mut Tx, id: Uuid) -> Result<()>;
    fn find_row(read: &mut Read, id: Uuid) -> Result<Option<Stored<Self>>>;
    fn list_rows(
        read: &mut Read,
        filter: &LinkedFilter<Self::Status>,
        sort: LinkedSort,
        page: &PageRequest<LinkedKey>,
    ) -> Result<Page<Stored<Self>>>;
}

/// What is a kind's own besides its row.
pub trait LinkedTable: LinkedRows {
    /// Fills in what the server sets. The links are held.
    fn before_write(_: &mut Tx, _: &mut Self) -> Result<()> {
        Ok(())
    }

    /// Writes what does not stand in the row.
    fn after_write(_: &mut Tx, _: &Stored<Self>) -> Result<()> {
        Ok(())
    }

    fn before_delete(_: &mut Tx, _: Uuid) -> Result<()> {
        Ok(())
    }

    /// Adds what does not stand in the row.
    fn complete(_: &mut Read, _: &mut [Stored<Self>]) -> Result<()> {
        Ok(())
    }
}

/// The link behind two nullable columns of which the table's CHECK fills exactly one.
pub(super) fn filled_link(contact: Option<Uuid>, company: Option<Uuid>) -> RecordRef {
    RecordRef::from_columns(contact, company).expect("a CHECK of the table lets no row have neither")
}

/// Stores a new record.
///
/// # Errors
/// `LinkTargetUnavailable` when it points at what is not live, `ExternalIdTaken`.
pub fn insert<T: LinkedTable>(tx: &mut Tx, mut record: T) -> Result<Stored<T>> {
    hold_live(tx, &record.links())?;
    T::before_write(tx, &mut record)?;
    let now = tx.now();
    let stored = Stored { id: tx.new_id(), record, created_at: now, updated_at: now, version: 1, bin: None };
    T::insert_row(tx, &stored)?;
    T::after_write(tx, &stored)?;
    Ok(stored)
}

/// The record, live or in the bin but not past its `purge_at`.
pub fn find<T: LinkedTable>(read: &mut Read, id: Uuid) -> Result<Option<Stored<T>>> {
    let Some(mut stored) = T::find_row(read, id)? else { return Ok(None) };
    if stored.bin.is_some_and(|bin| bin.purge_at <= read.now()) {
        return Ok(None);
    }
    T::complete(read, std::slice::from_mut(&mut stored))?;
    Ok(Some(stored))
}

/// As [`find`], and locks the row for a change.
pub fn find_for_update<T: LinkedTable>(tx: &mut Tx, id: Uuid) -> Result<Option<Stored<T>>> {
    T::lock_row(tx, id)?;
    find(tx, id)
}

/// Gives the record new content. The caller has locked its row, knows that it is live and holds its new links.
pub fn update<T: LinkedTable>(tx: &mut Tx, before: &Stored<T>, mut record: T) -> Result<Stored<T>> {
    T::before_write(tx, &mut record)?;
    let stored = Stored {
        id: before.id,
        record,
        created_at: before.created_at,
        updated_at: tx.now(),
        version: before.version + 1,
        bin: before.bin,
    };
    T::save_row(tx, &stored)?;
    T::after_write(tx, &stored)?;
    Ok(stored)
}

/// Deletes the record for good, and the stored answers that tell of it.
pub fn delete<T: LinkedTable>(tx: &mut Tx, id: Uuid) -> Result<()> {
    T::before_delete(tx, id)?;
    T::delete_row(tx, id)?;
    idempotency::forget_naming(tx, &[id])
}

pub fn list<T: LinkedTable>(
    read: &mut Read,
    filter: &LinkedFilter<T::Status>,
    sort: LinkedSort,
    page: &PageRequest<LinkedKey>,
) -> Result<Page<Stored<T>>> {
    let mut listed = T::list_rows(read, filter, sort, page)?;
    T::complete(read, &mut listed.data)?;
    Ok(listed)
}

/// At most `limit` records of a list after `after`, and where the ones that may follow start.
pub fn list_part<T: LinkedTable>(
    read: &mut Read,
    filter: &LinkedFilter<T::Status>,
    sort: LinkedSort,
    after: Option<LinkedKey>,
    limit: i64,
) -> Result<(Vec<Stored<T>>, Option<LinkedKey>)> {
    let listed = list::<T>(read, filter, sort, &PageRequest::part(limit, after))?;
    let next = listed.data.last().filter(|_| listed.next_cursor.is_some()).map(|last| LinkedKey::of(last, sort));
    Ok((listed.data, next))
}

/// The statements on one of the tables: their shared columns have the same names.
///
/// The row has `new(account, &Stored)` and `into_stored(self)`; `$narrow` adds the conditions that are the kind's own.
macro_rules! linked_rows {
    ($table:ident, $row:ty, $record:ty, $narrow:ident) => {
        type Boxed<'a> = $table::BoxedQuery<'a, diesel::pg::Pg>;

        fn filtered<'a>(
            read: &Read,
            filter: &'a LinkedFilter<<$record as $crate::domain::linked::LinkedRecord>::Status>,
        ) -> Boxed<'a> {
            let mut query = $table::table.filter($table::account_id.eq(read.account().0)).into_boxed();
            if !filter.ids.is_empty() {
                query = query.filter($table::id.eq_any(&filter.ids));
            }
            if let Some(since) = filter.updated_since {
                query = query.filter($table::updated_at.ge(since));
            }
            $narrow(query, read, filter)
        }

        fn sorted<'a>(query: Boxed<'a>, sort: LinkedSort, after: Option<&LinkedKey>) -> Result<Boxed<'a>> {
            let past_id = |query: Boxed<'a>, descending: bool| match after {
                None => Ok(query),
                Some(LinkedKey::Created(id)) if descending => Ok(query.filter($table::id.lt(*id))),
                Some(LinkedKey::Created(id)) => Ok(query.filter($table::id.gt(*id))),
                Some(LinkedKey::Updated(..)) => Err(Error::InvalidCursor),
            };
            macro_rules! by_update {
                ($not_before:ident, $past:ident, $direction:ident) => {{
                    let query = match after {
                        None => query,
                        Some(LinkedKey::Updated(time, id)) => query.filter(
                            $table::updated_at
                                .$not_before(*time)
                                .and($table::updated_at.ne(*time).or($table::id.$past(*id))),
                        ),
                        Some(LinkedKey::Created(_)) => return Err(Error::InvalidCursor),
                    };
                    query.order(($table::updated_at.$direction(), $table::id.$direction()))
                }};
            }
            Ok(match sort {
                LinkedSort::CreatedAt => past_id(query, false)?.order($table::id.asc()),
                LinkedSort::CreatedAtDesc => past_id(query, true)?.order($table::id.desc()),
                LinkedSort::UpdatedAt => by_update!(ge, gt, asc),
                LinkedSort::UpdatedAtDesc => by_update!(le, lt, desc),
            })
        }

        impl $crate::repository::linked::LinkedRows for $record {
            fn insert_row(tx: &mut Tx, stored: &Stored<Self>) -> Result<()> {
                let row = <$row>::new(tx.account(), stored);
                diesel::insert_into($table::table).values(row).execute(tx.conn)?;
                Ok(())
            }

            fn save_row(tx: &mut Tx, stored: &Stored<Self>) -> Result<()> {
                let row = <$row>::new(tx.account(), stored);
                diesel::update($table::table.find((tx.account().0, stored.id))).set(row).execute(tx.conn)?;
                Ok(())
            }

            fn delete_row(tx: &mut Tx, id: Uuid) -> Result<()> {
                diesel::delete($table::table.find((tx.account().0, id))).execute(tx.conn)?;
                Ok(())
            }

            fn lock_row(tx: &mut Tx, id: Uuid) -> Result<()> {
                $table::table.find((tx.account().0, id)).select($table::id).for_no_key_update().execute(tx.conn)?;
                Ok(())
            }

            fn find_row(read: &mut Read, id: Uuid) -> Result<Option<Stored<Self>>> {
                let row = $table::table
                    .find((read.account().0, id))
                    .select(<$row>::as_select())
                    .first(read.conn)
                    .optional()?;
                Ok(row.map(<$row>::into_stored))
            }

            fn list_rows(
                read: &mut Read,
                filter: &LinkedFilter<Self::Status>,
                sort: LinkedSort,
                page: &PageRequest<LinkedKey>,
            ) -> Result<Page<Stored<Self>>> {
                let rows: Vec<$row> = sorted(filtered(read, filter), sort, page.after.as_ref())?
                    .select(<$row>::as_select())
                    .limit(page.fetch())
                    .load(read.conn)?;
                let total =
                    if page.with_total { Some(filtered(read, filter).count().get_result(read.conn)?) } else { None };
                let stored = rows.into_iter().map(<$row>::into_stored).collect();
                page.page(stored, total, |stored: &Stored<Self>| LinkedKey::of(stored, sort))
            }
        }
    };
}
pub(super) use linked_rows;
