//! What mails say in French.

use chrono::{DateTime, Datelike, Utc};

use super::{Noun, Phrases, group_digits, month_name};
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Ending, Operation, Report, Source};

pub(super) struct French;

const NARROW_NO_BREAK_SPACE: &str = "\u{202f}";

const MONTHS: [&str; 12] = [
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

fn record(kind: BinKind) -> Noun {
    let (one, many) = match kind {
        BinKind::Contact => ("contact", "contacts"),
        BinKind::Company => ("entreprise", "entreprises"),
        BinKind::Deal => ("deal", "deals"),
    };
    Noun { one, many }
}

/// "de contacts", "d’entreprises"
fn of_many(kind: BinKind) -> &'static str {
    match kind {
        BinKind::Contact => "de contacts",
        BinKind::Company => "d’entreprises",
        BinKind::Deal => "de deals",
    }
}

fn linked(kind: LinkedKind) -> Noun {
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
fn pick<T>(n: u64, one: T, many: T) -> T {
    if n < 2 { one } else { many }
}

fn noun(n: u64, noun: &Noun) -> &'static str {
    pick(n, noun.one, noun.many)
}

fn done_word(operation: Operation, kind: BinKind, n: u64) -> String {
    let verb = match operation {
        Operation::Delete => "supprimé",
        Operation::Restore | Operation::Undo => "restauré",
    };
    let feminine = pick_gender(kind, "", "e");
    format!("{verb}{feminine}{}", pick(n, "", "s"))
}

fn pick_gender<T>(kind: BinKind, masculine: T, feminine: T) -> T {
    match kind {
        BinKind::Contact | BinKind::Deal => masculine,
        BinKind::Company => feminine,
    }
}

impl French {
    fn asked_for(&self, report: &Report) -> String {
        let of_many = of_many(report.kind);
        let operation = match report.operation {
            Operation::Delete => "votre suppression groupée",
            Operation::Restore => "votre restauration",
            Operation::Undo => {
                return format!("l’annulation de votre suppression groupée {of_many}");
            }
        };
        match &report.source {
            Source::Segment(name) => format!("{operation} {of_many} du segment « {name} »"),
            Source::List(n) => {
                let records = noun(*n, &record(report.kind));
                format!("{operation} d’une liste de {} {records}", self.number(*n))
            }
            Source::Rules => format!("{operation} {of_many} selon vos règles"),
            Source::Deletion => format!("{operation} {of_many} d’une même suppression"),
        }
    }
}

