//! What mails say in English.

use chrono::{DateTime, Datelike, Utc};

use super::{Noun, Phrases, group_digits, month_name, pick};
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Ending, Operation, Report, Source};

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

impl English {
    fn asked_for(&self, report: &Report) -> String {
        let records = record(report.kind);
        let many = records.many;
        let operation = match report.operation {
            Operation::Delete => "bulk delete",
            Operation::Restore => "restore",
            Operation::Undo => return format!("undo of a bulk delete of {many}"),
        };
        match &report.source {
            Source::Segment(name) => format!("{operation} of {many} from the segment \"{name}\""),
            Source::List(n) => {
                let n = *n;
                format!("{operation} of a list of {} {}", self.number(n), records.for_count(n))
            }
            Source::Rules => format!("{operation} of {many} that match your rules"),
            Source::Deletion => format!("{operation} of {many} from one deletion"),
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

    fn progress(&self, operation: Operation, kind: BinKind, done: u64, matched: u64) -> String {
        let verb = match operation {
            Operation::Delete => "deleted",
            Operation::Restore | Operation::Undo => "restored",
        };
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

    fn unfinished(&self, operation: Operation, ending: Ending) -> &'static str {
        match (operation, ending) {
            (_, Ending::Completed | Ending::Aborted) => "",
            (Operation::Delete, Ending::Cancelled) => "Bulk delete cancelled: ",
            (Operation::Delete, Ending::Failed) => "Bulk delete failed: ",
            (Operation::Restore, Ending::Cancelled) => "Restore cancelled: ",
            (Operation::Restore, Ending::Failed) => "Restore failed: ",
            (Operation::Undo, Ending::Cancelled) => "Undo cancelled: ",
            (Operation::Undo, Ending::Failed) => "Undo failed: ",
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
        let greeting = match &report.recipient_name {
            Some(name) => format!("Hello {name}"),
            None => "Hello".to_owned(),
        };
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

    fn done(&self, operation: Operation, _: BinKind, n: u64) -> String {
        let were = pick(n, "was", "were");
        match (operation, n) {
            (Operation::Delete, 0) => "Nothing was deleted.".to_owned(),
            (_, 0) => "Nothing was restored.".to_owned(),
            (Operation::Delete, _) => {
                format!("{} {were} moved to the recycle bin.", self.number(n))
            }
            (Operation::Restore | Operation::Undo, _) => {
                let their = pick(n, "its", "their");
                let n = self.number(n);
                format!("{n} {were} restored, with {their} tags, company links and fields.")
            }
        }
    }

    fn why_unfinished(&self, ending: Ending) -> &'static str {
        match ending {
            Ending::Completed => "",
            Ending::Aborted => "You asked to delete all or nothing, and not all can be deleted.",
            Ending::Cancelled => "What was done before it was cancelled stays done.",
            Ending::Failed => "The action gave up after several tries; what was done before stays done.",
        }
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "it", "them");
        format!("You can take {them} back until {}.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "To undo it all:"
    }

    fn kept(&self, _: BinKind, n: u64) -> String {
        let (were, them) = pick(n, ("was", "it"), ("were", "them"));
        format!("{} {were} kept because something is linked to {them}:", self.number(n))
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} by {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(a record can have several)"
    }

    fn in_conflict(&self, _: BinKind, n: u64) -> String {
        let (were, their) = pick(n, ("was", "its"), ("were", "their"));
        let n = self.number(n);
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
        format!("its external id is now that of {name}")
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
        let was = pick(n, "was", "were");
        match operation {
            Operation::Delete => {
                format!("{digits} no longer existed or {was} already in the recycle bin.")
            }
            Operation::Restore | Operation::Undo => {
                format!("{digits} {was} no longer in the recycle bin and could not be restored.")
            }
        }
    }

    fn unchanged(&self, n: u64) -> String {
        format!("{} had not been deleted or {} back already.", self.number(n), pick(n, "was", "were"))
    }

    fn not_processed(&self, n: u64) -> String {
        format!("{} {} not processed.", self.number(n), pick(n, "was", "were"))
    }

    fn what_now(&self) -> &'static str {
        "What now:"
    }

    fn after_kept(&self) -> &'static str {
        "remove or reassign the links, then delete again."
    }

    fn after_conflict(&self) -> &'static str {
        "change the external id of the other record and restore again, or restore with \
         \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self) -> &'static str {
        "You get this because you started the action as an admin of this account."
    }

    fn action(&self) -> &'static str {
        "Action"
    }
}
