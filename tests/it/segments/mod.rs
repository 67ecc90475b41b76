//! Segments: their rules against an independent evaluator, and their resource over HTTP.

mod answers;
mod evaluator;
mod linked;
mod property;
mod records;
mod resource;
mod rules;
