//! What mails to admins besides the report say in Dutch.

use chrono::{DateTime, Utc};

use super::super::notices::NoticePhrases;
use super::super::{Phrases, pick};
use super::{Dutch, record};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::mail::approval::{Deletion, Fate, Verdict};
use crate::mail::report::Source;

/// How the verb of a purge is qualified.
fn for_good(deletion: Deletion) -> &'static str {
    if deletion.fate == Fate::Purged { " definitief" } else { "" }
}

impl NoticePhrases for Dutch {
    fn greeting(&self, name: Option<&str>) -> String {
        match name {
            Some(name) => format!("Hallo {name}"),
            None => "Hallo".to_owned(),
        }
    }

    fn records(&self, kind: BinKind, n: u64) -> String {
        format!("{} {}", self.number(n), record(kind).for_count(n))
    }

    fn described(&self, source: &Source) -> String {
        match source {
            Source::Segment(name) => return format!("segment \"{name}\""),
            Source::List(_) => "een lijst van ids",
            Source::Rules => "volgens regels",
            Source::Deletion => "uit één verwijdering",
            Source::Bin => "uit de prullenbak",
            Source::Retry => "overgebleven van een eerdere actie",
        }
        .to_owned()
    }

    fn because(&self, reason: &str) -> String {
        format!("reden: {reason}")
    }

