//! Linked records, many at a time.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::copy_from;
use diesel::prelude::*;
use diesel::upsert::excluded;
use uuid::Uuid;

use super::{Found, Keys, Writes, clear_external_ids, lock_rows, overwrite_rows, run_again_if_taken};
use crate::domain::contact::full_name;
use crate::domain::entity::RecordRef;
use crate::domain::error::Result;
use crate::domain::linked::{CustomerCopy, Deal, Invoice, Project, Ticket, TimeTracking};
use crate::domain::party::Profile;
use crate::repository::column_types::Json;
use crate::repository::db::Tx;
use crate::repository::deals::DealRow;
use crate::repository::invoices::InvoiceRow;
use crate::repository::linked::{LinkedTable, Stored};
use crate::repository::projects::{ProjectCustomerRow, ProjectRow};
use crate::repository::schema::{
    companies, contacts, deals, invoices, project_customers, projects, tickets, time_trackings,
};
use crate::repository::tickets::TicketRow;
use crate::repository::time_trackings::TimeTrackingRow;

/// A linked record to be written.
pub struct Write<T> {
    /// As it is stored; none for a new record.
    pub before: Option<Stored<T>>,
    pub record: T,
}

/// The statements on many rows of a kind's table.
pub trait LinkedBatch: LinkedTable {
    /// The tables of the records, that of their own rows first.
    const TABLES: &'static [&'static str];

    fn lock_many(tx: &mut Tx, keys: &Keys) -> Result<Vec<Stored<Self>>>;
    fn clear_external_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<()>;
    fn insert_many(tx: &mut Tx, records: &[Stored<Self>]) -> Result<()>;
    fn overwrite_many(tx: &mut Tx, records: &[Stored<Self>]) -> Result<()>;

    /// What the record says of itself as its key.
    fn external_id(&self) -> Option<&str>;

    /// Fills in what the server sets. The links are held.
    fn before_many(_: &mut Tx, _: &mut [&mut Self]) -> Result<()> {
        Ok(())
    }

    /// Writes what does not stand in the rows of those records.
    fn after_many(_: &mut Tx, _: &[&Stored<Self>]) -> Result<()> {
        Ok(())
    }

    /// Whether [`LinkedBatch::after_many`] has nothing to do when `self` follows on `before`.
    fn stands_in_its_row(&self, _before: &Self) -> bool {
        true
    }
}

/// Locks and reads the records with these keys; those in the bin only when they are named by id.
pub fn lock<T: LinkedBatch>(tx: &mut Tx, keys: &Keys) -> Result<Vec<Found<Stored<T>>>> {
    let mut records = T::lock_many(tx, keys)?;
    let keyed: Vec<bool> = records.iter().map(|stored| stored.record.external_id().is_some()).collect();
    T::complete(tx, &mut records)?;
    // A record that is shown without its external id, because a purge is due, gives it up now.
    let due = records.iter().zip(keyed).filter(|(stored, keyed)| *keyed && stored.record.external_id().is_none());
    T::clear_external_ids(tx, &due.map(|(stored, _)| stored.id).collect::<Vec<_>>())?;
    Ok(records
        .into_iter()
        .map(|stored| Found { id: stored.id, live: stored.bin.is_none().then_some(stored) })
        .collect())
}

pub fn write<T: LinkedBatch>(tx: &mut Tx, writes: Writes<Write<T>>) -> Result<()> {
    let Writes { mut created, mut updated, rekeyed } = writes;
    T::clear_external_ids(tx, &rekeyed)?;
    let mut records: Vec<&mut T> = created.iter_mut().chain(&mut updated).map(|(_, write)| &mut write.record).collect();
    T::before_many(tx, &mut records)?;
    let mut moved = BTreeSet::new();
    let now = tx.now();
    let mut stored = |(id, Write { before, record }): (Uuid, Write<T>)| {
        if before.as_ref().is_none_or(|before| !record.stands_in_its_row(&before.record)) {
            moved.insert(id);
        }
        let (created_at, version) = before.map_or((now, 1), |before| (before.created_at, before.version + 1));
        Stored { id, record, created_at, updated_at: now, version, bin: None }
    };
    let updated: Vec<Stored<T>> = updated.into_iter().map(&mut stored).collect();
    let created: Vec<Stored<T>> = created.into_iter().map(&mut stored).collect();
    T::overwrite_many(tx, &updated)?;
    T::insert_many(tx, &created)?;
    let moved: Vec<&Stored<T>> = updated.iter().chain(&created).filter(|stored| moved.contains(&stored.id)).collect();
    T::after_many(tx, &moved)
}

