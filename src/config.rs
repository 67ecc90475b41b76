//! Configuration, read once from flags and environment.
