//! What mails to admins besides the report say in German.

use chrono::{DateTime, Utc};

use super::super::notices::NoticePhrases;
use super::super::{Phrases, pick};
use super::{German, record};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::mail::approval::{Deletion, Fate, Verdict};
use crate::mail::report::Source;

/// How the verb of a purge is qualified.
fn for_good(deletion: Deletion) -> &'static str {
    if deletion.fate == Fate::Purged { " endgültig" } else { "" }
}

impl NoticePhrases for German {
    fn greeting(&self, name: Option<&str>) -> String {
        match name {
            Some(name) => format!("Guten Tag {name}"),
            None => "Guten Tag".to_owned(),
        }
    }

    fn records(&self, kind: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), record(kind).for_count(n))
    }

    fn described(&self, source: &Source) -> String {
        match source {
            Source::Segment(name) => return format!("Segment „{name}“"),
            Source::List(_) => "eine Liste von IDs",
            Source::Rules => "nach Regeln ausgewählt",
            Source::Deletion => "aus einer Löschung",
            Source::Bin => "aus dem Papierkorb",
            Source::Retry => "Rest einer früheren Aktion",
        }
        .to_owned()
    }

    fn because(&self, reason: &str) -> String {
        format!("Grund: {reason}")
    }

    fn approval_needed(&self, who: &str, deletion: Deletion) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!("Freigabe erbeten: {who} möchte {records}{for_good} löschen")
    }

    fn asks_to_delete(&self, who: &str, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!(
            "{who} möchte {records}{for_good} löschen {described}. So viele auf einmal brauchen die Freigabe eines \
             zweiten Admins."
        )
    }

    fn nothing_deleted_yet(&self) -> &'static str {
        "Es wurde noch nichts gelöscht."
    }

    fn decide_until(&self, until: DateTime<Utc>) -> String {
        format!(
            "Sie können bis zum {} entscheiden. Ohne Entscheidung verfällt die Anfrage, und es wird nichts \
             gelöscht.",
            self.moment(until)
        )
    }

    fn checked_again(&self, fate: Fate) -> &'static str {
        match fate {
            Fate::Purged => {
                "Nach der Freigabe wird jeder Datensatz erneut geprüft: Was inzwischen wiederhergestellt wurde, \
                 bleibt."
            }
            Fate::Binned { on_blocked: OnBlocked::Skip, .. } => {
                "Nach der Freigabe wird jeder Datensatz erneut geprüft: Womit ein Deal, eine Rechnung, ein \
                 Projekt oder eine Zeiterfassung verknüpft ist, das bleibt. Wie viele das sind, zeigt sich dann."
            }
            Fate::Binned { on_blocked: OnBlocked::Abort, .. } => {
                "Nach der Freigabe wird jeder Datensatz erneut geprüft: Ist auch nur mit einem davon ein Deal, \
                 eine Rechnung, ein Projekt oder eine Zeiterfassung verknüpft, wird nichts gelöscht."
            }
            Fate::Binned { on_blocked: OnBlocked::Deactivate, .. } => {
                "Nach der Freigabe wird jeder Datensatz erneut geprüft: Womit ein Deal, eine Rechnung, ein \
                 Projekt oder eine Zeiterfassung verknüpft ist, das wird stattdessen deaktiviert. Wie viele das \
                 sind, zeigt sich dann."
            }
        }
    }

    fn frozen_and_restorable(&self, fate: Fate) -> String {
        let Fate::Binned { days, .. } = fate else {
            return "Nur diese Datensätze sind betroffen, nicht was inzwischen in den Papierkorb kommt. Was \
                endgültig gelöscht wird, lässt sich nicht zurückholen."
                .to_owned();
        };
        let (n, days) = (self.number(days), pick(days, "Tag", "Tage"));
        format!(
            "Nur diese Datensätze sind betroffen, nicht was inzwischen hinzukommt. Was gelöscht wird, lässt \
             sich {n} {days} lang zurückholen."
        )
    }

    fn to_see_the_records(&self) -> &'static str {
        "Um die Datensätze anzusehen:"
    }

    fn to_approve(&self) -> &'static str {
        "Um freizugeben:"
    }

    fn to_reject(&self) -> &'static str {
        "Um abzulehnen, auf Wunsch mit einem Grund:"
    }

    fn answer_briefly(&self, verdict: &Verdict, deletion: Deletion) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        let (are, stay) = pick(deletion.records, ("wird", "bleibt"), ("werden", "bleiben"));
        match verdict {
            Verdict::Approved { by, .. } => format!("{by} hat freigegeben: {records} {are}{for_good} gelöscht"),
            Verdict::Rejected { by, .. } => format!("{by} hat abgelehnt: {records} {stay}"),
            Verdict::Lapsed { .. } => format!("Niemand hat rechtzeitig entschieden: {records} {stay}"),
        }
    }

    fn answer(&self, verdict: &Verdict, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        let (Verdict::Approved { at, .. } | Verdict::Rejected { at, .. } | Verdict::Lapsed { at }) = verdict;
        let at = self.moment(*at);
        match verdict {
            Verdict::Approved { by, .. } => {
                format!("{by} hat Ihre Anfrage, {records}{for_good} zu löschen {described}, am {at} freigegeben.")
            }
            Verdict::Rejected { by, .. } => {
                format!("{by} hat Ihre Anfrage, {records}{for_good} zu löschen {described}, am {at} abgelehnt.")
            }
            Verdict::Lapsed { .. } => {
                format!(
                    "über Ihre Anfrage, {records}{for_good} zu löschen {described}, hat bis zum {at} niemand \
                 entschieden."
                )
            }
        }
    }

    fn has_begun(&self) -> &'static str {
        "Die Löschung hat begonnen."
    }

    fn nothing_was_deleted(&self) -> &'static str {
        "Es wurde nichts gelöscht."
    }

    fn next(&self, verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Approved { .. } => "Jeder Datensatz wird dabei erneut geprüft.",
            Verdict::Rejected { .. } => "Alle Datensätze sind, wie sie waren.",
            Verdict::Lapsed { .. } => {
                "Alle Datensätze sind, wie sie waren. Um erneut anzufragen, starten Sie die Aktion noch einmal."
            }
        }
    }

    fn reason_given(&self, who: &str, reason: &str) -> String {
        format!("Grund von {who}: {reason}")
    }

    fn to_follow(&self) -> &'static str {
        "Um zu verfolgen, wie weit sie ist:"
    }

    fn approved_by(&self, who: &str, at: DateTime<Utc>) -> String {
        format!("Freigegeben von {who} am {}.", self.moment(at))
    }

    fn leaving_briefly(&self, records: &str) -> String {
        format!("Bald endgültig aus dem Papierkorb: {records}")
    }

    fn leaving(&self, records: &str, until: DateTime<Utc>) -> String {
        format!("bis zum {} verlässt Folgendes den Papierkorb endgültig: {records}.", self.moment(until))
    }

    fn can_be_restored(&self) -> &'static str {
        "Was bleiben soll, lässt sich vorher wiederherstellen."
    }

    fn deleted_by(&self, who: &str, at: DateTime<Utc>, because: Option<&str>) -> String {
        let at = self.moment(at);
        match because {
            Some(because) => format!("gelöscht von {who} am {at} ({because})"),
            None => format!("gelöscht von {who} am {at}"),
        }
    }

    fn leave_from(&self, n: u64, at: DateTime<Utc>) -> String {
        let at = self.moment(at);
        pick(n, format!("verschwindet am {at}"), format!("verschwinden ab dem {at}"))
    }

    fn deletion(&self, id: &str) -> String {
        format!("Löschung {id}")
    }

    fn more_deletions(&self, n: u64) -> String {
        let deletions = pick(n, "weitere Löschung", "weitere Löschungen");
        format!("... und {} {deletions}.", self.number(n))
    }

    fn to_look_into_the_bin(&self) -> &'static str {
        "Um zu sehen, was eine davon gelöscht hat, hier die erste:"
    }

    fn to_restore(&self) -> &'static str {
        "Um all das wiederherzustellen:"
    }

    fn because_admin(&self) -> &'static str {
        "Sie erhalten diese E-Mail, weil Sie Admin dieses Kontos sind."
    }

    fn how_often(&self) -> &'static str {
        "Die Einstellung „digest“ (off, daily, weekly) legt fest, wie oft."
    }
}
