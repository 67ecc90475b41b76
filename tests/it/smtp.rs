//! Mails over SMTP, against servers that misbehave in every way a mail has to survive.

use std::path::PathBuf;
use std::time::Duration;

use sweep::mail::transport::{MailSettings, MailTransport, SendError};
use sweep::mail::{Attachment, OutgoingMail, RenderedMail};
use uuid::Uuid;

use crate::harness::{Deserted, PATIENCE};
use crate::smtp_server::{Conduct, Received, SmtpServer, Stage, Tls};

fn transport(url: String, ca_file: Option<PathBuf>) -> MailTransport {
    transport_within(PATIENCE, url, ca_file)
}

fn transport_within(send_timeout: Duration, url: String, ca_file: Option<PathBuf>) -> MailTransport {
    let settings = MailSettings {
        smtp_url: Some(url),
        smtp_ca_file: ca_file,
        from: "Sweep <sweep@crm.example>".to_owned(),
        folder: PathBuf::from("unused"),
        send_timeout,
    };
    MailTransport::from_settings(&settings).unwrap()
}

fn plain_transport(server: &SmtpServer) -> MailTransport {
    transport(format!("smtp://localhost:{}", server.port), None)
}

/// A transport that trusts the server's own root, which must outlive only its making.
fn trusting_transport(server: &SmtpServer, url: String) -> MailTransport {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, &server.root_pem).unwrap();
    transport(url, Some(root))
}

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: Uuid::from_u128(12),
        date: "2026-11-24T09:14:07Z".parse().unwrap(),
        to_name: Some("Ann".to_owned()),
        to_address: "ann@example.com".to_owned(),
        content: RenderedMail {
            subject: "3 contacts deleted".to_owned(),
            text: ".starts with a dot\n.\nends".to_owned(),
            html: "<p>Hello</p>".to_owned(),
            attachments: vec![Attachment {
                file_name: "exceptions.csv",
                content_type: "text/csv; charset=utf-8",
                bytes: b"a,b\r\n".to_vec(),
            }],
        },
    }
}

/// Sends one mail to a plain server with this conduct.
async fn send_to(conduct: Conduct) -> (Result<(), SendError>, Received) {
    let server = SmtpServer::start(Tls::None, &[conduct]);
    let result = plain_transport(&server).send(&mail()).await;
    let received = server.received_after(1).remove(0);
    (result, received)
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let (result, received) = send_to(Conduct::Proper).await;
    assert_eq!(result, Ok(()));
    assert_eq!(received.mail_from.as_deref(), Some("FROM:<sweep@crm.example>"));
    assert_eq!(received.recipients, ["TO:<ann@example.com>"]);
    assert!(received.taken && !received.encrypted);
    let lines = received.mail.unwrap();
    for part in [
        "Message-ID: <00000000-0000-0000-0000-00000000000c@crm.example>\r\n",
        "Subject: 3 contacts deleted\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "\r\n.starts with a dot\r\n.\r\nends",
        "filename=\"exceptions.csv\"",
    ] {
        assert!(lines.contains(part), "{part}\n{lines}");
    }
}

#[tokio::test]
async fn a_5xx_is_final_wherever_it_comes() {
    for stage in [Stage::Greeting, Stage::MailFrom, Stage::Recipient, Stage::Data, Stage::Message] {
        let (result, received) = send_to(Conduct::Answer(stage, "550 5.1.1 no such user")).await;
        let Err(SendError::Permanent(answer)) = result else {
            panic!("{stage:?}: {result:?}");
        };
        assert!(answer.contains("550") && answer.contains("no such user"), "{stage:?}: {answer}");
        assert!(!received.taken, "{stage:?}");
    }
}

