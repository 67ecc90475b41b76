//! What mails say in English.

mod notices;

use chrono::{DateTime, Datelike, Utc};

use super::notices::NoticePhrases;
use super::{Noun, Phrases, group_digits, month_name, pick};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Effect, Ending, Operation, Report, Source, Undone};

pub(super) struct English;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn record(kind: BinKind) -> Noun {
    let (one, many) = match kind {
        BinKind::Contact => ("contact", "contacts"),
        BinKind::Company => ("company", "companies"),
        BinKind::Deal => ("deal", "deals"),
    };
    Noun { one, many }
}

fn linked(kind: LinkedKind) -> Noun {
    let (one, many) = match kind {
        LinkedKind::Deal => ("deal", "deals"),
        LinkedKind::Invoice => ("invoice", "invoices"),
        LinkedKind::TimeTracking => ("time tracking", "time trackings"),
        LinkedKind::Project => ("project", "projects"),
        LinkedKind::Ticket => ("ticket", "tickets"),
        LinkedKind::CompanyLink => ("company link", "company links"),
    };
    Noun { one, many }
}

fn done_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Deleted => "deleted",
        Effect::Restored => "restored",
        Effect::Deactivated => "deactivated",
        Effect::Reactivated => "reactivated",
        Effect::Purged => "deleted for good",
        Effect::Tagged => "tagged",
        Effect::Untagged => "untagged",
    }
}

impl English {
    fn asked_for(&self, report: &Report) -> String {
        let records = record(report.kind);
        let many = records.many;
        let operation = match report.operation {
            Operation::Delete => "bulk delete",
            Operation::Restore => "restore",
            Operation::Deactivate => "bulk deactivation",
            Operation::Reactivate => "bulk reactivation",
            Operation::Purge => "permanent deletion",
            Operation::AddTags => "bulk tagging",
            Operation::RemoveTags => "bulk untagging",
            Operation::Undo(Undone::Delete) => return format!("undo of a bulk delete of {many}"),
            Operation::Undo(Undone::Deactivate) => return format!("undo of a bulk deactivation of {many}"),
            Operation::Undo(Undone::Reactivate) => return format!("undo of a bulk reactivation of {many}"),
        };
        match &report.source {
            Source::Segment(name) => format!("{operation} of {many} from the segment \"{name}\""),
            Source::List(n) => {
                let n = *n;
                format!("{operation} of a list of {} {}", self.number(n), records.for_count(n))
            }
            Source::Rules => format!("{operation} of {many} that match your rules"),
            Source::Deletion => format!("{operation} of {many} from one deletion"),
            Source::Bin => format!("{operation} of {many} from the recycle bin"),
            Source::Retry => format!("retry of a {operation} of {many}"),
        }
    }
}

