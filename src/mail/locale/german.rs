//! What mails say in German.

use chrono::{DateTime, Datelike, Utc};

use super::{Noun, Phrases, group_digits, month_name, pick};
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Ending, Operation, Report, Source};

pub(super) struct German;

const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

fn record(kind: BinKind) -> Noun {
    let (one, many) = match kind {
        BinKind::Contact => ("Kontakt", "Kontakte"),
        BinKind::Company => ("Unternehmen", "Unternehmen"),
        BinKind::Deal => ("Deal", "Deals"),
    };
    Noun { one, many }
}

/// The dative, which "von" takes: "3 von 4 Kontakten".
fn record_after_von(kind: BinKind) -> Noun {
    match kind {
        BinKind::Contact => Noun { one: "Kontakt", many: "Kontakten" },
        BinKind::Company | BinKind::Deal => record(kind),
    }
}

fn linked(kind: LinkedKind) -> Noun {
    let (one, many) = match kind {
        LinkedKind::Deal => ("Deal", "Deals"),
        LinkedKind::Invoice => ("Rechnung", "Rechnungen"),
        LinkedKind::TimeTracking => ("Zeiterfassung", "Zeiterfassungen"),
        LinkedKind::Project => ("Projekt", "Projekte"),
        LinkedKind::Ticket => ("Ticket", "Tickets"),
        LinkedKind::CompanyLink => ("Unternehmensverknüpfung", "Unternehmensverknüpfungen"),
    };
    Noun { one, many }
}

/// The dative, which "von" and "auf" take here.
fn linked_in_dative(kind: LinkedKind) -> Noun {
    match kind {
        LinkedKind::Project => Noun { one: "Projekt", many: "Projekten" },
        _ => linked(kind),
    }
}

impl German {
    fn asked_for(&self, report: &Report) -> String {
        let records = record_after_von(report.kind);
        let many = records.many;
        let operation = match report.operation {
            Operation::Delete => "Ihre Massenlöschung",
            Operation::Restore => "Ihre Wiederherstellung",
            Operation::Undo => {
                return format!("das Rückgängigmachen Ihrer Massenlöschung von {many}");
            }
        };
        match &report.source {
            Source::Segment(name) => format!("{operation} von {many} aus dem Segment „{name}“"),
            Source::List(n) => {
                let n = *n;
                let records = records.for_count(n);
                format!("{operation} einer Liste von {} {records}", self.number(n))
            }
            Source::Rules => format!("{operation} von {many} nach Ihren Regeln"),
            Source::Deletion => format!("{operation} von {many} aus einer Löschung"),
        }
    }
}

