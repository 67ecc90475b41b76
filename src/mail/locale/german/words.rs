//! What things are called in German.

use super::super::Noun;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::LinkedKind;
use crate::mail::report::{Effect, Operation, Undone};

pub(super) const MONTHS: [&str; 12] = [
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

pub(super) fn record(kind: BinKind) -> Noun {
    let (one, many) = match kind {
        BinKind::Contact => ("Kontakt", "Kontakte"),
        BinKind::Company => ("Unternehmen", "Unternehmen"),
        BinKind::Deal => ("Deal", "Deals"),
    };
    Noun { one, many }
}

/// The dative, which "von" takes: "3 von 4 Kontakten".
pub(super) fn record_after_von(kind: BinKind) -> Noun {
    match kind {
        BinKind::Contact => Noun { one: "Kontakt", many: "Kontakten" },
        BinKind::Company | BinKind::Deal => record(kind),
    }
}

pub(super) fn linked(kind: LinkedKind) -> Noun {
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
pub(super) fn linked_in_dative(kind: LinkedKind) -> Noun {
    match kind {
        LinkedKind::Project => Noun { one: "Projekt", many: "Projekten" },
        _ => linked(kind),
    }
}

pub(super) fn done_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Deleted => "gelöscht",
        Effect::Restored => "wiederhergestellt",
        Effect::Deactivated => "deaktiviert",
        Effect::Reactivated => "reaktiviert",
        Effect::Purged => "endgültig gelöscht",
        Effect::Tagged => "mit Tags versehen",
        Effect::Untagged => "von Tags befreit",
    }
}

/// What is done, or what an undo takes back; all feminine.
pub(super) fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Delete | Operation::Undo(Undone::Delete) => "Massenlöschung",
        Operation::Restore => "Wiederherstellung",
        Operation::Deactivate | Operation::Undo(Undone::Deactivate) => "Massendeaktivierung",
        Operation::Reactivate | Operation::Undo(Undone::Reactivate) => "Massenreaktivierung",
        Operation::Purge => "endgültige Löschung",
        Operation::AddTags => "Verschlagwortung",
        Operation::RemoveTags => "Tag-Entfernung",
    }
}
