//! Prints an example of a mail, to look at it: `cargo run --example render_mail -- nl`.
//! A second argument picks the part (`html`, `text`, `subject`), a third the case: of the report `kept`, `deactivated`,
//! `undone`, `aborted`, `cancelled`, `failed`, `clean`, `long`, `deactivation`, `retry`, `purged`, `tagged`; of the mails to
//! other admins `approval`, `digest`; and the answers `approved`, `rejected`, `lapsed`.

use chrono::{DateTime, TimeDelta, Utc};
use sweep::domain::blocker::{Blocker, BlockerSample};
use sweep::domain::bulk_action::OnBlocked;
use sweep::domain::entity::BinKind;
use sweep::domain::link_catalogue::{LinkRole, LinkedKind};
use sweep::mail::approval::{ApprovalAnswered, ApprovalAsked, Deletion, Fate, Request, Verdict};
use sweep::mail::digest::{BinDigest, Leaving};
use sweep::mail::exceptions_file::ExceptionsFile;
use sweep::mail::locale::Language;
use sweep::mail::report::{Cause, Counts, Ending, ExceptionFacts, Operation, Report, Source, Undone};
use uuid::Uuid;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |position: usize, default: &'static str| arguments.get(position).map_or(default, String::as_str);
    let language = Language::from_locale(Some(argument(0, "en")));
    let mail = match argument(2, "kept") {
        "approval" => approval_asked(language).render(),
        "purge" => {
            let mut asked = approval_asked(language);
            asked.request.deletion.fate = Fate::Purged;
            asked.render()
        }
        "digest" => digest(language).render(),
        case @ ("approved" | "rejected" | "lapsed") => approval_answered(language, case).render(),
        case => example(language, case).render(),
    };
    match argument(1, "html") {
        "text" => print!("{}", mail.text),
        "subject" => println!("{}", mail.subject),
        _ => print!("{}", mail.html),
    }
}

fn example(language: Language, case: &str) -> Report {
    let mut report = kept(language);
    match case {
        "undone" => make_undone(&mut report),
        "deactivated" => {
            report.counts =
                Counts { matched: 3949, done: 3440, deactivated_instead: 500, unchanged: 9, ..Counts::default() };
        }
        "deactivation" => {
            make_clean(&mut report);
            report.operation = Operation::Deactivate;
            report.restorable_until = None;
            report.counts = Counts { matched: 340, done: 337, gone: 1, unchanged: 2, ..Counts::default() };
        }
        "retry" => {
            report.source = Source::Retry;
            report.counts = Counts { matched: 500, done: 488, blocked: 12, ..Counts::default() };
            report.kept_by = vec![(LinkedKind::Deal, 7), (LinkedKind::Invoice, 6)];
        }
        "purged" => {
            make_clean(&mut report);
            report.operation = Operation::Purge;
            report.source = Source::Bin;
            report.restorable_until = None;
            report.counts = Counts { matched: 3449, done: 3440, gone: 4, changed: 5, ..Counts::default() };
        }
        "tagged" => make_tagged(&mut report),
        "aborted" => {
            report.ending = Ending::Aborted;
            report.restorable_until = None;
            report.counts = Counts { matched: 3949, blocked: 500, not_processed: 3449, ..Counts::default() };
        }
        "cancelled" => {
            make_clean(&mut report);
            report.ending = Ending::Cancelled;
            report.counts =
                Counts { matched: 3949, done: 1960, gone: 30, changed: 10, not_processed: 1949, ..Counts::default() };
        }
        "failed" => {
            report.ending = Ending::Failed;
            report.counts =
                Counts { matched: 3949, done: 1200, blocked: 212, gone: 1, not_processed: 2536, ..Counts::default() };
        }
        "clean" => {
            make_clean(&mut report);
            report.counts = Counts { matched: 1, done: 1, ..Counts::default() };
        }
        "long" => report.exceptions_file = ExceptionsFile::TooLarge,
        _ => {}
    }
    report
}

fn make_clean(report: &mut Report) {
    report.kept_by.clear();
    report.exceptions.clear();
    report.exceptions_file = ExceptionsFile::Empty;
}

fn make_tagged(report: &mut Report) {
    report.operation = Operation::AddTags;
    report.restorable_until = None;
    report.reason = None;
    report.tags = vec!["newsletter 2026".to_owned(), "fair".to_owned()];
    report.kept_by.clear();
    report.counts = Counts { matched: 3949, done: 3940, conflict: 1, gone: 3, unchanged: 5, ..Counts::default() };
    report.exceptions = vec![ExceptionFacts {
        record_id: Uuid::from_u128(1),
        name: Some("Jan Peeters".to_owned()),
        cause: Cause::TooManyTags,
    }];
}

fn make_undone(report: &mut Report) {
    report.operation = Operation::Undo(Undone::Delete);
    report.reason = None;
    report.restorable_until = None;
    report.kept_by.clear();
    report.counts =
        Counts { matched: 3949, done: 3447, reactivated_too: 500, conflict: 1, unchanged: 1, ..Counts::default() };
    report.exceptions = vec![ExceptionFacts {
        record_id: Uuid::from_u128(1),
        name: Some("Jan Peeters".to_owned()),
        cause: Cause::Conflict { with_id: Uuid::from_u128(2), with_name: Some("Jan A. Peeters".to_owned()) },
    }];
}

