//! The `sweep` binary.

fn main() {}
