//! SQL and nothing else: one file per aggregate.

mod column_types;
pub mod companies;
pub mod contacts;
pub mod db;
mod failure;
pub mod idempotency;
pub mod links;
pub mod migrations;
pub mod outbox;
pub mod parties;
pub mod report_facts;
pub mod schema;
pub mod segment_query;
pub mod titles;
