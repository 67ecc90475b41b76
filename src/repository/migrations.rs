//! Brings a database to the tables of this program.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

use super::db::Sweep;
use crate::domain::error::Error;

/// Serialises processes that start at once; the number is arbitrary and ours.
const MIGRATION_LOCK: i64 = 0x5377_6565_7001;

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("cannot reach the database: {0}. Check DATABASE_URL and that the server is running.")]
    Connect(String),
    #[error("the database is encoded in {0}; Sweep needs UTF8. Create it anew with ENCODING 'UTF8'.")]
    Encoding(String),
    #[error("the database is PostgreSQL {0}; Sweep needs 15 or newer. Upgrade the server.")]
    TooOld(i64),
    #[error("the migrations failed: {0}")]
    Failed(String),
}

/// Runs what is missing, one process at a time.
pub fn migrate(database_url: &str) -> Result<(), MigrationError> {
    let mut conn = PgConnection::establish(database_url).map_err(|error| MigrationError::Connect(cause(&error)))?;
    check_server(&mut conn)?;
    let failed = |error: diesel::result::Error| MigrationError::Failed(error.to_string());
    conn.batch_execute("SET client_min_messages = warning").map_err(failed)?;
    diesel::sql_query("SELECT pg_advisory_lock($1)")
        .bind::<BigInt, _>(MIGRATION_LOCK)
        .execute(&mut conn)
        .map_err(failed)?;
    conn.run_pending_migrations(MIGRATIONS).map_err(|error| MigrationError::Failed(error.to_string()))?;
    Ok(())
}

/// libpq's first line; what follows are questions that the sentence around it answers.
fn cause(error: &ConnectionError) -> String {
    error.to_string().lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Whether every migration of this program has run.
pub fn is_current(sweep: &mut Sweep) -> Result<bool, Error> {
    let pending = sweep.conn.has_pending_migration(MIGRATIONS);
    Ok(pending.is_ok_and(|pending| !pending))
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

fn check_server(conn: &mut PgConnection) -> Result<(), MigrationError> {
    let server: Server = diesel::sql_query(
        "SELECT current_setting('server_encoding') AS encoding, \
         current_setting('server_version_num')::bigint / 10000 AS version",
    )
    .get_result(conn)
    .map_err(|error| MigrationError::Failed(error.to_string()))?;
    refuse(server)
}

fn refuse(server: Server) -> Result<(), MigrationError> {
    if server.encoding != "UTF8" {
        return Err(MigrationError::Encoding(server.encoding));
    }
    if server.version < 15 {
        return Err(MigrationError::TooOld(server.version));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Server, refuse};

    #[test]
    fn old_servers_and_other_encodings_are_refused_in_a_sentence() {
        let refusal = |encoding: &str, version| {
            let outcome = refuse(Server { encoding: encoding.to_owned(), version });
            outcome.err().map(|error| error.to_string())
        };
        assert_eq!(refusal("UTF8", 15), None);
        assert!(refusal("UTF8", 14).is_some_and(|sentence| sentence.contains("needs 15 or newer")));
        assert!(refusal("LATIN1", 17).is_some_and(|sentence| sentence.contains("ENCODING 'UTF8'")));
    }
}
