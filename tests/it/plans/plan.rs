//! Plans as `auto_explain` writes them into the server's log, with what they did when they ran.

use std::collections::BTreeSet;

use serde_json::Value;

/// A statement of the service and how PostgreSQL ran it.
pub struct Plan(Value);

/// Every plan in a part of the log. A message goes on as long as its lines begin with a tab.
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
        plans.push(Plan(serde_json::from_str(&text).expect("a plan is JSON")));
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
    pub fn faults(&self, large: &BTreeSet<String>, most: u64) -> Vec<String> {
        self.nodes().into_iter().filter_map(|node| fault(node, large, most)).collect()
    }
}

fn fault(node: &Value, large: &BTreeSet<String>, most: u64) -> Option<String> {
    let kind = node["Node Type"].as_str().unwrap();
    let relation = node["Relation Name"].as_str().unwrap_or_default();
    if kind == "Seq Scan" && large.contains(relation) {
        return Some(format!("reads all of {relation}"));
    }
    let through = node["Index Name"].as_str().unwrap_or(relation);
    if kind.ends_with("Scan") && rows_read(node) > most {
        return Some(format!("reads {} rows by a {kind} of {through}", rows_read(node)));
    }
    let sorted: u64 = node["Plans"].as_array().map_or(0, |inputs| inputs.iter().map(rows_given).sum());
    if kind.ends_with("Sort") && sorted > most {
        return Some(format!("sorts {sorted} rows by {}", node["Sort Key"]));
    }
    None
}

fn number(node: &Value, name: &str) -> u64 {
    // Averages over the loops; from PostgreSQL 18 on with decimals.
    node[name].as_f64().map_or(0, |number| number.round() as u64)
}

fn rows_given(node: &Value) -> u64 {
    number(node, "Actual Rows") * number(node, "Actual Loops")
}

fn rows_read(node: &Value) -> u64 {
    let dropped = number(node, "Rows Removed by Filter") + number(node, "Rows Removed by Index Recheck");
    rows_given(node) + dropped * number(node, "Actual Loops")
}
