//! The role that serves: what it may do with the tables, and that it can only add to the audit log.
//!
//! The owner of the tables migrates. Where another role serves, it is given what it needs and no more; where the owner
//! serves too, the migration has taken from it the right to change the log.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};

#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = Text)]
    statement: String,
}

/// The statements that give the role `$1` what it lacks. What it has is not given again: that would rewrite the catalogue
/// at each start.
const MISSING_RIGHTS: &str = "
    WITH ours AS (
        SELECT c.oid, c.relname, CASE c.relname
            WHEN '__diesel_schema_migrations' THEN 'SELECT'
            WHEN 'clock_shift' THEN 'SELECT'
            WHEN 'audit_log' THEN 'SELECT, INSERT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE' END AS rights
        FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
        AND pg_has_role(c.relowner, 'USAGE')
    )
    SELECT format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), $1) AS statement
    WHERE NOT has_schema_privilege($1, current_schema(), 'USAGE')
    UNION ALL
    SELECT format('GRANT %s ON %s TO %I', rights, oid::regclass, $1) FROM ours
    WHERE EXISTS (SELECT FROM regexp_split_to_table(rights, ', ') AS needed WHERE NOT has_table_privilege($1, oid, needed))
    UNION ALL
    SELECT format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM %I', oid::regclass, $1) FROM ours
    WHERE relname = 'audit_log' AND has_table_privilege($1, oid, 'UPDATE, DELETE, TRUNCATE')
    UNION ALL
    SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', oid::regprocedure, $1) FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND proname = 'refresh_statistics'
    AND NOT has_function_privilege($1, oid, 'EXECUTE')";

/// The role that a connection works as.
pub fn name(conn: &mut PgConnection) -> QueryResult<String> {
    diesel::select(diesel::dsl::sql::<Text>("current_user::text")).get_result(conn)
}

/// Gives `role` what it needs, as the owner of the tables.
pub fn admit(owner: &mut PgConnection, role: &str) -> QueryResult<()> {
    owner.transaction(|owner| {
        let missing: Vec<Statement> = diesel::sql_query(MISSING_RIGHTS).bind::<Text, _>(role).load(owner)?;
        missing.iter().try_for_each(|right| owner.batch_execute(&right.statement))
    })
}

/// Whether the role of this connection could change or remove rows of the audit log; None when it does not see the table.
pub fn may_change_audit_log(serving: &mut PgConnection) -> QueryResult<Option<bool>> {
    let sql = "has_table_privilege(to_regclass('audit_log'), 'UPDATE, DELETE, TRUNCATE')";
    diesel::select(diesel::dsl::sql::<Nullable<Bool>>(sql)).get_result(serving)
}