impl Phrases for English {
    fn tag(&self) -> &'static str {
        "en"
    }

    fn number(&self, n: u64) -> String {
        group_digits(n, ",")
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        let month = month_name(&MONTHS, at);
        format!("{} {month} {}", at.day(), at.format("%Y, %H:%M UTC"))
    }

    fn progress(&self, effect: Effect, kind: BinKind, done: u64, matched: u64) -> String {
        let verb = done_word(effect);
        let records = record(kind).for_count(matched);
        let (done_in_digits, matched_in_digits) = (self.number(done), self.number(matched));
        if matched == 0 {
            format!("No {records} {verb}")
        } else if done == matched {
            format!("{done_in_digits} {records} {verb}")
        } else {
            format!("{done_in_digits} of {matched_in_digits} {records} {verb}")
        }
    }

    fn kept_briefly(&self, _: BinKind, n: u64) -> String {
        format!("{} kept", self.number(n))
    }

    fn in_conflict_briefly(&self, n: u64) -> String {
        format!("{} in conflict", self.number(n))
    }

    fn also_briefly(&self, effect: Effect, _: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), done_word(effect))
    }

    fn unfinished(&self, operation: Operation, ending: Ending) -> String {
        let operation = match operation {
            Operation::Delete => "Bulk delete",
            Operation::Restore => "Restore",
            Operation::Deactivate => "Bulk deactivation",
            Operation::Reactivate => "Bulk reactivation",
            Operation::Purge => "Permanent deletion",
            Operation::AddTags => "Bulk tagging",
            Operation::RemoveTags => "Bulk untagging",
            Operation::Undo(_) => "Undo",
        };
        match ending {
            Ending::Completed | Ending::Aborted => String::new(),
            Ending::Cancelled => format!("{operation} cancelled: "),
            Ending::Failed => format!("{operation} failed: "),
        }
    }

    fn nothing_deleted(&self, kind: BinKind, blocked: u64, matched: u64) -> String {
        format!(
            "Nothing deleted: linked records on {} of {} {}",
            self.number(blocked),
            self.number(matched),
            record(kind).for_count(matched)
        )
    }

    fn opening(&self, report: &Report) -> String {
        let greeting = self.greeting(report.recipient_name.as_deref());
        let reason = match &report.reason {
            Some(reason) => format!(" (reason: {reason})"),
            None => String::new(),
        };
        let ended = match report.ending {
            Ending::Completed => "finished on",
            Ending::Aborted => "stopped without deleting anything on",
            Ending::Cancelled => "was cancelled on",
            Ending::Failed => "failed on",
        };
        let asked_for = self.asked_for(report);
        let moment = self.moment(report.finished_at);
        format!("{greeting}, your {asked_for}{reason} {ended} {moment}.")
    }

    fn done(&self, effect: Effect, _: BinKind, n: u64) -> String {
        let done = done_word(effect);
        if n == 0 {
            return format!("Nothing was {done}.");
        }
        let (were, their) = pick(n, ("was", "its"), ("were", "their"));
        let n = self.number(n);
        match effect {
            Effect::Deleted => format!("{n} {were} moved to the recycle bin."),
            Effect::Restored => format!("{n} {were} restored, with {their} tags, company links and fields."),
            _ => format!("{n} {were} {done}."),
        }
    }

    fn reactivated_too(&self, n: u64) -> String {
        let are = pick(n, "is", "are");
        format!("{} that had been deactivated instead {are} active again.", self.number(n))
    }

    fn why_unfinished(&self, ending: Ending, something_done: bool) -> &'static str {
        match (ending, something_done) {
            (Ending::Completed, _) | (Ending::Cancelled, false) => "",
            (Ending::Aborted, _) => {
                "You asked to delete all or nothing, and not all can be deleted: every record is as it was."
            }
            (Ending::Cancelled, true) => "What was done before it was cancelled stays done.",
            (Ending::Failed, true) => "The action gave up after several tries; what was done before stays done.",
            (Ending::Failed, false) => "The action gave up after several tries.",
        }
    }

    fn tags(&self) -> &'static str {
        "Tags:"
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "it", "them");
        format!("You can take {them} back until {}.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "To undo it all:"
    }

    fn linked(&self, on_blocked: OnBlocked, _: BinKind, n: u64) -> String {
        let (were, them) = pick(n, ("was", "it"), ("were", "them"));
        let stayed = match on_blocked {
            OnBlocked::Skip => format!("{were} kept"),
            OnBlocked::Abort => "cannot be deleted".to_owned(),
            OnBlocked::Deactivate => format!("{were} deactivated instead of deleted"),
        };
        format!("{} {stayed} because something is linked to {them}:", self.number(n))
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} by {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(a record can have several)"
    }

    fn in_conflict(&self, operation: Operation, kind: BinKind, n: u64) -> String {
        let (were, their) = pick(n, ("was", "its"), ("were", "their"));
        let n = self.number(n);
        if operation == Operation::AddTags {
            return format!("{n} {were} not tagged because a record can have no more than 50 tags:");
        }
        if kind == BinKind::Deal {
            return format!(
                "{n} {were} not restored because {their} own external id, or that of {their} customer or contact person, \
                 is taken, or one of these is gone:"
            );
        }
        format!("{n} {were} not restored because another record now has {their} external id:")
    }

    fn linked_as(&self, kind: LinkedKind, role: LinkRole, n: u64) -> String {
        let role = match role {
            LinkRole::Customer => "customer of",
            LinkRole::ContactPerson => "contact person of",
            LinkRole::AttentionOf => "attention of",
            LinkRole::Subject => "subject of",
            LinkRole::Member => "member of",
        };
        format!("{role} {} {}", self.number(n), linked(kind).for_count(n))
    }

    fn and_more(&self, n: u64) -> String {
        format!("and {} more", self.number(n))
    }

    fn external_id_taken_by(&self, name: &str) -> String {
        format!("the external id is now that of {name}")
    }

    fn too_many_tags(&self) -> &'static str {
        "would have more than 50 tags"
    }

    fn more_in_attachment(&self, n: u64) -> String {
        format!("... and {} more: see the attached exceptions.csv.", self.number(n))
    }

    fn all_in_attachment(&self) -> &'static str {
        "The attached exceptions.csv has the details for a spreadsheet."
    }

    fn too_long_to_attach(&self) -> &'static str {
        "The whole list is too long for a mail. To download it:"
    }

    fn gone(&self, operation: Operation, n: u64) -> String {
        let digits = self.number(n);
        let (was, they) = pick(n, ("was", "it is"), ("were", "they are"));
        match operation {
            Operation::Delete => format!("{digits} no longer existed or {was} already in the recycle bin."),
            Operation::Restore => format!("{digits} {was} no longer in the recycle bin and could not be restored."),
            Operation::Purge => format!("{digits} {was} gone for good already."),
            Operation::Deactivate | Operation::Reactivate | Operation::AddTags | Operation::RemoveTags => {
                format!("{digits} no longer existed or {was} in the recycle bin.")
            }
            Operation::Undo(_) => {
                format!("{digits} could not be taken back: {they} gone for good, or deleted since.")
            }
        }
    }

    fn changed(&self, operation: Operation, n: u64) -> String {
        let digits = self.number(n);
        match operation {
            Operation::Restore | Operation::Undo(_) => {
                format!("{digits} had been deleted again by another deletion and stayed in the recycle bin.")
            }
            Operation::Purge => {
                let was = pick(n, "was", "were");
                format!("{digits} had been restored, or deleted again since, and {was} left alone.")
            }
            _ => {
                let (matches, was) = pick(n, ("matches", "was"), ("match", "were"));
                format!("{digits} no longer {matches} the rules of the dry run and {was} left alone.")
            }
        }
    }

    fn unchanged(&self, operation: Operation, n: u64) -> String {
        let digits = self.number(n);
        let (is, was) = pick(n, ("is", "was"), ("are", "were"));
        match operation {
            Operation::Delete => format!("{digits} {is} linked to something and {was} deactivated already."),
            Operation::Restore => format!("{digits} had not been deleted or {was} back already."),
            Operation::Deactivate => format!("{digits} {was} deactivated already."),
            Operation::Reactivate => format!("{digits} {was} active already."),
            Operation::AddTags => format!("{digits} had all of the tags already."),
            Operation::RemoveTags => format!("{digits} had none of the tags."),
            Operation::Purge => format!("{digits} {was} left alone."),
            Operation::Undo(_) => format!("{digits} had been taken back already."),
        }
    }

    fn not_processed(&self, n: u64) -> String {
        format!("{} {} not processed.", self.number(n), pick(n, "was", "were"))
    }

    fn what_now(&self) -> &'static str {
        "What now:"
    }

    fn after_linked(&self, on_blocked: OnBlocked) -> &'static str {
        match on_blocked {
            OnBlocked::Skip => "remove or reassign the links and retry, or deactivate these records instead.",
            OnBlocked::Abort => {
                "remove or reassign the links and retry the whole set, or delete again with \
                 \"on_blocked\": \"skip\" or \"deactivate\"."
            }
            OnBlocked::Deactivate => {
                "to delete the deactivated ones too, remove or reassign the links, then delete again."
            }
        }
    }

    fn to_retry(&self) -> &'static str {
        "To retry:"
    }

    fn after_conflict(&self, operation: Operation) -> &'static str {
        if operation == Operation::AddTags {
            return "remove tags that these records no longer need, then add yours again.";
        }
        "change the external id of the other record and restore again, or restore with \
         \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self, operation: Operation) -> &'static str {
        if matches!(operation, Operation::AddTags | Operation::RemoveTags) {
            return "You get this because you started the action.";
        }
        "You get this because you started the action as an admin of this account."
    }

    fn action(&self) -> &'static str {
        "Action"
    }
}
