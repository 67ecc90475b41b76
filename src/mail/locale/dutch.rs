//! What mails say in Dutch.

mod notices;

use chrono::{DateTime, Datelike, Utc};

use super::notices::NoticePhrases;
use super::{Noun, Phrases, group_digits, month_name, pick};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Effect, Ending, Operation, Report, Source, Undone};

pub(super) struct Dutch;

const MONTHS: [&str; 12] = [
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
];

fn record(kind: BinKind) -> Noun {
    let (one, many) = match kind {
        BinKind::Contact => ("contact", "contacten"),
        BinKind::Company => ("bedrijf", "bedrijven"),
        BinKind::Deal => ("deal", "deals"),
    };
    Noun { one, many }
}

fn linked(kind: LinkedKind) -> Noun {
    let (one, many) = match kind {
        LinkedKind::Deal => ("deal", "deals"),
        LinkedKind::Invoice => ("factuur", "facturen"),
        LinkedKind::TimeTracking => ("tijdsregistratie", "tijdsregistraties"),
        LinkedKind::Project => ("project", "projecten"),
        LinkedKind::Ticket => ("ticket", "tickets"),
        LinkedKind::CompanyLink => ("bedrijfskoppeling", "bedrijfskoppelingen"),
    };
    Noun { one, many }
}

fn done_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Deleted => "verwijderd",
        Effect::Restored => "hersteld",
        Effect::Deactivated => "gedeactiveerd",
        Effect::Reactivated => "opnieuw geactiveerd",
        Effect::Purged => "definitief verwijderd",
        Effect::Tagged => "getagd",
        Effect::Untagged => "ontdaan van tags",
    }
}

impl Dutch {
    fn asked_for(&self, report: &Report) -> String {
        let records = record(report.kind);
        let many = records.many;
        let operation = match report.operation {
            Operation::Delete => "bulkverwijdering",
            Operation::Restore => "herstelactie",
            Operation::Deactivate => "bulkdeactivering",
            Operation::Reactivate => "bulkheractivering",
            Operation::Purge => "definitieve verwijdering",
            Operation::AddTags => "bulktagging",
            Operation::RemoveTags => "tagverwijdering in bulk",
            Operation::Undo(undone) => {
                let undone = match undone {
                    Undone::Delete => "bulkverwijdering",
                    Undone::Deactivate => "bulkdeactivering",
                    Undone::Reactivate => "bulkheractivering",
                };
                return format!("het ongedaan maken van je {undone} van {many}");
            }
        };
        match &report.source {
            Source::Segment(name) => format!("je {operation} van {many} uit het segment \"{name}\""),
            Source::List(n) => {
                let n = *n;
                format!("je {operation} van een lijst van {} {}", self.number(n), records.for_count(n))
            }
            Source::Rules => format!("je {operation} van {many} volgens je regels"),
            Source::Deletion => format!("je {operation} van {many} uit één verwijdering"),
            Source::Bin => format!("je {operation} van {many} uit de prullenbak"),
            Source::Retry => format!("je nieuwe poging van een {operation} van {many}"),
        }
    }
}

