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
    pub ending: Ending,
    pub counts: Counts,
    pub finished_at: DateTime<Utc>,
    /// The earliest instant at which something that was deleted is purged; None when nothing can be
    /// taken back.
    pub restorable_until: Option<DateTime<Utc>>,
    /// How many records each kind of link keeps. A record can count for several kinds.
    pub kept_by: Vec<(LinkedKind, u64)>,
    /// The first [`NAMED_EXCEPTIONS`] records that were blocked or in conflict.
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
    /// A restore of what one bulk delete deleted.
    Undo,
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
    /// Deleted or restored, as the operation says.
    pub done: u64,
    pub blocked: u64,
    pub conflict: u64,
    pub gone: u64,
    pub unchanged: u64,
    pub not_processed: u64,
}

/// A record that the action left as it was, and why.
#[derive(Debug, Clone)]
pub struct ExceptionFacts {
    pub record_id: Uuid,
    /// None once the record is purged.
    pub name: Option<String>,
    pub cause: Cause,
}

#[derive(Debug, Clone)]
pub enum Cause {
    Blocked(Vec<Blocker>),
    /// A live record holds its external id.
    Conflict {
        with_id: Uuid,
        with_name: Option<String>,
    },
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
        if let Source::Segment(name) = &mut self.source {
            *name = one_line(name);
        }
        for exception in &mut self.exceptions {
            tidy(&mut exception.name);
            match &mut exception.cause {
                Cause::Conflict { with_name, .. } => tidy(with_name),
                Cause::Blocked(groups) => {
                    let linked = groups.iter_mut().flat_map(|group| &mut group.sample);
                    linked.for_each(|linked| tidy(&mut linked.title));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::blocker::BlockerSample;
    use crate::domain::link_catalogue::LinkRole;

    const HOSTILE: &str = "<script>alert(1)</script>\r\n\r\nBcc: everyone@example.com";

    fn report() -> Report {
        Report {
            language: Language::English,
            recipient_name: Some("Ann".to_owned()),
            operation: Operation::Delete,
            kind: BinKind::Contact,
            source: Source::Segment("Dutch contacts".to_owned()),
            reason: Some("GDPR clean-up 2026".to_owned()),
            ending: Ending::Completed,
            counts: Counts { matched: 3949, done: 3449, blocked: 500, ..Counts::default() },
            finished_at: "2026-11-24T09:14:07Z".parse().unwrap(),
            restorable_until: Some("2026-12-24T09:13:59Z".parse().unwrap()),
            kept_by: vec![
                (LinkedKind::Deal, 212),
                (LinkedKind::Invoice, 190),
                (LinkedKind::Project, 101),
                (LinkedKind::TimeTracking, 80),
            ],
            exceptions: vec![blocked("Jan Peeters")],
            exceptions_file: ExceptionsFile::Attached(b"csv".to_vec()),
            public_url: "https://crm.example.com/".to_owned(),
            action_id: Uuid::from_u128(12),
        }
    }

    fn blocked(name: &str) -> ExceptionFacts {
        let linked = |title: Option<&str>| BlockerSample { id: Uuid::from_u128(2), title: title.map(str::to_owned) };
        ExceptionFacts {
            record_id: Uuid::from_u128(1),
            name: Some(name.to_owned()),
            cause: Cause::Blocked(vec![
                Blocker {
                    kind: LinkedKind::Deal,
                    role: LinkRole::Customer,
                    count: 2,
                    sample: vec![linked(Some("Offer 12")), linked(Some("Offer 40"))],
                },
                Blocker {
                    kind: LinkedKind::Invoice,
                    role: LinkRole::AttentionOf,
                    count: 3,
                    sample: vec![linked(Some("2026/77")), linked(None)],
                },
            ]),
        }
    }

    #[test]
    fn the_text_says_it_all_in_english() {
        let mail = report().render();
        assert_eq!(mail.subject, "3,449 of 3,949 contacts deleted, 500 kept");
        assert_eq!(
            mail.text,
            "Hello Ann, your bulk delete of contacts from the segment \"Dutch contacts\" \
             (reason: GDPR clean-up 2026) finished on 24 November 2026, 09:14 UTC.\n\n\
             3,449 were moved to the recycle bin. You can take them back until \
             24 December 2026, 09:13 UTC.\nTo undo it all:\n\n    \
             curl -X POST https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/undo \
             -H \"Authorization: Bearer $TOKEN\"\n\n\
             500 were kept because something is linked to them: 212 by deals, 190 by invoices, \
             101 by projects, 80 by time trackings (a record can have several).\n\n\
             - Jan Peeters: customer of 2 deals (Offer 12, Offer 40); attention of 3 invoices \
             (2026/77, and 2 more)\n\
             ... and 499 more: see the attached exceptions.csv.\n\n\
             What now: remove or reassign the links, then delete again.\n\n--\n\
             You get this because you started the action as an admin of this account. \
             Action 00000000-0000-0000-0000-00000000000c.\n"
        );
        assert_eq!(mail.attachments[0].file_name, "exceptions.csv");
        assert_eq!(mail.attachments[0].bytes, b"csv");
    }

    #[test]
    fn the_html_carries_the_same_facts_in_its_language() {
        let mut report = report();
        report.language = Language::German;
        let html = report.render().html;
        assert!(html.contains("<html lang=\"de\""));
        for fact in [
            "3.449 von 3.949 Kontakten gelöscht, 500 behalten",
            "bis zum 24. Dezember 2026 um 09:13 UTC",
            "212 durch Deals, 190 durch Rechnungen",
            "Kunde von 2 Deals (Offer 12, Offer 40)",
            "/bulk-actions/00000000-0000-0000-0000-00000000000c/undo",
        ] {
            assert!(html.contains(fact), "{fact} is missing");
        }
    }

    #[test]
    fn what_users_typed_stays_text_on_one_line() {
        let mut report = report();
        report.recipient_name = Some(HOSTILE.to_owned());
        report.reason = Some(HOSTILE.to_owned());
        report.source = Source::Segment(HOSTILE.to_owned());
        let mut exception = blocked(HOSTILE);
        if let Cause::Blocked(groups) = &mut exception.cause {
            groups[0].sample[0].title = Some(HOSTILE.to_owned());
        }
        report.exceptions = vec![exception];
        let mail = report.render();
        assert!(!mail.html.contains("<script"));
        assert_eq!(mail.html.matches("&#60;script&#62;").count(), 5);
        assert!(!mail.subject.contains("script"));
        assert_eq!(mail.text.matches("<script>").count(), 5);
        assert!(mail.text.lines().all(|line| !line.starts_with("Bcc")));
    }

    #[test]
    fn subjects_say_how_it_ended() {
        let subject = |change: &dyn Fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            report.render().subject
        };
        let counts =
            |matched, done, blocked, conflict| Counts { matched, done, blocked, conflict, ..Counts::default() };
        assert_eq!(subject(&|r| r.counts = counts(1, 1, 0, 0)), "1 contact deleted");
        assert_eq!(subject(&|r| r.counts = counts(0, 0, 0, 0)), "No contacts deleted");
        assert_eq!(
            subject(&|r| r.ending = Ending::Aborted),
            "Nothing deleted: linked records on 500 of 3,949 contacts"
        );
        assert_eq!(
            subject(&|r| r.ending = Ending::Failed),
            "Bulk delete failed: 3,449 of 3,949 contacts deleted, 500 kept"
        );
        assert_eq!(
            subject(&|r| {
                r.operation = Operation::Undo;
                r.counts = counts(9, 7, 0, 2);
            }),
            "7 of 9 contacts restored, 2 in conflict"
        );
    }

    #[test]
    fn nothing_is_offered_that_cannot_be_done() {
        let mut report = report();
        report.restorable_until = None;
        report.ending = Ending::Aborted;
        report.counts.done = 0;
        let text = report.render().text;
        assert!(!text.contains("/undo") && !text.contains("take"), "{text}");
    }

    #[test]
    fn a_purged_name_is_replaced_by_its_id() {
        let mut report = report();
        report.exceptions[0].name = None;
        let text = report.render().text;
        assert!(text.contains("- 00000000-0000-0000-0000-000000000001: customer of"));
    }

    #[test]
    fn a_file_that_is_too_large_is_downloaded() {
        let mut report = report();
        report.exceptions_file = ExceptionsFile::TooLarge;
        let mail = report.render();
        assert!(mail.attachments.is_empty());
        assert!(mail.text.contains(
            "\"https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/results?format=csv\""
        ));
    }
}
