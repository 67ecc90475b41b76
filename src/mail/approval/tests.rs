//! Whole mails about approvals, held against what they must and must not say.

use super::*;

const ALL: [Language; 4] = [Language::English, Language::Dutch, Language::French, Language::German];
const HOSTILE: &str = "<script>alert(1)</script>\r\n\r\nBcc: everyone@example.com";

fn binned(on_blocked: OnBlocked, days: u64) -> Fate {
    Fate::Binned { on_blocked, days }
}

fn asked_of(language: Language, fate: Fate) -> ApprovalAsked {
    let mut asked = ApprovalAsked { language, ..asked() };
    asked.request.deletion.fate = fate;
    asked
}

fn request() -> Request {
    Request {
        deletion: Deletion { kind: BinKind::Contact, records: 3949, fate: binned(OnBlocked::Skip, 30) },
        source: Source::Segment("Dutch contacts".to_owned()),
        reason: Some("GDPR clean-up 2026".to_owned()),
        action_id: Uuid::from_u128(12),
        public_url: "https://crm.example.com/".to_owned(),
    }
}

fn asked() -> ApprovalAsked {
    ApprovalAsked {
        language: Language::English,
        recipient_name: Some("Bob".to_owned()),
        request: request(),
        asked_by: "Ann".to_owned(),
        expires_at: "2026-11-27T09:14:07Z".parse().unwrap(),
    }
}

fn answered(verdict: Verdict) -> ApprovalAnswered {
    ApprovalAnswered {
        language: Language::English,
        recipient_name: Some("Ann".to_owned()),
        request: request(),
        verdict,
        reason_given: None,
    }
}

fn at() -> DateTime<Utc> {
    "2026-11-24T10:02:11Z".parse().unwrap()
}

#[test]
fn the_request_says_who_asks_for_what_until_when_and_how_to_decide() {
    let mail = asked().render();
    assert_eq!(mail.subject, "Approval needed: Ann asks to delete 3,949 contacts");
    assert_eq!(
        mail.text,
        "Hello Bob, Ann asks to delete 3,949 contacts (segment \"Dutch contacts\", reason: GDPR clean-up 2026). \
         So many at once need the approval of a second admin.\n\n\
         Nothing has been deleted yet. You can decide until 27 November 2026, 09:14 UTC. Without a decision by then the \
         request lapses, and nothing is deleted.\n\n\
         Once approved, each record is checked again: those that a deal, invoice, project or time tracking is linked to \
         are kept. How many these are turns out then.\n\n\
         Only these records are touched, not what matches since. What is deleted can be taken back for 30 days.\n\n\
         To see the records:\n\n    \
         curl \"https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/results\" \
         -H \"Authorization: Bearer $TOKEN\"\n\n\
         To approve:\n\n    \
         curl -X POST https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/approve \
         -H \"Authorization: Bearer $TOKEN\"\n\n\
         To reject, with a reason if you like:\n\n    \
         curl -X POST https://crm.example.com/bulk-actions/00000000-0000-0000-0000-00000000000c/reject \
         -H \"Authorization: Bearer $TOKEN\" -H \"Content-Type: application/json\" -d '{\"reason\": \"...\"}'\n\n--\n\
         You get this because you are an admin of this account. Action 00000000-0000-0000-0000-00000000000c.\n"
    );
}

#[test]
fn every_language_says_it_with_its_own_numbers_dates_and_plurals() {
    let facts = [
        ["3,949 contacts", "27 November 2026, 09:14 UTC", "for 1 day.", "segment \"Dutch contacts\""],
        ["3.949 contacten", "27 november 2026 om 09:14 UTC", "kan 1 dag lang", "reden: GDPR"],
        ["3\u{202f}949 contacts", "27 novembre 2026 à 09:14 UTC", "pendant 1 jour.", "segment « Dutch contacts »"],
        ["3.949 Kontakte", "27. November 2026 um 09:14 UTC", "sich 1 Tag lang", "Segment „Dutch contacts“"],
    ];
    for (language, facts) in ALL.into_iter().zip(facts) {
        let mail = asked_of(language, binned(OnBlocked::Skip, 1)).render();
        for fact in facts {
            assert!(mail.text.contains(fact), "{fact}\n{}", mail.text);
            let html = mail.html.replace("&#34;", "\"");
            assert!(html.contains(fact), "{fact}\n{html}");
        }
        assert!(mail.subject.contains(facts[0]), "{}", mail.subject);
        for verb in ["/results", "/approve", "/reject"] {
            assert!(mail.text.contains(&format!("0c{verb}")) && mail.html.contains(&format!("0c{verb}")), "{verb}");
        }
    }
}

#[test]
fn what_happens_to_linked_records_is_said_in_every_language_in_its_own_way() {
    let mut seen = std::collections::BTreeSet::new();
    for language in ALL {
        for on_blocked in [OnBlocked::Skip, OnBlocked::Abort, OnBlocked::Deactivate] {
            let text = asked_of(language, binned(on_blocked, 30)).render().text;
            seen.insert(text.split("\n\n").nth(2).unwrap().to_owned());
        }
    }
    assert_eq!(seen.len(), 12);
}

