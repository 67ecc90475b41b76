//! Segments: a saved rule tree over contacts or over companies.

#[derive(Debug, Clone)]
pub enum Condition {
    All(Vec<Condition>),
}
