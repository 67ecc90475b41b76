//! What mails say in French.

mod notices;
mod words;

use chrono::{DateTime, Datelike, Utc};

use self::words::{
    MONTHS, NARROW_NO_BREAK_SPACE, done_word, linked, masculine_done_word, noun, of_many, operation_name, pick,
    pick_gender, record,
};
use super::notices::NoticePhrases;
use super::{Phrases, group_digits, month_name};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};
use crate::mail::report::{Effect, Ending, Operation, Report, Source};

pub(super) struct French;

impl French {
    fn asked_for(&self, report: &Report) -> String {
        let of_many = of_many(report.kind);
        let operation = operation_name(report.operation);
        if let Operation::Undo(_) = report.operation {
            return format!("l’annulation de votre {operation} {of_many}");
        }
        match &report.source {
            Source::Segment(name) => format!("votre {operation} {of_many} du segment « {name} »"),
            Source::List(n) => {
                let records = noun(*n, &record(report.kind));
                format!("votre {operation} d’une liste de {} {records}", self.number(*n))
            }
            Source::Rules => format!("votre {operation} {of_many} selon vos règles"),
            Source::Deletion => format!("votre {operation} {of_many} d’une même suppression"),
            Source::Bin => format!("votre {operation} {of_many} de la corbeille"),
            Source::Retry => format!("votre nouvelle tentative de {operation} {of_many}"),
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

    fn progress(&self, effect: Effect, kind: BinKind, done: u64, matched: u64) -> String {
        let records = noun(done, &record(kind));
        let verb = done_word(effect, kind, done);
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

    fn also_briefly(&self, effect: Effect, kind: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), done_word(effect, kind, n))
    }

    fn unfinished(&self, operation: Operation, ending: Ending) -> String {
        let name = operation_name(operation);
        match (ending, operation) {
            (Ending::Completed | Ending::Aborted, _) => String::new(),
            (Ending::Cancelled, Operation::Undo(_)) => "Annulation interrompue : ".to_owned(),
            (Ending::Cancelled, _) => format!("Interruption de la {name} : "),
            (Ending::Failed, Operation::Undo(_)) => "Échec de l’annulation : ".to_owned(),
            (Ending::Failed, _) => format!("Échec de la {name} : "),
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
        let greeting = self.greeting(report.recipient_name.as_deref());
        let reason = match &report.reason {
            Some(reason) => format!(" (motif : {reason})"),
            None => String::new(),
        };
        let ended = match report.ending {
            Ending::Completed => "s’est terminée le",
            Ending::Aborted => "s’est arrêtée sans rien supprimer le",
            Ending::Cancelled => "a été interrompue le",
            Ending::Failed => "a échoué le",
        };
        let asked_for = self.asked_for(report);
        let moment = self.moment(report.finished_at);
        format!("{greeting}, {asked_for}{reason} {ended} {moment}.")
    }

    fn done(&self, effect: Effect, kind: BinKind, n: u64) -> String {
        if n == 0 {
            return format!("Rien n’a été {}.", masculine_done_word(effect));
        }
        let records = noun(n, &record(kind));
        let done = done_word(effect, kind, n);
        let were = pick(n, "a été", "ont été");
        let moved = format!("déplacé{}{}", pick_gender(kind, "", "e"), pick(n, "", "s"));
        let n = self.number(n);
        match effect {
            Effect::Deleted => format!("{n} {records} {were} {moved} vers la corbeille."),
            Effect::Restored => format!("{n} {records} {were} {done}, avec étiquettes, liens et champs."),
            _ => format!("{n} {records} {were} {done}."),
        }
    }

    fn reactivated_too(&self, n: u64) -> String {
        let are = pick(n, "est", "sont");
        let (fiches, deactivated) = pick(n, ("fiche", "désactivée"), ("fiches", "désactivées"));
        let active = pick(n, "active", "actives");
        format!("{} {fiches} simplement {deactivated} {are} de nouveau {active}.", self.number(n))
    }

    fn why_unfinished(&self, ending: Ending, something_done: bool) -> &'static str {
        match (ending, something_done) {
            (Ending::Completed, _) | (Ending::Cancelled, false) => "",
            (Ending::Aborted, _) => {
                "Vous aviez demandé de supprimer tout ou rien, et tout ne peut pas être supprimé : rien n’a changé."
            }
            (Ending::Cancelled, true) => "Ce qui a été fait avant l’interruption reste acquis.",
            (Ending::Failed, true) => {
                "L’action a été abandonnée après plusieurs essais ; ce qui était fait reste acquis."
            }
            (Ending::Failed, false) => "L’action a été abandonnée après plusieurs essais.",
        }
    }

    fn tags(&self) -> &'static str {
        "Étiquettes :"
    }

    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String {
        let them = pick(n, "en annuler la suppression", "les récupérer");
        format!("Vous pouvez {them} jusqu’au {}.", self.moment(until))
    }