macro_rules! batch_rows {
    ($table:ident $(with $bin:ident)?, $row:ident, [$($column:ident),*]) => {
        fn lock_many(tx: &mut Tx, keys: &Keys) -> Result<Vec<Stored<Self>>> {
            let rows: Vec<$row> = lock_rows!($table $(with $bin)?, $row, tx, keys);
            Ok(rows.into_iter().map(<$row>::into_stored).collect())
        }

        fn clear_external_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<()> {
            clear_external_ids!($table, ids, tx);
            Ok(())
        }

        fn insert_many(tx: &mut Tx, records: &[Stored<Self>]) -> Result<()> {
            let account = tx.account();
            let rows: Vec<$row> = records.iter().map(|stored| <$row>::new(account, stored)).collect();
            if !rows.is_empty() {
                copy_from($table::table).from_insertable(&rows[..]).execute(tx.conn).map_err(run_again_if_taken)?;
            }
            Ok(())
        }

        fn overwrite_many(tx: &mut Tx, records: &[Stored<Self>]) -> Result<()> {
            let account = tx.account();
            let rows: Vec<$row> = records.iter().map(|stored| <$row>::new(account, stored)).collect();
            overwrite_rows!($table, rows, tx, [external_id, updated_at, $($column),*]);
            Ok(())
        }

        fn external_id(&self) -> Option<&str> {
            self.external_id.as_deref()
        }
    };
}

impl LinkedBatch for Deal {
    const TABLES: &'static [&'static str] = &["deals"];

    batch_rows!(
        deals with bin,
        DealRow,
        [
            title, reference, status, customer_contact_id, customer_company_id, contact_person_id, estimated_value_amount,
            estimated_value_currency, search_text
        ]
    );
}

impl LinkedBatch for Invoice {
    const TABLES: &'static [&'static str] = &["invoices"];

    batch_rows!(
        invoices,
        InvoiceRow,
        [
            invoice_number,
            status,
            invoice_date,
            customer_contact_id,
            customer_company_id,
            attention_of_id,
            customer_name,
            customer_vat_number,
            total_amount,
            total_currency
        ]
    );

    fn before_many(tx: &mut Tx, invoices: &mut [&mut Self]) -> Result<()> {
        let without = invoices.iter().filter(|invoice| invoice.customer_copy.is_none());
        let copies = customer_copies(tx, &without.map(|invoice| invoice.customer).collect())?;
        for invoice in invoices.iter_mut().filter(|invoice| invoice.customer_copy.is_none()) {
            invoice.customer_copy = copies.get(&invoice.customer).cloned();
        }
        Ok(())
    }
}

impl LinkedBatch for Project {
    const TABLES: &'static [&'static str] = &["projects", "project_customers"];

    batch_rows!(projects, ProjectRow, [title, status]);

    fn before_many(_: &mut Tx, projects: &mut [&mut Self]) -> Result<()> {
        for project in projects {
            project.drop_doubles();
        }
        Ok(())
    }

    fn after_many(tx: &mut Tx, projects: &[&Stored<Self>]) -> Result<()> {
        let account = tx.account();
        let ids: Vec<Uuid> = projects.iter().map(|project| project.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        diesel::delete(project_customers::table)
            .filter(project_customers::account_id.eq(account.0))
            .filter(project_customers::project_id.eq_any(ids))
            .execute(tx.conn)?;
        let rows: Vec<ProjectCustomerRow> = projects
            .iter()
            .flat_map(|project| ProjectCustomerRow::of(account, project.id, &project.record.customers))
            .collect();
        copy_from(project_customers::table).from_insertable(&rows[..]).execute(tx.conn)?;
        Ok(())
    }

    fn stands_in_its_row(&self, before: &Self) -> bool {
        self.customers == before.customers
    }
}

impl LinkedBatch for TimeTracking {
    const TABLES: &'static [&'static str] = &["time_trackings"];

    batch_rows!(
        time_trackings,
        TimeTrackingRow,
        [description, started_at, duration_seconds, subject_contact_id, subject_company_id]
    );
}

impl LinkedBatch for Ticket {
    const TABLES: &'static [&'static str] = &["tickets"];

    batch_rows!(
        tickets,
        TicketRow,
        [subject, description, status, customer_contact_id, customer_company_id, anonymised_at]
    );
}

/// The names and VAT numbers that invoices keep of these customers, which are held.
fn customer_copies(tx: &mut Tx, customers: &BTreeSet<RecordRef>) -> Result<HashMap<RecordRef, CustomerCopy>> {
    let account = tx.account().0;
    let ids = |of: fn(RecordRef) -> Option<Uuid>| customers.iter().filter_map(|c| of(*c)).collect::<Vec<_>>();
    let people: Vec<(Uuid, Option<String>, String, Json<Profile>)> = contacts::table
        .filter(contacts::account_id.eq(account))
        .filter(contacts::id.eq_any(ids(RecordRef::contact_id)))
        .select((contacts::id, contacts::first_name, contacts::last_name, contacts::profile))
        .load(tx.conn)?;
    let firms: Vec<(Uuid, String, Json<Profile>)> = companies::table
        .filter(companies::account_id.eq(account))
        .filter(companies::id.eq_any(ids(RecordRef::company_id)))
        .select((companies::id, companies::name, companies::profile))
        .load(tx.conn)?;
    let people = people.into_iter().map(|(id, first_name, last_name, profile)| {
        let name = full_name(first_name.as_deref(), &last_name);
        (RecordRef::contact(id), CustomerCopy { name, vat_number: profile.0.vat_number })
    });
    let firms = firms
        .into_iter()
        .map(|(id, name, profile)| (RecordRef::company(id), CustomerCopy { name, vat_number: profile.0.vat_number }));
    Ok(people.chain(firms).collect())
}
