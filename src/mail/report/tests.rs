//! Whole mails, held against what they must and must not say.

use super::*;
use crate::domain::blocker::BlockerSample;
use crate::domain::link_catalogue::LinkRole;

const ALL: [Language; 4] = [Language::English, Language::Dutch, Language::French, Language::German];

const HOSTILE: &str = "<script>alert(1)</script>\r\n\r\nBcc: everyone@example.com";

fn report() -> Report {
    Report {
        language: Language::English,
        recipient_name: Some("Ann".to_owned()),
        operation: Operation::Delete,
        kind: BinKind::Contact,
        source: Source::Segment("Dutch contacts".to_owned()),
        reason: Some("GDPR clean-up 2026".to_owned()),
        tags: Vec::new(),
        approved_by: None,
        ending: Ending::Completed,
        counts: Counts { matched: 3949, done: 3449, blocked: 500, ..Counts::default() },
        finished_at: "2026-11-24T09:14:07Z".parse().unwrap(),
        restorable_until: Some("2026-12-24T09:13:59Z".parse().unwrap()),
        kept_by: vec![
            (LinkedKind::Deal, 212),
            (LinkedKind::Invoice, 190),
            (LinkedKind::Project, 101),
            (LinkedKind::TimeTracking, 80),
        ],
        exceptions: vec![blocked("Jan Peeters")],
        exceptions_file: ExceptionsFile::Attached(b"csv".to_vec()),
        public_url: "https://crm.example.com/".to_owned(),
        action_id: Uuid::from_u128(12),
    }
}

fn blocked(name: &str) -> ExceptionFacts {
    let linked = |title: Option<&str>| BlockerSample { id: Uuid::from_u128(2), title: title.map(str::to_owned) };
    ExceptionFacts {
        record_id: Uuid::from_u128(1),
        name: Some(name.to_owned()),
        cause: Cause::Linked(vec![
            Blocker {
                kind: LinkedKind::Deal,
                role: LinkRole::Customer,
                count: 2,
                sample: vec![linked(Some("Offer 12")), linked(Some("Offer 40"))],
            },
            Blocker {
                kind: LinkedKind::Invoice,
                role: LinkRole::AttentionOf,
                count: 3,
                sample: vec![linked(Some("2026/77")), linked(None)],
            },
        ]),
    }
}

#[test]
fn the_text_says_it_all_in_english() {
    let mail = report().render();
    assert_eq!(mail.subject, "3,449 of 3,949 contacts deleted, 500 kept");
    assert_eq!(
        mail.text,
        "Hello Ann, your bulk delete of contacts from the segment \"Dutch contacts\" \
         (reason: GDPR clean-up 2026) finished on 24 November 2026, 09:14 UTC.\n\n\
         3,449 were moved to the recycle bin. You can take them back until \
         24 December 2026, 09:13 UTC.\nTo undo it all:\n\n    \
         curl -X POST https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/undo \
         -H \"Authorization: Bearer $TOKEN\"\n\n\
         500 were kept because something is linked to them: 212 by deals, 190 by invoices, \
         101 by projects, 80 by time trackings (a record can have several).\n\n\
         - Jan Peeters: customer of 2 deals (Offer 12, Offer 40); attention of 3 invoices \
         (2026/77, and 2 more)\n\
         ... and 499 more: see the attached exceptions.csv.\n\n\
         What now: remove or reassign the links and retry, or deactivate these records instead.\n\
         To retry:\n\n    \
         curl -X POST https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/retry \
         -H \"Authorization: Bearer $TOKEN\"\n\n--\n\
         You get this because you started the action as an admin of this account. \
         Action 00000000-0000-0000-0000-00000000000c.\n"
    );
    assert_eq!(mail.attachments[0].file_name, "exceptions.csv");
    assert_eq!(mail.attachments[0].bytes, b"csv");
}

