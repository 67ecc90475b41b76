//! The HTTP interface: who calls, what is asked, what is answered.

pub mod auth;
pub mod bulk_actions;
pub mod bulk_request;
pub mod contacts;
pub mod deletion;
pub mod extractors;
pub mod health;
pub mod idempotency;
pub mod me;
pub mod openapi;
pub mod problem;
pub mod problems;
pub mod recycle_bin;
pub mod request_id;
pub mod resources;
pub mod routes;
pub mod segments;
