//! A mail to an admin besides the report, put into sentences: what its text and its HTML template lay out.

use askama::Template;

use super::RenderedMail;
use super::letter::{Headline, Line, Step};

pub(super) struct Notice {
    pub lang: &'static str,
    pub subject: String,
    pub opening: String,
    /// The headline tells of something done: it is marked as such.
    pub done: bool,
    pub headline: Headline,
    pub lines: Vec<Line>,
    pub lines_end: Option<String>,
    pub paragraphs: Vec<String>,
    pub steps: Vec<Step>,
    pub footer: String,
}

#[derive(Template)]
#[template(path = "mail/notice.txt")]
struct TextBody<'a> {
    letter: &'a Notice,
}

#[derive(Template)]
#[template(path = "mail/notice.html")]
struct HtmlBody<'a> {
    letter: &'a Notice,
}

impl Notice {
    /// Its texts are used as they are: whatever users typed has to be on one line.
    pub fn render(self) -> RenderedMail {
        let text = TextBody { letter: &self }.render().expect("rendering to memory cannot fail");
        let html = HtmlBody { letter: &self }.render().expect("rendering to memory cannot fail");
        RenderedMail { subject: self.subject, text, html, attachments: Vec::new() }
    }
}
