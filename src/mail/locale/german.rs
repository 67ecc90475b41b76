//! What mails say in German.

mod notices;
mod words;

use chrono::{DateTime, Datelike, Utc};

use self::words::{MONTHS, done_word, linked, linked_in_dative, operation_name, record, record_after_von};
use super::notices::NoticePhrases;
use super::{Phrases, group_digits, month_name, pick};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Effect, Ending, Operation, Report, Source};

pub(super) struct German;

impl German {
    fn asked_for(&self, report: &Report) -> String {
        let records = record_after_von(report.kind);
        let many = records.many;
        let operation = operation_name(report.operation);
        if let Operation::Undo(_) = report.operation {
            return format!("das Rückgängigmachen Ihrer {operation} von {many}");
        }
        match &report.source {
            Source::Segment(name) => format!("Ihre {operation} von {many} aus dem Segment „{name}“"),
            Source::List(n) => {
                let n = *n;
                let records = records.for_count(n);
                format!("Ihre {operation} einer Liste von {} {records}", self.number(n))
            }
            Source::Rules => format!("Ihre {operation} von {many} nach Ihren Regeln"),
            Source::Deletion => format!("Ihre {operation} von {many} aus einer Löschung"),
            Source::Bin => format!("Ihre {operation} von {many} aus dem Papierkorb"),
            Source::Retry => format!("Ihr erneuter Versuch der {operation} von {many}"),
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

    fn progress(&self, effect: Effect, kind: BinKind, done: u64, matched: u64) -> String {
        let verb = done_word(effect);
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

    fn also_briefly(&self, effect: Effect, _: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), done_word(effect))
    }

    fn unfinished(&self, operation: Operation, ending: Ending) -> String {
        let operation = match operation {
            Operation::Undo(_) => "Rückgängigmachen",
            Operation::Purge => "Endgültige Löschung",
            named => operation_name(named),
        };
        match ending {
            Ending::Completed | Ending::Aborted => String::new(),
            Ending::Cancelled => format!("{operation} abgebrochen: "),
            Ending::Failed => format!("{operation} fehlgeschlagen: "),
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
        let greeting = self.greeting(report.recipient_name.as_deref());
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

    fn done(&self, effect: Effect, kind: BinKind, n: u64) -> String {
        let done = done_word(effect);
        if n == 0 {
            return format!("Es wurde nichts {done}.");
        }
        let records = record(kind).for_count(n);
        let were = pick(n, "wurde", "wurden");
        let n = self.number(n);
        match effect {
            Effect::Deleted => format!("{n} {records} {were} in den Papierkorb verschoben."),
            Effect::Restored => {
                format!("{n} {records} {were} wiederhergestellt, mit Tags, Verknüpfungen und Feldern.")
            }
            _ => format!("{n} {records} {were} {done}."),
        }
    }

    fn reactivated_too(&self, n: u64) -> String {
        let are =
            pick(n, "war stattdessen deaktiviert worden und ist", "waren stattdessen deaktiviert worden und sind");
        format!("{} {are} wieder aktiv.", self.number(n))
    }

    fn why_unfinished(&self, ending: Ending, something_done: bool) -> &'static str {
        match (ending, something_done) {
            (Ending::Completed, _) | (Ending::Cancelled, false) => "",
            (Ending::Aborted, _) => {
                "Sie wollten alles oder nichts löschen, und nicht alles kann gelöscht werden: alles ist, wie es war."
            }
            (Ending::Cancelled, true) => "Was vor dem Abbruch erledigt war, bleibt erledigt.",
            (Ending::Failed, true) => {
                "Nach mehreren Versuchen wurde aufgegeben; was schon erledigt war, bleibt erledigt."
            }
            (Ending::Failed, false) => "Nach mehreren Versuchen wurde aufgegeben.",
        }
    }

    fn tags(&self) -> &'static str {
        "Tags:"
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "das", "sie");
        format!("Sie können {them} bis zum {} zurückholen.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "Um alles rückgängig zu machen:"
    }

    fn linked(&self, on_blocked: OnBlocked, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let (were, can) = pick(n, ("wurde", "kann"), ("wurden", "können"));
        let stayed = match on_blocked {
            OnBlocked::Skip => format!("{were} behalten"),
            OnBlocked::Abort => format!("{can} nicht gelöscht werden"),
            OnBlocked::Deactivate => format!("{were} deaktiviert statt gelöscht"),
        };
        format!("{} {records} {stayed}, weil etwas damit verknüpft ist:", self.number(n))
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} durch {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(mehrere je Datensatz sind möglich)"
    }

    fn in_conflict(&self, operation: Operation, kind: BinKind, n: u64) -> String {
        let records = record(kind).for_count(n);
        let were = pick(n, "wurde", "wurden");
        let n = self.number(n);
        if operation == Operation::AddTags {
            return format!("{n} {records} {were} nicht mit Tags versehen, weil höchstens 50 möglich sind:");
        }
        let why = if kind == BinKind::Deal {
            "weil die eigene externe ID oder die des Kunden oder Ansprechpartners vergeben ist oder einer von ihnen fehlt"
        } else {
            "weil die externe ID vergeben ist"
        };
        format!("{n} {records} {were} nicht wiederhergestellt, {why}:")
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

    fn too_many_tags(&self) -> &'static str {
        "hätte mehr als 50 Tags"
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
        let (existed, lay, is, was) = pick(
            n,
            ("existierte nicht mehr oder lag", "lag", "ist", "war"),
            ("existierten nicht mehr oder lagen", "lagen", "sind", "waren"),
        );
        let n = self.number(n);
        match operation {
            Operation::Delete => format!("{n} {existed} bereits im Papierkorb."),
            Operation::Restore => format!("{n} {lay} nicht mehr im Papierkorb: nicht wiederherstellbar."),
            Operation::Purge => format!("{n} {was} bereits endgültig gelöscht."),
            Operation::Deactivate | Operation::Reactivate | Operation::AddTags | Operation::RemoveTags => {
                format!("{n} {existed} im Papierkorb.")
            }
            Operation::Undo(_) => {
                format!("{n} {is} endgültig oder inzwischen gelöscht: Rückgängigmachen nicht möglich.")
            }
        }
    }

    fn changed(&self, operation: Operation, n: u64) -> String {
        let (stayed, matches, was) = pick(
            n,
            ("wurde inzwischen erneut gelöscht und bleibt", "entspricht", "blieb"),
            ("wurden inzwischen erneut gelöscht und bleiben", "entsprechen", "blieben"),
        );
        let restored = pick(
            n,
            "wurde inzwischen wiederhergestellt oder erneut gelöscht und blieb",
            "wurden inzwischen wiederhergestellt oder erneut gelöscht und blieben",
        );
        let n = self.number(n);
        match operation {
            Operation::Restore | Operation::Undo(_) => format!("{n} {stayed} im Papierkorb."),
            Operation::Purge => format!("{n} {restored} unverändert."),
            _ => {
                format!("{n} {matches} nicht mehr den Regeln des Probelaufs und {was} unverändert.")
            }
        }
    }

    fn unchanged(&self, operation: Operation, n: u64) -> String {
        let (was, lay, has, had) = pick(n, ("war", "lag", "hat", "hatte"), ("waren", "lagen", "haben", "hatten"));
        let n = self.number(n);
        match operation {
            Operation::Delete => format!("{n} {has} Verknüpfungen und {was} bereits deaktiviert."),
            Operation::Restore => format!("{n} {lay} nicht im Papierkorb: nichts wiederherzustellen."),
            Operation::Deactivate => format!("{n} {was} bereits deaktiviert."),
            Operation::Reactivate => format!("{n} {was} bereits aktiv."),
            Operation::AddTags => format!("{n} {had} bereits alle Tags."),
            Operation::RemoveTags => format!("{n} {had} keines der Tags."),
            Operation::Purge => format!("{n} {was} bereits gelöscht."),
            Operation::Undo(_) => format!("{n} {was} bereits zurückgesetzt."),
        }
    }

    fn not_processed(&self, n: u64) -> String {
        format!("{} {} nicht bearbeitet.", self.number(n), pick(n, "wurde", "wurden"))
    }

    fn what_now(&self) -> &'static str {
        "Was nun:"
    }

