//! From a bulk delete over HTTP to its report in a mail server's hands.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::harness::{Claims, Client, TestServer};
use super::many_records::wait_until;
use super::smtp_server::{Conduct, SmtpServer, Stage, Tls};

fn server_with(smtp: &SmtpServer) -> TestServer {
    TestServer::start_with(|settings| {
        settings.mail.smtp_url = Some(format!("smtp://localhost:{}", smtp.port));
        settings.mail.public_url = Some("https://crm.example.com".to_owned());
    })
}

/// A contact; with a deal's title, one that the deal keeps.
fn contact(admin: &Client, name: &str, deal: Option<&str>) -> Value {
    let id = admin.post("/contacts", json!({ "last_name": name })).expect(201)["id"].clone();
    if let Some(title) = deal {
        let customer = json!({"type": "contact", "id": id});
        admin.post("/deals", json!({ "title": title, "customer": customer })).expect(201);
    }
    id
}

fn delete(client: &Client, ids: &[&Value], notify: &str, reason: &str) -> String {
    let body = json!({"action": "delete", "entity": "contact", "target": {"ids": ids}, "notify": notify,
        "reason": reason});
    let action = client.post("/bulk-actions", body).expect(202);
    format!("/bulk-actions/{}", action["id"].as_str().unwrap())
}

/// Polls the action until its notification has this status.
#[track_caller]
fn notified(client: &Client, action: &str, status: &str) -> Value {
    let mut view = Value::Null;
    let reached = wait_until(|| {
        view = client.get(action).expect(200);
        view["finished_at"].is_string() && view["notification"]["status"] == status
    });
    assert!(reached, "not {status}: {view}");
    view["notification"].take()
}

#[test]
fn a_report_survives_a_server_that_refuses_at_first() {
    let smtp = SmtpServer::start(
        Tls::None,
        &[Conduct::Answer(Stage::Message, "451 4.3.0 try later"), Conduct::Drop(Stage::Message), Conduct::Proper],
    );
    let server = server_with(&smtp);
    let admin = server.client(&Claims::admin().with("locale", "de-AT").with("name", "Ann\r\nBcc: eve@example.com"));
    let kept = contact(&admin, "<script>alert(1)</script>", Some("Offer 12"));
    let gone = contact(&admin, "Peeters", None);
    let action = delete(&admin, &[&kept, &gone], "on_blocked", "tidy\r\n\r\nup");

    let notification = notified(&admin, &action, "retrying");
    assert_eq!(notification["address_masked"], "a***@example.com");
    assert_eq!((&notification["attempts"], &notification["sent_at"]), (&json!(1), &Value::Null));
    assert!(notification["last_answer"].as_str().unwrap().contains("try later"), "{notification}");
    for shift in [13, 40] {
        smtp.received_after(if shift == 13 { 1 } else { 2 });
        let moved = format!(
            "INSERT INTO clock_shift (id, shift) VALUES (1, '{shift} s') ON CONFLICT (id) DO UPDATE SET shift = '{shift} s'"
        );
        server.sql().batch_execute(&moved).unwrap();
    }
    let notification = notified(&admin, &action, "sent");
    assert_eq!(notification["attempts"], 3);
    assert!(notification["sent_at"].is_string());

    let received = smtp.received_after(3);
    let ids: Vec<&str> = received.iter().filter_map(|talk| header(talk.mail.as_ref()?, "Message-ID")).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(received[2].recipients, ["TO:<ann@example.com>"]);
    let mail = received[2].mail.as_ref().unwrap();
    assert_eq!(header(mail, "Bcc"), None);
    assert_eq!(header(mail, "Auto-Submitted"), Some("auto-generated"));
    assert!(!mail.contains("<script>alert(1)</script></"), "{mail}");
    let text = mail.replace("=\r\n", "").replace("=3D", "=");
    for fact in [
        "<script>alert(1)</script>: Kunde von 1 Deal (Offer 12)",
        "(Grund: tidy up)",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
    ] {
        assert!(text.contains(fact), "{fact}\n{text}");
    }
}

/// A header's value, if the mail has one of that name.
fn header<'m>(mail: &'m str, name: &str) -> Option<&'m str> {
    let (headers, _) = mail.split_once("\r\n\r\n")?;
    headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_server_that_refuses_for_good_is_quoted_to_admins() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Answer(Stage::Recipient, "550 5.1.1 no such user")]);
    let server = server_with(&smtp);
    let admin = server.admin();
    let action = delete(&admin, &[&contact(&admin, "Peeters", None)], "always", "");
    let notification = notified(&admin, &action, "failed");
    assert_eq!(notification["attempts"], 1);
    assert!(notification["last_answer"].as_str().unwrap().contains("no such user"), "{notification}");
}

