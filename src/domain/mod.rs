//! What is true without a database: the words, the rules, and what makes a value valid.

pub mod actor;
pub mod audit;
pub mod audit_csv;
pub mod blocker;
pub mod bulk_action;
pub mod codes;
pub mod company;
pub mod contact;
pub mod csv_cell;
pub mod csv_columns;
pub mod csv_file;
pub mod entity;
pub mod error;
pub mod fold;
pub mod link_catalogue;
pub mod linked;
pub mod notification;
pub mod page;
pub mod party;
pub mod results_csv;
pub mod segment;
pub mod settings;
pub mod validation;
