//! The command line: serve, token, migrate, demo-data.