#[test]
fn the_html_carries_the_same_facts_in_its_language() {
    let mut report = report();
    report.language = Language::German;
    let html = report.render().html;
    assert!(html.contains("<html lang=\"de\""));
    for fact in [
        "3.449 von 3.949 Kontakten gelöscht, 500 behalten",
        "bis zum 24. Dezember 2026 um 09:13 UTC",
        "212 durch Deals, 190 durch Rechnungen",
        "Kunde von 2 Deals (Offer 12, Offer 40)",
        "/bulk-actions/00000000-0000-0000-0000-00000000000c/undo",
    ] {
        assert!(html.contains(fact), "{fact} is missing");
    }
}

#[test]
fn what_users_typed_stays_text_on_one_line() {
    let mut report = report();
    report.recipient_name = Some(HOSTILE.to_owned());
    report.reason = Some(HOSTILE.to_owned());
    report.source = Source::Segment(HOSTILE.to_owned());
    let mut exception = blocked(HOSTILE);
    if let Cause::Linked(groups) = &mut exception.cause {
        groups[0].sample[0].title = Some(HOSTILE.to_owned());
    }
    report.exceptions = vec![exception];
    let mail = report.render();
    assert!(!mail.html.contains("<script"));
    assert_eq!(mail.html.matches("&#60;script&#62;").count(), 5);
    assert!(!mail.subject.contains("script"));
    assert_eq!(mail.text.matches("<script>").count(), 5);
    assert!(mail.text.lines().all(|line| !line.starts_with("Bcc")));
}

#[test]
fn subjects_say_how_it_ended() {
    let subject = |change: &dyn Fn(&mut Report)| {
        let mut report = report();
        change(&mut report);
        report.render().subject
    };
    let counts = |matched, done, blocked, conflict| Counts { matched, done, blocked, conflict, ..Counts::default() };
    assert_eq!(subject(&|r| r.counts = counts(1, 1, 0, 0)), "1 contact deleted");
    assert_eq!(subject(&|r| r.counts = counts(0, 0, 0, 0)), "No contacts deleted");
    assert_eq!(subject(&|r| r.ending = Ending::Aborted), "Nothing deleted: linked records on 500 of 3,949 contacts");
    assert_eq!(
        subject(&|r| r.ending = Ending::Failed),
        "Bulk delete failed: 3,449 of 3,949 contacts deleted, 500 kept"
    );
    assert_eq!(
        subject(&|r| {
            r.operation = Operation::Undo(Undone::Delete);
            r.counts = counts(9, 7, 0, 2);
        }),
        "7 of 9 contacts restored, 2 in conflict"
    );
}

#[test]
fn nothing_is_offered_that_cannot_be_done() {
    let mut report = report();
    report.restorable_until = None;
    report.ending = Ending::Aborted;
    report.counts.done = 0;
    let text = report.render().text;
    assert!(!text.contains("/undo") && !text.contains("take"), "{text}");
}

#[test]
fn a_deactivation_promises_no_bin() {
    let mut report = report();
    report.operation = Operation::Deactivate;
    report.restorable_until = None;
    report.counts = Counts { matched: 9, done: 7, gone: 1, unchanged: 1, ..Counts::default() };
    report.kept_by.clear();
    report.exceptions.clear();
    report.exceptions_file = ExceptionsFile::Empty;
    for language in ALL {
        report.language = language;
        let mail = report.clone().render();
        assert!(mail.text.contains("/undo") && !mail.text.contains("/retry"), "{}", mail.text);
    }
    report.language = Language::English;
    let mail = report.clone().render();
    assert_eq!(mail.subject, "7 of 9 contacts deactivated");
    assert!(mail.text.starts_with("Hello Ann, your bulk deactivation of contacts from the segment"), "{}", mail.text);
    for fact in ["7 were deactivated.\nTo undo it all:", "1 was deactivated already."] {
        assert!(mail.text.contains(fact), "{}", mail.text);
    }
    assert!(!mail.text.contains("until"), "{}", mail.text);
    report.operation = Operation::Undo(Undone::Deactivate);
    let mail = report.render();
    assert_eq!(mail.subject, "7 of 9 contacts reactivated");
    assert!(mail.text.contains("your undo of a bulk deactivation of contacts (reason:"), "{}", mail.text);
    assert!(!mail.text.contains("/undo"), "{}", mail.text);
}

