//! Segments: the saved ones, and what any rule tree selects.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Tx};
use super::schema::{companies, contacts, segments};
use super::segment_query::{Blocked, blocked_companies, blocked_contacts, company_filter, contact_filter};
use crate::domain::actor::Actor;
use crate::domain::contact::full_name;
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Result};
use crate::domain::page::{Page, PageRequest};
use crate::domain::segment::saved::{NewSegment, Saved, Segment, SegmentId, Visibility};
use crate::domain::segment::{Condition, RuleTree, standard};

/// How long counting and sampling a segment may take, in all.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Up to so many records each one's links are looked up; beyond, one set of all blocked ids is cheaper (measured).
const FEW: i64 = 1_000;
/// For the set of all blocked ids: some 40 bytes each. One that does not fit would be searched from end to end.
const SET_MEMORY: &str = "128MB";
const SAMPLE_SIZE: i64 = 10;

/// How many live records a rule tree selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentCount {
    pub count: i64,
    /// Those of them that a live linked record forbids deleting.
    pub blocked: i64,
}

/// The place of a segment in the list: the standard ones come first, then the account's in the order they were made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SegmentKey {
    Standard(String),
    Own(Uuid),
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = segments, check_for_backend(diesel::pg::Pg))]
struct SegmentRow {
    account_id: Uuid,
    id: Uuid,
    name: String,
    entity: Word<RecordKind>,
    rules: Value,
    visibility: Word<Visibility>,
    owner_id: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl SegmentRow {
    fn segment(self) -> Result<Segment> {
        let kind = self.entity.0;
        let tree = RuleTree::from_json(kind, &self.rules)
            .map_err(|errors| Error::Internal(format!("segment {} has invalid rules: {errors:?}", self.id)))?;
        Ok(Segment {
            id: SegmentId::Own(self.id),
            name: self.name,
            kind,
            tree,
            visibility: self.visibility.0,
            saved: Some(Saved { owner_id: self.owner_id, created_at: self.created_at, updated_at: self.updated_at }),
            version: self.version,
        })
    }
}

pub fn insert(tx: &mut Tx, actor: &Actor, new: NewSegment) -> Result<Segment> {
    let row = SegmentRow {
        account_id: tx.account().0,
        id: tx.new_id(),
        name: new.name,
        entity: Word(new.kind),
        rules: new.tree.to_json(),
        visibility: Word(new.visibility),
        owner_id: actor.user_id.clone(),
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    diesel::insert_into(segments::table).values(&row).execute(tx.conn)?;
    row.segment()
}

/// The segment with this UUID or slug, if it exists for the caller.
pub fn find(read: &mut Read, actor: &Actor, id: &str) -> Result<Option<Segment>> {
    if let Some(standard) = standard::find(id) {
        return Ok(Some(standard.into()));
    }
    let Ok(id) = Uuid::try_parse(id) else { return Ok(None) };
    let row = visible(read, actor).filter(segments::id.eq(id)).first(read.conn).optional()?;
    row.map(SegmentRow::segment).transpose()
}

/// As [`find`], and locks a saved one for a change.
pub fn find_for_update(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Option<Segment>> {
    if let Ok(id) = Uuid::try_parse(id) {
        segments::table
            .filter(segments::account_id.eq(tx.account().0))
            .filter(segments::id.eq(id))
            .select(segments::id)
            .for_no_key_update()
            .execute(tx.conn)?;
    }
    find(tx, actor, id)
}

/// Writes name, rules and visibility; the kind of records stays.
pub fn update(tx: &mut Tx, id: Uuid, new: NewSegment) -> Result<Segment> {
    diesel::update(segments::table)
        .filter(segments::account_id.eq(tx.account().0))
        .filter(segments::id.eq(id))
        .set((
            segments::name.eq(new.name),
            segments::rules.eq(new.tree.to_json()),
            segments::visibility.eq(Word(new.visibility)),
            segments::updated_at.eq(tx.now()),
            segments::version.eq(segments::version + 1),
        ))
        .returning(SegmentRow::as_returning())
        .get_result(tx.conn)
        .optional()?
        .ok_or(Error::NotFound)?
        .segment()
}

pub fn delete(tx: &mut Tx, id: Uuid) -> Result<()> {
    diesel::delete(segments::table)
        .filter(segments::account_id.eq(tx.account().0))
        .filter(segments::id.eq(id))
        .execute(tx.conn)?;
    Ok(())
}

/// The segments that exist for the caller, of one kind of records or of both.
pub fn list(
    read: &mut Read,
    actor: &Actor,
    kind: Option<RecordKind>,
    page: &PageRequest<SegmentKey>,
) -> Result<Page<Segment>> {
    let standard: Vec<_> =
        standard::all().into_iter().filter(|segment| kind.is_none_or(|kind| segment.kind == kind)).collect();
    let total = if page.with_total {
        let saved: i64 = visible_of_kind(read, actor, kind).count().get_result(read.conn)?;
        Some(saved + i64::try_from(standard.len()).unwrap_or(i64::MAX))
    } else {
        None
    };
    let (skipped, after) = match &page.after {
        None => (0, None),
        Some(SegmentKey::Standard(slug)) => {
            let index = standard.iter().position(|segment| segment.slug == slug).ok_or(Error::InvalidCursor)?;
            (index + 1, None)
        }
        Some(SegmentKey::Own(id)) => (standard.len(), Some(*id)),
    };
    let mut found: Vec<Segment> = standard.into_iter().skip(skipped).map(Segment::from).collect();
    let room = page.fetch() - i64::try_from(found.len()).unwrap_or(i64::MAX);
    if room > 0 {
        let mut query = visible_of_kind(read, actor, kind).order(segments::id).limit(room);
        if let Some(after) = after {
            query = query.filter(segments::id.gt(after));
        }
        let rows: Vec<SegmentRow> = query.select(SegmentRow::as_select()).load(read.conn)?;
        for row in rows {
            found.push(row.segment()?);
        }
    }
    page.page(found, total, |segment| match segment.id {
        SegmentId::Standard(slug) => SegmentKey::Standard(slug.to_owned()),
        SegmentId::Own(id) => SegmentKey::Own(id),
    })
}

type Visible<'a> = segments::BoxedQuery<'a, diesel::pg::Pg>;

fn visible<'a>(
    read: &Read,
    actor: &Actor,
) -> diesel::dsl::Select<Visible<'a>, diesel::dsl::AsSelect<SegmentRow, diesel::pg::Pg>> {
    visible_of_kind(read, actor, None).select(SegmentRow::as_select())
}

fn visible_of_kind<'a>(read: &Read, actor: &Actor, kind: Option<RecordKind>) -> Visible<'a> {
    let seen = segments::visibility.eq(Word(Visibility::Shared)).or(segments::owner_id.eq(actor.user_id.clone()));
    let query = segments::table.filter(segments::account_id.eq(read.account().0)).filter(seen).into_boxed();
    match kind {
        Some(kind) => query.filter(segments::entity.eq(Word(kind))),
        None => query,
    }
}

/// The queries over what a rule tree selects, for one of the two tables.
macro_rules! selections {
    ($module:ident, $table:ident, $filter:path, $blocked:path, $columns:expr, $name:expr) => {
        mod $module {
            use super::*;

            /// Counts at most `limit` records, in one pass.
            pub(super) fn count(
                read: &mut Read,
                tree: &Condition,
                how: Blocked,
                limit: Option<i64>,
            ) -> Result<SegmentCount> {
                let mut records = selected(read, tree).select($blocked(read.account(), how));
                if let Some(limit) = limit {
                    records = records.limit(limit);
                }
                let (count, blocked) = Counted(records).get_result(read.conn)?;
                Ok(SegmentCount { count, blocked })
            }

            pub(super) fn sample(read: &mut Read, tree: &Condition) -> Result<Vec<(Uuid, String)>> {
                let rows = selected(read, tree)
                    .order(($table::sort_name, $table::id))
                    .limit(SAMPLE_SIZE)
                    .select($columns)
                    .load(read.conn)?;
                Ok(rows.into_iter().map($name).collect())
            }

            fn selected<'a>(read: &Read, tree: &Condition) -> $table::BoxedQuery<'a, diesel::pg::Pg> {
                $table::table
                    .filter($table::account_id.eq(read.account().0))
                    .filter($table::deleted_at.is_null())
                    .filter($filter(tree, read.account(), read.now()))
                    .into_boxed()
            }
        }
    };
}

selections!(
    of_contacts,
    contacts,
    contact_filter,
    blocked_contacts,
    (contacts::id, contacts::first_name, contacts::last_name),
    |(id, first_name, last_name): (Uuid, Option<String>, String)| (id, full_name(first_name.as_deref(), &last_name))
);
selections!(of_companies, companies, company_filter, blocked_companies, (companies::id, companies::name), |row: (
    Uuid,
    String
)| row);

/// A time budget for several statements; each is cut off when it is used up.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// Runs `work` with its statement limited to what is left; those that follow in the transaction are not.
    fn limit<T>(self, read: &mut Read, work: impl FnOnce(&mut Read) -> Result<T>) -> Result<T> {
        let left = self.0.saturating_duration_since(Instant::now()).as_millis().max(1);
        read.conn
            .batch_execute(&format!("SET LOCAL statement_timeout = {left}; SET LOCAL work_mem = '{SET_MEMORY}'"))?;
        let outcome = work(read)?;
        read.conn.batch_execute("SET LOCAL statement_timeout TO DEFAULT; SET LOCAL work_mem TO DEFAULT")?;
        Ok(outcome)
    }
}

