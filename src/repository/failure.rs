//! What a failed statement means: from diesel's error, the constraint's name and the server's words.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use crate::domain::error::{Conflict, Error, FieldError};

/// Constraints and unique indexes that a well-formed request can run into, and what that means.
///
const MEANINGS: &[(&str, fn() -> Error)] = &[
    ("companies_external_id_live", external_id_taken),
    ("contacts_external_id_live", external_id_taken),
    ("deals_external_id_live", external_id_taken),
    ("invoices_external_id", external_id_taken),
    ("projects_external_id", external_id_taken),
    ("time_trackings_external_id", external_id_taken),
    ("tickets_external_id", external_id_taken),
    // Two callers inserted the same row at once: the second run sees the first's.
    ("account_settings_pkey", || Error::Contention),
    ("bulk_actions_one_successor", || Error::Contention),
];

/// The other constraints and unique indexes: what the code before the statement has made sure of. To run into one is a
/// bug, and an internal error.
const INVARIANTS: &[&str] = &[
    "account_settings_approval_above",
    "account_settings_digest",
    "account_settings_retention_days",
    "audit_log_actor",
    "audit_log_outcome",
    "audit_log_pkey",
    "binned_keys_entity",
    "binned_keys_pkey",
    "bulk_action_chunks_action_fkey",
    "bulk_action_chunks_pkey",
    "bulk_action_chunks_state",
    "bulk_action_exceptions_pkey",
    "bulk_actions_adds_up",
    "bulk_actions_entity",
    "bulk_actions_pkey",
    "clock_shift_one_row",
    "clock_shift_pkey",
    "companies_bin",
    "companies_pkey",
    "companies_status",
    "contact_companies_company_fkey",
    "contact_companies_contact_fkey",
    "contact_companies_pkey",
    "contacts_bin",
    "contacts_pkey",
    "contacts_status",
    "deals_bin",
    "deals_contact_person_fkey",
    "deals_customer_company_fkey",
    "deals_customer_contact_fkey",
    "deals_estimated_value",
    "deals_one_customer",
    "deals_pkey",
    "deals_status",
    "deletions_pkey",
    "digest_periods_pkey",
    "idempotency_keys_pkey",
    "invoices_attention_of_fkey",
    "invoices_customer_company_fkey",
    "invoices_customer_contact_fkey",
    "invoices_one_customer",
    "invoices_pkey",
    "invoices_status",
    "invoices_total",
    "known_admins_pkey",
    "outbox_about",
    "outbox_action_fkey",
    "outbox_one_of_a_kind",
    "outbox_pkey",
    "outbox_status",
    "project_customers_company_fkey",
    "project_customers_contact_fkey",
    "project_customers_one_customer",
    "project_customers_pkey",
    "project_customers_project_fkey",
    "projects_pkey",
    "projects_status",
    "segments_entity",
    "segments_pkey",
    "segments_visibility",
    "tickets_customer_company_fkey",
    "tickets_customer_contact_fkey",
    "tickets_one_customer",
    "tickets_pkey",
    "tickets_status",
    "time_trackings_duration",
    "time_trackings_one_subject",
    "time_trackings_pkey",
    "time_trackings_subject_company_fkey",
    "time_trackings_subject_contact_fkey",
];

/// Every constraint and unique index that a violation is expected of, or known to be a bug.
pub fn known_names() -> impl Iterator<Item = &'static str> {
    MEANINGS.iter().map(|(name, _)| *name).chain(INVARIANTS.iter().copied())
}

fn external_id_taken() -> Error {
    Error::conflict(Conflict::ExternalIdTaken)
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        Self::from(&error)
    }
}

impl From<&DieselError> for Error {
    fn from(error: &DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Contention,
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::Unavailable(info.message().to_owned())
            }
            DieselError::DatabaseError(_, info) => from_database(info.as_ref()),
            // The connection went with the COMMIT, and the rollback after it failed too.
            DieselError::RollbackErrorOnCommit { commit_error, .. } => commit_error.as_ref().into(),
            DieselError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

/// diesel gives no SQLSTATE: what has no kind of its own is told by the server's (English) words.
fn from_database(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> Error {
    if let Some(name) = info.constraint_name() {
        if let Some((_, meaning)) = MEANINGS.iter().find(|(constraint, _)| *constraint == name) {
            return meaning();
        }
        let what = if INVARIANTS.contains(&name) { "invariant" } else { "unknown constraint" };
        return Error::Internal(format!("the {what} {name} is violated"));
    }
    let message = info.message();
    let says = |words: &str| message.contains(words);
    if says("deadlock detected") || says("could not serialize access") {
        Error::Contention
    } else if says("due to lock timeout") {
        Error::Busy
    } else if says("due to statement timeout") {
        Error::TooSlow
    } else if says("timestamp out of range") {
        Error::Invalid(vec![FieldError::new("", "has a time that no calendar needs: stay within the years 1 to 9999")])
    } else if says("server closed the connection")
        || says("terminating connection")
        || says("the database system is")
        || says("connection to server")
        || says("no connection to the server")
    {
        Error::Unavailable(message.to_owned())
    } else {
        // The detail may show the row, and the message quote the value it is about: neither belongs into a log.
        Error::Internal(message.split(": \"").next().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_lost_at_the_commit_is_a_database_that_is_away() {
        let closed = || {
            let words = "server closed the connection unexpectedly".to_owned();
            Box::new(DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(words)))
        };
        let error = DieselError::RollbackErrorOnCommit { rollback_error: closed(), commit_error: closed() };
        assert!(matches!(Error::from(error), Error::Unavailable(_)));
    }
}