#[test]
fn a_purge_promises_no_way_back() {
    let mut report = report();
    report.operation = Operation::Purge;
    report.source = Source::Bin;
    report.counts = Counts { matched: 9, done: 6, gone: 1, changed: 2, ..Counts::default() };
    report.kept_by.clear();
    report.exceptions.clear();
    for language in ALL {
        report.language = language;
        let mail = report.clone().render();
        assert!(!mail.text.contains("/undo") && !mail.text.contains("/retry"), "{}", mail.text);
        assert!(!mail.text.contains("2026-12") && !mail.text.contains("24 December"), "{}", mail.text);
    }
    report.language = Language::English;
    let mail = report.render();
    assert_eq!(mail.subject, "6 of 9 contacts deleted for good");
    for fact in [
        "your permanent deletion of contacts from the recycle bin (reason:",
        "6 were deleted for good.\n",
        "1 was gone for good already.",
        "2 had been restored, or deleted again since, and were left alone.",
    ] {
        assert!(mail.text.contains(fact), "{}", mail.text);
    }
}

#[test]
fn a_change_of_tags_names_them_and_who_could_take_no_more() {
    let mut report = report();
    report.operation = Operation::AddTags;
    report.tags = (1..=12).map(|n| format!("tag {n}\r\nBcc: x")).collect();
    report.counts = Counts { matched: 9, done: 6, conflict: 1, unchanged: 2, ..Counts::default() };
    report.kept_by.clear();
    report.exceptions[0].cause = Cause::TooManyTags;
    report.restorable_until = None;
    let mail = report.clone().render();
    assert_eq!(mail.subject, "6 of 9 contacts tagged, 1 in conflict");
    for fact in [
        "6 were tagged. Tags: tag 1 Bcc: x, tag 2 Bcc: x,",
        "tag 10 Bcc: x, and 2 more.",
        "1 was not tagged because a record can have no more than 50 tags:",
        "- Jan Peeters: would have more than 50 tags",
        "2 had all of the tags already.",
        "You get this because you started the action. Action",
    ] {
        assert!(mail.text.contains(fact), "{}", mail.text);
    }
    assert!(!mail.text.contains("admin") && !mail.text.contains("/undo"), "{}", mail.text);
    report.operation = Operation::RemoveTags;
    report.counts = Counts { matched: 3, done: 2, unchanged: 1, ..Counts::default() };
    let mail = report.render();
    assert_eq!(mail.subject, "2 of 3 contacts untagged");
    assert!(mail.text.contains("1 had none of the tags."), "{}", mail.text);
}

#[test]
fn what_was_deactivated_instead_is_named_with_its_links() {
    let mut report = report();
    report.counts = Counts { matched: 3949, done: 3448, deactivated_instead: 500, unchanged: 1, ..Counts::default() };
    let mail = report.render();
    assert_eq!(mail.subject, "3,448 of 3,949 contacts deleted, 500 deactivated");
    for fact in [
        "500 were deactivated instead of deleted because something is linked to them: 212 by deals,",
        "- Jan Peeters: customer of 2 deals",
        "... and 499 more: see the attached",
        "1 is linked to something and was deactivated already.",
        "What now: to delete the deactivated ones too, remove or reassign the links, then delete again.",
    ] {
        assert!(mail.text.contains(fact), "{}", mail.text);
    }
    assert!(!mail.text.contains("/retry"), "{}", mail.text);
}

