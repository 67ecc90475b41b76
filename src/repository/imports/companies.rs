//! Companies, many at a time.

use diesel::dsl::copy_from;
use diesel::prelude::*;
use diesel::upsert::excluded;
use uuid::Uuid;

use super::{Found, Keys, Writes, clear_external_ids, lock_rows, overwrite_rows, run_again_if_taken};
use crate::domain::company::Company;
use crate::domain::error::Result;
use crate::repository::companies::{CompanyRow, ShownCompany};
use crate::repository::db::Tx;
use crate::repository::schema::companies;

/// Locks and reads the companies with these keys; those in the bin only when they are named by id.
pub fn lock(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Company>>> {
    let rows: Vec<ShownCompany> = lock_rows!(companies with bin, ShownCompany, tx, keys);
    let found = rows.into_iter().map(|row| {
        let stored = row.into_stored();
        Found { id: stored.id, live: stored.bin.is_none().then_some(stored.company) }
    });
    Ok(found.collect())
}

pub fn write(tx: &mut Tx, writes: Writes<Company>) -> Result<()> {
    let Writes { created, updated, rekeyed } = writes;
    clear_external_ids!(companies, &rekeyed, tx);
    let (account, now) = (tx.account(), tx.now());
    let rows = |records: Vec<(Uuid, Company)>| -> Vec<CompanyRow> {
        records.into_iter().map(|(id, company)| CompanyRow::new(account, id, company, now)).collect()
    };
    overwrite_rows!(
        companies,
        rows(updated),
        tx,
        [
            external_id,
            name,
            status,
            emails,
            telephones,
            addresses,
            profile,
            tags,
            custom_fields,
            marketing_mails_consent,
            updated_at,
            sort_name,
            search_text,
            email_keys,
            tag_keys,
            city_key,
            country,
            folded
        ]
    );
    let rows = rows(created);
    if !rows.is_empty() {
        copy_from(companies::table).from_insertable(&rows[..]).execute(tx.conn).map_err(run_again_if_taken)?;
    }
    Ok(())
}
