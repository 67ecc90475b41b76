//! What is true without a database: the words, the rules, and what makes a value valid.

pub mod error;
pub mod fold;
pub mod segment;
