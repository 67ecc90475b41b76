//! A report put into sentences: what the text and the HTML template lay out, each in its way.

use askama::Template;

use super::exceptions_file::ExceptionsFile;
use super::locale::Phrases;
use super::post_command;
use super::report::{Cause, Effect, Ending, ExceptionFacts, Operation, Report};
use crate::domain::blocker::Blocker;
use crate::domain::bulk_action::OnBlocked;

/// How many tags a letter names.
const NAMED_TAGS: usize = 10;

pub(super) struct Letter {
    lang: &'static str,
    pub(super) subject: String,
    opening: String,
    bar: Bar,
    done: Headline,
    undo: Option<Step>,
    stayed: Vec<Headline>,
    exceptions: Vec<Line>,
    exceptions_end: Option<String>,
    download: Option<Step>,
    notes: Vec<String>,
    what_now: &'static str,
    advice: Vec<&'static str>,
    retry: Option<Step>,
    footer: String,
}

/// A sentence that carries the weight, and what follows it.
pub(super) struct Headline {
    pub(super) strong: String,
    pub(super) rest: String,
}

/// Something to do, and the command that does it.
pub(super) struct Step {
    pub(super) sentence: &'static str,
    pub(super) command: String,
}

/// One record that stayed, and why.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) why: String,
}

/// Shares of the matched records in percent; what is not 0 is at least 1.
struct Bar {
    done: u64,
    kept: u64,
    rest: u64,
}

#[derive(Template)]
#[template(path = "mail/report.txt")]
struct TextBody<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/report.html")]
struct HtmlBody<'a> {
    letter: &'a Letter,
}

impl Letter {
    /// `report` must be tidied: its texts are used as they are.
    pub(super) fn from_report(report: &Report) -> Self {
        let say = report.language.phrases();
        let counts = &report.counts;
        let advice = [
            (linked(report) > 0).then(|| say.after_linked(on_blocked(report))),
            (counts.conflict > 0).then(|| say.after_conflict(report.operation)),
        ];
        Self {
            lang: say.tag(),
            subject: subject(report, say),
            opening: opening(report, say),
            bar: Bar::from_report(report),
            done: done(report, say),
            undo: can_undo(report)
                .then(|| Step { sentence: say.to_undo(), command: post_command(&action_url(report, "/undo")) }),
            stayed: stayed(report, say),
            exceptions: report.exceptions.iter().map(|exception| exception_line(exception, say)).collect(),
            exceptions_end: exceptions_end(report, say),
            download: (report.exceptions_file == ExceptionsFile::TooLarge).then(|| Step {
                sentence: say.too_long_to_attach(),
                command: download_command(&action_url(report, "/results?format=csv")),
            }),
            notes: notes(report, say),
            what_now: say.what_now(),
            advice: advice.into_iter().flatten().collect(),
            retry: (counts.blocked > 0)
                .then(|| Step { sentence: say.to_retry(), command: post_command(&action_url(report, "/retry")) }),
            footer: format!("{} {} {}.", say.why_you(report.operation), say.action(), report.action_id),
        }
    }

    pub(super) fn text(&self) -> String {
        TextBody { letter: self }.render().expect("rendering to memory cannot fail")
    }

    pub(super) fn html(&self) -> String {
        HtmlBody { letter: self }.render().expect("rendering to memory cannot fail")
    }
}

impl Bar {
    fn from_report(report: &Report) -> Self {
        let counts = &report.counts;
        let percent = |part: u64| match part * 100 / counts.matched.max(1) {
            0 if part > 0 => 1,
            percent => percent,
        };
        let kept = percent(linked(report) + counts.conflict);
        let others = counts.gone + counts.changed + counts.unchanged + counts.not_processed;
        let rest = if others > 0 { percent(others) } else { 0 };
        let done = if counts.done + counts.reactivated_too > 0 { 100 - kept - rest } else { 0 };
        Self { done, kept, rest }
    }
}

/// Records that were not deleted because something is linked to them.
fn linked(report: &Report) -> u64 {
    report.counts.blocked + report.counts.deactivated_instead
}

/// What was done about them.
fn on_blocked(report: &Report) -> OnBlocked {
    match report.ending {
        Ending::Aborted => OnBlocked::Abort,
        _ if report.counts.deactivated_instead > 0 => OnBlocked::Deactivate,
        _ => OnBlocked::Skip,
    }
}

/// Whether an undo would find something to take back.
fn can_undo(report: &Report) -> bool {
    let counts = &report.counts;
    match report.operation {
        Operation::Delete => {
            let restorable = counts.done > 0 && report.restorable_until.is_some();
            restorable || counts.deactivated_instead > 0
        }
        Operation::Deactivate | Operation::Reactivate => counts.done > 0,
        Operation::Restore | Operation::Purge | Operation::AddTags | Operation::RemoveTags | Operation::Undo(_) => {
            false
        }
    }
}

fn subject(report: &Report, say: &dyn Phrases) -> String {
    let counts = &report.counts;
    if report.ending == Ending::Aborted {
        return say.nothing_deleted(report.kind, counts.blocked, counts.matched);
    }
    let unfinished = say.unfinished(report.operation, report.ending);
    let progress = say.progress(report.operation.effect(), report.kind, counts.done, counts.matched);
    let mut subject = format!("{unfinished}{progress}");
    let also = [(Effect::Deactivated, counts.deactivated_instead), (Effect::Reactivated, counts.reactivated_too)];
    for (effect, n) in also.into_iter().filter(|&(_, n)| n > 0) {
        subject = format!("{subject}, {}", say.also_briefly(effect, report.kind, n));
    }
    if counts.blocked > 0 {
        subject = format!("{subject}, {}", say.kept_briefly(report.kind, counts.blocked));
    }
    if counts.conflict > 0 {
        subject = format!("{subject}, {}", say.in_conflict_briefly(counts.conflict));
    }
    subject
}

