//! Who is asked and who is told, by mail, in which language.

use serde_json::json;

use super::*;
use crate::smtp_server::{Conduct, Received, SmtpServer, Stage, Tls};

/// An account whose mails go to `smtp`.
fn office_with(smtp: &SmtpServer) -> Office {
    Office::on(TestServer::start_with(|settings| {
        settings.mail.smtp_url = Some(format!("smtp://localhost:{}", smtp.port));
        settings.mail.public_url = Some("https://crm.example.com".to_owned());
    }))
}

/// The mail with its soft line breaks undone.
fn unfolded(received: &Received) -> String {
    received.mail.as_ref().unwrap().replace("=\r\n", "").replace("=3D", "=")
}

/// The last mail that went to this user.
#[track_caller]
fn mail_to(received: &[Received], user: &str) -> String {
    let recipient = format!("TO:<{user}@example.com>");
    unfolded(received.iter().rfind(|talk| talk.recipients == [recipient.as_str()]).expect("a mail to the user"))
}

#[track_caller]
fn says(mail: &str, facts: &[&str]) {
    for fact in facts {
        assert!(mail.contains(fact), "{fact}\n{mail}");
    }
}

#[test]
fn every_other_admin_is_asked_in_a_language_of_their_own() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let office = office_with(&smtp);
    let mut sql = office.sql();
    for (user, locale) in [("eve", "en-GB"), ("nils", "nl-BE"), ("fred", "fr"), ("dirk", "de-AT")] {
        office.server.client(&admin_named(user).with("locale", locale)).get("/me").expect(200);
    }
    // Neither members, nor other accounts' admins, nor admins without an address are asked.
    office.server.member().get("/me").expect(200);
    office.server.client(&admin_named("zoe").without("email")).get("/me").expect(200);
    office.server.stranger().get("/me").expect(200);
    // ann, the four, and the stranger.
    known(&mut sql, 6);
    let ids = contacts(&office.ann, &["a", "b", "c"]);
    let action = office.ask(&ids, json!({"reason": "GDPR\r\nBcc: x@example.com", "notify": "never"}));
    let received = smtp.received_after(4);
    let id = action["id"].as_str().unwrap();
    let reject = format!("curl -X POST https://crm.example.com/bulk-actions/{id}/reject");
    let approve = format!("curl -X POST https://crm.example.com/bulk-actions/{id}/approve");
    for (user, facts) in [
        (
            "eve",
            [
                "Subject: Approval needed: ann the admin asks to delete 3 contacts",
                "Hello eve the admin,",
                "To approve:",
            ],
        ),
        (
            "nils",
            ["Subject: Goedkeuring gevraagd: ann the admin wil 3 contacten verwijderen", "Hallo nils", "Goedkeuren:"],
        ),
        ("fred", ["ann the admin souhaite supprimer 3 contacts", "Bonjour fred", "Pour approuver :"]),
        ("dirk", ["Freigabe erbeten: ann the admin", "Guten Tag dirk", "Um freizugeben:"]),
    ] {
        let mail = mail_to(&received, user);
        says(&mail, &facts);
        says(&mail, &[&approve, &reject, "GDPR Bcc: x@example.com", "Content-Type: text/html"]);
    }
    office.bob.call(&path(&action, "/reject")).expect(200);
    known(&mut sql, 7);
    // notify: never is for the answer too: the next mails are of another request.
    office.ask(&ids, json!({"notify": "never"}));
    let received = smtp.received_after(9);
    assert_eq!(received.len(), 9, "{:?}", received.iter().map(|talk| &talk.recipients).collect::<Vec<_>>());
    assert!(received.iter().all(|talk| talk.recipients != ["TO:<ann@example.com>"]));
}

#[test]
fn who_asked_is_told_the_answer_in_a_language_of_their_own() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let office = office_with(&smtp);
    let mut mails = 0;
    let mut answer = |locale: &str, decide: &dyn Fn(&serde_json::Value)| {
        let user = format!("ann-{locale}");
        let ann = office.server.client(&admin_named(&user).with("locale", locale));
        let ids = contacts(&ann, &["a", "b", "c"]);
        let action = ask(&ann, &ids, json!({}));
        // Whoever was seen before is asked; those mails are not what this is about.
        let asked = format!("SELECT count(*) FROM outbox WHERE action_id = '{}'", action["id"].as_str().unwrap());
        let mut sql = office.sql();
        mails += usize::try_from(count(&mut sql, &asked)).unwrap();
        smtp.received_after(mails);
        decide(&action);
        // Upkeep looks every five seconds.
        let answered = format!("{asked} AND kind = 'approval_answered' AND status = 'sent'");
        assert!(wait_until(|| count(&mut sql, &answered) == 1));
        mails += 1;
        mail_to(&smtp.received_after(mails), &user)
    };
    let approve = |action: &serde_json::Value| {
        let body = json!({"reason": "why not"});
        office.bob.post(&path(action, "/approve"), body).expect(200);
    };
    for (locale, facts) in [
        (
            "en",
            ["Subject: bob the admin approved: 3 contacts are being deleted", "Reason given by bob the admin: why not"],
        ),
        (
            "nl",
            [
                "Subject: bob the admin heeft goedgekeurd: 3 contacten worden verwijderd",
                "Reden van bob the admin: why not",
            ],
        ),
        ("fr", ["La suppression a commenc=C3=A9.", "par bob the admin : why not"]),
        ("de", ["bob the admin hat Ihre Anfrage, 3 Kontakte zu", "Grund von bob the admin: why not"]),
    ] {
        says(&answer(locale, &approve), &facts);
    }
    let reject = |action: &serde_json::Value| {
        office.carla.call(&path(action, "/reject")).expect(200);
    };
    for (locale, facts) in [
        ("en", "Subject: carla the admin rejected: 3 contacts stay"),
        ("nl", "Subject: carla the admin heeft afgewezen: 3 contacten blijven"),
        ("fr", "Toutes les fiches sont comme avant."),
        ("de", "Es wurde nichts gel=C3=B6scht. Alle Datens=C3=A4tze sind, wie sie waren."),
    ] {
        says(&answer(locale, &reject), &[facts]);
    }
    let lapse = |_: &serde_json::Value| shift_clock(&mut office.sql(), "72 hours");
    for (locale, facts) in [
        ("en", "Subject: Nobody decided in time: 3 contacts stay"),
        ("nl", "Subject: Niemand besliste op tijd: 3 contacten blijven"),
        ("fr", "Pour redemander, relancez l=E2=80=99action."),
        ("de", "hat bis zum"),
    ] {
        says(&answer(locale, &lapse), &[facts]);
    }
}

