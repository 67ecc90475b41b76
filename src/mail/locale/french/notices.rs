//! What mails to admins besides the report say in French.

use chrono::{DateTime, Utc};

use super::super::Phrases;
use super::super::notices::NoticePhrases;
use super::{French, noun, pick, record};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::mail::approval::{Deletion, Fate, Verdict};
use crate::mail::report::Source;

/// How the verb of a purge is qualified.
fn for_good(deletion: Deletion) -> &'static str {
    if deletion.fate == Fate::Purged { " définitivement" } else { "" }
}

impl NoticePhrases for French {
    fn greeting(&self, name: Option<&str>) -> String {
        match name {
            Some(name) => format!("Bonjour {name}"),
            None => "Bonjour".to_owned(),
        }
    }

    fn records(&self, kind: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), noun(n, &record(kind)))
    }

    fn described(&self, source: &Source) -> String {
        match source {
            Source::Segment(name) => return format!("segment « {name} »"),
            Source::List(_) => "une liste d’identifiants",
            Source::Rules => "selon des règles",
            Source::Deletion => "d’une même suppression",
            Source::Bin => "de la corbeille",
            Source::Retry => "restes d’une action précédente",
        }
        .to_owned()
    }

    fn because(&self, reason: &str) -> String {
        format!("motif : {reason}")
    }

    fn approval_needed(&self, who: &str, deletion: Deletion) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!("Approbation demandée : {who} souhaite supprimer{for_good} {records}")
    }

    fn asks_to_delete(&self, who: &str, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!(
            "{who} souhaite supprimer{for_good} {records} {described}. Pour autant à la fois, il faut l’accord d’un \
             deuxième administrateur."
        )
    }

    fn nothing_deleted_yet(&self) -> &'static str {
        "Rien n’a encore été supprimé."
    }

    fn decide_until(&self, until: DateTime<Utc>) -> String {
        format!(
            "Vous pouvez décider jusqu’au {}. Sans décision d’ici là, la demande expire et rien n’est \
             supprimé.",
            self.moment(until)
        )
    }

    fn checked_again(&self, fate: Fate) -> &'static str {
        match fate {
            Fate::Purged => {
                "Après approbation, chaque fiche est vérifiée à nouveau : celles qui ont été restaurées \
                 entre-temps restent."
            }
            Fate::Binned { on_blocked: OnBlocked::Skip, .. } => {
                "Après approbation, chaque fiche est vérifiée à nouveau : celles auxquelles un deal, une \
                 facture, un projet ou un suivi de temps est lié sont conservées. On saura alors combien."
            }
            Fate::Binned { on_blocked: OnBlocked::Abort, .. } => {
                "Après approbation, chaque fiche est vérifiée à nouveau : si un deal, une facture, un projet ou \
                 un suivi de temps est lié à une seule d’entre elles, rien n’est supprimé."
            }
            Fate::Binned { on_blocked: OnBlocked::Deactivate, .. } => {
                "Après approbation, chaque fiche est vérifiée à nouveau : celles auxquelles un deal, une \
                 facture, un projet ou un suivi de temps est lié sont désactivées à la place. On saura alors \
                 combien."
            }
        }
    }

    fn frozen_and_restorable(&self, fate: Fate) -> String {
        let Fate::Binned { days, .. } = fate else {
            return "Seules ces fiches sont concernées, pas celles qui rejoindraient la corbeille entre-temps. \
                Ce qui est supprimé définitivement ne peut pas être récupéré."
                .to_owned();
        };
        let (n, days) = (self.number(days), pick(days, "jour", "jours"));
        format!(
            "Seules ces fiches sont concernées, pas celles qui s’y ajouteraient entre-temps. Ce qui est \
             supprimé peut être récupéré pendant {n} {days}."
        )
    }

    fn to_see_the_records(&self) -> &'static str {
        "Pour voir les fiches :"
    }

    fn to_approve(&self) -> &'static str {
        "Pour approuver :"
    }

    fn to_reject(&self) -> &'static str {
        "Pour refuser, avec un motif si vous le souhaitez :"
    }

    fn answer_briefly(&self, verdict: &Verdict, deletion: Deletion) -> String {
        let records = self.records(deletion.kind, deletion.records);
        let for_good = if deletion.fate == Fate::Purged { " définitive" } else { "" };
        let (are, stay) = pick(deletion.records, ("est", "reste"), ("sont", "restent"));
        match verdict {
            Verdict::Approved { by, .. } => {
                format!("{by} a approuvé : {records} {are} en cours de suppression{for_good}")
            }
            Verdict::Rejected { by, .. } => format!("{by} a refusé : {records} {stay}"),
            Verdict::Lapsed { .. } => format!("Personne n’a décidé à temps : {records} {stay}"),
        }
    }

    fn answer(&self, verdict: &Verdict, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        let (Verdict::Approved { at, .. } | Verdict::Rejected { at, .. } | Verdict::Lapsed { at }) = verdict;
        let at = self.moment(*at);
        match verdict {
            Verdict::Approved { by, .. } => {
                format!("{by} a approuvé le {at} votre demande de supprimer{for_good} {records} {described}.")
            }
            Verdict::Rejected { by, .. } => {
                format!("{by} a refusé le {at} votre demande de supprimer{for_good} {records} {described}.")
            }
            Verdict::Lapsed { .. } => {
                format!(
                    "personne ne s’est prononcé avant le {at} sur votre demande de supprimer{for_good} {records} \
                 {described}."
                )
            }
        }
    }

    fn has_begun(&self) -> &'static str {
        "La suppression a commencé."
    }

    fn nothing_was_deleted(&self) -> &'static str {
        "Rien n’a été supprimé."
    }

    fn next(&self, verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Approved { .. } => "Chaque fiche est vérifiée à nouveau à son tour.",
            Verdict::Rejected { .. } => "Toutes les fiches sont comme avant.",
            Verdict::Lapsed { .. } => "Toutes les fiches sont comme avant. Pour redemander, relancez l’action.",
        }
    }

    fn reason_given(&self, who: &str, reason: &str) -> String {
        format!("Motif donné par {who} : {reason}")
    }

    fn to_follow(&self) -> &'static str {
        "Pour suivre l’avancement :"
    }

    fn approved_by(&self, who: &str, at: DateTime<Utc>) -> String {
        format!("Action approuvée par {who} le {}.", self.moment(at))
    }

    fn leaving_briefly(&self, records: &str) -> String {
        format!("Bientôt hors de la corbeille : {records}")
    }

    fn leaving(&self, records: &str, until: DateTime<Utc>) -> String {
        format!("d’ici au {}, ceci quitte définitivement la corbeille : {records}.", self.moment(until))
    }

    fn can_be_restored(&self) -> &'static str {
        "Ce qui doit rester peut être restauré tant qu’il s’y trouve."
    }

    fn deleted_by(&self, who: &str, at: DateTime<Utc>, because: Option<&str>) -> String {
        let at = self.moment(at);
        match because {
            Some(because) => format!("suppression par {who} le {at} ({because})"),
            None => format!("suppression par {who} le {at}"),
        }
    }

    fn leave_from(&self, n: u64, at: DateTime<Utc>) -> String {
        let at = self.moment(at);
        pick(n, format!("disparaît le {at}"), format!("disparaissent à partir du {at}"))
    }

    fn deletion(&self, id: &str) -> String {
        format!("identifiant {id}")
    }

    fn more_deletions(&self, n: u64) -> String {
        let deletions = pick(n, "autre suppression", "autres suppressions");
        format!("... et {} {deletions}.", self.number(n))
    }

    fn to_look_into_the_bin(&self) -> &'static str {
        "Pour voir ce que l’une d’elles a supprimé, ici la première :"
    }

    fn to_restore(&self) -> &'static str {
        "Pour tout en restaurer :"
    }

    fn because_admin(&self) -> &'static str {
        "Vous recevez cet e-mail car vous êtes administrateur de ce compte."
    }

    fn how_often(&self) -> &'static str {
        "Le réglage « digest » (off, daily, weekly) en fixe la fréquence."
    }
}