#[test]
fn no_mail_is_sent_that_nobody_wants_or_can_get() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let server = server_with(&smtp);
    let admin = server.admin();
    let nowhere = server.client(&Claims::admin().without("email"));
    let kept = contact(&admin, "Peeters", Some("Offer 12"));
    let silent = [
        (delete(&admin, &[&contact(&admin, "A", None)], "on_blocked", ""), "none"),
        (delete(&admin, &[&kept], "never", ""), "none"),
        (delete(&nowhere, &[&kept], "always", ""), "no_address"),
    ];
    for (action, status) in &silent {
        notified(&admin, action, status);
    }
    // The outbox is worked on in order: once this one is sent, none of the others will be.
    let loud = delete(&admin, &[&contact(&admin, "B", None)], "always", "");
    notified(&admin, &loud, "sent");
    let received = smtp.received_after(1);
    assert_eq!(received.len(), 1);
    assert_eq!(header(received[0].mail.as_ref().unwrap(), "Subject"), Some("1 contact deleted"));
}

#[test]
fn an_undo_reports_too_and_in_order() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let server = server_with(&smtp);
    let admin = server.client(&Claims::admin().with("locale", "fr"));
    let ids = [contact(&admin, "A", None), contact(&admin, "B", None)];
    let action = delete(&admin, &[&ids[0], &ids[1]], "always", "");
    notified(&admin, &action, "sent");
    let undo = admin.call(&format!("{action}/undo")).expect(202);
    notified(&admin, &format!("/bulk-actions/{}", undo["id"].as_str().unwrap()), "sent");
    let subjects: Vec<String> = smtp
        .received_after(2)
        .iter()
        .map(|talk| header(talk.mail.as_ref().unwrap(), "Subject").unwrap().to_owned())
        .collect();
    assert_eq!(subjects[0], "2 contacts =?utf-8?b?c3VwcHJpbcOpcw==?=");
    assert!(subjects[1].starts_with("2 contacts"), "{subjects:?}");
    assert_ne!(subjects[0], subjects[1]);
}

#[test]
fn an_undo_is_reported_unless_no_mail_is_ever_wanted() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let server = server_with(&smtp);
    let admin = server.admin();
    let undo = |action: &str| {
        notified(&admin, action, "none");
        let undo = admin.call(&format!("{action}/undo")).expect(202);
        (format!("/bulk-actions/{}", undo["id"].as_str().unwrap()), undo["notify"].clone())
    };
    // Nothing was blocked, so the delete itself was not worth a mail.
    let (silent, notify) = undo(&delete(&admin, &[&contact(&admin, "A", None)], "never", ""));
    assert_eq!(notify, "never");
    notified(&admin, &silent, "none");
    let (undone, notify) = undo(&delete(&admin, &[&contact(&admin, "B", None)], "on_blocked", ""));
    assert_eq!(notify, "always");
    notified(&admin, &undone, "sent");
    let received = smtp.received_after(1);
    assert_eq!(received.len(), 1);
    assert_eq!(header(received[0].mail.as_ref().unwrap(), "Subject"), Some("1 contact restored"));
}

#[test]
fn a_deal_that_stays_because_of_its_customer_is_not_said_to_have_a_taken_external_id_itself() {
    let smtp = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let server = server_with(&smtp);
    let admin = server.admin();
    let create = |path: &str, body: Value| admin.post(path, body).expect(201)["id"].clone();
    let customer = create("/contacts", json!({"last_name": "Old", "external_id": "C1"}));
    let deal = create("/deals", json!({"title": "Offer 12", "customer": {"type": "contact", "id": customer}}));
    for (path, id) in [("deals", &deal), ("contacts", &customer)] {
        admin.delete(&format!("/{path}/{}", id.as_str().unwrap())).expect(204);
    }
    create("/contacts", json!({"last_name": "Twin Jansen", "external_id": "C1"}));
    let body = json!({"action": "restore", "entity": "deal", "target": {"ids": [deal]}});
    admin.post("/bulk-actions", body).expect(202);
    let received = smtp.received_after(1);
    let text = received[0].mail.as_ref().unwrap().replace("=\r\n", "").replace("=3D", "=");
    for fact in [
        "because its own external id, or that of its customer or contact person, is taken, or one of these is gone:",
        "- Offer 12: the external id is now that of Twin Jansen",
    ] {
        assert!(text.contains(fact), "{fact}\n{text}");
    }
}
