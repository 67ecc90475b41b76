//! Brings a database to the tables of this program.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

use super::db::Sweep;
use super::serving_role;
use crate::domain::error::Error;

/// Serialises processes that start at once; the number is arbitrary and ours.
const MIGRATION_LOCK: i64 = 0x5377_6565_7001;

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("cannot reach the database: {cause}. Check {variable} and that the server is running.")]
    Connect { cause: String, variable: &'static str },
    #[error("the database is encoded in {0}; Sweep needs UTF8. Create it anew with ENCODING 'UTF8'.")]
    Encoding(String),
    #[error("the database is PostgreSQL {0}; Sweep needs 15 or newer. Upgrade the server.")]
    TooOld(i64),
    #[error(
        "the database is older than this program, and the role of DATABASE_URL does not own its tables: run \
         `sweep migrate` with SWEEP_MIGRATION_DATABASE_URL, or set it here too"
    )]
    NotOwner,
    #[error(
        "the role of DATABASE_URL does not see the tables that SWEEP_MIGRATION_DATABASE_URL leads to: both must name one \
         database, and the role's search_path the schema of the tables"
    )]
    Elsewhere,
    #[error("the migrations failed: {0}")]
    Failed(String),
}

/// Runs what is missing, one process at a time, as the owner of the tables: the role of `owner_url`, or that of
/// `database_url` without one. Then gives the role that serves, that of `database_url`, what it needs.
pub fn migrate(database_url: &str, owner_url: Option<&str>) -> Result<(), MigrationError> {
    let mut owner = match owner_url {
        Some(url) => connect(url, "SWEEP_MIGRATION_DATABASE_URL")?,
        None => connect(database_url, "DATABASE_URL")?,
    };
    check_server(&mut owner)?;
    diesel::sql_query("SELECT pg_advisory_lock($1)")
        .bind::<BigInt, _>(MIGRATION_LOCK)
        .execute(&mut owner)
        .map_err(failed)?;
    // Asked first: to run nothing takes the right to make tables too.
    if !has_all_migrations(&mut owner) {
        owner.run_pending_migrations(MIGRATIONS).map_err(|error| match error.to_string() {
            refusal if owner_url.is_none() && refusal.contains("permission denied for schema") => {
                MigrationError::NotOwner
            }
            other => MigrationError::Failed(other),
        })?;
    }
    if owner_url.is_none() {
        return warn_of_an_open_log(&mut owner);
    }
    let mut serving = connect(database_url, "DATABASE_URL")?;
    let role = serving_role::name(&mut serving).map_err(failed)?;
    serving_role::admit(&mut owner, &role).map_err(failed)?;
    warn_of_an_open_log(&mut serving)
}

fn connect(url: &str, variable: &'static str) -> Result<PgConnection, MigrationError> {
    let mut conn =
        PgConnection::establish(url).map_err(|error| MigrationError::Connect { cause: cause(&error), variable })?;
    conn.batch_execute("SET client_min_messages = warning").map_err(failed)?;
    Ok(conn)
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn failed(error: diesel::result::Error) -> MigrationError {
    MigrationError::Failed(error.to_string())
}

/// A superuser may do everything, and nothing can be taken from it.
fn warn_of_an_open_log(serving: &mut PgConnection) -> Result<(), MigrationError> {
    match serving_role::may_change_audit_log(serving).map_err(failed)? {
        None => Err(MigrationError::Elsewhere),
        Some(false) => Ok(()),
        Some(true) => {
            let role = serving_role::name(serving).map_err(failed)?;
            tracing::warn!(
                role,
                "the role of DATABASE_URL can change and delete rows of the audit log, as superusers always can; let \
                 another role serve, see SWEEP_MIGRATION_DATABASE_URL in docs/operations.md"
            );
            Ok(())
        }
    }
}

/// libpq's first line; what follows are questions that the sentence around it answers.
fn cause(error: &ConnectionError) -> String {
    error.to_string().lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Whether every migration of this program has run.
pub fn is_current(sweep: &mut Sweep) -> Result<bool, Error> {
    Ok(has_all_migrations(sweep.conn))
}

/// Reads only, unlike diesel's own answer, which makes its table first.
fn has_all_migrations(conn: &mut PgConnection) -> bool {
    let applied = diesel::sql_query("SELECT version::text AS version FROM __diesel_schema_migrations");
    let Ok(applied) = applied.load::<Applied>(conn) else { return false };
    let applied: BTreeSet<String> = applied.into_iter().map(|row| row.version).collect();
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS);
    known.is_ok_and(|known| known.iter().all(|one| applied.contains(&one.name().version().to_string())))
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
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
