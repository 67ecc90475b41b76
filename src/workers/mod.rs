//! The loops that run without a request.
