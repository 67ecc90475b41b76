//! Puts the parts together: pools, workers, HTTP server; starts and stops them.
