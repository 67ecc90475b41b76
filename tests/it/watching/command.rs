//! `sweep watch`, the real program, against a real service.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};

use nix::pty::openpty;
use nix::sys::signal::Signal;
use serde_json::json;

use super::{Standing, Stuck, id};
use crate::bulk_delete::{contacts, delete_ids};
use crate::harness::process::sweep;
use crate::harness::{Claims, Deserted, SweepProcess, TestDatabase, TestServer};

pub fn watch(url: &str, token: &str, action: &str) -> Command {
    let mut command = sweep(&["watch", action]);
    command.env("SWEEP_URL", url).env("SWEEP_TOKEN", token);
    command
}

pub fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn watch_on(server: &TestServer, action: &str) -> Command {
    watch(&format!("http://{}", server.address), &Claims::admin().token(), action)
}

#[test]
fn a_pipe_gets_lines_and_the_exit_code_says_how_it_ended() {
    let server = TestServer::start();
    let (admin, mut sql) = (server.admin(), server.sql());
    let person = contacts(&admin, &["a"]);
    let deal = json!({"title": "Offer", "customer": {"type": "contact", "id": person[0]}});
    admin.post("/deals", deal).expect(201);
    let more = contacts(&admin, &["b", "c"]);
    let action = id(&delete_ids(&admin, "contact", &[person, more].concat()));
    let output = watch_on(&server, &action).output().unwrap();
    let summary = "completed: 3 of 3 contacts processed: 2 deleted, 1 blocked\n";
    assert_eq!(said(&output), (Some(0), summary.to_owned(), String::new()));

    for (status, code) in [("failed", 3), ("cancelled", 4), ("aborted", 5)] {
        let action = Stuck::new(&admin, &mut sql);
        action.set(&mut sql, &format!("status = '{status}', finished_at = created_at"));
        let (exit, out, _) = said(&watch_on(&server, &action.0).output().unwrap());
        let summary = format!("{status}: 0 of 1 contacts processed: 1 not processed\n");
        assert_eq!((exit, out), (Some(code), summary));
    }
}

#[test]
fn a_running_action_is_followed_to_its_end() {
    let server = TestServer::start_with(|settings| settings.workers = 1);
    let mut action = Standing::new(&server.admin(), &mut server.sql(), server.sql(), json!({}));
    let mut child = watch_on(&server, &action.id).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = vec![0; "running: 2,000 of 6,000 contacts (33 %), 0 blocked\n".len()];
    out.read_exact(&mut first).unwrap();
    assert_eq!(String::from_utf8(first).unwrap(), "running: 2,000 of 6,000 contacts (33 %), 0 blocked\n");
    action.go_on();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.lines().last(), Some("completed: 6,000 of 6,000 contacts processed: 6,000 deleted"));
    assert!(child.wait().unwrap().success());
}

/// With a terminal there is a bar on it, and nothing but the summary where the output goes.
#[test]
fn a_terminal_gets_a_bar() {
    let server = TestServer::start_with(|settings| settings.workers = 1);
    let mut action = Standing::new(&server.admin(), &mut server.sql(), server.sql(), json!({}));
    let size = nix::pty::Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).unwrap();
    let slave: OwnedFd = terminal.slave;
    let mut command = watch_on(&server, &action.id);
    command.env("TERM", "xterm").stderr(Stdio::from(slave));
    let child = command.spawn().unwrap();
    drop(command);
    let mut screen = File::from(terminal.master);
    let mut shown = String::new();
    while !shown.contains("2,000 of 6,000 contacts (33 %)") {
        let mut piece = [0; 4096];
        let length = screen.read(&mut piece).unwrap();
        shown.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    assert!(shown.contains("running ━") && shown.contains("0 blocked"), "{shown}");
    action.go_on();
    let mut rest = Vec::new();
    // A terminal without anybody at its other end gives an error, not an end.
    let _ = screen.read_to_end(&mut rest);
    let (code, out, _) = said(&child.wait_with_output().unwrap());
    assert_eq!((code, out.as_str()), (Some(0), "completed: 6,000 of 6,000 contacts processed: 6,000 deleted\n"));
}

/// Where Linux has more than one address for the machine itself, one that no other test uses: else the port might be
/// somebody else's when the service comes back to it.
const OWN_ADDRESS: &str = if cfg!(target_os = "linux") { "127.77.0.1:0" } else { "127.0.0.1:0" };

#[test]
fn a_service_that_comes_back_is_followed_on() {
    let database = TestDatabase::create();
    let mut node = SweepProcess::start_with(&database, &["--listen", OWN_ADDRESS]);
    let mut sql = database.connect();
    let action = Stuck::new(&node.admin(), &mut sql);
    let address = node.address.to_string();
    let mut child = watch(&format!("http://{address}"), &Claims::admin().token(), &action.0).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = [0; 8];
    out.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"running:");
    node.signal(Signal::SIGKILL);
    node.ended();
    action.set(&mut sql, "chunks_done = 2");
    let _again = SweepProcess::start_with(&database, &["--listen", &address]);
    action.set(&mut sql, "status = 'completed', chunks_done = 9, succeeded = 1, finished_at = created_at");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let (code, _, errors) = said(&child.wait_with_output().unwrap());
    assert_eq!((code, rest.lines().last()), (Some(0), Some("completed: 1 of 1 contacts processed: 1 deleted")));
    assert!(errors.contains("trying again"), "{errors}");
}

#[test]
fn what_went_wrong_is_said_in_one_sentence_that_helps() {
    let server = TestServer::start();
    let action = id(&delete_ids(&server.admin(), "contact", &contacts(&server.admin(), &["a"])));
    let url = format!("http://{}", server.address);
    let admin = Claims::admin().token();
    let deserted = Deserted::new();
    for (url, token, said_of) in [
        (url.as_str(), "x", ["does not take the token", "SWEEP_TOKEN"]),
        (&url, &Claims::stranger().token(), ["no bulk action", "may see"]),
        (&url, &Claims::member().token(), ["no bulk action", "may see"]),
        (&format!("{url}/docs"), &admin, ["answers 404", "SWEEP_URL"]),
        (&format!("http://{}", deserted.address), &admin, ["nothing listens at", "sweep serve"]),
        ("not an address", &admin, ["no address of a service", "http://127.0.0.1:8080"]),
        ("http://no-such-host.invalid", &admin, ["cannot be reached", "SWEEP_URL"]),
    ] {
        let (code, out, errors) = said(&watch(url, token, &action).output().unwrap());
        assert_eq!((code, out.as_str(), errors.lines().count()), (Some(1), "", 1), "{errors}");
        assert!(said_of.iter().all(|part| errors.contains(part)), "{errors}");
        assert!(!errors.contains(token) || token == "x", "the token is not shown");
    }
    for arguments in [&["watch", "no id", "--token", "x"][..], &["watch", &action]] {
        assert_eq!(sweep(arguments).output().unwrap().status.code(), Some(2));
    }
}
