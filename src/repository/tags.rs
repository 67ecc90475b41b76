//! The tags of contacts and companies, changed in sets.
//!
//! `tags` and `tag_keys` are parallel: the spelling that is shown, and the folded form that is compared.

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::db::Tx;
use crate::domain::entity::{BinKind, RecordKind};
use crate::domain::error::Result;
use crate::domain::fold::fold;

/// Tags to add or remove, with their folded forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagList {
    tags: Vec<String>,
    keys: Vec<String>,
}

impl TagList {
    /// `tags` must differ folded.
    pub fn new(tags: &[String]) -> Self {
        Self { tags: tags.to_vec(), keys: tags.iter().map(|tag| fold(tag)).collect() }
    }
}

/// How a locked row's tags stand to a list.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Tagging {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Bool)]
    pub live: bool,
    #[diesel(sql_type = Integer)]
    tags: i32,
    #[diesel(sql_type = Integer)]
    of_list: i32,
}

impl Tagging {
    /// How many tags the row has, of the list or not.
    pub fn tags(&self) -> usize {
        usize::try_from(self.tags).unwrap_or_default()
    }

    /// How many of the list it has.
    pub fn of_list(&self) -> usize {
        usize::try_from(self.of_list).unwrap_or_default()
    }
}

/// Locks the rows for a change of their fields, in id order.
pub fn lock(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], list: &TagList) -> Result<Vec<Tagging>> {
    let sql = format!(
        "SELECT id, deleted_at IS NULL AS live, cardinality(tag_keys) AS tags, \
         (SELECT count(*)::integer FROM unnest($3) AS listed(key) WHERE listed.key = ANY(tag_keys)) AS of_list \
         FROM {} WHERE account_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE",
        BinKind::from(kind).table()
    );
    Ok(diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Text>, _>(&list.keys)
        .load(tx.conn)?)
}

/// Appends to locked live rows the tags of the list that they do not have.
pub fn add(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], list: &TagList) -> Result<()> {
    let missing = |column: &str| {
        format!(
            "ARRAY(SELECT listed.{column} FROM unnest($3, $5) WITH ORDINALITY AS listed(key, tag, position) \
             WHERE listed.key <> ALL(tag_keys) ORDER BY listed.position)"
        )
    };
    let sql = format!(
        "UPDATE {} SET tags = tags || {}, tag_keys = tag_keys || {}, updated_at = $4, version = version + 1 \
         WHERE account_id = $1 AND id = ANY($2)",
        BinKind::from(kind).table(),
        missing("tag"),
        missing("key"),
    );
    diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Text>, _>(&list.keys)
        .bind::<Timestamptz, _>(tx.now())
        .bind::<Array<Text>, _>(&list.tags)
        .execute(tx.conn)?;
    Ok(())
}

/// Takes the tags of the list from locked live rows; the others keep their order.
pub fn remove(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], list: &TagList) -> Result<()> {
    let kept = |column: &str| {
        format!(
            "ARRAY(SELECT own.{column} FROM unnest(tags, tag_keys) WITH ORDINALITY AS own(tag, key, position) \
             WHERE own.key <> ALL($3) ORDER BY own.position)"
        )
    };
    let sql = format!(
        "UPDATE {} SET tags = {}, tag_keys = {}, updated_at = $4, version = version + 1 \
         WHERE account_id = $1 AND id = ANY($2)",
        BinKind::from(kind).table(),
        kept("tag"),
        kept("key"),
    );
    diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Text>, _>(&list.keys)
        .bind::<Timestamptz, _>(tx.now())
        .execute(tx.conn)?;
    Ok(())
}