#[test]
fn an_answer_says_who_decided_what_and_what_comes_next() {
    let by = || "Bob".to_owned();
    let approved = answered(Verdict::Approved { by: by(), at: at() }).render();
    assert_eq!(approved.subject, "Bob approved: 3,949 contacts are being deleted");
    for fact in ["Hello Ann, Bob approved your request", "on 24 November 2026, 10:02 UTC.", "has begun", "0c\" -H"] {
        assert!(approved.text.contains(fact), "{fact}\n{}", approved.text);
    }
    let mut rejected = answered(Verdict::Rejected { by: by(), at: at() });
    rejected.reason_given = Some("still needed".to_owned());
    let rejected = rejected.render();
    assert_eq!(rejected.subject, "Bob rejected: 3,949 contacts stay");
    for fact in ["Nothing was deleted. Every record is as it was.", "Reason given by Bob: still needed"] {
        assert!(rejected.text.contains(fact), "{fact}\n{}", rejected.text);
    }
    assert!(!rejected.text.contains("curl"), "{}", rejected.text);
    let lapsed = answered(Verdict::Lapsed { at: at() }).render();
    assert_eq!(lapsed.subject, "Nobody decided in time: 3,949 contacts stay");
    assert!(lapsed.text.contains("nobody decided until 24 November 2026, 10:02 UTC"), "{}", lapsed.text);
    assert!(lapsed.text.contains("start the action anew"), "{}", lapsed.text);
}

#[test]
fn answers_agree_in_number_in_every_language() {
    let subjects = |records: u64, verdict: &Verdict| {
        ALL.map(|language| {
            let mut mail = answered(verdict.clone());
            (mail.language, mail.request.deletion.kind, mail.request.deletion.records) =
                (language, BinKind::Company, records);
            mail.render().subject
        })
    };
    let approved = Verdict::Approved { by: "Bob".to_owned(), at: at() };
    assert_eq!(
        subjects(1, &approved),
        [
            "Bob approved: 1 company is being deleted",
            "Bob heeft goedgekeurd: 1 bedrijf wordt verwijderd",
            "Bob a approuvé : 1 entreprise est en cours de suppression",
            "Bob hat freigegeben: 1 Unternehmen wird gelöscht",
        ]
    );
    let rejected = Verdict::Rejected { by: "Bob".to_owned(), at: at() };
    assert_eq!(
        subjects(2, &rejected),
        [
            "Bob rejected: 2 companies stay",
            "Bob heeft afgewezen: 2 bedrijven blijven",
            "Bob a refusé : 2 entreprises restent",
            "Bob hat abgelehnt: 2 Unternehmen bleiben",
        ]
    );
}

#[test]
fn what_users_typed_stays_text_on_one_line() {
    let mut request = request();
    request.reason = Some(HOSTILE.to_owned());
    request.source = Source::Segment(HOSTILE.to_owned());
    let asked = ApprovalAsked {
        recipient_name: Some(HOSTILE.to_owned()),
        asked_by: HOSTILE.to_owned(),
        request: request.clone(),
        ..asked()
    };
    let mut answered = answered(Verdict::Rejected { by: HOSTILE.to_owned(), at: at() });
    (answered.request, answered.reason_given) = (request, Some(HOSTILE.to_owned()));
    for mail in [asked.render(), answered.render()] {
        assert!(!mail.html.contains("<script") && mail.html.contains("&#60;script&#62;"), "{}", mail.html);
        assert!(mail.text.lines().all(|line| !line.starts_with("Bcc")), "{}", mail.text);
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
    }
}

#[test]
fn what_is_purged_is_said_to_be_gone_for_good_and_never_to_come_back() {
    for (language, asked_for, answered_with) in [
        (Language::English, "delete 3,949 contacts for good", "contacts are being deleted for good"),
        (Language::Dutch, "3.949 contacten definitief verwijderen", "contacten worden definitief verwijderd"),
        (
            Language::French,
            "supprimer définitivement 3\u{202f}949 contacts",
            "contacts sont en cours de suppression définitive",
        ),
        (Language::German, "3.949 Kontakte endgültig löschen", "Kontakte werden endgültig gelöscht"),
    ] {
        let asked = asked_of(language, Fate::Purged).render();
        assert!(asked.subject.ends_with(asked_for) && asked.text.contains(asked_for), "{}", asked.text);
        assert!(!asked.text.contains("30"), "{}", asked.text);
        let mut answered = answered(Verdict::Approved { by: "Bob".to_owned(), at: at() });
        (answered.language, answered.request.deletion.fate) = (language, Fate::Purged);
        let answered = answered.render();
        assert!(answered.subject.ends_with(answered_with), "{}", answered.subject);
    }
}