    fn to_undo(&self) -> &'static str {
        "Pour tout annuler :"
    }

    fn linked(&self, on_blocked: OnBlocked, kind: BinKind, n: u64) -> String {
        let records = noun(n, &record(kind));
        let (was, can) = pick(n, ("a été", "peut"), ("ont été", "peuvent"));
        let agreement = format!("{}{}", pick_gender(kind, "", "e"), pick(n, "", "s"));
        let stayed = match on_blocked {
            OnBlocked::Skip => format!("{was} conservé{agreement}"),
            OnBlocked::Abort => format!("ne {can} pas être supprimé{agreement}"),
            OnBlocked::Deactivate => format!("{was} désactivé{agreement} au lieu d’être supprimé{agreement}"),
        };
        format!("{} {records} {stayed} car des éléments y sont liés :", self.number(n))
    }

    fn kept_by(&self, kind: LinkedKind, n: u64) -> String {
        format!("{} par des {}", self.number(n), linked(kind).many)
    }

    fn record_can_have_several(&self) -> &'static str {
        "(plusieurs liens sont possibles)"
    }

    fn in_conflict(&self, operation: Operation, kind: BinKind, n: u64) -> String {
        let records = noun(n, &record(kind));
        let was = pick(n, "n’a pas été", "n’ont pas été");
        if operation == Operation::AddTags {
            let tagged = done_word(Effect::Tagged, kind, n);
            return format!("{} {records} {was} {tagged} car 50 étiquettes sont un maximum :", self.number(n));
        }
        let restored = done_word(Effect::Restored, kind, n);
        let n = self.number(n);
        let why = if kind == BinKind::Deal {
            "l’identifiant externe du deal, du client ou de la personne de contact est pris, ou l’un d’eux n’existe plus"
        } else {
            "l’identifiant externe est pris"
        };
        format!("{n} {records} {was} {restored} car {why} :")
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
        format!("l’identifiant externe est désormais celui de {name}")
    }

    fn too_many_tags(&self) -> &'static str {
        "aurait plus de 50 étiquettes"
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
        let (existed, was, restored, had_gone) = pick(
            n,
            ("n’existait plus ou était", "n’était plus", "n’a pas pu être rétabli", "avait déjà disparu"),
            ("n’existaient plus ou étaient", "n’étaient plus", "n’ont pas pu être rétablis", "avaient déjà disparu"),
        );
        let n = self.number(n);
        match operation {
            Operation::Delete => format!("{n} {existed} déjà dans la corbeille."),
            Operation::Restore => format!("{n} {was} dans la corbeille : restauration impossible."),
            Operation::Purge => format!("{n} {had_gone} définitivement."),
            Operation::Deactivate | Operation::Reactivate | Operation::AddTags | Operation::RemoveTags => {
                format!("{n} {existed} dans la corbeille.")
            }
            Operation::Undo(_) => format!("{n} {restored} : suppression définitive ou intervenue entre-temps."),
        }
    }

    fn changed(&self, operation: Operation, n: u64) -> String {
        let (stayed, matches, was) = pick(
            n,
            ("avait été remis dans la corbeille entre-temps et y reste", "ne correspond", "reste inchangé"),
            ("avaient été remis dans la corbeille entre-temps et y restent", "ne correspondent", "restent inchangés"),
        );
        let restored = pick(
            n,
            "avait été rétabli ou de nouveau supprimé entre-temps et reste inchangé",
            "avaient été rétablis ou de nouveau supprimés entre-temps et restent inchangés",
        );
        let n = self.number(n);
        match operation {
            Operation::Restore | Operation::Undo(_) => format!("{n} {stayed}."),
            Operation::Purge => format!("{n} {restored}."),
            _ => {
                format!("{n} {matches} plus aux règles de la simulation et {was}.")
            }
        }
    }

    fn unchanged(&self, operation: Operation, n: u64) -> String {
        let digits = self.number(n);
        let (was, was_not) = pick(n, ("était", "n’était pas"), ("étaient", "n’étaient pas"));
        match operation {
            Operation::Delete => {
                let linked = pick(n, "a des liens et était déjà désactivé", "ont des liens et étaient déjà désactivés");
                format!("{digits} {linked}.")
            }
            Operation::Restore => format!("{digits} {was_not} dans la corbeille : rien à restaurer."),
            Operation::Deactivate => format!("{digits} {was} déjà {}.", pick(n, "désactivé", "désactivés")),
            Operation::Reactivate => format!("{digits} {was} déjà {}.", pick(n, "actif", "actifs")),
            Operation::AddTags => format!("{digits} {} déjà toutes les étiquettes.", pick(n, "avait", "avaient")),
            Operation::RemoveTags => format!("{digits} {} aucune des étiquettes.", pick(n, "n’avait", "n’avaient")),
            Operation::Purge => format!("{digits} {was} déjà {}.", pick(n, "supprimé", "supprimés")),
            Operation::Undo(_) => format!("{digits} {was} déjà {}.", pick(n, "rétabli", "rétablis")),
        }
    }

    fn not_processed(&self, n: u64) -> String {
        let was = pick(n, "n’a pas été traité", "n’ont pas été traités");
        format!("{} {was}.", self.number(n))
    }

    fn what_now(&self) -> &'static str {
        "Et maintenant :"
    }

    fn after_linked(&self, on_blocked: OnBlocked) -> &'static str {
        match on_blocked {
            OnBlocked::Skip => "supprimez ou réattribuez les liens et réessayez, ou désactivez plutôt ces fiches.",
            OnBlocked::Abort => {
                "supprimez ou réattribuez les liens et réessayez avec tout l’ensemble, ou supprimez avec \
                 \"on_blocked\": \"skip\" ou \"deactivate\"."
            }
            OnBlocked::Deactivate => {
                "pour supprimer aussi les fiches désactivées, supprimez ou réattribuez les liens, puis relancez \
                 la suppression."
            }
        }
    }

    fn to_retry(&self) -> &'static str {
        "Pour réessayer :"
    }

    fn after_conflict(&self, operation: Operation) -> &'static str {
        if operation == Operation::AddTags {
            return "retirez des étiquettes devenues inutiles, puis ajoutez les vôtres à nouveau.";
        }
        "changez l’identifiant externe de l’autre et relancez la restauration, ou restaurez avec \
         \"on_conflict\": \"drop_external_id\"."
    }

    fn why_you(&self, operation: Operation) -> &'static str {
        if matches!(operation, Operation::AddTags | Operation::RemoveTags) {
            return "Vous recevez cet e-mail car vous avez lancé l’action.";
        }
        "Vous recevez cet e-mail car vous avez lancé l’action en tant qu’administrateur de ce compte."
    }

    fn action(&self) -> &'static str {
        "Action"
    }
}
