//! The languages a mail can speak: each says the same facts with its own plurals, numbers and
//! dates. Templates lay out; every word is here.

mod dutch;
mod english;
mod french;
mod german;
mod notices;

use chrono::{DateTime, Datelike, Utc};

use self::notices::NoticePhrases;
use super::report::{Effect, Ending, Operation, Report};
use crate::domain::bulk_action::OnBlocked;
use crate::domain::entity::BinKind;
use crate::domain::link_catalogue::{LinkRole, LinkedKind};

/// A language mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Dutch,
    French,
    German,
}

impl Language {
    /// From a BCP 47 tag such as `nl-BE`, of which the language alone counts. Without one, or with
    /// one that is not spoken here: English.
    pub fn from_locale(locale: Option<&str>) -> Self {
        let language = locale.and_then(|tag| tag.split(['-', '_']).next()).unwrap_or_default().to_ascii_lowercase();
        match language.as_str() {
            "nl" => Self::Dutch,
            "fr" => Self::French,
            "de" => Self::German,
            _ => Self::English,
        }
    }

    pub(super) fn phrases(self) -> &'static dyn Phrases {
        match self {
            Self::English => &english::English,
            Self::Dutch => &dutch::Dutch,
            Self::French => &french::French,
            Self::German => &german::German,
        }
    }
}

/// What a language must be able to say. Counts are never negative; a headline ends with its own
/// punctuation.
pub(super) trait Phrases: NoticePhrases {
    /// The language for `<html lang>`.
    fn tag(&self) -> &'static str;
    fn number(&self, n: u64) -> String;
    /// Day and minute in UTC.
    fn moment(&self, at: DateTime<Utc>) -> String;

    /// "3,449 of 3,949 contacts deleted"
    fn progress(&self, effect: Effect, kind: BinKind, done: u64, matched: u64) -> String;
    /// "500 deactivated", after a progress
    fn also_briefly(&self, effect: Effect, kind: BinKind, n: u64) -> String;
    /// "500 kept", after a progress
    fn kept_briefly(&self, kind: BinKind, n: u64) -> String;
    /// "9 in conflict", after a progress
    fn in_conflict_briefly(&self, n: u64) -> String;
    /// "Bulk delete failed: ", before a progress; empty when it completed
    fn unfinished(&self, operation: Operation, ending: Ending) -> String;
    /// "Nothing deleted: linked records on 500 of 3,949 contacts"
    fn nothing_deleted(&self, kind: BinKind, blocked: u64, matched: u64) -> String;

    /// Greeting, what was asked for, how and when it ended.
    fn opening(&self, report: &Report) -> String;
    fn done(&self, effect: Effect, kind: BinKind, n: u64) -> String;
    /// Of the undo of a delete: what it had deactivated instead is active again.
    fn reactivated_too(&self, n: u64) -> String;
    /// Why not all was done, and, when something was, that it stays so; empty when it completed.
    fn why_unfinished(&self, ending: Ending, something_done: bool) -> &'static str;
    /// Before the list of tags that were added or removed.
    fn tags(&self) -> &'static str;
    fn can_take_back(&self, n: u64, until: DateTime<Utc>) -> String;
    fn to_undo(&self) -> &'static str;

    /// That linked records were not deleted, and what became of them; what links them comes next.
    fn linked(&self, on_blocked: OnBlocked, kind: BinKind, n: u64) -> String;
    /// "212 by deals"
    fn kept_by(&self, kind: LinkedKind, n: u64) -> String;
    fn record_can_have_several(&self) -> &'static str;
    fn in_conflict(&self, operation: Operation, kind: BinKind, n: u64) -> String;
    /// "customer of 2 deals"
    fn linked_as(&self, kind: LinkedKind, role: LinkRole, n: u64) -> String;
    /// "and 3 more", within a list of titles
    fn and_more(&self, n: u64) -> String;
    /// "the external id is now that of Jan Peeters"
    fn external_id_taken_by(&self, name: &str) -> String;
    /// Why a record did not get the tags.
    fn too_many_tags(&self) -> &'static str;
    fn more_in_attachment(&self, n: u64) -> String;
    fn all_in_attachment(&self) -> &'static str;
    fn too_long_to_attach(&self) -> &'static str;

