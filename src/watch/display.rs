//! What is shown: a bar at a terminal, else a line a second at most; at the end one line that sums up.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Progress;
use super::pace::Pace;

const LINE_EVERY: Duration = Duration::from_secs(1);

pub struct Display {
    /// None where standard error is no terminal.
    bar: Option<ProgressBar>,
    pace: Pace,
    latest: Option<Progress>,
    /// The latest state has no line yet.
    unsaid: bool,
    said_at: Option<Instant>,
}

impl Display {
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{prefix} {bar:24} {msg}").expect("a template without mistakes");
        let bar = || ProgressBar::hidden().with_style(style.progress_chars("━╸─"));
        let bar = stderr().is_terminal().then(bar);
        Self { bar, pace: Pace::default(), latest: None, unsaid: false, said_at: None }
    }

    pub fn show(&mut self, progress: Progress) {
        self.pace.note(Instant::now(), progress.done());
        self.latest = Some(progress);
        self.unsaid = true;
    }

    /// Draws the bar anew, or says a line when one is due.
    pub fn refresh(&mut self) -> std::io::Result<()> {
        let Some(progress) = &self.latest else { return Ok(()) };
        let now = Instant::now();
        let text = self.describe(progress, now);
        if let Some(bar) = &self.bar {
            bar.set_length(progress.count("matched"));
            bar.set_position(progress.done());
            bar.set_prefix(progress.status.replace('_', " "));
            bar.set_message(text);
            if bar.is_hidden() {
                // Now that there is something to show.
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            return Ok(());
        }
        if self.unsaid && self.said_at.is_none_or(|said| now.duration_since(said) >= LINE_EVERY) {
            let status = progress.status.replace('_', " ");
            (self.unsaid, self.said_at) = (false, Some(now));
            say(&format!("{status}: {text}"))?;
        }
        Ok(())
    }

    pub fn lost(&self, why: &str) -> std::io::Result<()> {
        match &self.bar {
            Some(bar) => bar.set_message(format!("{why}; trying again")),
            None => writeln!(stderr(), "sweep: {why}; trying again")?,
        }
        Ok(())
    }

    pub fn end(&self, last: &Progress) -> std::io::Result<()> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        say(&summary(last))
    }

    fn describe(&self, progress: &Progress, now: Instant) -> String {
        let (done, matched) = (progress.done(), progress.count("matched"));
        let mut parts = vec![format!(
            "{} of {} {} ({} %)",
            HumanCount(done),
            HumanCount(matched),
            plural(&progress.entity),
            done * 100 / matched.max(1)
        )];
        if let Some(rate) = self.pace.rate(now) {
            parts.push(format!("{} a second", HumanCount(rate)));
        }
        if let Some(left) = self.pace.time_left(now, matched.saturating_sub(done)) {
            parts.push(format!("{} left", HumanDuration(left)));
        }
        parts.push(format!("{} blocked", HumanCount(progress.count("blocked"))));
        parts.join(", ")
    }
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

/// `completed: 3,949 of 3,949 contacts processed: 3,449 deleted, 500 blocked`
fn summary(last: &Progress) -> String {
    let mut outcomes: Vec<(u64, String)> = last
        .counts
        .keys()
        .filter(|name| !["matched", "processed"].contains(&name.as_str()))
        .map(|name| (last.count(name), name.replace('_', " ")))
        .filter(|(count, _)| *count > 0)
        .collect();
    outcomes.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let outcomes: Vec<String> =
        outcomes.into_iter().map(|(count, name)| format!("{} {name}", HumanCount(count))).collect();
    let dry_run = if last.dry_run { " (a dry run, nothing was changed)" } else { "" };
    let mut line = format!(
        "{}{dry_run}: {} of {} {} processed",
        last.status,
        HumanCount(last.count("processed")),
        HumanCount(last.count("matched")),
        plural(&last.entity)
    );
    if !outcomes.is_empty() {
        line = format!("{line}: {}", outcomes.join(", "));
    }
    last.failure.iter().fold(line, |line, failure| format!("{line}; {failure}"))
}

fn plural(entity: &str) -> String {
    entity.strip_suffix('y').map_or_else(|| format!("{entity}s"), |stem| format!("{stem}ies"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_line_sums_up() {
        let progress = |event: serde_json::Value| serde_json::from_value(event).expect("an event");
        let counts = json!({"matched": 3949, "processed": 3949, "blocked": 500, "deleted": 3449, "not_processed": 0});
        let event = json!({"entity": "contact", "status": "completed", "percent": 100, "counts": counts});
        assert_eq!(
            summary(&progress(event)),
            "completed: 3,949 of 3,949 contacts processed: 3,449 deleted, 500 blocked"
        );
        let counts = json!({"matched": 2, "processed": 0, "not_processed": 2});
        let event = json!({"entity": "company", "status": "failed", "percent": 0, "counts": counts, "dry_run": true,
            "failure": "a part of the records failed 5 times"});
        assert_eq!(
            summary(&progress(event)),
            "failed (a dry run, nothing was changed): 0 of 2 companies processed: 2 not processed; \
             a part of the records failed 5 times"
        );
    }
}