#[test]
fn the_report_names_who_approved() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let office = office_with(&smtp);
    let ids = contacts(&office.ann, &["a", "b", "c"]);
    let action = office.ask(&ids, json!({"notify": "always"}));
    office.bob.call(&path(&action, "/approve")).expect(200);
    let received = smtp.received_after(2);
    let subjects: Vec<String> = received.iter().map(unfolded).collect();
    says(&subjects[0], &["Subject: bob the admin approved: 3 contacts are being deleted"]);
    says(&subjects[1], &["Subject: 3 contacts deleted", "Approved by bob the admin on "]);
    assert_eq!(ended(&office.ann, &action)["notification"]["address_masked"], "a***@example.com");
}

#[test]
fn a_private_segment_keeps_its_name_to_its_owner() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let office = office_with(&smtp);
    office.bob.get("/me").expect(200);
    let mut sql = office.sql();
    known(&mut sql, 2);
    contacts(&office.ann, &["a", "b", "c"]);
    for (visibility, named) in [("private", false), ("shared", true)] {
        let rules = json!([{"field": "last_name", "operator": "is_not_empty"}]);
        let segment =
            json!({"name": "Zebras", "entity": "contact", "match": "all", "rules": rules, "visibility": visibility});
        let segment = office.ann.post("/segments", segment).expect(201);
        let body = json!({"action": "delete", "entity": "contact", "target": {"segment_id": segment["id"]}});
        office.ann.post("/bulk-actions", body).expect(202);
        let received = smtp.received_after(1 + usize::from(named));
        assert_eq!(unfolded(received.last().unwrap()).contains("Zebras"), named);
    }
}

#[test]
fn what_needs_no_answer_any_more_is_not_sent_and_a_demoted_admin_is_not_asked() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Answer(Stage::Data, "451 later"), Conduct::Proper]);
    let office = office_with(&smtp);
    let mut sql = office.sql();
    for client in [&office.bob, &office.carla] {
        client.get("/me").expect(200);
    }
    known(&mut sql, 3);
    office.server.client(&admin_named("carla").with("role", "member")).get("/me").expect(200);
    known(&mut sql, 2);
    let (_, action) = office.waiting();
    let state =
        |status: &str| format!("SELECT count(*) FROM outbox WHERE kind = 'approval_asked' AND status = '{status}'");
    assert!(wait_until(|| count(
        &mut sql,
        &format!("{} AND attempts = 1 AND last_error IS NOT NULL", state("pending"))
    ) == 1));
    office.carla.call(&path(&action, "/reject")).expect(200);
    let received = smtp.received_after(2);
    says(&mail_to(&received, "ann"), &["Subject: carla the admin rejected: 3 contacts stay"]);
    shift_clock(&mut sql, "15 seconds");
    assert!(wait_until(|| count(&mut sql, &state("dropped")) == 1), "there is nothing to decide any more");
    assert_eq!(smtp.received().len(), 2);
    // What has become of a mail is counted when it is written down.
    for series in [
        "sweep_mails_total{kind=\"approval_asked\",result=\"dropped\"}",
        "sweep_mails_total{kind=\"approval_answered\",result=\"sent\"}",
    ] {
        assert!(wait_until(|| office.server.nobody().get("/metrics").text().contains(series)), "{series}");
    }
    let names = "SELECT count(*) FROM outbox WHERE to_jsonb(outbox)::text LIKE '%example.com%' OR to_jsonb(outbox)::text LIKE '%the admin%'";
    assert_eq!(count(&mut sql, names), 0, "the outbox holds no name and no address");
}

#[test]
fn admins_are_written_down_once_a_day_and_forgotten_after_90() {
    let office = Office::new();
    let mut sql = office.sql();
    known(&mut sql, 1);
    let seen = |sql: &mut PgConnection| {
        super::super::many_records::text(
            sql,
            "SELECT string_agg(user_id || email || coalesce(locale, '-') || xmin, ' ') FROM known_admins",
        )
    };
    let first = seen(&mut sql);
    for _ in 0..20 {
        office.ann.get("/me").expect(200);
    }
    assert_eq!(seen(&mut sql), first);
    office
        .server
        .client(&admin_named("ann").with("email", "ann@example.org").with("locale", "nl"))
        .get("/me")
        .expect(200);
    assert!(wait_until(|| seen(&mut sql).contains("annann@example.orgnl")));
    shift_clock(&mut sql, "90 days");
    known(&mut sql, 0);
}
