//! Projects, and the rows that name their customers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::column_types::Word;
use super::db::{Read, Tx};
use super::linked::{LinkedFilter, LinkedKey, LinkedSort, LinkedTable, Stored, filled_link, linked_rows};
use super::schema::{project_customers, projects};
use crate::domain::actor::AccountId;
use crate::domain::entity::RecordRef;
use crate::domain::error::{Error, Result};
use crate::domain::linked::{Project, ProjectStatus};
use crate::domain::page::{Page, PageRequest};

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = projects, primary_key(account_id, id), treat_none_as_null = true, treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg))]
pub(super) struct ProjectRow {
    pub account_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub title: String,
    pub status: Word<ProjectStatus>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = project_customers, treat_none_as_default_value = false)]
pub(super) struct ProjectCustomerRow {
    pub account_id: Uuid,
    pub project_id: Uuid,
    pub position: i32,
    pub customer_contact_id: Option<Uuid>,
    pub customer_company_id: Option<Uuid>,
}

impl ProjectRow {
    pub(super) fn new(account: AccountId, stored: &Stored<Project>) -> Self {
        Self {
            account_id: account.0,
            id: stored.id,
            external_id: stored.record.external_id.clone(),
            title: stored.record.title.clone(),
            status: Word(stored.record.status),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            version: stored.version,
        }
    }

    /// The customers stand in rows of their own.
    pub(super) fn into_stored(self) -> Stored<Project> {
        Stored {
            id: self.id,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            bin: None,
            record: Project {
                external_id: self.external_id,
                title: self.title,
                status: self.status.0,
                customers: Vec::new(),
            },
        }
    }
}

impl ProjectCustomerRow {
    /// The rows of a project's customers, in their order.
    pub(super) fn of(account: AccountId, project_id: Uuid, customers: &[RecordRef]) -> Vec<Self> {
        (0..)
            .zip(customers)
            .map(|(position, customer)| Self {
                account_id: account.0,
                project_id,
                position,
                customer_contact_id: customer.contact_id(),
                customer_company_id: customer.company_id(),
            })
            .collect()
    }
}

linked_rows!(projects, ProjectRow, Project, narrow);

impl LinkedTable for Project {
    fn before_write(_: &mut Tx, project: &mut Self) -> Result<()> {
        project.drop_doubles();
        Ok(())
    }

    fn after_write(tx: &mut Tx, stored: &Stored<Self>) -> Result<()> {
        let customers = &stored.record.customers;
        let before = customers_of(tx, &[stored.id])?.remove(&stored.id).unwrap_or_default();
        if before == *customers {
            return Ok(());
        }
        remove_customers(tx, stored.id)?;
        diesel::insert_into(project_customers::table)
            .values(ProjectCustomerRow::of(tx.account(), stored.id, customers))
            .execute(tx.conn)?;
        Ok(())
    }

    fn before_delete(tx: &mut Tx, id: Uuid) -> Result<()> {
        remove_customers(tx, id)
    }

    fn complete(read: &mut Read, projects: &mut [Stored<Self>]) -> Result<()> {
        let ids: Vec<Uuid> = projects.iter().map(|project| project.id).collect();
        let mut customers = customers_of(read, &ids)?;
        for project in projects {
            project.record.customers = customers.remove(&project.id).unwrap_or_default();
        }
        Ok(())
    }
}

fn customers_of(read: &mut Read, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<RecordRef>>> {
    let rows: Vec<(Uuid, Option<Uuid>, Option<Uuid>)> = project_customers::table
        .filter(project_customers::account_id.eq(read.account().0))
        .filter(project_customers::project_id.eq_any(ids))
        .order((project_customers::project_id, project_customers::position))
        .select((
            project_customers::project_id,
            project_customers::customer_contact_id,
            project_customers::customer_company_id,
        ))
        .load(read.conn)?;
    let mut customers: BTreeMap<Uuid, Vec<RecordRef>> = BTreeMap::new();
    for (project_id, contact, company) in rows {
        customers.entry(project_id).or_default().push(filled_link(contact, company));
    }
    Ok(customers)
}

fn remove_customers(tx: &mut Tx, id: Uuid) -> Result<()> {
    diesel::delete(project_customers::table)
        .filter(project_customers::account_id.eq(tx.account().0))
        .filter(project_customers::project_id.eq(id))
        .execute(tx.conn)?;
    Ok(())
}

fn narrow<'a>(mut query: Boxed<'a>, read: &Read, filter: &'a LinkedFilter<ProjectStatus>) -> Boxed<'a> {
    let links = project_customers::table.filter(project_customers::account_id.eq(read.account().0));
    if let Some(id) = filter.contact_id {
        let linked = links.filter(project_customers::customer_contact_id.eq(id)).select(project_customers::project_id);
        query = query.filter(projects::id.eq_any(linked));
    }
    if let Some(id) = filter.company_id {
        let linked = links.filter(project_customers::customer_company_id.eq(id)).select(project_customers::project_id);
        query = query.filter(projects::id.eq_any(linked));
    }
    if let Some(status) = filter.status {
        query = query.filter(projects::status.eq(Word(status)));
    }
    query
}
