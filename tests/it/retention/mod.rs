//! Retention: how long a deleted record can be taken back, and what is left of it afterwards.

mod expiry;
mod no_trace;
mod purge;
