//! The segments that every account has: built in, read-only, known by slugs.

use serde_json::{Value, json};

use super::RuleTree;
use crate::domain::entity::RecordKind;

/// A built-in segment.
#[derive(Debug, Clone, PartialEq)]
pub struct StandardSegment {
    /// Stands where other segments have an id.
    pub slug: &'static str,
    pub name: &'static str,
    pub kind: RecordKind,
    pub tree: RuleTree,
}

/// All standard segments, contacts first.
pub fn all() -> Vec<StandardSegment> {
    SLUGS.iter().filter_map(|(slug, ..)| find(slug)).collect()
}

/// The standard segment with this slug.
pub fn find(slug: &str) -> Option<StandardSegment> {
    let (slug, kind, selection, name) = *SLUGS.iter().find(|(known, ..)| *known == slug)?;
    Some(StandardSegment { slug, name, kind, tree: selection.tree(kind) })
}

#[derive(Clone, Copy)]
enum Selection {
    Everything,
    Deactivated,
    WithoutEmail,
    Recent,
    Unlinked,
}

use RecordKind::{Company, Contact};

const SLUGS: &[(&str, RecordKind, Selection, &str)] = &[
    ("all-contacts", Contact, Selection::Everything, "All contacts"),
    ("deactivated-contacts", Contact, Selection::Deactivated, "Deactivated contacts"),
    ("contacts-without-email", Contact, Selection::WithoutEmail, "Contacts without e-mail"),
    ("recent-contacts", Contact, Selection::Recent, "Contacts added in the last 30 days"),
    ("unlinked-contacts", Contact, Selection::Unlinked, "Contacts that nothing is linked to"),
    ("all-companies", Company, Selection::Everything, "All companies"),
    ("deactivated-companies", Company, Selection::Deactivated, "Deactivated companies"),
    ("companies-without-email", Company, Selection::WithoutEmail, "Companies without e-mail"),
    ("recent-companies", Company, Selection::Recent, "Companies added in the last 30 days"),
    ("unlinked-companies", Company, Selection::Unlinked, "Companies that nothing is linked to"),
];

impl Selection {
    fn tree(self, kind: RecordKind) -> RuleTree {
        let rules = match self {
            Self::Everything => return RuleTree::everything(),
            Self::Deactivated => {
                json!([{ "field": "status", "operator": "equals", "value": "deactivated" }])
            }
            Self::WithoutEmail => json!([{ "field": "email", "operator": "is_empty" }]),
            Self::Recent => {
                json!([{ "field": "added_at", "operator": "in_last_days", "value": 30 }])
            }
            Self::Unlinked => unlinked(),
        };
        RuleTree::new(kind, json!("all"), rules, "").expect("a test parses every standard segment")
    }
}

/// Linked to nothing that would block: all of it can be deleted. Company links never block.
fn unlinked() -> Value {
    ["deals", "invoices", "projects", "time_trackings"]
        .into_iter()
        .map(|field| json!({ "field": field, "operator": "has_not" }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_segment_is_valid_and_found_by_its_slug() {
        let segments = all();
        assert_eq!(segments.len(), 10);
        for segment in segments {
            assert_eq!(find(segment.slug), Some(segment));
        }
        assert_eq!(find("all-deals"), None);
    }
}
