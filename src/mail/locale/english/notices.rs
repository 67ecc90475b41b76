//! What mails to admins besides the report say in English.

use chrono::{DateTime, Utc};

use super::super::notices::NoticePhrases;
use super::super::{Phrases, pick};
use super::{English, record};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::mail::approval::{Deletion, Fate, Verdict};
use crate::mail::report::Source;

/// How the verb of a purge is qualified.
fn for_good(deletion: Deletion) -> &'static str {
    if deletion.fate == Fate::Purged { " for good" } else { "" }
}

impl NoticePhrases for English {
    fn greeting(&self, name: Option<&str>) -> String {
        match name {
            Some(name) => format!("Hello {name}"),
            None => "Hello".to_owned(),
        }
    }

    fn records(&self, kind: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), record(kind).for_count(n))
    }

    fn described(&self, source: &Source) -> String {
        match source {
            Source::Segment(name) => return format!("segment \"{name}\""),
            Source::List(_) => "a list of ids",
            Source::Rules => "selected by rules",
            Source::Deletion => "from one deletion",
            Source::Bin => "from the recycle bin",
            Source::Retry => "left by an earlier action",
        }
        .to_owned()
    }

    fn because(&self, reason: &str) -> String {
        format!("reason: {reason}")
    }

    fn approval_needed(&self, who: &str, deletion: Deletion) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!("Approval needed: {who} asks to delete {records}{for_good}")
    }

    fn asks_to_delete(&self, who: &str, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!(
            "{who} asks to delete {records}{for_good} {described}. So many at once need the approval of a \
             second admin."
        )
    }

    fn nothing_deleted_yet(&self) -> &'static str {
        "Nothing has been deleted yet."
    }

    fn decide_until(&self, until: DateTime<Utc>) -> String {
        format!(
            "You can decide until {}. Without a decision by then the request lapses, and nothing is \
             deleted.",
            self.moment(until)
        )
    }

    fn checked_again(&self, fate: Fate) -> &'static str {
        match fate {
            Fate::Purged => "Once approved, each record is checked again: those that were restored meanwhile stay.",
            Fate::Binned { on_blocked: OnBlocked::Skip, .. } => {
                "Once approved, each record is checked again: those that a deal, invoice, project or time \
                 tracking is linked to are kept. How many these are turns out then."
            }
            Fate::Binned { on_blocked: OnBlocked::Abort, .. } => {
                "Once approved, each record is checked again: if a deal, invoice, project or time tracking is \
                 linked to a single one of them, nothing is deleted."
            }
            Fate::Binned { on_blocked: OnBlocked::Deactivate, .. } => {
                "Once approved, each record is checked again: those that a deal, invoice, project or time \
                 tracking is linked to are deactivated instead. How many these are turns out then."
            }
        }
    }

    fn frozen_and_restorable(&self, fate: Fate) -> String {
        let Fate::Binned { days, .. } = fate else {
            return "Only these records are touched, not what comes into the recycle bin since. What is deleted \
                for good cannot be taken back."
                .to_owned();
        };
        let (n, days) = (self.number(days), pick(days, "day", "days"));
        format!(
            "Only these records are touched, not what matches since. What is deleted can be taken back for \
             {n} {days}."
        )
    }

    fn to_see_the_records(&self) -> &'static str {
        "To see the records:"
    }

    fn to_approve(&self) -> &'static str {
        "To approve:"
    }

    fn to_reject(&self) -> &'static str {
        "To reject, with a reason if you like:"
    }

    fn answer_briefly(&self, verdict: &Verdict, deletion: Deletion) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        let (are, stay) = pick(deletion.records, ("is", "stays"), ("are", "stay"));
        match verdict {
            Verdict::Approved { by, .. } => format!("{by} approved: {records} {are} being deleted{for_good}"),
            Verdict::Rejected { by, .. } => format!("{by} rejected: {records} {stay}"),
            Verdict::Lapsed { .. } => format!("Nobody decided in time: {records} {stay}"),
        }
    }

    fn answer(&self, verdict: &Verdict, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        let (Verdict::Approved { at, .. } | Verdict::Rejected { at, .. } | Verdict::Lapsed { at }) = verdict;
        let at = self.moment(*at);
        match verdict {
            Verdict::Approved { by, .. } => {
                format!("{by} approved your request to delete {records}{for_good} {described} on {at}.")
            }
            Verdict::Rejected { by, .. } => {
                format!("{by} rejected your request to delete {records}{for_good} {described} on {at}.")
            }
            Verdict::Lapsed { .. } => {
                format!("nobody decided until {at} on your request to delete {records}{for_good} {described}.")
            }
        }
    }

    fn has_begun(&self) -> &'static str {
        "The deletion has begun."
    }

    fn nothing_was_deleted(&self) -> &'static str {
        "Nothing was deleted."
    }

    fn next(&self, verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Approved { .. } => "Each record is checked again in its turn.",
            Verdict::Rejected { .. } => "Every record is as it was.",
            Verdict::Lapsed { .. } => "Every record is as it was. To ask again, start the action anew.",
        }
    }

    fn reason_given(&self, who: &str, reason: &str) -> String {
        format!("Reason given by {who}: {reason}")
    }

    fn to_follow(&self) -> &'static str {
        "To follow how far it is:"
    }

    fn approved_by(&self, who: &str, at: DateTime<Utc>) -> String {
        format!("Approved by {who} on {}.", self.moment(at))
    }

    fn leaving_briefly(&self, records: &str) -> String {
        format!("Leaving the recycle bin soon: {records}")
    }

    fn leaving(&self, records: &str, until: DateTime<Utc>) -> String {
        format!("until {} the following leave the recycle bin for good: {records}.", self.moment(until))
    }

    fn can_be_restored(&self) -> &'static str {
        "What should stay can be restored until it leaves."
    }

    fn deleted_by(&self, who: &str, at: DateTime<Utc>, because: Option<&str>) -> String {
        let at = self.moment(at);
        match because {
            Some(because) => format!("deleted by {who} on {at} ({because})"),
            None => format!("deleted by {who} on {at}"),
        }
    }

    fn leave_from(&self, n: u64, at: DateTime<Utc>) -> String {
        let at = self.moment(at);
        pick(n, format!("leaves on {at}"), format!("leave from {at}"))
    }

    fn deletion(&self, id: &str) -> String {
        format!("deletion {id}")
    }

    fn more_deletions(&self, n: u64) -> String {
        let deletions = pick(n, "deletion", "deletions");
        format!("... and {} more {deletions}.", self.number(n))
    }

    fn to_look_into_the_bin(&self) -> &'static str {
        "To see what one of them took, here the first:"
    }

    fn to_restore(&self) -> &'static str {
        "To bring all of it back:"
    }

    fn because_admin(&self) -> &'static str {
        "You get this because you are an admin of this account."
    }

    fn how_often(&self) -> &'static str {
        "The setting \"digest\" (off, daily, weekly) says how often."
    }
}
