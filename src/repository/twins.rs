//! Records of one restore that share an `external_id`: the one deleted last keeps it, in whatever chunk it is.

use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::db::Tx;
use crate::domain::entity::BinKind;
use crate::domain::error::Result;

/// Notes in the chunks of a frozen set which of their records have a twin in it that was deleted later.
///
/// What is shared is looked for in the bin, once over, by hashes: going by the ids of a million takes many times as long.
pub fn note(tx: &mut Tx, action_id: Uuid, kind: BinKind) -> Result<()> {
    let in_bin = format!(
        "FROM {} WHERE account_id = $1 AND deleted_at IS NOT NULL AND purge_at > $3 AND external_id IS NOT NULL",
        kind.table()
    );
    let sql = format!(
        "WITH shared AS MATERIALIZED (SELECT hashtextextended(external_id, 0) AS key {in_bin} GROUP BY 1 HAVING count(*) > 1), \
         doubled AS MATERIALIZED (SELECT id, external_id, deleted_at, deletion_id {in_bin} \
           AND hashtextextended(external_id, 0) IN (SELECT key FROM shared)), \
         members AS (SELECT number, unnest(ids) AS id FROM bulk_action_chunks \
           WHERE account_id = $1 AND action_id = $2 AND EXISTS (SELECT FROM doubled)), \
         ranked AS (SELECT m.number, d.id, first_value(d.id) OVER (PARTITION BY d.external_id \
           ORDER BY d.deleted_at DESC, d.deletion_id DESC, d.id DESC) AS keeper FROM members AS m JOIN doubled AS d ON d.id = m.id), \
         pairs AS (SELECT r.number, array_agg(p.id ORDER BY r.id, p.place) AS twins FROM ranked AS r \
           CROSS JOIN LATERAL unnest(ARRAY[r.id, r.keeper]) WITH ORDINALITY AS p(id, place) \
           WHERE r.id <> r.keeper GROUP BY r.number) \
         UPDATE bulk_action_chunks AS c SET twins = pairs.twins FROM pairs \
         WHERE c.account_id = $1 AND c.action_id = $2 AND c.number = pairs.number"
    );
    diesel::sql_query(sql)
        .bind::<SqlUuid, _>(tx.account().0)
        .bind::<SqlUuid, _>(action_id)
        .bind::<Timestamptz, _>(tx.now())
        .execute(tx.conn)?;
    Ok(())
}
