//! Time trackings.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::db::{Read, Tx};
use super::linked::{LinkedFilter, LinkedKey, LinkedSort, LinkedTable, Stored, filled_link, linked_rows};
use super::schema::time_trackings;
use crate::domain::actor::AccountId;
use crate::domain::error::{Error, Result};
use crate::domain::linked::{NoStatus, TimeTracking};
use crate::domain::page::{Page, PageRequest};

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = time_trackings, primary_key(account_id, id), treat_none_as_null = true, treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg))]
pub(super) struct TimeTrackingRow {
    pub account_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub description: Option<String>,
    pub started_at: DateTime<Utc>,
    pub duration_seconds: i32,
    pub subject_contact_id: Option<Uuid>,
    pub subject_company_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

impl TimeTrackingRow {
    pub(super) fn new(account: AccountId, stored: &Stored<TimeTracking>) -> Self {
        let tracking = stored.record.clone();
        Self {
            account_id: account.0,
            id: stored.id,
            external_id: tracking.external_id,
            description: tracking.description,
            started_at: tracking.started_at,
            duration_seconds: tracking.duration_seconds,
            subject_contact_id: tracking.subject.contact_id(),
            subject_company_id: tracking.subject.company_id(),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            version: stored.version,
        }
    }

    pub(super) fn into_stored(self) -> Stored<TimeTracking> {
        Stored {
            id: self.id,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            bin: None,
            record: TimeTracking {
                external_id: self.external_id,
                description: self.description,
                started_at: self.started_at,
                duration_seconds: self.duration_seconds,
                subject: filled_link(self.subject_contact_id, self.subject_company_id),
            },
        }
    }
}

linked_rows!(time_trackings, TimeTrackingRow, TimeTracking, narrow);

impl LinkedTable for TimeTracking {}

fn narrow<'a>(mut query: Boxed<'a>, _: &Read, filter: &'a LinkedFilter<NoStatus>) -> Boxed<'a> {
    if let Some(id) = filter.contact_id {
        query = query.filter(time_trackings::subject_contact_id.eq(id));
    }
    if let Some(id) = filter.company_id {
        query = query.filter(time_trackings::subject_company_id.eq(id));
    }
    query
}