#[tokio::test]
async fn a_4xx_may_be_tried_again() {
    for stage in [Stage::Greeting, Stage::MailFrom, Stage::Recipient, Stage::Data, Stage::Message] {
        let (result, received) = send_to(Conduct::Answer(stage, "451 4.7.1 greylisted")).await;
        let Err(SendError::Temporary(answer)) = result else {
            panic!("{stage:?}: {result:?}");
        };
        assert!(answer.contains("451") && answer.contains("greylisted"), "{stage:?}: {answer}");
        assert!(!received.taken, "{stage:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left_and_tried_again() {
    for stage in [Stage::Greeting, Stage::Recipient, Stage::Message] {
        let server = SmtpServer::start(Tls::None, &[Conduct::Hang(stage)]);
        let url = format!("smtp://localhost:{}", server.port);
        let result = transport_within(Duration::from_millis(800), url, None).send(&mail()).await;
        let Err(SendError::Temporary(reason)) = result else {
            panic!("{stage:?}: {result:?}");
        };
        assert_eq!(reason, "the mail server did not finish within 0.8 s", "{stage:?}");
    }
}

#[tokio::test]
async fn a_server_that_drops_the_line_is_tried_again_with_the_same_mail() {
    let server = SmtpServer::start(Tls::None, &[Conduct::Drop(Stage::Message), Conduct::Proper]);
    let transport = plain_transport(&server);
    let first = transport.send(&mail()).await;
    assert!(matches!(first, Err(SendError::Temporary(_))), "{first:?}");
    assert_eq!(transport.send(&mail()).await, Ok(()));
    let ids: Vec<String> = server
        .received_after(2)
        .into_iter()
        .filter_map(|talk| talk.mail)
        .flat_map(|mail| mail.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.starts_with("Message-ID:"))
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn what_the_server_has_taken_is_sent_even_if_it_says_no_goodbye() {
    for conduct in [Conduct::Hang(Stage::Quit), Conduct::Drop(Stage::Quit), Conduct::Answer(Stage::Quit, "550 no")] {
        let (result, received) = send_to(conduct).await;
        assert_eq!(result, Ok(()), "{conduct:?}");
        assert!(received.taken, "{conduct:?}");
    }
}

#[tokio::test]
async fn starttls_is_used_when_offered_and_before_the_password() {
    let server = SmtpServer::start(Tls::OnOffer, &[Conduct::Proper]);
    let url = format!("smtp://ann:p%40ss@localhost:{}", server.port);
    assert_eq!(trusting_transport(&server, url).send(&mail()).await, Ok(()));
    let received = server.received_after(1).remove(0);
    assert!(received.encrypted && received.taken);
    assert_eq!(received.credentials, Some(("\0ann\0p@ss".to_owned(), true)));
}

#[tokio::test]
async fn tls_from_the_start_is_spoken() {
    let server = SmtpServer::start(Tls::FromTheStart, &[Conduct::Proper]);
    let url = format!("smtps://localhost:{}", server.port);
    assert_eq!(trusting_transport(&server, url).send(&mail()).await, Ok(()));
    assert!(server.received_after(1)[0].encrypted);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_verified_gets_no_mail() {
    let stranger = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    for (tls, scheme) in [(Tls::OnOffer, "smtp"), (Tls::FromTheStart, "smtps")] {
        let server = SmtpServer::start(tls, &[Conduct::Proper]);
        let by_wrong_root = format!("{scheme}://ann:secret@localhost:{}", server.port);
        let result = trusting_transport(&stranger, by_wrong_root).send(&mail()).await;
        assert!(matches!(result, Err(SendError::Temporary(_))), "{tls:?}: {result:?}");
        let by_wrong_name = format!("{scheme}://ann:secret@127.0.0.1:{}", server.port);
        let result = trusting_transport(&server, by_wrong_name).send(&mail()).await;
        assert!(matches!(result, Err(SendError::Temporary(_))), "{tls:?}: {result:?}");
        for received in server.received_after(2) {
            assert!(received.mail_from.is_none() && received.credentials.is_none(), "{tls:?}");
        }
    }
}

#[tokio::test]
async fn required_tls_that_is_not_offered_gets_no_mail() {
    let server = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let url = format!("smtp://ann:secret@localhost:{}?tls=required", server.port);
    let result = transport(url, None).send(&mail()).await;
    assert!(matches!(result, Err(SendError::Temporary(_))), "{result:?}");
    let received = server.received_after(1).remove(0);
    assert!(received.mail_from.is_none() && received.credentials.is_none());
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again() {
    let deserted = Deserted::new();
    let result = transport(format!("smtp://{}", deserted.address), None).send(&mail()).await;
    assert!(matches!(result, Err(SendError::Temporary(_))), "{result:?}");
}

#[tokio::test]
async fn what_a_user_typed_reaches_no_header_and_no_command() {
    let server = SmtpServer::start(Tls::None, &[Conduct::Proper]);
    let transport = plain_transport(&server);
    let mut hostile = mail();
    hostile.to_name = Some("Ann\r\nBcc: everyone@example.com\r\n.\r\nRCPT TO:<x@y.example>".to_owned());
    assert_eq!(transport.send(&hostile).await, Ok(()));
    let received = server.received_after(1).remove(0);
    assert_eq!(received.recipients, ["TO:<ann@example.com>"]);
    assert!(!received.mail.unwrap().contains("\r\nBcc:"));

    hostile.to_address = "ann@example.com>\r\nRCPT TO:<x@y.example".to_owned();
    let result = transport.send(&hostile).await;
    assert!(matches!(result, Err(SendError::Permanent(_))), "{result:?}");
    assert_eq!(server.received().len(), 1);
}
