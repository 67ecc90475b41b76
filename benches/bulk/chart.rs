//! The comparison as a picture: for each kind of work how long Sweep takes, where plain SQL takes 1.

use std::fmt::Write as _;

use crate::report::{Pair, Report};
use crate::table::grouped;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 280.0;
const BARS: f64 = 280.0;
const ROW: f64 = 40.0;
const TOP: f64 = 92.0;

/// The colours of text, bars and paper, also where it is dark.
pub const STYLE: &str = "<style>text { fill: #1f2937 } .quiet { fill: #6b7280 } .ours { fill: #2563eb } \
    .theirs { stroke: #9ca3af } .paper { fill: #ffffff } @media (prefers-color-scheme: dark) { text { fill: #e5e7eb } \
    .quiet { fill: #9ca3af } .ours { fill: #60a5fa } .theirs { stroke: #6b7280 } .paper { fill: #111827 } }</style>";

pub fn draw(report: &Report) -> String {
    let pairs: Vec<&Pair> = report.sections.iter().flat_map(|section| &section.bars).collect();
    let longest = pairs.iter().map(|pair| pair.ours / pair.theirs).fold(1.25, f64::max);
    let one = LABELS + BARS / longest;
    let mut bars = String::new();
    let mut y = TOP;
    for Pair { name, ours, theirs, against } in pairs {
        let width = (ours / theirs / longest * BARS).max(1.0);
        let _ = writeln!(
            bars,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"ours\" x=\"{LABELS}\" y=\"{y}\" width=\"{width:.1}\" height=\"22\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{}\" font-size=\"12\">{:.2} <tspan class=\"quiet\">{ours:.2} s; {against} {theirs:.2} s</tspan></text>",
            LABELS - 12.0,
            y + 15.5,
            (LABELS + width).max(one) + 8.0,
            y + 15.0,
            ours / theirs
        );
        y += ROW;
    }
    let machine = &report.machine;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Sweep's time as a share of plain SQL's on the same rows</title>\n{STYLE}\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"16\" font-weight=\"600\">Sweep beside plain SQL on the same rows: shorter is faster</text>\n\
         <text x=\"20\" y=\"48\" class=\"quiet\">An account of {contacts} contacts; {cores} cores, PostgreSQL {postgresql}, \
         fsync on; medians of {runs} runs</text>\n{bars}\
         <path class=\"theirs\" d=\"M{one:.1} {top}V{end}\" stroke-width=\"2\" stroke-dasharray=\"4 3\"/>\n\
         <text x=\"{one:.1}\" y=\"{}\" class=\"quiet\" text-anchor=\"middle\" font-size=\"12\">plain SQL: 1</text></svg>\n",
        TOP - 16.0,
        top = TOP - 10.0,
        end = y - ROW + 32.0,
        height = y + 8.0,
        contacts = grouped(report.contacts),
        cores = machine.cores,
        postgresql = machine.postgresql.split(' ').next().unwrap_or_default(),
        runs = report.runs,
    )
}
