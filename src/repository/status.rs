//! The status of contacts and companies, changed in sets.

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::column_types::Word;
use super::db::Tx;
use crate::domain::entity::{BinKind, RecordKind};
use crate::domain::error::Result;
use crate::domain::party::Status;

/// A live record's status.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Standing {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub status: Word<Status>,
    #[diesel(sql_type = Bool)]
    pub live: bool,
}

/// Locks the rows for a change of their fields, in id order.
pub fn lock(tx: &mut Tx, kind: RecordKind, ids: &[Uuid]) -> Result<Vec<Standing>> {
    let sql = format!(
        "SELECT id, status, deleted_at IS NULL AS live FROM {} WHERE account_id = $1 AND id = ANY($2) \
         ORDER BY id FOR NO KEY UPDATE",
        BinKind::from(kind).table()
    );
    Ok(diesel::sql_query(sql).bind::<SqlUuid, _>(tx.account().0).bind::<Array<SqlUuid>, _>(ids).load(tx.conn)?)
}

/// Sets the status of locked live rows.
pub fn set(tx: &mut Tx, kind: RecordKind, ids: &[Uuid], status: Status) -> Result<()> {
    let sql = format!(
        "UPDATE {} SET status = $3, updated_at = $4, version = version + 1 WHERE account_id = $1 AND id = ANY($2)",
        BinKind::from(kind).table()
    );
    diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Text, _>(Word(status))
        .bind::<Timestamptz, _>(tx.now())
        .execute(tx.conn)?;
    Ok(())
}