    fn after_linked(&self, on_blocked: OnBlocked) -> &'static str {
        match on_blocked {
            OnBlocked::Skip => {
                "Entfernen oder ändern Sie die Verknüpfungen und versuchen Sie es erneut, oder deaktivieren Sie \
                 diese Datensätze stattdessen."
            }
            OnBlocked::Abort => {
                "Entfernen oder ändern Sie die Verknüpfungen und versuchen Sie es mit der ganzen Menge erneut, \
                 oder löschen Sie mit \"on_blocked\": \"skip\" oder \"deactivate\"."
            }
            OnBlocked::Deactivate => {
                "Um auch die deaktivierten zu löschen, entfernen oder ändern Sie die Verknüpfungen und löschen \
                 Sie dann erneut."
            }
        }
    }

    fn to_retry(&self) -> &'static str {
        "Um es erneut zu versuchen:"
    }

    fn after_conflict(&self, operation: Operation) -> &'static str {
        if operation == Operation::AddTags {
            return "Entfernen Sie Tags, die nicht mehr gebraucht werden, und fügen Sie Ihre dann erneut hinzu.";
        }
        "Ändern Sie die externe ID des anderen Datensatzes und stellen Sie erneut wieder her, oder \
         mit \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self, operation: Operation) -> &'static str {
        if matches!(operation, Operation::AddTags | Operation::RemoveTags) {
            return "Sie erhalten diese E-Mail, weil Sie die Aktion gestartet haben.";
        }
        "Sie erhalten diese E-Mail, weil Sie die Aktion als Admin dieses Kontos gestartet haben."
    }

    fn action(&self) -> &'static str {
        "Aktion"
    }
}
