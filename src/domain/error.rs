//! The meanings an operation can fail with, free of any transport.