impl Phrases for French {
    fn tag(&self) -> &'static str {
        "fr"
    }

    fn number(&self, n: u64) -> String {
        group_digits(n, NARROW_NO_BREAK_SPACE)
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        let day = match at.day() {
            1 => "1er".to_owned(),
            day => day.to_string(),
        };
        let month = month_name(&MONTHS, at);
        format!("{day} {month} {}", at.format("%Y à %H:%M UTC"))
    }

    fn progress(&self, operation: Operation, kind: BinKind, done: u64, matched: u64) -> String {
        let records = noun(done, &record(kind));
        let verb = done_word(operation, kind, done);
        let (done_in_digits, matched_in_digits) = (self.number(done), self.number(matched));
        if matched == 0 {
            let none = pick_gender(kind, "Aucun", "Aucune");
            format!("{none} {records} {verb}")
        } else if done == matched {
            format!("{done_in_digits} {records} {verb}")
        } else {
            format!("{done_in_digits} {records} sur {matched_in_digits} {verb}")
        }
    }

    fn kept_briefly(&self, kind: BinKind, n: u64) -> String {
        let feminine = pick_gender(kind, "", "e");
        format!("{} conservé{feminine}{}", self.number(n), pick(n, "", "s"))
    }

    fn in_conflict_briefly(&self, n: u64) -> String {
        format!("{} en conflit", self.number(n))
    }

    fn unfinished(&self, operation: Operation, ending: Ending) -> &'static str {
        match (operation, ending) {
            (_, Ending::Completed | Ending::Aborted) => "",
            (Operation::Delete, Ending::Cancelled) => "Suppression groupée annulée : ",
            (Operation::Delete, Ending::Failed) => "Échec de la suppression groupée : ",
            (Operation::Restore, Ending::Cancelled) => "Restauration annulée : ",
            (Operation::Restore, Ending::Failed) => "Échec de la restauration : ",
            (Operation::Undo, Ending::Cancelled) => "Annulation interrompue : ",
            (Operation::Undo, Ending::Failed) => "Échec de l’annulation : ",
        }
    }

    fn nothing_deleted(&self, kind: BinKind, blocked: u64, matched: u64) -> String {
        format!(
            "Rien n’a été supprimé : des liens sur {} {} sur {}",
            self.number(blocked),
            noun(blocked, &record(kind)),
            self.number(matched)
        )
    }

    fn opening(&self, report: &Report) -> String {
        let greeting = match &report.recipient_name {
            Some(name) => format!("Bonjour {name}"),
            None => "Bonjour".to_owned(),
        };
        let reason = match &report.reason {
            Some(reason) => format!(" (motif : {reason})"),
            None => String::new(),
        };
        let ended = match report.ending {
            Ending::Completed => "s’est terminée le",
            Ending::Aborted => "s’est arrêtée sans rien supprimer le",
            Ending::Cancelled => "a été annulée le",
            Ending::Failed => "a échoué le",
        };
        let asked_for = self.asked_for(report);
        let moment = self.moment(report.finished_at);
        format!("{greeting}, {asked_for}{reason} {ended} {moment}.")
    }

    fn done(&self, operation: Operation, kind: BinKind, n: u64) -> String {
        match (operation, n) {
            (Operation::Delete, 0) => "Rien n’a été supprimé.".to_owned(),
            (_, 0) => "Rien n’a été restauré.".to_owned(),
            (Operation::Delete, _) => {
                let records = noun(n, &record(kind));
                let was = pick(n, "a été déplacé", "ont été déplacé");
                let feminine = pick_gender(kind, "", "e");
                let plural = pick(n, "", "s");
                let n = self.number(n);
                format!("{n} {records} {was}{feminine}{plural} vers la corbeille.")
            }
            (Operation::Restore | Operation::Undo, _) => {
                let records = noun(n, &record(kind));
                let restored = done_word(operation, kind, n);
                let were = pick(n, "a été", "ont été");
                let n = self.number(n);
                format!("{n} {records} {were} {restored}, avec étiquettes, liens et champs.")
            }
        }
    }

    fn why_unfinished(&self, ending: Ending) -> &'static str {
        match ending {
            Ending::Completed => "",
            Ending::Aborted => "Vous aviez demandé de supprimer tout ou rien, et tout ne peut pas être supprimé.",
            Ending::Cancelled => "Ce qui a été fait avant l’annulation reste acquis.",
            Ending::Failed => "L’action a été abandonnée après plusieurs essais ; ce qui était fait reste acquis.",
        }
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "en annuler la suppression", "les récupérer");
        format!("Vous pouvez {them} jusqu’au {}.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "Pour tout annuler :"
    }

    fn kept(&self, kind: BinKind, n: u64) -> String {
        let feminine = pick_gender(kind, "", "e");
        let records = noun(n, &record(kind));
        let was = pick(n, "a été conservé", "ont été conservé");
        let plural = pick(n, "", "s");
        let n = self.number(n);
        format!("{n} {records} {was}{feminine}{plural} car des éléments y sont liés :")
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} par des {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(plusieurs liens sont possibles)"
    }

    fn in_conflict(&self, kind: BinKind, n: u64) -> String {
        let records = noun(n, &record(kind));
        let was = pick(n, "n’a pas été", "n’ont pas été");
        let restored = done_word(Operation::Restore, kind, n);
        let n = self.number(n);
        format!("{n} {records} {was} {restored} car l’identifiant externe est pris :")
    }

    fn linked_as(&self, kind: LinkedKind, role: LinkRole, n: u64) -> String {
        let role = match role {
            LinkRole::Customer => "client de",
            LinkRole::ContactPerson => "personne de contact de",
            LinkRole::AttentionOf => "« à l’attention de » sur",
            LinkRole::Subject => "objet de",
            LinkRole::Member => "membre de",
        };
        format!("{role} {} {}", self.number(n), noun(n, &linked(kind)))
    }

    fn and_more(&self, n: u64) -> String {
        format!("et {} {}", self.number(n), pick(n, "autre", "autres"))
    }

    fn external_id_taken_by(&self, name: &str) -> String {
        format!("son identifiant externe est désormais celui de {name}")
    }

    fn more_in_attachment(&self, n: u64) -> String {
        let others = pick(n, "autre", "autres");
        format!("... et {} {others} : voir exceptions.csv en pièce jointe.", self.number(n))
    }

    fn all_in_attachment(&self) -> &'static str {
        "Le fichier exceptions.csv en pièce jointe contient les détails pour un tableur."
    }

    fn too_long_to_attach(&self) -> &'static str {
        "La liste complète est trop longue pour un e-mail. Pour la télécharger :"
    }

    fn gone(&self, operation: Operation, n: u64) -> String {
        let digits = self.number(n);
        match operation {
            Operation::Delete => {
                let was = pick(n, "n’existait plus ou était", "n’existaient plus ou étaient");
                format!("{digits} {was} déjà dans la corbeille.")
            }
            Operation::Restore | Operation::Undo => {
                let was = pick(n, "n’était plus", "n’étaient plus");
                format!("{digits} {was} dans la corbeille : restauration impossible.")
            }
        }
    }

    fn unchanged(&self, n: u64) -> String {
        let was = pick(n, "n’était pas", "n’étaient pas");
        format!("{} {was} dans la corbeille : rien à restaurer.", self.number(n))
    }

    fn not_processed(&self, n: u64) -> String {
        let was = pick(n, "n’a pas été traité", "n’ont pas été traités");
        format!("{} {was}.", self.number(n))
    }

    fn what_now(&self) -> &'static str {
        "Et maintenant :"
    }

    fn after_kept(&self) -> &'static str {
        "supprimez ou réattribuez les liens, puis relancez la suppression."
    }

    fn after_conflict(&self) -> &'static str {
        "changez l’identifiant externe de l’autre et relancez la restauration, ou restaurez avec \
         \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self) -> &'static str {
        "Vous recevez cet e-mail car vous avez lancé l’action en tant qu’administrateur de ce compte."
    }

    fn action(&self) -> &'static str {
        "Action"
    }
}
