//! Sweep as its users meet it: over HTTP, SQL and SMTP. One binary; each test has a database of its own.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod bulk_delete;
mod contacts;
mod crash;
mod embedded_postgres;
mod harness;
mod identity;
mod imports;
mod invariants;
mod many_records;
mod outbox;
mod race;
mod report_mail;
mod schema;
mod segments;
mod smtp;
mod smtp_server;
mod taking_back;
