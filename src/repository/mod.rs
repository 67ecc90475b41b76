//! SQL and nothing else: one file per aggregate.

pub mod blockers;
pub mod bulk_actions;
pub mod chunks;
mod column_types;
pub mod companies;
pub mod contacts;
pub mod db;
pub mod deletions;
mod failure;
pub mod idempotency;
pub mod links;
pub mod migrations;
pub mod outbox;
pub mod parties;
pub mod purge;
pub mod recycle_bin;
pub mod report_facts;
pub mod results;
pub mod schema;
pub mod segment_query;
pub mod segments;
pub mod settings;
pub mod titles;
