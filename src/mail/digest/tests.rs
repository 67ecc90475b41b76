//! Whole digests, held against what they must and must not say.

use super::*;

fn digest(language: Language) -> BinDigest {
    let leaving = |n: u128, kind, records, reason: Option<&str>| Leaving {
        deletion_id: Uuid::from_u128(n),
        kind,
        records,
        deleted_by: "Ann".to_owned(),
        deleted_at: "2026-11-24T09:14:07Z".parse().unwrap(),
        reason: reason.map(str::to_owned),
        leaves_from: "2026-12-24T09:14:07Z".parse().unwrap(),
    };
    BinDigest {
        language,
        recipient_name: Some("Bob".to_owned()),
        records: vec![(BinKind::Company, 1), (BinKind::Contact, 3452)],
        until: "2026-12-29T06:00:00Z".parse().unwrap(),
        largest: vec![
            leaving(12, BinKind::Contact, 3449, Some("GDPR\r\nclean-up")),
            leaving(13, BinKind::Company, 1, None),
        ],
        deletions: 3,
        public_url: "https://crm.example.com/".to_owned(),
    }
}

#[test]
fn the_text_says_what_leaves_when_from_which_deletion_and_how_to_keep_it() {
    let mail = digest(Language::English).render();
    assert_eq!(mail.subject, "Leaving the recycle bin soon: 1 company, 3,452 contacts");
    assert_eq!(
        mail.text,
        "Hello Bob, until 29 December 2026, 06:00 UTC the following leave the recycle bin for good: \
         1 company, 3,452 contacts.\n\n\
         What should stay can be restored until it leaves.\n\n\
         - 3,449 contacts: deleted by Ann on 24 November 2026, 09:14 UTC (reason: GDPR clean-up) · \
         leave from 24 December 2026, 09:14 UTC · deletion 00000000-0000-0000-0000-00000000000c\n\
         - 1 company: deleted by Ann on 24 November 2026, 09:14 UTC · leaves on 24 December 2026, 09:14 UTC · \
         deletion 00000000-0000-0000-0000-00000000000d\n\
         ... and 1 more deletion.\n\n\
         To see what one of them took, here the first:\n\n    \
         curl \"https://crm.example.com/recycle-bin?deletion_id=00000000-0000-0000-0000-00000000000c\" \
         -H \"Authorization: Bearer $TOKEN\"\n\n\
         To bring all of it back:\n\n    \
         curl -X POST https://crm.example.com/bulk-actions -H \"Authorization: Bearer $TOKEN\" \
         -H \"Content-Type: application/json\" -d '{\"action\": \"restore\", \"entity\": \"contact\", \
         \"target\": {\"deletion_id\": \"00000000-0000-0000-0000-00000000000c\"}}'\n\n--\n\
         You get this because you are an admin of this account. \
         The setting \"digest\" (off, daily, weekly) says how often.\n"
    );
}

#[test]
fn every_language_says_it_with_its_own_numbers_dates_and_plurals() {
    for (language, subject, facts) in [
        (
            Language::Dutch,
            "Binnenkort uit de prullenbak: 1 bedrijf, 3.452 contacten",
            [
                "tot 29 december 2026 om 06:00 UTC",
                "verdwijnt op 24 december",
                "verdwijnen vanaf 24",
                "nog 1 verwijdering.",
            ],
        ),
        (
            Language::French,
            "Bientôt hors de la corbeille : 1 entreprise, 3\u{202f}452 contacts",
            [
                "d’ici au 29 décembre 2026 à 06:00 UTC",
                "disparaît le 24",
                "disparaissent à partir du 24",
                "et 1 autre suppression.",
            ],
        ),
        (
            Language::German,
            "Bald endgültig aus dem Papierkorb: 1 Unternehmen, 3.452 Kontakte",
            [
                "bis zum 29. Dezember 2026 um 06:00 UTC",
                "verschwindet am 24",
                "verschwinden ab dem 24",
                "1 weitere Löschung.",
            ],
        ),
    ] {
        let mail = digest(language).render();
        assert_eq!(mail.subject, subject);
        for fact in facts {
            assert!(mail.text.contains(fact) && mail.html.contains(fact), "{fact}\n{}", mail.text);
        }
    }
}

#[test]
fn what_users_typed_stays_text() {
    let mut digest = digest(Language::English);
    digest.largest[0].deleted_by = "<script>\r\nBcc: x@example.com".to_owned();
    digest.recipient_name = Some("\r\n".to_owned());
    let mail = digest.render();
    assert!(mail.text.starts_with("Hello, until"), "{}", mail.text);
    assert!(!mail.html.contains("<script"), "{}", mail.html);
    assert!(mail.text.lines().all(|line| !line.starts_with("Bcc")), "{}", mail.text);
}
