//! What the tables of contacts and companies share: list filters, sort orders, the bin's columns.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::party::Status;
use crate::domain::segment::Condition;

/// How a list is sorted; `Desc` variants are written with a leading `-`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    #[default]
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDesc,
    #[serde(rename = "added_at")]
    AddedAt,
    #[serde(rename = "-added_at")]
    AddedAtDesc,
    #[serde(rename = "updated_at")]
    UpdatedAt,
    #[serde(rename = "-updated_at")]
    UpdatedAtDesc,
}

/// The sort key of a row and its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ListKey {
    Name(String, Uuid),
    Time(DateTime<Utc>, Uuid),
}

/// Which live records a list shows; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    pub segment: Option<Condition>,
    pub ids: Vec<Uuid>,
    /// Folded words; each must be part of the search text.
    pub words: Vec<String>,
    /// Folded.
    pub tags: Vec<String>,
    /// Folded.
    pub email: Option<String>,
    /// Folded; companies only.
    pub vat_number: Option<String>,
    /// Contacts only.
    pub company_id: Option<Uuid>,
    pub status: Option<Status>,
    pub updated_since: Option<DateTime<Utc>>,
}

/// Where a record stands in the recycle bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BinStamp {
    pub deleted_at: DateTime<Utc>,
    pub deletion_id: Uuid,
    /// From then on the record is invisible and due for purging.
    pub purge_at: DateTime<Utc>,
}

impl BinStamp {
    pub fn from_columns(
        deleted_at: Option<DateTime<Utc>>,
        deletion_id: Option<Uuid>,
        purge_at: Option<DateTime<Utc>>,
    ) -> Option<Self> {
        Some(Self { deleted_at: deleted_at?, deletion_id: deletion_id?, purge_at: purge_at? })
    }
}

/// A `LIKE` pattern that finds `text` anywhere, whatever signs it holds.
pub fn contains_pattern(text: &str) -> String {
    format!("%{}%", like_literal(text))
}

/// `text` as a part of a `LIKE` pattern in which its `%`, `_` and `\` stand for themselves.
pub(super) fn like_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for sign in text.chars() {
        if matches!(sign, '%' | '_' | '\\') {
            literal.push('\\');
        }
        literal.push(sign);
    }
    literal
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// The members' names, one a row.
    fn jsonb_object_keys(object: diesel::sql_types::Jsonb) -> diesel::sql_types::Text;
}

/// The list queries of one of the two tables: their shared columns have the same names.
macro_rules! party_lists {
    ($table:ident, $row:ty, $segment_filter:path, $extra:ident) => {
        type Boxed<'a> = $table::BoxedQuery<'a, diesel::pg::Pg>;

        /// The live records of the account that `filter` lets through.
        fn filtered<'a>(read: &Read, filter: &'a ListFilter) -> Boxed<'a> {
            let account = read.account();
            let mut query = $table::table
                .filter($table::account_id.eq(account.0))
                .filter($table::deleted_at.is_null())
                .into_boxed();
            if let Some(condition) = &filter.segment {
                query = query.filter($segment_filter(condition, account, read.now()));
            }
            if !filter.ids.is_empty() {
                query = query.filter($table::id.eq_any(&filter.ids));
            }
            for word in &filter.words {
                query = query.filter($table::search_text.like(contains_pattern(word)));
            }
            if !filter.tags.is_empty() {
                query = query.filter($table::tag_keys.contains(&filter.tags));
            }
            if let Some(email) = &filter.email {
                query = query.filter($table::email_keys.contains(vec![email]));
            }
            if let Some(status) = filter.status {
                query = query.filter($table::status.eq(Word(status)));
            }
            if let Some(since) = filter.updated_since {
                query = query.filter($table::updated_at.ge(since));
            }
            $extra(query, account, filter)
        }

        fn sorted<'a>(query: Boxed<'a>, sort: Sort, after: Option<&ListKey>) -> Result<Boxed<'a>> {
            macro_rules! keyset {
                ($column:ident, $variant:ident, $not_before:ident, $past:ident, $direction:ident) => {{
                    let query = match after {
                        None => query,
                        Some(ListKey::$variant(key, id)) => query.filter(
                            $table::$column
                                .$not_before(key.clone())
                                .and($table::$column.ne(key.clone()).or($table::id.$past(*id))),
                        ),
                        Some(_) => return Err(Error::InvalidCursor),
                    };
                    query.order(($table::$column.$direction(), $table::id.$direction()))
                }};
            }
            Ok(match sort {
                Sort::Name => keyset!(sort_name, Name, ge, gt, asc),
                Sort::NameDesc => keyset!(sort_name, Name, le, lt, desc),
                Sort::AddedAt => keyset!(added_at, Time, ge, gt, asc),
                Sort::AddedAtDesc => keyset!(added_at, Time, le, lt, desc),
                Sort::UpdatedAt => keyset!(updated_at, Time, ge, gt, asc),
                Sort::UpdatedAtDesc => keyset!(updated_at, Time, le, lt, desc),
            })
        }

        fn list_key(row: &$row, sort: Sort) -> ListKey {
            match sort {
                Sort::Name | Sort::NameDesc => ListKey::Name(row.sort_name.clone(), row.id),
                Sort::AddedAt | Sort::AddedAtDesc => ListKey::Time(row.added_at, row.id),
                Sort::UpdatedAt | Sort::UpdatedAtDesc => ListKey::Time(row.updated_at, row.id),
            }
        }

        fn list_rows(
            read: &mut Read,
            filter: &ListFilter,
            sort: Sort,
            page: &PageRequest<ListKey>,
        ) -> Result<Page<$row>> {
            let rows = sorted(filtered(read, filter), sort, page.after.as_ref())?
                .select(<$row>::as_select())
                .limit(page.fetch())
                .load(read.conn)?;
            let total =
                if page.with_total { Some(filtered(read, filter).count().get_result(read.conn)?) } else { None };
            page.page(rows, total, |row| list_key(row, sort))
        }

        /// At most `limit` rows after `after`, and where the ones that may follow start.
        fn part_rows(
            read: &mut Read,
            filter: &ListFilter,
            sort: Sort,
            after: Option<&ListKey>,
            limit: i64,
        ) -> Result<(Vec<$row>, Option<ListKey>)> {
            let rows: Vec<$row> = sorted(filtered(read, filter), sort, after)?
                .select(<$row>::as_select())
                .limit(limit)
                .load(read.conn)?;
            let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
            let next = rows.last().filter(|_| full).map(|row| list_key(row, sort));
            Ok((rows, next))
        }

        /// The keys of all custom fields that the records of a list have, sorted.
        pub fn custom_keys(read: &mut Read, filter: &ListFilter) -> Result<Vec<String>> {
            let mut keys: Vec<String> = filtered(read, filter)
                .select($crate::repository::parties::jsonb_object_keys($table::custom_fields))
                .distinct()
                .load(read.conn)?;
            keys.sort_unstable();
            Ok(keys)
        }
    };
}
pub(super) use party_lists;
