//! The digest: what leaves the recycle bin soon, and how to keep it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::letter::{Headline, Line, Step};
use super::locale::{Language, Phrases};
use super::notice::Notice;
use super::{RenderedMail, get_command, one_line, post_command};
use crate::domain::entity::BinKind;

/// How many deletions the mail names.
pub const NAMED_DELETIONS: usize = 10;

/// Everything that users typed may be in here as they typed it.
#[derive(Debug, Clone)]
pub struct BinDigest {
    pub language: Language,
    pub recipient_name: Option<String>,
    /// Kinds of which nothing leaves are absent.
    pub records: Vec<(BinKind, u64)>,
    pub until: DateTime<Utc>,
    /// The [`NAMED_DELETIONS`] of which most leaves, the largest first.
    pub largest: Vec<Leaving>,
    /// How many deletions there are in all.
    pub deletions: u64,
    /// Where the API is reached from outside.
    pub public_url: String,
}

/// What leaves of one deletion.
#[derive(Debug, Clone)]
pub struct Leaving {
    pub deletion_id: Uuid,
    pub kind: BinKind,
    pub records: u64,
    /// Name of who deleted them, or the user id.
    pub deleted_by: String,
    pub deleted_at: DateTime<Utc>,
    pub reason: Option<String>,
    /// When the first of them leaves.
    pub leaves_from: DateTime<Utc>,
}

impl BinDigest {
    /// The mail in the recipient's language.
    pub fn render(&self) -> RenderedMail {
        let say = self.language.phrases();
        let records: Vec<String> = self.records.iter().map(|&(kind, n)| say.records(kind, n)).collect();
        let records = records.join(", ");
        let name = self.recipient_name.as_deref().map(one_line).filter(|name| !name.is_empty());
        let unnamed = self.deletions.saturating_sub(self.largest.len() as u64);
        Notice {
            lang: say.tag(),
            subject: say.leaving_briefly(&records),
            opening: format!("{}, {}", say.greeting(name.as_deref()), say.leaving(&records, self.until)),
            done: false,
            headline: Headline { strong: say.can_be_restored().to_owned(), rest: String::new() },
            lines: self.largest.iter().map(|leaving| line(leaving, say)).collect(),
            lines_end: (unnamed > 0).then(|| say.more_deletions(unnamed)),
            paragraphs: Vec::new(),
            steps: self.largest.first().map(|leaving| self.steps(leaving, say)).unwrap_or_default(),
            footer: format!("{} {}", say.because_admin(), say.how_often()),
        }
        .render()
    }

    /// How to look at what one deletion took, and how to bring it back.
    fn steps(&self, leaving: &Leaving, say: &dyn Phrases) -> Vec<Step> {
        let base = self.public_url.trim_end_matches('/');
        let (id, kind) = (leaving.deletion_id, leaving.kind.as_str());
        let body = format!(r#"{{"action": "restore", "entity": "{kind}", "target": {{"deletion_id": "{id}"}}}}"#);
        let restore = post_command(&format!("{base}/bulk-actions"));
        vec![
            Step {
                sentence: say.to_look_into_the_bin(),
                command: get_command(&format!("{base}/recycle-bin?deletion_id={id}")),
            },
            Step {
                sentence: say.to_restore(),
                command: format!("{restore} -H \"Content-Type: application/json\" -d '{body}'"),
            },
        ]
    }
}

fn line(leaving: &Leaving, say: &dyn Phrases) -> Line {
    let reason = leaving.reason.as_deref().map(one_line).filter(|reason| !reason.is_empty());
    let because = reason.map(|reason| say.because(&reason));
    let why = [
        say.deleted_by(&one_line(&leaving.deleted_by), leaving.deleted_at, because.as_deref()),
        say.leave_from(leaving.records, leaving.leaves_from),
        say.deletion(&leaving.deletion_id.to_string()),
    ];
    Line { name: say.records(leaving.kind, leaving.records), why: why.join(" · ") }
}

#[cfg(test)]
mod tests;
