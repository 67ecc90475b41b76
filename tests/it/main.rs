//! Sweep as its users meet it: over HTTP, SQL and SMTP. One binary; each test has a database of its own.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]
#![allow(clippy::needless_pass_by_value, reason = "json!({...}) is written where it is sent, without a borrow")]

mod approval;
mod audit;
mod bulk_delete;
mod companies;
mod contacts;
mod crash;
mod digest;
mod documentation;
mod embedded_postgres;
mod exports;
mod guards;
mod harness;
mod identity;
mod imports;
mod invariants;
mod linked;
mod main_job;
mod many;
mod many_records;
mod model;
mod operations;
mod outbox;
mod plans;
mod race;
mod readme;
mod report_mail;
mod retention;
mod schema;
mod segments;
mod settings;
mod smtp;
mod smtp_server;
mod taking_back;
mod trashed_twin;
mod verbs;
mod watching;
