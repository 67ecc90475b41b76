//! The real binary as operators run it: starting, refusing to start, stopping, logging, measuring.

mod docs_page;
mod logs;
mod metrics;
mod public_keys;
mod refusals;
mod shutdown;