/// The example of a bulk delete that kept 500 records.
fn kept(language: Language) -> Report {
    let finished_at: DateTime<Utc> = "2026-11-24T09:14:07Z".parse().expect("a valid instant");
    Report {
        language,
        recipient_name: Some("Ann".to_owned()),
        operation: Operation::Delete,
        kind: BinKind::Contact,
        source: Source::Segment("Dutch contacts".to_owned()),
        reason: Some("GDPR clean-up 2026".to_owned()),
        tags: Vec::new(),
        approved_by: None,
        ending: Ending::Completed,
        counts: Counts { matched: 3949, done: 3449, blocked: 500, ..Counts::default() },
        finished_at,
        restorable_until: Some(finished_at + TimeDelta::days(30) - TimeDelta::minutes(1)),
        kept_by: vec![
            (LinkedKind::Deal, 212),
            (LinkedKind::Invoice, 190),
            (LinkedKind::Project, 101),
            (LinkedKind::TimeTracking, 80),
        ],
        exceptions: exceptions(),
        exceptions_file: ExceptionsFile::Attached(Vec::new()),
        public_url: "https://crm.example.com".to_owned(),
        action_id: "01934d5e-8a00-7000-8000-00000000c0de".parse().expect("a valid id"),
    }
}

fn exceptions() -> Vec<ExceptionFacts> {
    use LinkRole::{AttentionOf, ContactPerson, Customer, Subject};
    use LinkedKind::{Deal, Invoice, Project, TimeTracking};
    let people = [
        (
            "Jan Peeters",
            vec![group(Deal, Customer, 2, &["Offer 12", "Offer 40"]), group(Invoice, AttentionOf, 1, &["2026/77"])],
        ),
        (
            "Saskia de Vries",
            vec![group(Deal, ContactPerson, 7, &["Roof", "Solar panels", "Heat pump", "Insulation", "Windows"])],
        ),
        (
            "Maarten van ’t Hoff",
            vec![group(Invoice, Customer, 1, &["2025/1042"]), group(Project, Customer, 1, &["Website relaunch"])],
        ),
        (
            "Łukasz Wiśniewski",
            vec![group(
                TimeTracking,
                Subject,
                14,
                &["Intake call", "Workshop day 1", "Workshop day 2", "Follow-up", "Report"],
            )],
        ),
        ("Fatma Yılmaz", vec![group(Invoice, Customer, 1, &[])]),
    ];
    people
        .into_iter()
        .zip(1u128..)
        .map(|((name, groups), id)| ExceptionFacts {
            record_id: Uuid::from_u128(id),
            name: Some(name.to_owned()),
            cause: Cause::Linked(groups),
        })
        .collect()
}

fn group(kind: LinkedKind, role: LinkRole, count: i64, titles: &[&str]) -> Blocker {
    let linked = |&title: &&str| BlockerSample { id: Uuid::from_u128(9), title: Some(title.to_owned()) };
    Blocker { kind, role, count, sample: titles.iter().map(linked).collect() }
}

fn request() -> Request {
    let report = kept(Language::English);
    Request {
        deletion: Deletion {
            kind: BinKind::Contact,
            records: 3949,
            fate: Fate::Binned { on_blocked: OnBlocked::Skip, days: 30 },
        },
        source: report.source,
        reason: report.reason,
        action_id: report.action_id,
        public_url: report.public_url,
    }
}

fn approval_asked(language: Language) -> ApprovalAsked {
    ApprovalAsked {
        language,
        recipient_name: Some("Bob".to_owned()),
        request: request(),
        asked_by: "Ann Peeters".to_owned(),
        expires_at: "2026-11-27T09:14:07Z".parse().expect("a valid instant"),
    }
}

fn approval_answered(language: Language, case: &str) -> ApprovalAnswered {
    let (by, at) = ("Bob Maes".to_owned(), "2026-11-24T10:02:11Z".parse().expect("a valid instant"));
    let verdict = match case {
        "approved" => Verdict::Approved { by, at },
        "rejected" => Verdict::Rejected { by, at },
        _ => Verdict::Lapsed { at: approval_asked(language).expires_at },
    };
    ApprovalAnswered {
        language,
        recipient_name: Some("Ann".to_owned()),
        request: request(),
        verdict,
        reason_given: (case == "rejected").then(|| "these are still in the newsletter".to_owned()),
    }
}

fn digest(language: Language) -> BinDigest {
    let at = |time: &str| -> DateTime<Utc> { time.parse().expect("a valid instant") };
    let leaving = |n: u128, kind, records, who: &str, deleted_at: &str, reason: Option<&str>| Leaving {
        deletion_id: Uuid::from_u128(0x0193_4d5e_8a00_7000_8000_0000_0000_c0d0 + n),
        kind,
        records,
        deleted_by: who.to_owned(),
        deleted_at: at(deleted_at),
        reason: reason.map(str::to_owned),
        leaves_from: at(deleted_at) + TimeDelta::days(30),
    };
    BinDigest {
        language,
        recipient_name: Some("Bob".to_owned()),
        records: vec![(BinKind::Company, 12), (BinKind::Contact, 3452), (BinKind::Deal, 1)],
        until: at("2026-12-29T06:00:00Z"),
        largest: vec![
            leaving(14, BinKind::Contact, 3449, "Ann Peeters", "2026-11-24T09:14:07Z", Some("GDPR clean-up 2026")),
            leaving(2, BinKind::Company, 12, "Carla Dumont", "2026-11-25T16:40:00Z", None),
            leaving(5, BinKind::Deal, 1, "max", "2026-11-26T11:03:00Z", Some("entered twice")),
        ],
        deletions: 6,
        public_url: "https://crm.example.com".to_owned(),
    }
}