    fn gone(&self, operation: Operation, n: u64) -> String;
    fn changed(&self, operation: Operation, n: u64) -> String;
    fn unchanged(&self, operation: Operation, n: u64) -> String;
    fn not_processed(&self, n: u64) -> String;

    fn what_now(&self) -> &'static str;
    /// What can be done about linked records.
    fn after_linked(&self, on_blocked: OnBlocked) -> &'static str;
    fn to_retry(&self) -> &'static str;
    fn after_conflict(&self, operation: Operation) -> &'static str;
    /// Members change tags too, all else is for admins.
    fn why_you(&self, operation: Operation) -> &'static str;
    fn action(&self) -> &'static str;
}

/// A noun in its singular and plural.
struct Noun {
    one: &'static str,
    many: &'static str,
}

impl Noun {
    /// Singular for exactly one, as in English, Dutch and German.
    fn for_count(&self, n: u64) -> &'static str {
        pick(n, self.one, self.many)
    }
}

fn pick<T>(n: u64, one: T, many: T) -> T {
    if n == 1 { one } else { many }
}

/// Digits in groups of three: `group_digits(3449, ".")` is "3.449".
fn group_digits(n: u64, separator: &str) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push_str(separator);
        }
        grouped.push(digit);
    }
    grouped
}

fn month_name<'a>(names: &[&'a str; 12], at: DateTime<Utc>) -> &'a str {
    names[at.month0() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    const ALL: [Language; 4] = [Language::English, Language::Dutch, Language::French, Language::German];

    fn in_all(say: impl Fn(&dyn Phrases) -> String) -> [String; 4] {
        ALL.map(|language| say(language.phrases()))
    }

    #[test]
    fn the_language_part_of_a_locale_decides() {
        for (locale, language) in [
            (Some("nl-BE"), Language::Dutch),
            (Some("NL"), Language::Dutch),
            (Some("fr_FR"), Language::French),
            (Some("de-AT-1996"), Language::German),
            (Some("en-GB"), Language::English),
            (Some("nld"), Language::English),
            (Some("pt"), Language::English),
            (Some(""), Language::English),
            (None, Language::English),
        ] {
            assert_eq!(Language::from_locale(locale), language, "{locale:?}");
        }
    }

    #[test]
    fn numbers_are_grouped_as_the_language_does() {
        assert_eq!(
            in_all(|say| say.number(1_003_449)),
            ["1,003,449", "1.003.449", "1\u{202f}003\u{202f}449", "1.003.449"]
        );
        assert_eq!(in_all(|say| say.number(0)), ["0"; 4]);
        assert_eq!(in_all(|say| say.number(999)), ["999"; 4]);
    }

    #[test]
    fn moments_are_written_as_the_language_does() {
        let at = Utc.with_ymd_and_hms(2026, 11, 24, 9, 14, 59).unwrap();
        assert_eq!(
            in_all(|say| say.moment(at)),
            [
                "24 November 2026, 09:14 UTC",
                "24 november 2026 om 09:14 UTC",
                "24 novembre 2026 à 09:14 UTC",
                "24. November 2026 um 09:14 UTC",
            ]
        );
        let first = Utc.with_ymd_and_hms(2027, 3, 1, 0, 0, 0).unwrap();
        assert_eq!(
            in_all(|say| say.moment(first)),
            [
                "1 March 2027, 00:00 UTC",
                "1 maart 2027 om 00:00 UTC",
                "1er mars 2027 à 00:00 UTC",
                "1. März 2027 um 00:00 UTC",
            ]
        );
    }

    #[test]
    fn progress_agrees_in_number_gender_and_case() {
        use BinKind::{Company, Contact};
        use Effect::{Deactivated, Deleted, Reactivated, Restored};
        assert_eq!(
            in_all(|say| say.progress(Deleted, Contact, 3449, 3949)),
            [
                "3,449 of 3,949 contacts deleted",
                "3.449 van 3.949 contacten verwijderd",
                "3\u{202f}449 contacts sur 3\u{202f}949 supprimés",
                "3.449 von 3.949 Kontakten gelöscht",
            ]
        );
        assert_eq!(
            in_all(|say| say.progress(Deleted, Company, 1, 1)),
            ["1 company deleted", "1 bedrijf verwijderd", "1 entreprise supprimée", "1 Unternehmen gelöscht",]
        );
        assert_eq!(
            in_all(|say| say.progress(Restored, Contact, 2, 2)),
            ["2 contacts restored", "2 contacten hersteld", "2 contacts restaurés", "2 Kontakte wiederhergestellt",]
        );
        assert_eq!(
            in_all(|say| say.progress(Deactivated, Company, 2, 3)),
            [
                "2 of 3 companies deactivated",
                "2 van 3 bedrijven gedeactiveerd",
                "2 entreprises sur 3 désactivées",
                "2 von 3 Unternehmen deaktiviert",
            ]
        );
        assert_eq!(
            in_all(|say| say.also_briefly(Reactivated, Contact, 2)),
            ["2 reactivated", "2 opnieuw geactiveerd", "2 réactivés", "2 reaktiviert"]
        );
        assert_eq!(
            in_all(|say| say.progress(Deleted, Company, 0, 0)),
            [
                "No companies deleted",
                "Geen bedrijven verwijderd",
                "Aucune entreprise supprimée",
                "Keine Unternehmen gelöscht",
            ]
        );
        assert_eq!(
            in_all(|say| say.progress(Deleted, Company, 0, 2)),
            [
                "0 of 2 companies deleted",
                "0 van 2 bedrijven verwijderd",
                "0 entreprise sur 2 supprimée",
                "0 von 2 Unternehmen gelöscht",
            ]
        );
    }

    #[test]
    fn purges_and_tags_agree_too() {
        use BinKind::{Company, Contact};
        use Effect::{Purged, Tagged, Untagged};
        assert_eq!(
            in_all(|say| say.progress(Purged, Company, 2, 3)),
            [
                "2 of 3 companies deleted for good",
                "2 van 3 bedrijven definitief verwijderd",
                "2 entreprises sur 3 supprimées définitivement",
                "2 von 3 Unternehmen endgültig gelöscht",
            ]
        );
        assert_eq!(
            in_all(|say| say.progress(Tagged, Contact, 2, 2)),
            ["2 contacts tagged", "2 contacten getagd", "2 contacts étiquetés", "2 Kontakte mit Tags versehen"]
        );
        assert_eq!(
            in_all(|say| say.progress(Untagged, Company, 2, 2)),
            [
                "2 companies untagged",
                "2 bedrijven ontdaan van tags",
                "2 entreprises délestées d’étiquettes",
                "2 Unternehmen von Tags befreit",
            ]
        );
    }

    #[test]
    fn links_name_role_and_kind() {
        use LinkRole::{AttentionOf, Customer, Subject};
        assert_eq!(
            in_all(|say| say.linked_as(LinkedKind::Deal, Customer, 2)),
            ["customer of 2 deals", "klant van 2 deals", "client de 2 deals", "Kunde von 2 Deals"]
        );
        assert_eq!(
            in_all(|say| say.linked_as(LinkedKind::Project, Customer, 2)),
            ["customer of 2 projects", "klant van 2 projecten", "client de 2 projets", "Kunde von 2 Projekten",]
        );
        assert_eq!(
            in_all(|say| say.linked_as(LinkedKind::Invoice, AttentionOf, 1)),
            [
                "attention of 1 invoice",
                "t.a.v. op 1 factuur",
                "« à l’attention de » sur 1 facture",
                "zu Händen auf 1 Rechnung",
            ]
        );
        assert_eq!(
            in_all(|say| say.linked_as(LinkedKind::TimeTracking, Subject, 1)),
            [
                "subject of 1 time tracking",
                "onderwerp van 1 tijdsregistratie",
                "objet de 1 suivi de temps",
                "Gegenstand von 1 Zeiterfassung",
            ]
        );
    }
}
