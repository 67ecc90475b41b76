//! The HTTP interface: who calls, what is asked, what is answered.

pub mod auth;
pub mod companies;
pub mod contacts;
pub mod deals;
mod deletion_query;
pub mod extractors;
pub mod health;
pub mod idempotency;
pub mod invoices;
mod linked;
mod list_query;
pub mod me;
pub mod openapi;
mod party_query;
pub mod problem;
pub mod problems;
pub mod projects;
pub mod request_id;
pub mod resources;
pub mod routes;
pub mod segments;
pub mod settings;
pub mod tickets;
pub mod time_trackings;