impl Phrases for Dutch {
    fn tag(&self) -> &'static str {
        "nl"
    }

    fn number(&self, n: u64) -> String {
        group_digits(n, ".")
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        let month = month_name(&MONTHS, at);
        format!("{} {month} {}", at.day(), at.format("%Y om %H:%M UTC"))
    }

    fn progress(&self, effect: Effect, kind: BinKind, done: u64, matched: u64) -> String {
        let verb = done_word(effect);
        let records = record(kind).for_count(matched);
        let (done_in_digits, matched_in_digits) = (self.number(done), self.number(matched));
        if matched == 0 {
            format!("Geen {records} {verb}")
        } else if done == matched {
            format!("{done_in_digits} {records} {verb}")
        } else {
            format!("{done_in_digits} van {matched_in_digits} {records} {verb}")
        }
    }

    fn kept_briefly(&self, _: BinKind, n: u64) -> String {
        format!("{} behouden", self.number(n))
    }

    fn in_conflict_briefly(&self, n: u64) -> String {
        format!("{} in conflict", self.number(n))
    }

    fn also_briefly(&self, effect: Effect, _: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), done_word(effect))
    }

    fn unfinished(&self, operation: Operation, ending: Ending) -> String {
        let operation = match operation {
            Operation::Delete => "Bulkverwijdering",
            Operation::Restore => "Herstelactie",
            Operation::Deactivate => "Bulkdeactivering",
            Operation::Reactivate => "Bulkheractivering",
            Operation::Purge => "Definitieve verwijdering",
            Operation::AddTags => "Bulktagging",
            Operation::RemoveTags => "Tagverwijdering in bulk",
            Operation::Undo(_) => "Ongedaan maken",
        };
        match ending {
            Ending::Completed | Ending::Aborted => String::new(),
            Ending::Cancelled => format!("{operation} geannuleerd: "),
            Ending::Failed => format!("{operation} mislukt: "),
        }
    }

    fn nothing_deleted(&self, kind: BinKind, blocked: u64, matched: u64) -> String {
        format!(
            "Niets verwijderd: koppelingen bij {} van {} {}",
            self.number(blocked),
            self.number(matched),
            record(kind).for_count(matched)
        )
    }

    fn opening(&self, report: &Report) -> String {
        let greeting = self.greeting(report.recipient_name.as_deref());
        let reason = match &report.reason {
            Some(reason) => format!(" (reden: {reason})"),
            None => String::new(),
        };
        let ended = match report.ending {
            Ending::Completed => "voltooid",
            Ending::Aborted => "gestopt zonder iets te verwijderen",
            Ending::Cancelled => "geannuleerd",
            Ending::Failed => "mislukt",
        };
        let asked_for = self.asked_for(report);
        let moment = self.moment(report.finished_at);
        format!("{greeting}, {asked_for}{reason} is op {moment} {ended}.")
    }

    fn done(&self, effect: Effect, kind: BinKind, n: u64) -> String {
        let done = done_word(effect);
        if n == 0 {
            return format!("Er is niets {done}.");
        }
        let records = record(kind).for_count(n);
        let are = pick(n, "is", "zijn");
        let n = self.number(n);
        match effect {
            Effect::Deleted => format!("{n} {records} {are} naar de prullenbak verplaatst."),
            Effect::Restored => format!("{n} {records} {are} hersteld, met tags, koppelingen en velden."),
            _ => format!("{n} {records} {are} {done}."),
        }
    }

    fn reactivated_too(&self, n: u64) -> String {
        let was = pick(n, "was in plaats daarvan gedeactiveerd en is", "waren in plaats daarvan gedeactiveerd en zijn");
        format!("{} {was} weer actief.", self.number(n))
    }

    fn why_unfinished(&self, ending: Ending, something_done: bool) -> &'static str {
        match (ending, something_done) {
            (Ending::Completed, _) | (Ending::Cancelled, false) => "",
            (Ending::Aborted, _) => {
                "Je vroeg om alles of niets te verwijderen, en niet alles kan verwijderd worden: \
                 alles is zoals het was."
            }
            (Ending::Cancelled, true) => "Wat voor de annulering gebeurd is, blijft gebeurd.",
            (Ending::Failed, true) => "De actie gaf het na meerdere pogingen op; wat al gebeurd was, blijft gebeurd.",
            (Ending::Failed, false) => "De actie gaf het na meerdere pogingen op.",
        }
    }

    fn tags(&self) -> &'static str {
        "Tags:"
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "dit", "ze");
        format!("Je kunt {them} terughalen tot {}.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "Alles ongedaan maken:"
    }

    fn linked(&self, on_blocked: OnBlocked, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let (are, can) = pick(n, ("is", "kan"), ("zijn", "kunnen"));
        let stayed = match on_blocked {
            OnBlocked::Skip => format!("{are} behouden"),
            OnBlocked::Abort => format!("{can} niet verwijderd worden"),
            OnBlocked::Deactivate => format!("{are} gedeactiveerd in plaats van verwijderd"),
        };
        format!("{} {records} {stayed} omdat er iets aan gekoppeld is:", self.number(n))
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} door {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(meerdere per contact of bedrijf zijn mogelijk)"
    }

    fn in_conflict(&self, operation: Operation, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let are = pick(n, "is", "zijn");
        let n = self.number(n);
        if operation == Operation::AddTags {
            return format!("{n} {records} {are} niet getagd omdat er niet meer dan 50 tags mogelijk zijn:");
        }
        let whose = if kind == BinKind::Deal {
            "omdat de eigen externe id of die van klant of contactpersoon nu elders in gebruik is, of een van hen weg is"
        } else {
            "omdat de externe id nu elders in gebruik is"
        };
        format!("{n} {records} {are} niet hersteld {whose}:")
    }

    fn linked_as(&self, kind: LinkedKind, role: LinkRole, n: u64) -> String {
        let role = match role {
            LinkRole::Customer => "klant van",
            LinkRole::ContactPerson => "contactpersoon van",
            LinkRole::AttentionOf => "t.a.v. op",
            LinkRole::Subject => "onderwerp van",
            LinkRole::Member => "lid van",
        };
        format!("{role} {} {}", self.number(n), linked(kind).for_count(n))
    }

    fn and_more(&self, n: u64) -> String {
        format!("en nog {}", self.number(n))
    }

    fn external_id_taken_by(&self, name: &str) -> String {
        format!("de externe id is nu die van {name}")
    }

    fn too_many_tags(&self) -> &'static str {
        "zou meer dan 50 tags hebben"
    }

    fn more_in_attachment(&self, n: u64) -> String {
        format!("... en nog {}: zie exceptions.csv in de bijlage.", self.number(n))
    }

    fn all_in_attachment(&self) -> &'static str {
        "In exceptions.csv in de bijlage staan de details voor een rekenblad."
    }

    fn too_long_to_attach(&self) -> &'static str {
        "De volledige lijst is te lang voor een mail. Downloaden:"
    }

    fn gone(&self, operation: Operation, n: u64) -> String {
        let went = pick(n, "was", "waren");
        let (was, lay, could, is) = pick(
            n,
            ("bestond niet meer of lag", "lag", "kon", "is definitief weg of intussen verwijderd"),
            ("bestonden niet meer of lagen", "lagen", "konden", "zijn definitief weg of intussen verwijderd"),
        );
        let n = self.number(n);
        match operation {
            Operation::Delete => format!("{n} {was} al in de prullenbak."),
            Operation::Restore => format!("{n} {lay} niet meer in de prullenbak en {could} niet hersteld worden."),
            Operation::Purge => format!("{n} {went} al definitief verwijderd."),
            Operation::Deactivate | Operation::Reactivate | Operation::AddTags | Operation::RemoveTags => {
                format!("{n} {was} in de prullenbak.")
            }
            Operation::Undo(_) => format!("{n} {is} en {could} niet teruggezet worden."),
        }
    }

    fn changed(&self, operation: Operation, n: u64) -> String {
        match operation {
            Operation::Restore | Operation::Undo(_) => {
                let was = pick(n, "was opnieuw verwijderd en bleef", "waren opnieuw verwijderd en bleven");
                format!("{} {was} in de prullenbak.", self.number(n))
            }
            Operation::Purge => {
                let was = pick(
                    n,
                    "was hersteld of opnieuw verwijderd en bleef",
                    "waren hersteld of opnieuw verwijderd en bleven",
                );
                format!("{} {was} ongemoeid.", self.number(n))
            }
            _ => {
                let (matches, was) = pick(n, ("voldoet", "bleef"), ("voldoen", "bleven"));
                format!("{} {matches} niet meer aan de regels van de proefrun en {was} ongemoeid.", self.number(n))
            }
        }
    }

    fn unchanged(&self, operation: Operation, n: u64) -> String {
        let (was, has, had) = pick(n, ("was", "heeft", "had"), ("waren", "hebben", "hadden"));
        let n = self.number(n);
        match operation {
            Operation::Delete => format!("{n} {has} koppelingen en {was} al gedeactiveerd."),
            Operation::Restore => format!("{n} {was} niet verwijderd of {was} al terug."),
            Operation::Deactivate => format!("{n} {was} al gedeactiveerd."),
            Operation::Reactivate => format!("{n} {was} al actief."),
            Operation::AddTags => format!("{n} {had} alle tags al."),
            Operation::RemoveTags => format!("{n} {had} geen van de tags."),
            Operation::Purge => format!("{n} {was} al weg."),
            Operation::Undo(_) => format!("{n} {was} al teruggezet."),
        }
    }

    fn not_processed(&self, n: u64) -> String {
        format!("{} {} niet verwerkt.", self.number(n), pick(n, "is", "zijn"))
    }

    fn what_now(&self) -> &'static str {
        "Wat nu:"
    }

    fn after_linked(&self, on_blocked: OnBlocked) -> &'static str {
        match on_blocked {
            OnBlocked::Skip => {
                "verwijder of verplaats de koppelingen en probeer opnieuw, of deactiveer deze records in plaats daarvan."
            }
            OnBlocked::Abort => {
                "verwijder of verplaats de koppelingen en probeer het geheel opnieuw, of verwijder opnieuw met \
                 \"on_blocked\": \"skip\" of \"deactivate\"."
            }
            OnBlocked::Deactivate => {
                "om ook de gedeactiveerde te verwijderen: verwijder of verplaats de koppelingen en verwijder daarna \
                 opnieuw."
            }
        }
    }

    fn to_retry(&self) -> &'static str {
        "Opnieuw proberen:"
    }

    fn after_conflict(&self, operation: Operation) -> &'static str {
        if operation == Operation::AddTags {
            return "verwijder tags die niet meer nodig zijn en voeg de jouwe daarna opnieuw toe.";
        }
        "wijzig de externe id van de andere en herstel opnieuw, of herstel met \
         \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self, operation: Operation) -> &'static str {
        if matches!(operation, Operation::AddTags | Operation::RemoveTags) {
            return "Je krijgt deze mail omdat je de actie hebt gestart.";
        }
        "Je krijgt deze mail omdat je de actie als beheerder van dit account hebt gestart."
    }

    fn action(&self) -> &'static str {
        "Actie"
    }
}
