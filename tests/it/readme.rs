//! The README's walk, run as it is printed: its shell blocks in order, against a service of its own. What they print must
//! hold the example's numbers, and so must the output that the README shows.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Claims, TestServer, example_answers, example_file};

const README: &str = include_str!("../../README.md");
const LONGEST_WALK: Duration = Duration::from_mins(10);

/// The contents of the blocks that are fenced as `language`.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("\n```{language}\n");
    README.split(&opening).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

/// The shell blocks with this service's address and folders in place of the reader's.
fn script(server: &TestServer) -> String {
    let folder = server.data.path().display().to_string();
    let mut script = blocks("sh").join("\n");
    for (readers, ours) in [
        ("/tmp/", format!("{folder}/")),
        ("~/.local/share/sweep", folder),
        ("http://127.0.0.1:8080", format!("http://{}", server.address)),
    ] {
        assert!(script.contains(readers), "the walk no longer says {readers}");
        script = script.replace(readers, &ours);
    }
    script
}

fn run(script: &str, token: &str) -> String {
    let mut walk = Command::new("bash")
        .args(["-euc", script])
        .env("TOKEN", token)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("bash runs");
    let mut stdout = walk.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut printed = String::new();
        stdout.read_to_string(&mut printed).map(|_| printed)
    });
    let started = Instant::now();
    let status = loop {
        if let Some(status) = walk.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > LONGEST_WALK {
            walk.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let printed = reader.join().unwrap().unwrap();
    assert!(status.success(), "{status}\n{printed}");
    printed
}

#[test]
fn the_readmes_walk_gives_what_the_readme_shows() {
    let server = TestServer::start();
    let answers = example_answers();
    let dutch = answers["segments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| {
            entry[1]["rules"] == serde_json::json!([{"field": "country", "operator": "equals", "value": "NL"}])
        })
        .expect("the example has the README's segment");
    let (count, blocked) = (dutch[2]["count"].as_i64().unwrap(), dutch[2]["blocked"].as_i64().unwrap());
    let deleted = count - blocked;
    let imported = |kind: &str| {
        let answer = |what: &str| answers[format!("{kind}_{what}")].as_i64().unwrap_or_default();
        let (created, updated, rejected) = (answer("imported"), answer("updated"), answer("rejected"));
        format!("{{\"created\":{created},\"updated\":{updated},\"rejected\":{rejected},")
    };

    // The reader has imported the companies by the command that the service printed.
    let first = server.admin().csv("/companies/import", example_file("companies.csv")).expect(200)["created"].clone();
    assert_eq!(first, answers["companies_imported"]);
    let printed = run(&script(&server), &Claims::admin().token());

    let counted = format!("{{\"count\":{count},\"blocked_count\":{blocked}");
    assert_eq!(printed.matches(&counted).count(), 3, "previewed, counted, and counted again at the end\n{printed}");
    let shown: String = README.split_whitespace().collect();
    for fact in [
        format!("{{\"created\":0,\"updated\":{first},"),
        imported("contacts"),
        imported("deals"),
        imported("invoices"),
        imported("projects"),
        imported("time_trackings"),
        counted,
        format!(
            "\"matched\":{count},\"processed\":{count},\"deleted\":{deleted},\"restored\":0,\"purged\":0,\"deactivated\":0,\"reactivated\":0,\
             \"tagged\":0,\"untagged\":0,\"blocked\":{blocked},"
        ),
        format!("\"matched\":{deleted},\"processed\":{deleted},\"deleted\":0,\"restored\":{},", deleted - 1),
        "event: completed".to_owned(),
        "\"unchanged\":1,".to_owned(),
        "Subject: 3,449 of 3,949 contacts deleted, 500 kept".to_owned(),
        "record_id,record_type,name,outcome,blocker_type".to_owned(),
    ] {
        assert!(printed.contains(&fact), "the walk does not print {fact}\n{printed}");
        let fact: String = fact.split_whitespace().collect();
        assert!(shown.contains(&fact), "the README does not show {fact}");
    }
}
