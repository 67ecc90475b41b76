//! What things are called in French, and how words agree with them.

use super::super::Noun;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::LinkedKind;
use crate::mail::report::{Effect, Operation, Undone};

pub(super) const NARROW_NO_BREAK_SPACE: &str = "\u{202f}";

pub(super) const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

pub(super) fn record(kind: BinKind) -> Noun {
    let (one, many) = match kind {
        BinKind::Contact => ("contact", "contacts"),
        BinKind::Company => ("entreprise", "entreprises"),
        BinKind::Deal => ("deal", "deals"),
    };
    Noun { one, many }
}

/// "de contacts", "d’entreprises"
pub(super) fn of_many(kind: BinKind) -> &'static str {
    match kind {
        BinKind::Contact => "de contacts",
        BinKind::Company => "d’entreprises",
        BinKind::Deal => "de deals",
    }
}

pub(super) fn linked(kind: LinkedKind) -> Noun {
    let (one, many) = match kind {
        LinkedKind::Deal => ("deal", "deals"),
        LinkedKind::Invoice => ("facture", "factures"),
        LinkedKind::TimeTracking => ("suivi de temps", "suivis de temps"),
        LinkedKind::Project => ("projet", "projets"),
        LinkedKind::Ticket => ("ticket", "tickets"),
        LinkedKind::CompanyLink => ("lien d’entreprise", "liens d’entreprise"),
    };
    Noun { one, many }
}

/// French uses the singular for none as well as for one.
pub(super) fn pick<T>(n: u64, one: T, many: T) -> T {
    if n < 2 { one } else { many }
}

pub(super) fn noun(n: u64, noun: &Noun) -> &'static str {
    pick(n, noun.one, noun.many)
}

pub(super) fn done_word(effect: Effect, kind: BinKind, n: u64) -> String {
    let verb = masculine_done_word(effect);
    // What follows the participle does not agree.
    let (participle, rest) = verb.split_once(' ').map_or((verb, String::new()), |(p, rest)| (p, format!(" {rest}")));
    let feminine = pick_gender(kind, "", "e");
    format!("{participle}{feminine}{}{rest}", pick(n, "", "s"))
}

pub(super) fn pick_gender<T>(kind: BinKind, masculine: T, feminine: T) -> T {
    match kind {
        BinKind::Contact | BinKind::Deal => masculine,
        BinKind::Company => feminine,
    }
}

pub(super) fn masculine_done_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Deleted => "supprimé",
        Effect::Restored => "restauré",
        Effect::Deactivated => "désactivé",
        Effect::Reactivated => "réactivé",
        Effect::Purged => "supprimé définitivement",
        Effect::Tagged => "étiqueté",
        Effect::Untagged => "délesté d’étiquettes",
    }
}

/// What is done, or what an undo takes back; all feminine.
pub(super) fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Delete | Operation::Undo(Undone::Delete) => "suppression groupée",
        Operation::Restore => "restauration",
        Operation::Deactivate | Operation::Undo(Undone::Deactivate) => "désactivation groupée",
        Operation::Reactivate | Operation::Undo(Undone::Reactivate) => "réactivation groupée",
        Operation::Purge => "suppression définitive",
        Operation::AddTags => "campagne d’étiquetage",
        Operation::RemoveTags => "campagne de retrait d’étiquettes",
    }
}
