//! What a failed statement means: from diesel's error, the constraint's name and the server's words.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use crate::domain::error::{Conflict, Error};

/// Constraints and unique indexes that a well-formed request can run into, and what that means.
///
/// All others are invariants of ours: running into one is a bug, and an internal error.
const MEANINGS: [(&str, fn() -> Error); 9] = [
    ("companies_external_id_live", external_id_taken),
    ("contacts_external_id_live", external_id_taken),
    ("deals_external_id_live", external_id_taken),
    ("invoices_external_id", external_id_taken),
    ("projects_external_id", external_id_taken),
    ("time_trackings_external_id", external_id_taken),
    ("tickets_external_id", external_id_taken),
    // Two callers inserted the same row at once: the second run sees the first's.
    ("account_settings_pkey", || Error::Contention),
    ("bulk_actions_one_undo", || Error::Contention),
];

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
        return Error::Internal(format!("constraint {name} is violated"));
    }
    let message = info.message();
    let says = |words: &str| message.contains(words);
    if says("deadlock detected") || says("could not serialize access") {
        Error::Contention
    } else if says("due to lock timeout") {
        Error::Busy
    } else if says("due to statement timeout") {
        Error::TooSlow
    } else if says("server closed the connection")
        || says("terminating connection")
        || says("the database system is")
        || says("connection to server")
        || says("no connection to the server")
    {
        Error::Unavailable(message.to_owned())
    } else {
        // The message may quote a value of the row: only the primary line, never the detail.
        Error::Internal(message.to_owned())
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
