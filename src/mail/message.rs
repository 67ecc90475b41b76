//! An outgoing mail as the lines that travel: headers, parts, encodings.

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::{OutgoingMail, one_line};

/// Tells mail servers and holiday responders not to answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Fails, with the reason, when the recipient's address is not one.
pub(super) fn compose(from: &Mailbox, mail: &OutgoingMail) -> Result<Message, String> {
    let address: Address =
        mail.to_address.parse().map_err(|error| format!("the recipient's address is not valid: {error}"))?;
    let name = mail.to_name.as_deref().map(one_line).filter(|name| !name.is_empty());
    MessageBuilder::new()
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .date(mail.date.into())
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .subject(one_line(&mail.content.subject))
        .header(AutoSubmitted)
        .multipart(parts(mail)?)
        .map_err(|error| error.to_string())
}

fn parts(mail: &OutgoingMail) -> Result<MultiPart, String> {
    let content = &mail.content;
    let body = MultiPart::alternative_plain_html(content.text.clone(), content.html.clone());
    if content.attachments.is_empty() {
        return Ok(body);
    }
    let mut whole = MultiPart::mixed().multipart(body);
    for attachment in &content.attachments {
        let content_type = ContentType::parse(attachment.content_type)
            .map_err(|error| format!("an attachment's type is not valid: {error}"))?;
        let part: SinglePart =
            Attachment::new(attachment.file_name.to_owned()).body(attachment.bytes.clone(), content_type);
        whole = whole.singlepart(part);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Attachment, RenderedMail};
    use uuid::Uuid;

    fn mail() -> OutgoingMail {
        OutgoingMail {
            id: Uuid::from_u128(12),
            date: "2026-11-24T09:14:07Z".parse().unwrap(),
            to_name: Some("Ann Peeters".to_owned()),
            to_address: "ann@example.com".to_owned(),
            content: RenderedMail {
                subject: "3 contacten verwijderd, één behouden".to_owned(),
                text: "Hallo Ann".to_owned(),
                html: "<p>Hallo Ann</p>".to_owned(),
                attachments: vec![Attachment {
                    file_name: "exceptions.csv",
                    content_type: "text/csv; charset=utf-8",
                    bytes: b"a,b\r\n".to_vec(),
                }],
            },
        }
    }

    fn lines(mail: &OutgoingMail) -> String {
        let from: Mailbox = "Sweep <sweep@crm.example>".parse().unwrap();
        let message = compose(&from, mail).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    fn header_lines(mail: &OutgoingMail) -> Vec<String> {
        let lines = lines(mail);
        let (headers, _) = lines.split_once("\r\n\r\n").unwrap();
        headers.split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn headers_are_fixed_by_the_mail() {
        let headers = header_lines(&mail());
        for header in [
            "Message-ID: <00000000-0000-0000-0000-00000000000c@crm.example>",
            "Date: Tue, 24 Nov 2026 09:14:07 +0000",
            "From: Sweep <sweep@crm.example>",
            "To: \"Ann Peeters\" <ann@example.com>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ] {
            assert!(headers.contains(&header.to_owned()), "{header}\n{headers:#?}");
        }
    }

    #[test]
    fn text_html_and_file_are_parts_of_their_own() {
        let lines = lines(&mail());
        for part in [
            "Content-Type: multipart/mixed",
            "Content-Type: multipart/alternative",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "Content-Type: text/csv; charset=utf-8",
            "Content-Disposition: attachment; filename=\"exceptions.csv\"",
        ] {
            assert!(lines.contains(part), "{part}\n{lines}");
        }
    }

    #[test]
    fn no_text_makes_a_header_of_its_own() {
        let mut hostile = mail();
        hostile.to_name = Some("Ann\r\nBcc: everyone@example.com\r\n\r\nbody".to_owned());
        hostile.content.subject = "Hi\nBcc: everyone@example.com".to_owned();
        let headers = header_lines(&hostile);
        let names = |headers: &[String]| -> Vec<String> {
            headers
                .iter()
                .filter(|line| !line.starts_with(' '))
                .map(|line| line.split(':').next().unwrap_or_default().to_owned())
                .collect()
        };
        assert_eq!(names(&headers), names(&header_lines(&mail())), "{headers:#?}");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let from: Mailbox = "sweep@crm.example".parse().unwrap();
        for address in ["", "ann", "ann@example.com\r\nBcc: x@y.example", "a@b.example, c@d.example"] {
            let mut mail = mail();
            mail.to_address = address.to_owned();
            let error = compose(&from, &mail).unwrap_err();
            assert!(error.starts_with("the recipient's address is not valid"), "{error}");
        }
    }
}
