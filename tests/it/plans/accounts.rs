//! Two accounts of 200,000 contacts each and what belongs to them, made by SQL.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use crate::bulk_delete::delete_ids;
use crate::harness::{ACCOUNT, OTHER_ACCOUNT, TestServer};
use crate::many_records::lines;

/// Fills the database of a server that serves nothing else, and tells the planner about it. Gives the id of an ended action.
pub fn fill(server: &TestServer, sql: &mut PgConnection) -> String {
    // The planner knows what it is told below, and what the service itself has it look at; not what autovacuum came to.
    for table in lines(sql, "SELECT relname AS line FROM pg_stat_user_tables") {
        sql.batch_execute(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).unwrap();
    }
    let admin = server.admin();
    let address = json!([{"type": "primary", "line_1": "Market Street 1", "postal_code": "9000", "city": "Ghent", "country": "BE"}]);
    let party = |name: &str| {
        json!({name: "Template", "emails": [{"type": "primary", "email": "someone@example.com"}], "addresses": address,
            "telephones": [{"type": "phone", "number": "+32 9 123 45 67"}], "custom_fields": {"score": 80, "source": "fair"}})
    };
    let id = |table: &str, name: &str| {
        let record = admin.post(&format!("/{table}"), party(name)).expect(201);
        record["id"].as_str().unwrap().to_owned()
    };
    let (contact, company) = (id("contacts", "last_name"), id("companies", "name"));
    let action = delete_ids(&admin, "contact", std::slice::from_ref(&contact))["id"].as_str().unwrap().to_owned();
    admin.call(&format!("/recycle-bin/{contact}/restore")).expect(200);
    let script = include_str!("accounts.sql")
        .replace("TEMPLATE_CONTACT", &contact)
        .replace("TEMPLATE_COMPANY", &company)
        .replace("TEMPLATE_ACTION", &action)
        .replace("ACCOUNT_ONE", ACCOUNT)
        .replace("ACCOUNT_TWO", OTHER_ACCOUNT);
    without_indexes(sql, |sql| sql.batch_execute(&script).unwrap());
    for table in
        lines(sql, "SELECT relname AS line FROM pg_stat_user_tables WHERE n_live_tup > 0 OR n_ins_since_vacuum > 0")
    {
        sql.batch_execute(&format!("VACUUM (ANALYZE) {table}")).unwrap();
    }
    action
}

/// Makes the indexes that no constraint needs after the rows: that takes a third of the time.
fn without_indexes(sql: &mut PgConnection, load: impl FnOnce(&mut PgConnection)) {
    let definitions = lines(
        sql,
        "SELECT pg_get_indexdef(indexrelid) AS line FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid \
         WHERE relnamespace = 'public'::regnamespace \
         AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
    );
    for definition in &definitions {
        let name = definition.split("INDEX ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        sql.batch_execute(&format!("DROP INDEX {name}")).unwrap();
    }
    load(sql);
    for definition in &definitions {
        sql.batch_execute(definition).unwrap();
    }
}
