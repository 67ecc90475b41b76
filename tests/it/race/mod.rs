//! Links and deletions at the same instant: whatever comes first, no live link ends up at a record in the bin.
//!
//! docs/testing.md says how to see each of these tests fail.

mod interleavings;
mod random;
mod soak;
mod ways;