fn opening(report: &Report, say: &dyn Phrases) -> String {
    let opening = say.opening(report);
    match &report.approved_by {
        Some((who, at)) => format!("{opening} {}", say.approved_by(who, *at)),
        None => opening,
    }
}

fn done(report: &Report, say: &dyn Phrases) -> Headline {
    let counts = &report.counts;
    let something_done = counts.done + counts.deactivated_instead + counts.reactivated_too > 0;
    let sentences = [
        tags(report, say),
        (counts.reactivated_too > 0).then(|| say.reactivated_too(counts.reactivated_too)),
        Some(say.why_unfinished(report.ending, something_done).to_owned()),
        report
            .restorable_until
            .filter(|_| report.operation == Operation::Delete && counts.done > 0)
            .map(|until| say.can_take_back(counts.done, until)),
    ];
    let sentences: Vec<String> = sentences.into_iter().flatten().filter(|sentence| !sentence.is_empty()).collect();
    Headline { strong: say.done(report.operation.effect(), report.kind, counts.done), rest: sentences.join(" ") }
}

/// The tags in question, the first of them by name.
fn tags(report: &Report, say: &dyn Phrases) -> Option<String> {
    let named = report.tags.iter().take(NAMED_TAGS).map(String::as_str).collect::<Vec<_>>().join(", ");
    let unnamed = report.tags.len().saturating_sub(NAMED_TAGS) as u64;
    match (report.tags.is_empty(), unnamed) {
        (true, _) => None,
        (false, 0) => Some(format!("{} {named}.", say.tags())),
        (false, n) => Some(format!("{} {named}, {}.", say.tags(), say.and_more(n))),
    }
}

fn stayed(report: &Report, say: &dyn Phrases) -> Vec<Headline> {
    let counts = &report.counts;
    let kept = (linked(report) > 0).then(|| kept(report, say));
    let in_conflict = (counts.conflict > 0)
        .then(|| say.in_conflict(report.operation, report.kind, counts.conflict))
        .map(|strong| Headline { strong, rest: String::new() });
    kept.into_iter().chain(in_conflict).collect()
}

fn kept(report: &Report, say: &dyn Phrases) -> Headline {
    let by_kind: Vec<String> = report.kept_by.iter().map(|&(kind, n)| say.kept_by(kind, n)).collect();
    let links: u64 = report.kept_by.iter().map(|&(_, n)| n).sum();
    let mut rest = by_kind.join(", ");
    if links > linked(report) {
        rest = format!("{rest} {}", say.record_can_have_several());
    }
    Headline { strong: say.linked(on_blocked(report), report.kind, linked(report)), rest: format!("{rest}.") }
}

fn exception_line(exception: &ExceptionFacts, say: &dyn Phrases) -> Line {
    let why = match &exception.cause {
        Cause::Linked(groups) => {
            let groups: Vec<String> = groups.iter().map(|group| blocker(group, say)).collect();
            groups.join("; ")
        }
        Cause::Conflict { with_id, with_name } => match with_name {
            Some(name) => say.external_id_taken_by(name),
            None => say.external_id_taken_by(&with_id.to_string()),
        },
        Cause::TooManyTags => say.too_many_tags().to_owned(),
    };
    let name = match &exception.name {
        Some(name) => name.clone(),
        None => exception.record_id.to_string(),
    };
    Line { name, why }
}

fn blocker(group: &Blocker, say: &dyn Phrases) -> String {
    let count = group.count.unsigned_abs();
    let linked_as = say.linked_as(group.kind, group.role, count);
    let titles: Vec<&str> = group.sample.iter().filter_map(|linked| linked.title.as_deref()).collect();
    let unnamed = count.saturating_sub(titles.len() as u64);
    match (titles.is_empty(), unnamed) {
        (true, _) => linked_as,
        (false, 0) => format!("{linked_as} ({})", titles.join(", ")),
        (false, n) => format!("{linked_as} ({}, {})", titles.join(", "), say.and_more(n)),
    }
}

fn exceptions_end(report: &Report, say: &dyn Phrases) -> Option<String> {
    let all = linked(report) + report.counts.conflict;
    let unnamed = all.saturating_sub(report.exceptions.len() as u64);
    match (&report.exceptions_file, unnamed) {
        (ExceptionsFile::Empty, _) | (ExceptionsFile::TooLarge, 0) => None,
        (ExceptionsFile::Attached(_), 0) => Some(say.all_in_attachment().to_owned()),
        (ExceptionsFile::Attached(_), n) => Some(say.more_in_attachment(n)),
        (ExceptionsFile::TooLarge, n) => Some(format!("... {}.", say.and_more(n))),
    }
}

fn notes(report: &Report, say: &dyn Phrases) -> Vec<String> {
    let counts = &report.counts;
    let notes = [
        (counts.gone > 0).then(|| say.gone(report.operation, counts.gone)),
        (counts.changed > 0).then(|| say.changed(report.operation, counts.changed)),
        (counts.unchanged > 0).then(|| say.unchanged(report.operation, counts.unchanged)),
        // That an abort left all as it was has been said.
        (counts.not_processed > 0 && report.ending != Ending::Aborted).then(|| say.not_processed(counts.not_processed)),
    ];
    notes.into_iter().flatten().collect()
}

fn action_url(report: &Report, path: &str) -> String {
    let base = report.public_url.trim_end_matches('/');
    format!("{base}/bulk-actions/{}{path}", report.action_id)
}

fn download_command(url: &str) -> String {
    format!("curl -o exceptions.csv \"{url}\" -H \"Authorization: Bearer $TOKEN\"")
}
