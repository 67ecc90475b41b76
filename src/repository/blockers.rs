//! Which live linked records forbid deleting a set of records: one query over every blocking column of the catalogue.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use super::db::Read;
use crate::domain::blocker::{Blocker, BlockerSample, SAMPLE_SIZE};
use crate::domain::entity::RecordKind;
use crate::domain::error::{Error, Result};
use crate::domain::link_catalogue::{LinkRole, LinkedKind, links_to};

#[derive(QueryableByName)]
struct Group {
    #[diesel(sql_type = SqlUuid)]
    record_id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Array<SqlUuid>)]
    sample: Vec<Uuid>,
}

static TO_CONTACTS: LazyLock<String> = LazyLock::new(|| query(RecordKind::Contact));
static TO_COMPANIES: LazyLock<String> = LazyLock::new(|| query(RecordKind::Company));

/// A branch for each blocking column, grouped by record, kind and role.
///
/// The ids are sorted slices of a set, so the links of a dense slice are read faster as a range of the index than id by
/// id. The planner weighs both: the ends of the range let it know how many links there are in between.
fn query(target: RecordKind) -> String {
    let mut sql = String::new();
    for link in links_to(target).filter(|link| link.blocks) {
        if !sql.is_empty() {
            sql.push_str(" UNION ALL ");
        }
        let live = if link.in_bin { " AND deleted_at IS NULL" } else { "" };
        let _ = write!(
            sql,
            "SELECT {column} AS record_id, '{kind}' AS kind, '{role}' AS role, count(DISTINCT {id}) AS count, \
             (array_agg(DISTINCT {id} ORDER BY {id}))[1:{SAMPLE_SIZE}] AS sample \
             FROM unnest($2) AS wanted(record_id) JOIN {table} ON {column} = wanted.record_id \
             WHERE account_id = $1 AND {column} BETWEEN $3 AND $4{live} GROUP BY {column}",
            column = link.column,
            kind = link.kind.as_str(),
            role = link.role.as_str(),
            id = link.linked_id,
            table = link.table,
        );
    }
    sql
}

/// The blockers of each of `ids` that has any, without titles.
///
/// A statement of its own: it sees every link that was committed before it began, also while the rows' locks were
/// waited for.
pub fn of(read: &mut Read, target: RecordKind, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<Blocker>>> {
    let sql = match target {
        RecordKind::Contact => &*TO_CONTACTS,
        RecordKind::Company => &*TO_COMPANIES,
    };
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(BTreeMap::new()) };
    let groups: Vec<Group> = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(read.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlUuid, _>(first)
        .bind::<SqlUuid, _>(last)
        .load(read.conn)?;
    let mut blockers: BTreeMap<Uuid, Vec<Blocker>> = BTreeMap::new();
    for group in groups {
        let sample = group.sample.into_iter().map(|id| BlockerSample { id, title: None }).collect();
        let (kind, role): (LinkedKind, LinkRole) = (parse(group.kind)?, parse(group.role)?);
        blockers.entry(group.record_id).or_default().push(Blocker { kind, role, count: group.count, sample });
    }
    for groups in blockers.values_mut() {
        groups.sort_by_key(|blocker| (blocker.kind, blocker.role));
    }
    Ok(blockers)
}

fn parse<T: serde::de::DeserializeOwned>(word: String) -> Result<T> {
    serde_json::from_value(Value::String(word)).map_err(|error| Error::Internal(error.to_string()))
}
