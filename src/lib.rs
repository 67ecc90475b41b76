//! Sweep deletes a CRM's contacts and companies in bulk and loses nothing it should have kept.
//!
//! Who may name whom: `domain` knows nobody; `repository` and `mail` know `domain`; `services` know the three;
//! `workers` and `api` know `services`; `telemetry` observes them all and knows `domain` alone; only `main`, `cli` and
//! `app` know all. A test holds the source to it. `docs/architecture.md`
//! walks one bulk delete from its route to its SQL and its mail.

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod demo_data;
pub mod domain;
pub mod embedded_postgres;
pub mod mail;
pub mod repository;
pub mod services;
pub mod signing_secret;
pub mod telemetry;
pub mod watch;
pub mod workers;
