//! What a language must be able to say in mails to admins besides the report: approvals and the digest.

use chrono::{DateTime, Utc};

use crate::domain::entity::BinKind;
use crate::mail::approval::{Deletion, Fate, Verdict};
use crate::mail::report::Source;

/// Sentences end with their own punctuation, fragments with none. `who` is an admin's name.
pub(in crate::mail) trait NoticePhrases {
    /// "Hello Ann"
    fn greeting(&self, name: Option<&str>) -> String;
    /// "3,449 contacts"
    fn records(&self, kind: BinKind, n: u64) -> String;
    /// How the set was described: "segment \"Dutch contacts\""
    fn described(&self, source: &Source) -> String;
    /// "reason: GDPR clean-up 2026"
    fn because(&self, reason: &str) -> String;

    /// "Approval needed: Ann asks to delete 3,949 contacts"
    fn approval_needed(&self, who: &str, deletion: Deletion) -> String;
    /// "Ann asks to delete 3,949 contacts (...).", after a greeting; and why a second admin is needed.
    fn asks_to_delete(&self, who: &str, deletion: Deletion, described: &str) -> String;
    fn nothing_deleted_yet(&self) -> &'static str;
    fn decide_until(&self, until: DateTime<Utc>) -> String;
    /// That each record is checked again, what for, and what becomes of those that something is linked to.
    fn checked_again(&self, fate: Fate) -> &'static str;
    /// That later matches are not touched, and whether the rest can be taken back.
    fn frozen_and_restorable(&self, fate: Fate) -> String;
    fn to_see_the_records(&self) -> &'static str;
    fn to_approve(&self) -> &'static str;
    fn to_reject(&self) -> &'static str;

    /// "Bob approved: 3,949 contacts are being deleted"
    fn answer_briefly(&self, verdict: &Verdict, deletion: Deletion) -> String;
    /// Who decided what on which request, after a greeting.
    fn answer(&self, verdict: &Verdict, deletion: Deletion, described: &str) -> String;
    fn has_begun(&self) -> &'static str;
    fn nothing_was_deleted(&self) -> &'static str;
    /// What comes next.
    fn next(&self, verdict: &Verdict) -> &'static str;
    /// "Bob's reason: ..."
    fn reason_given(&self, who: &str, reason: &str) -> String;
    fn to_follow(&self) -> &'static str;
    /// "Approved by Bob on ...", within a report
    fn approved_by(&self, who: &str, at: DateTime<Utc>) -> String;

    /// "Leaving the recycle bin soon: 3,449 contacts, 12 companies"
    fn leaving_briefly(&self, records: &str) -> String;
    /// What leaves the bin until when, after a greeting.
    fn leaving(&self, records: &str, until: DateTime<Utc>) -> String;
    fn can_be_restored(&self) -> &'static str;
    /// "deleted by Ann on ... (reason: ...)"
    fn deleted_by(&self, who: &str, at: DateTime<Utc>, because: Option<&str>) -> String;
    /// "leave from ... on"
    fn leave_from(&self, n: u64, at: DateTime<Utc>) -> String;
    /// "deletion 0193...", as its id names it
    fn deletion(&self, id: &str) -> String;
    fn more_deletions(&self, n: u64) -> String;
    fn to_look_into_the_bin(&self) -> &'static str;
    fn to_restore(&self) -> &'static str;

    fn because_admin(&self) -> &'static str;
    fn how_often(&self) -> &'static str;
}
