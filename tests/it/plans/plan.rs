//! Plans as `auto_explain` writes them into the server's log, with what they did when they ran.

use std::collections::BTreeSet;

use serde_json::Value;

/// A statement of the service and how PostgreSQL ran it.
pub struct Plan(Value);

/// Every plan in a part of the log. A message goes on as long as its lines begin with a tab. The last one may be half
/// written yet, which its own statement has not ended with: it is left for the next look.
pub fn in_log(log: &str) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if !(line.contains("LOG:  duration: ") && line.ends_with("plan:")) {
            continue;
        }
        let mut text = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
            text.push_str(line);
        }
        match serde_json::from_str(&text) {
            Ok(plan) => plans.push(Plan(plan)),
            Err(_) if lines.peek().is_none() => break,
            Err(error) => panic!("a plan is JSON: {error}: {text}"),
        }
    }
    plans
}

impl Plan {
    pub fn statement(&self) -> &str {
        self.0["Query Text"].as_str().unwrap()
    }

    fn nodes(&self) -> Vec<&Value> {
        let mut nodes = vec![&self.0["Plan"]];
        let mut next = 0;
        while let Some(node) = nodes.get(next) {
            let children = node["Plans"].as_array().map_or(&[][..], Vec::as_slice);
            nodes.extend(children);
            next += 1;
        }
        nodes
    }

    pub fn reads(&self, table: &str) -> bool {
        self.nodes().iter().any(|node| node["Relation Name"] == table)
    }

    /// What is wrong with it: a large table read from end to end, more than `most` rows read by one scan, or as many sorted.
    pub fn faults(&self, large: &BTreeSet<String>, most: u32) -> Vec<String> {
        self.nodes().into_iter().filter_map(|node| fault(node, large, most)).collect()
    }
}

fn fault(node: &Value, large: &BTreeSet<String>, most: u32) -> Option<String> {
    let kind = node["Node Type"].as_str().unwrap();
    let relation = node["Relation Name"].as_str();
    if kind == "Seq Scan" && relation.is_some_and(|relation| large.contains(relation)) {
        return Some(format!("reads all of {}", relation.unwrap_or_default()));
    }
    let read = rows_read(node);
    // Of the rows of a part of the statement (a set that is given, the ids in an array) there are as many as it asks for.
    if let Some(from) =
        node["Index Name"].as_str().or(relation).filter(|_| kind.ends_with("Scan") && read > most.into())
    {
        return Some(format!("reads {read:.0} rows by a {kind} of {from}"));
    }
    let sorted: f64 = node["Plans"].as_array().map_or(0.0, |inputs| inputs.iter().map(rows_given).sum());
    (kind.ends_with("Sort") && sorted > most.into()).then(|| format!("sorts {sorted:.0} rows by {}", node["Sort Key"]))
}

/// Rows are averages over the loops.
fn number(node: &Value, name: &str) -> f64 {
    node[name].as_f64().unwrap_or_default()
}

fn rows_given(node: &Value) -> f64 {
    number(node, "Actual Rows") * number(node, "Actual Loops")
}

fn rows_read(node: &Value) -> f64 {
    let dropped = number(node, "Rows Removed by Filter") + number(node, "Rows Removed by Index Recheck");
    rows_given(node) + dropped * number(node, "Actual Loops")
}

#[test]
fn a_plan_that_is_half_written_is_left_for_the_next_look() {
    let first = "2026-11-24 LOG:  duration: 0.1 ms  plan:\n\t{\n\t  \"Query Text\": \"SELECT 1\"\n\t}\n";
    let log = format!("{first}{first}");
    for end in first.len()..log.len() - 2 {
        assert_eq!(in_log(&log[..end]).len(), 1, "{:?}", &log[..end]);
    }
    assert_eq!(in_log(&log).len(), 2);
}