#[test]
fn a_delete_that_only_deactivated_can_be_undone_without_a_bin() {
    let mut report = report();
    report.restorable_until = None;
    report.counts = Counts { matched: 2, deactivated_instead: 2, ..Counts::default() };
    let text = report.clone().render().text;
    assert!(text.contains("Nothing was deleted.\nTo undo it all:"), "{text}");
    report.operation = Operation::Undo(Undone::Delete);
    report.counts = Counts { matched: 3, done: 1, reactivated_too: 1, changed: 1, ..Counts::default() };
    let mail = report.render();
    assert_eq!(mail.subject, "1 of 3 contacts restored, 1 reactivated");
    for fact in [
        "1 that had been deactivated instead is active again.",
        "1 had been deleted again by another deletion and stayed in the recycle bin.",
    ] {
        assert!(mail.text.contains(fact), "{}", mail.text);
    }
}

#[test]
fn an_abort_names_what_held_it_and_offers_the_whole_set_again() {
    let mut report = report();
    report.ending = Ending::Aborted;
    report.restorable_until = None;
    report.counts = Counts { matched: 3949, blocked: 500, not_processed: 3449, ..Counts::default() };
    let text = report.render().text;
    for fact in [
        "Nothing was deleted. You asked to delete all or nothing",
        "500 cannot be deleted because something is linked to them: 212 by deals",
        "retry the whole set",
        "/retry",
    ] {
        assert!(text.contains(fact), "{text}");
    }
    assert!(!text.contains("not processed") && !text.contains("kept"), "{text}");
}

#[test]
fn a_cancellation_says_what_stands() {
    let mut report = report();
    report.ending = Ending::Cancelled;
    report.counts = Counts { matched: 9, done: 4, not_processed: 5, ..Counts::default() };
    let mail = report.clone().render();
    assert_eq!(mail.subject, "Bulk delete cancelled: 4 of 9 contacts deleted");
    for fact in ["What was done before it was cancelled stays done. You can take them back until", "/undo"] {
        assert!(mail.text.contains(fact), "{}", mail.text);
    }
    report.counts = Counts { matched: 9, not_processed: 9, ..Counts::default() };
    let text = report.render().text;
    assert!(!text.contains("stays done") && !text.contains("/undo"), "{text}");
}

#[test]
fn an_executed_dry_run_says_what_its_rules_no_longer_select() {
    let mut report = report();
    report.source = Source::Retry;
    report.counts.changed = 2;
    let text = report.render().text;
    assert!(text.contains("2 no longer match the rules of the dry run and were left alone."), "{text}");
    assert!(text.starts_with("Hello Ann, your retry of a bulk delete of contacts (reason:"), "{text}");
}

#[test]
fn a_purged_name_is_replaced_by_its_id() {
    let mut report = report();
    report.exceptions[0].name = None;
    let text = report.render().text;
    assert!(text.contains("- 00000000-0000-0000-0000-000000000001: customer of"));
}

#[test]
fn a_file_that_is_too_large_is_downloaded() {
    let mut report = report();
    report.exceptions_file = ExceptionsFile::TooLarge;
    let mail = report.render();
    assert!(mail.attachments.is_empty());
    assert!(
        mail.text.contains(
            "\"https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/results?format=csv\""
        )
    );
}

#[test]
fn who_approved_it_is_named_in_every_language() {
    let mut report = report();
    report.approved_by = Some(("Bob\r\nMaes".to_owned(), "2026-11-24T09:12:00Z".parse().unwrap()));
    for (language, said) in ALL.into_iter().zip([
        "UTC. Approved by Bob Maes on 24 November 2026, 09:12 UTC.\n",
        "voltooid. Goedgekeurd door Bob Maes op 24 november 2026 om 09:12 UTC.\n",
        "UTC. Action approuvée par Bob Maes le 24 novembre 2026 à 09:12 UTC.\n",
        "abgeschlossen. Freigegeben von Bob Maes am 24. November 2026 um 09:12 UTC.\n",
    ]) {
        report.language = language;
        let mail = report.clone().render();
        assert!(mail.text.contains(said), "{said}\n{}", mail.text);
        assert!(mail.html.contains(said.trim_end()), "{said}\n{}", mail.html);
    }
}
