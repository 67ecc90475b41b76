//! The resource over HTTP.