/// Counts the rows of a query that says of each whether it is blocked, and those that are.
struct Counted<Q>(Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*), count(*) FILTER (WHERE blocked) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS found (blocked)");
        Ok(())
    }
}

impl<Q> QueryId for Counted<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Counted<Q> {
    type SqlType = (BigInt, BigInt);
}

impl<Q> RunQueryDsl<PgConnection> for Counted<Q> {}

/// Counts what the tree selects.
///
/// Few records are counted with a look at each one's links. Where there are more, that is given up after the first few,
/// and all are counted with one set of all blocked ids: the planner's estimates, often wrong for rules, decide nothing.
///
/// # Errors
/// `TooSlow` when it takes longer than the deadline.
pub fn count(read: &mut Read, kind: RecordKind, tree: &Condition, deadline: Deadline) -> Result<SegmentCount> {
    let mut count = |how, limit| {
        deadline.limit(read, |read| match kind {
            RecordKind::Contact => of_contacts::count(read, tree, how, limit),
            RecordKind::Company => of_companies::count(read, tree, how, limit),
        })
    };
    let few = count(Blocked::RecordByRecord, Some(FEW + 1))?;
    if few.count <= FEW { Ok(few) } else { count(Blocked::FromOneSet, None) }
}

/// The first ten records by name that the tree selects, with their names.
///
/// # Errors
/// `TooSlow` when it takes longer than the deadline.
pub fn sample(read: &mut Read, kind: RecordKind, tree: &Condition, deadline: Deadline) -> Result<Vec<(Uuid, String)>> {
    deadline.limit(read, |read| match kind {
        RecordKind::Contact => of_contacts::sample(read, tree),
        RecordKind::Company => of_companies::sample(read, tree),
    })
}
