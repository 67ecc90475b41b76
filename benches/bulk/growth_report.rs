//! Growth as a table and as a picture.

use std::fmt::Write as _;

use crate::growth::{Growth, Work, spread};
use crate::machine::Machine;
use crate::table::{Table, grouped};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 500.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 405.0;
/// Between the labels of two lines.
const LABEL: f64 = 17.0;

pub fn table(growth: &Growth) -> String {
    let Machine { processor, cores, memory_gib, postgresql, .. } = &growth.machine;
    let mut text = format!(
        "What a record takes as the account grows; medians, {}. {processor}, {cores} cores, {memory_gib} GiB, PostgreSQL {postgresql}\n\n",
        growth.date
    );
    let mut times = Table::new(["", "contacts", "records", "runs", "us/record", "database CPU us", "WAL bytes"]);
    let mut flat = Table::new(["largest / smallest, target 1.25", "us/record", "database CPU us"]);
    for sizes in growth.by_work() {
        for (contacts, work) in &sizes {
            times.row([
                work.name.to_owned(),
                grouped(*contacts),
                grouped(work.records),
                work.runs.len().to_string(),
                format!("{:.1}", work.wall()),
                format!("{:.1}", work.cpu()),
                format!("{:.0}", work.wal_bytes()),
            ]);
        }
        flat.row([
            sizes[0].1.name.to_owned(),
            format!("{:.2}", spread(&sizes, Work::wall)),
            format!("{:.2}", spread(&sizes, Work::cpu)),
        ]);
    }
    let mut memory = Table::new(["contacts", "service MB, importing", "deleting, undoing, purging"]);
    for size in &growth.sizes {
        memory.row([
            grouped(size.contacts),
            format!("{:.0}", size.import_megabytes),
            format!("{:.0}", size.action_megabytes),
        ]);
    }
    let _ = write!(text, "{}\n{}\n{}", times.text(), flat.text(), memory.text());
    text
}

/// A line for each kind of work: microseconds a record over the size of the account, which grows by factors.
pub fn draw(growth: &Growth) -> String {
    let lines: Vec<Vec<(u64, &Work)>> = growth.by_work().collect();
    let largest = lines.iter().flatten().map(|(_, work)| work.wall()).fold(f64::MIN_POSITIVE, f64::max);
    let step = nice_step(largest / 5.0);
    let top = (largest / step).ceil() * step;
    let y = |microseconds: f64| BOTTOM - (BOTTOM - TOP) * microseconds / top;
    let ends = growth.sizes.first().zip(growth.sizes.last());
    let (from, to) = ends.map_or((0.0, 1.0), |(first, last)| (log(first.contacts), log(last.contacts)));
    let x = |contacts: u64| LEFT + (RIGHT - LEFT) * (log(contacts) - from) / (to - from).max(f64::MIN_POSITIVE);
    let mut picture = axes(growth, top, step, &x, &y);
    let labels: Vec<f64> = lines.iter().map(|line| line.last().map_or(BOTTOM, |(_, work)| y(work.wall()))).collect();
    let labels = apart(&labels);
    for (number, (line, label)) in lines.iter().zip(labels).enumerate() {
        let points: Vec<(f64, f64)> = line.iter().map(|(contacts, work)| (x(*contacts), y(work.wall()))).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(picture, "<polyline class=\"line line{number}\" points=\"{}\"/>", path.join(" "));
        for (x, y) in points {
            let _ = writeln!(picture, "<circle class=\"dot{number}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
        }
        let Some((_, last)) = line.last() else { continue };
        let _ = writeln!(
            picture,
            "<text class=\"dot{number}\" x=\"{}\" y=\"{:.1}\">{} {:.0} \u{b5}s ({:.2} x)</text>",
            RIGHT + 14.0,
            label + 4.5,
            last.name,
            last.wall(),
            spread(line, Work::wall)
        );
    }
    page(growth, &picture)
}

fn axes(growth: &Growth, top: f64, step: f64, x: &impl Fn(u64) -> f64, y: &impl Fn(f64) -> f64) -> String {
    let mut axes = String::new();
    let mut value = 0.0;
    while value <= top + step / 2.0 {
        let _ = writeln!(
            axes,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>\
             <text class=\"quiet\" x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{value:.0}</text>",
            y(value),
            LEFT - 8.0,
            y(value) + 4.5
        );
        value += step;
    }
    for size in &growth.sizes {
        let _ = writeln!(
            axes,
            "<text class=\"quiet\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x(size.contacts),
            BOTTOM + 20.0,
            grouped(size.contacts)
        );
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    let _ = writeln!(
        axes,
        "<text class=\"quiet\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">contacts of the account</text>",
        BOTTOM + 42.0
    );
    axes
}

fn page(growth: &Growth, picture: &str) -> String {
    let light = ["#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626"];
    let dark = ["#60a5fa", "#fbbf24", "#34d399", "#c084fc", "#f87171"];
    let colours = |colours: [&str; 5]| {
        colours.iter().enumerate().fold(String::new(), |mut styles, (number, colour)| {
            let _ = write!(styles, ".dot{number} {{ fill: {colour} }} .line{number} {{ stroke: {colour} }} ");
            styles
        })
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Microseconds a record over the size of the account</title>\n\
         <style>text {{ fill: #1f2937 }} .quiet {{ fill: #6b7280 }} .paper {{ fill: #ffffff }} .grid {{ stroke: #e5e7eb }} \
         .line {{ fill: none; stroke-width: 2 }} {} \
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e5e7eb }} .quiet {{ fill: #9ca3af }} \
         .paper {{ fill: #111827 }} .grid {{ stroke: #374151 }} {}}}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"16\" font-weight=\"600\">What a record takes as the account grows, \
         microseconds</text>\n\
         <text x=\"20\" y=\"48\" class=\"quiet\">From the request to its end; {} cores, PostgreSQL {}, fsync on. In brackets: slowest size / fastest</text>\n{picture}</svg>\n",
        colours(light),
        colours(dark),
        growth.machine.cores,
        growth.machine.postgresql.split(' ').next().unwrap_or_default(),
    )
}

fn log(contacts: u64) -> f64 {
    crate::cost::approximate(contacts.max(1)).ln()
}

/// 1, 2 or 5 times a power of ten, not less than `least`.
fn nice_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|&step| step >= least).unwrap_or(10.0 * power)
}

/// Where labels go that would like to be at `places`, so that none covers another.
fn apart(places: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    // From the bottom up: at the bottom, where most lines run, is the axis.
    order.sort_by(|&one, &other| places[other].total_cmp(&places[one]));
    let mut settled = places.to_vec();
    let mut below = f64::MAX;
    for place in order {
        settled[place] = places[place].min(below - LABEL);
        below = settled[place];
    }
    settled
}
