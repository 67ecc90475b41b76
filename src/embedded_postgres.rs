//! The private PostgreSQL of a Sweep without DATABASE_URL.
