//! The comparison as a picture.

use std::fmt::Write as _;

use crate::report::{Pair, Report};
use crate::table::grouped;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 250.0;
const BARS: f64 = 360.0;
const ROW: f64 = 62.0;
const TOP: f64 = 74.0;

/// Two bars for each pair: Sweep's time, and the time of the plain SQL that it is held against.
pub fn draw(report: &Report) -> String {
    let pairs: Vec<&Pair> = report.sections.iter().flat_map(|section| &section.bars).collect();
    let longest = pairs.iter().flat_map(|pair| [pair.ours, pair.theirs]).fold(f64::MIN_POSITIVE, f64::max);
    let mut bars = String::new();
    let mut y = TOP;
    for Pair { name, ours, theirs, against } in pairs {
        let _ = write!(bars, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>", LABELS - 12.0, y + 24.0);
        let ratio = format!("Sweep {ours:.2} s ({:.2} x)", ours / theirs);
        bars.push_str(&bar("ours", y, ours / longest, &ratio));
        bars.push_str(&bar("theirs", y + 20.0, theirs / longest, &format!("{against} {theirs:.2} s")));
        y += ROW;
    }
    let machine = &report.machine;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Sweep against plain SQL on the same rows, in seconds</title>\n\
         <style>text {{ fill: #1f2937 }} .quiet {{ fill: #6b7280 }} .ours {{ fill: #2563eb }} .theirs {{ fill: #9ca3af }} \
         .paper {{ fill: #ffffff }} @media (prefers-color-scheme: dark) {{ text {{ fill: #e5e7eb }} \
         .quiet {{ fill: #9ca3af }} .ours {{ fill: #60a5fa }} .theirs {{ fill: #6b7280 }} .paper {{ fill: #111827 }} }}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"16\" font-weight=\"600\">Sweep against plain SQL on the same rows, seconds</text>\n\
         <text x=\"20\" y=\"48\" class=\"quiet\">An account of {contacts} contacts; {cores} cores, PostgreSQL {postgresql}, \
         fsync on; medians of {runs} runs</text>\n{bars}</svg>\n",
        height = y,
        contacts = grouped(report.contacts),
        cores = machine.cores,
        postgresql = machine.postgresql.split(' ').next().unwrap_or_default(),
        runs = report.runs,
    )
}

fn bar(class: &str, y: f64, share: f64, label: &str) -> String {
    let width = (share * BARS).max(1.0);
    format!(
        "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{y}\" width=\"{width:.1}\" height=\"16\" rx=\"2\"/>\
         <text x=\"{:.1}\" y=\"{}\" font-size=\"12\">{label}</text>\n",
        LABELS + width + 6.0,
        y + 12.5
    )
}
