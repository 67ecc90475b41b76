//! The report mail: the facts of one bulk action that ended, and how they become a mail.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::exceptions_file::ExceptionsFile;
use super::letter::Letter;
use super::locale::Language;
use super::{Attachment, RenderedMail, one_line};
use crate::domain::blocker::Blocker;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::LinkedKind;

/// How many exceptions the mail itself names.
pub const NAMED_EXCEPTIONS: usize = 20;

/// What a report is about. Everything that users typed may be in here as they typed it.
#[derive(Debug, Clone)]
pub struct Report {
    pub language: Language,
    pub recipient_name: Option<String>,
    pub operation: Operation,
    pub kind: BinKind,
    pub source: Source,
    pub reason: Option<String>,
    /// The tags that were added or removed.
    pub tags: Vec<String>,
    /// Name (or user id) of the admin who approved it, and when; None when it needed no approval.
    pub approved_by: Option<(String, DateTime<Utc>)>,
    pub ending: Ending,
    pub counts: Counts,
    pub finished_at: DateTime<Utc>,
    /// The earliest instant at which something that was deleted is purged; None when nothing can be
    /// taken back.
    pub restorable_until: Option<DateTime<Utc>>,
    /// How many of the records that were not deleted each kind of link keeps. A record can count for several kinds.
    pub kept_by: Vec<(LinkedKind, u64)>,
    /// The first [`NAMED_EXCEPTIONS`] records that were blocked, deactivated instead, or in conflict.
    pub exceptions: Vec<ExceptionFacts>,
    pub exceptions_file: ExceptionsFile,
    /// Where the API is reached from outside.
    pub public_url: String,
    pub action_id: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Delete,
    Restore,
    Purge,
    Deactivate,
    Reactivate,
    AddTags,
    RemoveTags,
    Undo(Undone),
}

/// What an undo takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    Delete,
    Deactivate,
    Reactivate,
}

/// What a successful operation does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Deleted,
    Restored,
    Purged,
    Deactivated,
    Reactivated,
    Tagged,
    Untagged,
}

impl Operation {
    pub const fn effect(self) -> Effect {
        match self {
            Self::Delete => Effect::Deleted,
            Self::Restore | Self::Undo(Undone::Delete) => Effect::Restored,
            Self::Deactivate | Self::Undo(Undone::Reactivate) => Effect::Deactivated,
            Self::Reactivate | Self::Undo(Undone::Deactivate) => Effect::Reactivated,
            Self::Purge => Effect::Purged,
            Self::AddTags => Effect::Tagged,
            Self::RemoveTags => Effect::Untagged,
        }
    }
}

/// How the set of records was described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The segment's name.
    Segment(String),
    /// So many ids.
    List(u64),
    Rules,
    Deletion,
    /// What lay in the recycle bin.
    Bin,
    /// What an earlier action had left.
    Retry,
}

/// How the action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Completed,
    /// A blocker where all or nothing was asked for; nothing changed.
    Aborted,
    Cancelled,
    Failed,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub matched: u64,
    /// Records with the operation's effect.
    pub done: u64,
    pub blocked: u64,
    /// Deactivated by a delete because something is linked to them.
    pub deactivated_instead: u64,
    /// Active again by the undo of a delete that had deactivated them instead.
    pub reactivated_too: u64,
    pub conflict: u64,
    pub gone: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub not_processed: u64,
}

/// A record with which the action did not succeed, and why.
#[derive(Debug, Clone)]
pub struct ExceptionFacts {
    pub record_id: Uuid,
    /// None once the record is purged.
    pub name: Option<String>,
    pub cause: Cause,
}

#[derive(Debug, Clone)]
pub enum Cause {
    /// Kept, or deactivated instead of deleted.
    Linked(Vec<Blocker>),
    /// A live record holds its external id.
    Conflict { with_id: Uuid, with_name: Option<String> },
    /// It would have more tags than a record can.
    TooManyTags,
}

impl Report {
    /// The mail in the recipient's language.
    pub fn render(mut self) -> RenderedMail {
        self.tidy();
        let letter = Letter::from_report(&self);
        let (text, html) = (letter.text(), letter.html());
        let attachments = match self.exceptions_file {
            ExceptionsFile::Attached(bytes) => {
                vec![Attachment { file_name: "exceptions.csv", content_type: "text/csv; charset=utf-8", bytes }]
            }
            ExceptionsFile::Empty | ExceptionsFile::TooLarge => Vec::new(),
        };
        RenderedMail { subject: letter.subject, text, html, attachments }
    }

    /// Everything that users typed, on one line; what is blank is as if it were not there.
    fn tidy(&mut self) {
        let tidy = |text: &mut Option<String>| {
            *text = text.take().map(|t| one_line(&t)).filter(|t| !t.is_empty());
        };
        tidy(&mut self.recipient_name);
        tidy(&mut self.reason);
        for tag in &mut self.tags {
            *tag = one_line(tag);
        }
        if let Some((who, _)) = &mut self.approved_by {
            *who = one_line(who);
        }
        if let Source::Segment(name) = &mut self.source {
            *name = one_line(name);
        }
        for exception in &mut self.exceptions {
            tidy(&mut exception.name);
            match &mut exception.cause {
                Cause::Conflict { with_name, .. } => tidy(with_name),
                Cause::TooManyTags => {}
                Cause::Linked(groups) => {
                    let linked = groups.iter_mut().flat_map(|group| &mut group.sample);
                    linked.for_each(|linked| tidy(&mut linked.title));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