    fn approval_needed(&self, who: &str, deletion: Deletion) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!("Goedkeuring gevraagd: {who} wil {records}{for_good} verwijderen")
    }

    fn asks_to_delete(&self, who: &str, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        format!(
            "{who} wil {records}{for_good} verwijderen {described}. Voor zoveel tegelijk is de goedkeuring van een \
             tweede beheerder nodig."
        )
    }

    fn nothing_deleted_yet(&self) -> &'static str {
        "Er is nog niets verwijderd."
    }

    fn decide_until(&self, until: DateTime<Utc>) -> String {
        format!(
            "Je kunt beslissen tot {}. Zonder beslissing vervalt de aanvraag en wordt er niets \
             verwijderd.",
            self.moment(until)
        )
    }

    fn checked_again(&self, fate: Fate) -> &'static str {
        match fate {
            Fate::Purged => "Na goedkeuring wordt elk record opnieuw gecontroleerd: wat intussen hersteld is, blijft.",
            Fate::Binned { on_blocked: OnBlocked::Skip, .. } => {
                "Na goedkeuring wordt elk record opnieuw gecontroleerd: waar een deal, factuur, project of \
                 tijdsregistratie aan gekoppeld is, dat blijft behouden. Hoeveel dat er zijn, blijkt dan."
            }
            Fate::Binned { on_blocked: OnBlocked::Abort, .. } => {
                "Na goedkeuring wordt elk record opnieuw gecontroleerd: is er aan één ervan een deal, factuur, \
                 project of tijdsregistratie gekoppeld, dan wordt er niets verwijderd."
            }
            Fate::Binned { on_blocked: OnBlocked::Deactivate, .. } => {
                "Na goedkeuring wordt elk record opnieuw gecontroleerd: waar een deal, factuur, project of \
                 tijdsregistratie aan gekoppeld is, dat wordt in plaats daarvan gedeactiveerd. Hoeveel dat er \
                 zijn, blijkt dan."
            }
        }
    }

    fn frozen_and_restorable(&self, fate: Fate) -> String {
        let Fate::Binned { days, .. } = fate else {
            return "Alleen deze records worden geraakt, niet wat er intussen in de prullenbak bijkomt. Wat \
                definitief verwijderd is, kan niet teruggehaald worden."
                .to_owned();
        };
        let (n, days) = (self.number(days), pick(days, "dag", "dagen"));
        format!(
            "Alleen deze records worden geraakt, niet wat er intussen bijkomt. Wat verwijderd is, kan {n} \
             {days} lang teruggehaald worden."
        )
    }

    fn to_see_the_records(&self) -> &'static str {
        "De records bekijken:"
    }

    fn to_approve(&self) -> &'static str {
        "Goedkeuren:"
    }

    fn to_reject(&self) -> &'static str {
        "Afwijzen, eventueel met een reden:"
    }

    fn answer_briefly(&self, verdict: &Verdict, deletion: Deletion) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        let (are, stay) = pick(deletion.records, ("wordt", "blijft"), ("worden", "blijven"));
        match verdict {
            Verdict::Approved { by, .. } => format!("{by} heeft goedgekeurd: {records} {are}{for_good} verwijderd"),
            Verdict::Rejected { by, .. } => format!("{by} heeft afgewezen: {records} {stay}"),
            Verdict::Lapsed { .. } => format!("Niemand besliste op tijd: {records} {stay}"),
        }
    }

    fn answer(&self, verdict: &Verdict, deletion: Deletion, described: &str) -> String {
        let (records, for_good) = (self.records(deletion.kind, deletion.records), for_good(deletion));
        let (Verdict::Approved { at, .. } | Verdict::Rejected { at, .. } | Verdict::Lapsed { at }) = verdict;
        let at = self.moment(*at);
        match verdict {
            Verdict::Approved { by, .. } => {
                format!(
                    "{by} heeft je aanvraag om {records}{for_good} te verwijderen {described} op {at} \
                    goedgekeurd."
                )
            }
            Verdict::Rejected { by, .. } => {
                format!("{by} heeft je aanvraag om {records}{for_good} te verwijderen {described} op {at} afgewezen.")
            }
            Verdict::Lapsed { .. } => {
                format!(
                    "niemand heeft tot {at} beslist over je aanvraag om {records}{for_good} te verwijderen \
                     {described}."
                )
            }
        }
    }

    fn has_begun(&self) -> &'static str {
        "Het verwijderen is begonnen."
    }

    fn nothing_was_deleted(&self) -> &'static str {
        "Er is niets verwijderd."
    }

    fn next(&self, verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Approved { .. } => "Elk record wordt op zijn beurt opnieuw gecontroleerd.",
            Verdict::Rejected { .. } => "Alle records zijn zoals ze waren.",
            Verdict::Lapsed { .. } => {
                "Alle records zijn zoals ze waren. Start de actie opnieuw om het nog eens te vragen."
            }
        }
    }

    fn reason_given(&self, who: &str, reason: &str) -> String {
        format!("Reden van {who}: {reason}")
    }

    fn to_follow(&self) -> &'static str {
        "Volgen hoe ver het is:"
    }

    fn approved_by(&self, who: &str, at: DateTime<Utc>) -> String {
        format!("Goedgekeurd door {who} op {}.", self.moment(at))
    }

    fn leaving_briefly(&self, records: &str) -> String {
        format!("Binnenkort uit de prullenbak: {records}")
    }

    fn leaving(&self, records: &str, until: DateTime<Utc>) -> String {
        format!("tot {} verdwijnt het volgende definitief uit de prullenbak: {records}.", self.moment(until))
    }

    fn can_be_restored(&self) -> &'static str {
        "Wat moet blijven, kan hersteld worden zolang het er nog is."
    }

    fn deleted_by(&self, who: &str, at: DateTime<Utc>, because: Option<&str>) -> String {
        let at = self.moment(at);
        match because {
            Some(because) => format!("verwijderd door {who} op {at} ({because})"),
            None => format!("verwijderd door {who} op {at}"),
        }
    }

    fn leave_from(&self, n: u64, at: DateTime<Utc>) -> String {
        let at = self.moment(at);
        pick(n, format!("verdwijnt op {at}"), format!("verdwijnen vanaf {at}"))
    }

    fn deletion(&self, id: &str) -> String {
        format!("verwijdering {id}")
    }

    fn more_deletions(&self, n: u64) -> String {
        let deletions = pick(n, "verwijdering", "verwijderingen");
        format!("... en nog {} {deletions}.", self.number(n))
    }

    fn to_look_into_the_bin(&self) -> &'static str {
        "Bekijken wat één ervan verwijderde, hier de eerste:"
    }

    fn to_restore(&self) -> &'static str {
        "Dat alles herstellen:"
    }

    fn because_admin(&self) -> &'static str {
        "Je krijgt deze mail omdat je beheerder van dit account bent."
    }

    fn how_often(&self) -> &'static str {
        "De instelling \"digest\" (off, daily, weekly) bepaalt hoe vaak."
    }
}
