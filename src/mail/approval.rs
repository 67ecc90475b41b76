//! Mails about approvals: another admin is asked for one, and who asked is told what was decided.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::letter::{Headline, Step};
use super::locale::{Language, Phrases};
use super::notice::Notice;
use super::report::{Operation, Source};
use super::{RenderedMail, get_command, one_line, post_command};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;

/// The deletion that needs an approval. Everything that users typed may be in here as they typed it.
#[derive(Debug, Clone)]
pub struct Request {
    pub deletion: Deletion,
    pub source: Source,
    pub reason: Option<String>,
    pub action_id: Uuid,
    /// Where the API is reached from outside.
    pub public_url: String,
}

/// What is to be deleted, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    pub kind: BinKind,
    pub records: u64,
    pub fate: Fate,
}

impl Deletion {
    fn operation(&self) -> Operation {
        match self.fate {
            Fate::Binned { .. } => Operation::Delete,
            Fate::Purged => Operation::Purge,
        }
    }
}

/// Where deleted records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Into the recycle bin, from where they can be taken back for so many days.
    Binned { on_blocked: OnBlocked, days: u64 },
    /// Out of it, for good.
    Purged,
}

/// Asks an admin to decide.
#[derive(Debug, Clone)]
pub struct ApprovalAsked {
    pub language: Language,
    pub recipient_name: Option<String>,
    pub request: Request,
    /// Name of who asked, or the user id.
    pub asked_by: String,
    pub expires_at: DateTime<Utc>,
}

/// Tells who asked what was decided.
#[derive(Debug, Clone)]
pub struct ApprovalAnswered {
    pub language: Language,
    pub recipient_name: Option<String>,
    pub request: Request,
    pub verdict: Verdict,
    /// What the admin who decided gave as the reason.
    pub reason_given: Option<String>,
}

/// What was decided, by whom (name, or user id) and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Approved {
        by: String,
        at: DateTime<Utc>,
    },
    Rejected {
        by: String,
        at: DateTime<Utc>,
    },
    /// Nobody decided until then.
    Lapsed {
        at: DateTime<Utc>,
    },
}

impl ApprovalAsked {
    /// The mail in the recipient's language.
    pub fn render(&self) -> RenderedMail {
        let say = self.language.phrases();
        let request = &self.request;
        let (deletion, asked_by) = (request.deletion, one_line(&self.asked_by));
        let asks = say.asks_to_delete(&asked_by, deletion, &request.described(say));
        let json = "-H \"Content-Type: application/json\" -d '{\"reason\": \"...\"}'";
        Notice {
            lang: say.tag(),
            subject: say.approval_needed(&asked_by, deletion),
            opening: format!("{}, {asks}", say.greeting(tidy(self.recipient_name.as_deref()).as_deref())),
            done: false,
            headline: Headline {
                strong: say.nothing_deleted_yet().to_owned(),
                rest: say.decide_until(self.expires_at),
            },
            lines: Vec::new(),
            lines_end: None,
            paragraphs: vec![say.checked_again(deletion.fate).to_owned(), say.frozen_and_restorable(deletion.fate)],
            steps: vec![
                Step { sentence: say.to_see_the_records(), command: get_command(&request.url("/results")) },
                Step { sentence: say.to_approve(), command: post_command(&request.url("/approve")) },
                Step {
                    sentence: say.to_reject(),
                    command: format!("{} {json}", post_command(&request.url("/reject"))),
                },
            ],
            footer: format!("{} {} {}.", say.because_admin(), say.action(), request.action_id),
        }
        .render()
    }
}

impl ApprovalAnswered {
    /// The mail in the recipient's language.
    pub fn render(&self) -> RenderedMail {
        let say = self.language.phrases();
        let request = &self.request;
        let verdict = self.verdict.tidied();
        let answer = say.answer(&verdict, request.deletion, &request.described(say));
        let begun = matches!(verdict, Verdict::Approved { .. });
        let reason_given = verdict.by().zip(tidy(self.reason_given.as_deref()));
        let headline = if begun { say.has_begun() } else { say.nothing_was_deleted() };
        let next = say.next(&verdict);
        let follow = || Step { sentence: say.to_follow(), command: get_command(&request.url("")) };
        Notice {
            lang: say.tag(),
            subject: say.answer_briefly(&verdict, request.deletion),
            opening: format!("{}, {answer}", say.greeting(tidy(self.recipient_name.as_deref()).as_deref())),
            done: begun,
            headline: Headline { strong: headline.to_owned(), rest: next.to_owned() },
            lines: Vec::new(),
            lines_end: None,
            paragraphs: reason_given.map(|(who, reason)| say.reason_given(who, &reason)).into_iter().collect(),
            steps: begun.then(follow).into_iter().collect(),
            footer: format!("{} {} {}.", say.why_you(request.deletion.operation()), say.action(), request.action_id),
        }
        .render()
    }
}

impl Request {
    /// The set and the reason, in brackets.
    fn described(&self, say: &dyn Phrases) -> String {
        let source = match &self.source {
            Source::Segment(name) => Source::Segment(one_line(name)),
            other => other.clone(),
        };
        let reason = tidy(self.reason.as_deref()).map(|reason| say.because(&reason));
        let parts: Vec<String> = std::iter::once(say.described(&source)).chain(reason).collect();
        format!("({})", parts.join(", "))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/bulk-actions/{}{path}", self.public_url.trim_end_matches('/'), self.action_id)
    }
}

impl Verdict {
    fn tidied(&self) -> Self {
        let mut verdict = self.clone();
        if let Self::Approved { by, .. } | Self::Rejected { by, .. } = &mut verdict {
            *by = one_line(by);
        }
        verdict
    }

    fn by(&self) -> Option<&str> {
        match self {
            Self::Approved { by, .. } | Self::Rejected { by, .. } => Some(by),
            Self::Lapsed { .. } => None,
        }
    }
}

/// On one line; what is blank is as if it were not there.
fn tidy(text: Option<&str>) -> Option<String> {
    text.map(one_line).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
