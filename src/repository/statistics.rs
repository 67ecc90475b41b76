//! Keeps the planner's statistics in step after much has changed at once: until they are refreshed it plans as if
//! nothing had, and a question that takes milliseconds takes minutes.

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Float, Text};

use super::db::Sweep;
use crate::domain::entity::BinKind;
use crate::domain::error::Result;
use crate::domain::link_catalogue::LINKS;

/// Refreshes the statistics of each table of records and links of which `touched` rows are more than 5 %.
pub fn refresh_after(sweep: &mut Sweep, touched: i64) -> Result<()> {
    let tables: BTreeSet<&str> =
        BinKind::ALL.iter().map(|kind| kind.table()).chain(LINKS.iter().map(|link| link.table)).collect();
    refresh(sweep, tables, touched)
}

/// Refreshes the statistics of each of `tables` of which `touched` rows are more than 5 %.
pub fn refresh(sweep: &mut Sweep, tables: impl IntoIterator<Item = &'static str>, touched: i64) -> Result<()> {
    for table in tables {
        let rows: f32 = diesel::select(
            sql::<Float>("(SELECT reltuples FROM pg_class WHERE oid = ").bind::<Text, _>(table).sql("::regclass)"),
        )
        .get_result(sweep.conn)?;
        #[allow(clippy::cast_precision_loss, reason = "a rough share is all that is needed")]
        let share = touched as f32 / rows.max(1.0);
        if share > 0.05 {
            // Only its owner may ANALYZE a table: the function does it as such. Whoever else analyses it does as well.
            diesel::sql_query("SELECT refresh_statistics($1::regclass)").bind::<Text, _>(table).execute(sweep.conn)?;
        }
    }
    Ok(())
}
