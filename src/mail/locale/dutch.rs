//! What mails say in Dutch.

use chrono::{DateTime, Datelike, Utc};

use super::{Noun, Phrases, group_digits, month_name, pick};
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Ending, Operation, Report, Source};

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

impl Dutch {
    fn asked_for(&self, report: &Report) -> String {
        let records = record(report.kind);
        let many = records.many;
        let operation = match report.operation {
            Operation::Delete => "je bulkverwijdering",
            Operation::Restore => "je herstelactie",
            Operation::Undo => {
                return format!("het ongedaan maken van je bulkverwijdering van {many}");
            }
        };
        match &report.source {
            Source::Segment(name) => format!("{operation} van {many} uit het segment \"{name}\""),
            Source::List(n) => {
                let n = *n;
                format!("{operation} van een lijst van {} {}", self.number(n), records.for_count(n))
            }
            Source::Rules => format!("{operation} van {many} volgens je regels"),
            Source::Deletion => format!("{operation} van {many} uit één verwijdering"),
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

    fn progress(&self, operation: Operation, kind: BinKind, done: u64, matched: u64) -> String {
        let verb = match operation {
            Operation::Delete => "verwijderd",
            Operation::Restore | Operation::Undo => "hersteld",
        };
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

    fn unfinished(&self, operation: Operation, ending: Ending) -> &'static str {
        match (operation, ending) {
            (_, Ending::Completed | Ending::Aborted) => "",
            (Operation::Delete, Ending::Cancelled) => "Bulkverwijdering geannuleerd: ",
            (Operation::Delete, Ending::Failed) => "Bulkverwijdering mislukt: ",
            (Operation::Restore, Ending::Cancelled) => "Herstelactie geannuleerd: ",
            (Operation::Restore, Ending::Failed) => "Herstelactie mislukt: ",
            (Operation::Undo, Ending::Cancelled) => "Ongedaan maken geannuleerd: ",
            (Operation::Undo, Ending::Failed) => "Ongedaan maken mislukt: ",
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
        let greeting = match &report.recipient_name {
            Some(name) => format!("Hallo {name}"),
            None => "Hallo".to_owned(),
        };
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

    fn done(&self, operation: Operation, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let are = pick(n, "is", "zijn");
        match (operation, n) {
            (Operation::Delete, 0) => "Er is niets verwijderd.".to_owned(),
            (_, 0) => "Er is niets hersteld.".to_owned(),
            (Operation::Delete, _) => {
                format!("{} {records} {are} naar de prullenbak verplaatst.", self.number(n))
            }
            (Operation::Restore | Operation::Undo, _) => {
                let n = self.number(n);
                format!("{n} {records} {are} hersteld, met tags, koppelingen en velden.")
            }
        }
    }

    fn why_unfinished(&self, ending: Ending) -> &'static str {
        match ending {
            Ending::Completed => "",
            Ending::Aborted => "Je vroeg om alles of niets te verwijderen, en niet alles kan verwijderd worden.",
            Ending::Cancelled => "Wat voor de annulering gebeurd is, blijft gebeurd.",
            Ending::Failed => "De actie gaf het na meerdere pogingen op; wat al gebeurd was, blijft gebeurd.",
        }
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "dit", "ze");
        format!("Je kunt {them} terughalen tot {}.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "Alles ongedaan maken:"
    }

    fn kept(&self, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let are = pick(n, "is", "zijn");
        let n = self.number(n);
        format!("{n} {records} {are} behouden omdat er iets aan gekoppeld is:")
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} door {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(meerdere per contact of bedrijf zijn mogelijk)"
    }

    fn in_conflict(&self, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let are = pick(n, "is", "zijn");
        let n = self.number(n);
        format!("{n} {records} {are} niet hersteld omdat de externe id nu elders in gebruik is:")
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
        let digits = self.number(n);
        match operation {
            Operation::Delete => {
                let was = pick(n, "bestond niet meer of lag", "bestonden niet meer of lagen");
                format!("{digits} {was} al in de prullenbak.")
            }
            Operation::Restore | Operation::Undo => {
                let was =
                    pick(n, "lag niet meer in de prullenbak en kon", "lagen niet meer in de prullenbak en konden");
                format!("{digits} {was} niet hersteld worden.")
            }
        }
    }

    fn unchanged(&self, n: u64) -> String {
        let was = pick(n, "was niet verwijderd of was", "waren niet verwijderd of waren");
        format!("{} {was} al terug.", self.number(n))
    }

    fn not_processed(&self, n: u64) -> String {
        format!("{} {} niet verwerkt.", self.number(n), pick(n, "is", "zijn"))
    }

    fn what_now(&self) -> &'static str {
        "Wat nu:"
    }

    fn after_kept(&self) -> &'static str {
        "verwijder of verplaats de koppelingen en verwijder daarna opnieuw."
    }

    fn after_conflict(&self) -> &'static str {
        "wijzig de externe id van de andere en herstel opnieuw, of herstel met \
         \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self) -> &'static str {
        "Je krijgt deze mail omdat je de actie als beheerder van dit account hebt gestart."
    }

    fn action(&self) -> &'static str {
        "Actie"
    }
}