impl Phrases for German {
    fn tag(&self) -> &'static str {
        "de"
    }

    fn number(&self, n: u64) -> String {
        group_digits(n, ".")
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        let month = month_name(&MONTHS, at);
        format!("{}. {month} {}", at.day(), at.format("%Y um %H:%M UTC"))
    }

    fn progress(&self, operation: Operation, kind: BinKind, done: u64, matched: u64) -> String {
        let verb = match operation {
            Operation::Delete => "gelöscht",
            Operation::Restore | Operation::Undo => "wiederhergestellt",
        };
        let (done_in_digits, matched_in_digits) = (self.number(done), self.number(matched));
        if matched == 0 {
            format!("Keine {} {verb}", record(kind).many)
        } else if done == matched {
            format!("{done_in_digits} {} {verb}", record(kind).for_count(done))
        } else {
            let records = record_after_von(kind).for_count(matched);
            format!("{done_in_digits} von {matched_in_digits} {records} {verb}")
        }
    }

    fn kept_briefly(&self, _: BinKind, n: u64) -> String {
        format!("{} behalten", self.number(n))
    }

    fn in_conflict_briefly(&self, n: u64) -> String {
        format!("{} mit Konflikt", self.number(n))
    }

    fn unfinished(&self, operation: Operation, ending: Ending) -> &'static str {
        match (operation, ending) {
            (_, Ending::Completed | Ending::Aborted) => "",
            (Operation::Delete, Ending::Cancelled) => "Massenlöschung abgebrochen: ",
            (Operation::Delete, Ending::Failed) => "Massenlöschung fehlgeschlagen: ",
            (Operation::Restore, Ending::Cancelled) => "Wiederherstellung abgebrochen: ",
            (Operation::Restore, Ending::Failed) => "Wiederherstellung fehlgeschlagen: ",
            (Operation::Undo, Ending::Cancelled) => "Rückgängigmachen abgebrochen: ",
            (Operation::Undo, Ending::Failed) => "Rückgängigmachen fehlgeschlagen: ",
        }
    }

    fn nothing_deleted(&self, kind: BinKind, blocked: u64, matched: u64) -> String {
        format!(
            "Nichts gelöscht: Verknüpfungen bei {} von {} {}",
            self.number(blocked),
            self.number(matched),
            record_after_von(kind).for_count(matched)
        )
    }

    fn opening(&self, report: &Report) -> String {
        let greeting = match &report.recipient_name {
            Some(name) => format!("Guten Tag {name}"),
            None => "Guten Tag".to_owned(),
        };
        let reason = match &report.reason {
            Some(reason) => format!(" (Grund: {reason})"),
            None => String::new(),
        };
        let (auxiliary, ended) = match report.ending {
            Ending::Completed => ("wurde", "abgeschlossen"),
            Ending::Aborted => ("wurde", "beendet, ohne etwas zu löschen"),
            Ending::Cancelled => ("wurde", "abgebrochen"),
            Ending::Failed => ("ist", "fehlgeschlagen"),
        };
        let asked_for = self.asked_for(report);
        let moment = self.moment(report.finished_at);
        format!("{greeting}, {asked_for}{reason} {auxiliary} am {moment} {ended}.")
    }

    fn done(&self, operation: Operation, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let were = pick(n, "wurde", "wurden");
        match (operation, n) {
            (Operation::Delete, 0) => "Es wurde nichts gelöscht.".to_owned(),
            (_, 0) => "Es wurde nichts wiederhergestellt.".to_owned(),
            (Operation::Delete, _) => {
                format!("{} {records} {were} in den Papierkorb verschoben.", self.number(n))
            }
            (Operation::Restore | Operation::Undo, _) => {
                let n = self.number(n);
                format!("{n} {records} {were} wiederhergestellt, mit Tags, Verknüpfungen und Feldern.")
            }
        }
    }

    fn why_unfinished(&self, ending: Ending) -> &'static str {
        match ending {
            Ending::Completed => "",
            Ending::Aborted => "Sie wollten alles oder nichts löschen, und nicht alles kann gelöscht werden.",
            Ending::Cancelled => "Was vor dem Abbruch erledigt war, bleibt erledigt.",
            Ending::Failed => "Nach mehreren Versuchen wurde aufgegeben; was schon erledigt war, bleibt erledigt.",
        }
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "das", "sie");
        format!("Sie können {them} bis zum {} zurückholen.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "Um alles rückgängig zu machen:"
    }

    fn kept(&self, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let were = pick(n, "wurde", "wurden");
        let n = self.number(n);
        format!("{n} {records} {were} behalten, weil etwas damit verknüpft ist:")
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} durch {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(mehrere je Datensatz sind möglich)"
    }

    fn in_conflict(&self, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let were = pick(n, "wurde", "wurden");
        let n = self.number(n);
        format!("{n} {records} {were} nicht wiederhergestellt, weil die externe ID vergeben ist:")
    }

    fn linked_as(&self, kind: LinkedKind, role: LinkRole, n: u64) -> String {
        let role = match role {
            LinkRole::Customer => "Kunde von",
            LinkRole::ContactPerson => "Ansprechpartner von",
            LinkRole::AttentionOf => "zu Händen auf",
            LinkRole::Subject => "Gegenstand von",
            LinkRole::Member => "Mitglied von",
        };
        format!("{role} {} {}", self.number(n), linked_in_dative(kind).for_count(n))
    }

    fn and_more(&self, n: u64) -> String {
        format!("und {} weitere", self.number(n))
    }

    fn external_id_taken_by(&self, name: &str) -> String {
        format!("die externe ID ist nun die von {name}")
    }

    fn more_in_attachment(&self, n: u64) -> String {
        format!("... und {} weitere: siehe exceptions.csv im Anhang.", self.number(n))
    }

    fn all_in_attachment(&self) -> &'static str {
        "exceptions.csv im Anhang enthält die Einzelheiten für eine Tabellenkalkulation."
    }

    fn too_long_to_attach(&self) -> &'static str {
        "Die ganze Liste ist für eine E-Mail zu lang. Zum Herunterladen:"
    }

    fn gone(&self, operation: Operation, n: u64) -> String {
        let digits = self.number(n);
        match operation {
            Operation::Delete => {
                let was = pick(n, "existierte nicht mehr oder lag", "existierten nicht mehr oder lagen");
                format!("{digits} {was} bereits im Papierkorb.")
            }
            Operation::Restore | Operation::Undo => {
                let was = pick(n, "lag", "lagen");
                format!("{digits} {was} nicht mehr im Papierkorb: nicht wiederherstellbar.")
            }
        }
    }

    fn unchanged(&self, n: u64) -> String {
        let was = pick(n, "lag", "lagen");
        format!("{} {was} nicht im Papierkorb: nichts wiederherzustellen.", self.number(n))
    }

    fn not_processed(&self, n: u64) -> String {
        format!("{} {} nicht bearbeitet.", self.number(n), pick(n, "wurde", "wurden"))
    }

    fn what_now(&self) -> &'static str {
        "Was nun:"
    }

    fn after_kept(&self) -> &'static str {
        "Entfernen oder ändern Sie die Verknüpfungen und löschen Sie dann erneut."
    }

    fn after_conflict(&self) -> &'static str {
        "Ändern Sie die externe ID des anderen Datensatzes und stellen Sie erneut wieder her, oder \
         mit \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self) -> &'static str {
        "Sie erhalten diese E-Mail, weil Sie die Aktion als Admin dieses Kontos gestartet haben."
    }

    fn action(&self) -> &'static str {
        "Aktion"
    }
}
