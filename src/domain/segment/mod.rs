//! Segments: a saved rule tree over contacts or over companies.
//!
//! A tree arrives as JSON, is validated once ([`parse`]) into a [`Condition`], and only that is compiled to SQL.
//! What is stored is the JSON as it was given.

pub mod catalogue;
pub mod condition;
mod definitions;
pub mod field;
mod operand;
pub mod operator;
mod parse;
mod rules;
pub mod saved;
pub mod standard;
mod value;

pub use condition::Condition;
pub use parse::{MAX_DEPTH, MAX_RULES, MAX_VALUES, parse};
pub use rules::{Match, Rule, RuleGroup, RuleNode, RuleTree};
pub use value::{MAX_DAYS, MAX_TEXT};

#[cfg(test)]
mod tests;
