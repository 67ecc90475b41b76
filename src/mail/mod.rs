//! Mails: what they say, and how they leave.

pub mod approval;
pub mod digest;
pub mod exceptions_file;
pub mod locale;
pub mod report;
pub mod transport;

mod letter;
mod message;
mod notice;
mod smtp;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A mail on its way to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Becomes the Message-ID, so that a mail that is sent again is recognised as the same one.
    pub id: Uuid,
    pub date: DateTime<Utc>,
    pub to_name: Option<String>,
    pub to_address: String,
    pub content: RenderedMail,
}

/// What a mail says, ready for any transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMail {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub attachments: Vec<Attachment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub file_name: &'static str,
    /// A media type with its parameters, such as `text/csv; charset=utf-8`.
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// `text` on one line: control characters become blanks, marks that turn the direction of what
/// follows are dropped. Names and reasons are typed by users, and may neither start a header or a
/// paragraph of their own nor reorder the words around them.
pub(crate) fn one_line(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The command that reads what is at `url`.
fn get_command(url: &str) -> String {
    format!("curl \"{url}\" -H \"Authorization: Bearer $TOKEN\"")
}

/// The command that posts to `url`.
fn post_command(url: &str) -> String {
    format!("curl -X POST {url} -H \"Authorization: Bearer $TOKEN\"")
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn one_line_keeps_words_and_drops_what_breaks_lines() {
        assert_eq!(one_line("Ann\r\nBcc: x@y.z"), "Ann Bcc: x@y.z");
        assert_eq!(one_line("  a\u{0}b\u{85}c\u{2028}d "), "a b c d");
        assert_eq!(one_line("gpj\u{202e}.exe"), "gpj.exe");
        assert_eq!(one_line("Łukasz 山田 👩‍👩‍👧"), "Łukasz 山田 👩‍👩‍👧");
    }
}
