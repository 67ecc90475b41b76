//! Many listeners, and who may be one.

use serde_json::json;
use uuid::Uuid;

use super::{Stuck, ends_once_as};
use crate::harness::{Claims, Listener, TestServer};
use crate::many_records::{count, wait_until};

const LISTENERS: usize = 1_200;

/// A socket has two ends in this process.
fn allow_many_sockets() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    assert!(most > 3_000, "the system allows this process {most} open files");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
}

#[test]
fn more_than_a_thousand_listen_through_two_connections_to_the_database() {
    allow_many_sockets();
    let server = TestServer::start_with(|settings| (settings.api_connections, settings.workers) = (2, 1));
    let mut sql = server.sql();
    let action = Stuck::new(&server.admin(), &mut sql);
    let mut listeners: Vec<Listener> = (0..LISTENERS).map(|_| server.listen(&action.0, "")).collect();
    for listener in &mut listeners {
        assert_eq!(listener.next().expect("the latest state").id, 2);
    }
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND application_name = 'sweep'";
    assert!(count(&mut sql, sessions) <= 2 + 1 + 4);
    // All the others can still be served.
    server.admin().get("/contacts").expect(200);
    action.set(&mut sql, "status = 'completed', chunks_done = chunks_total, succeeded = 1, finished_at = created_at");
    for listener in &mut listeners {
        let events = listener.rest();
        assert_eq!(events.len(), 1);
        ends_once_as(&events, "completed");
        assert!(listener.whole);
    }
}

#[test]
fn only_who_may_read_the_action_may_watch_it() {
    let server = TestServer::start();
    let mut sql = server.sql();
    let action = Stuck::new(&server.admin(), &mut sql);
    let status = |claims: &Claims, id: &str| Listener::open(server.address, &claims.token(), id, "").status();
    let look = |open: bool| {
        assert_eq!(status(&Claims::admin(), &action.0), 200, "{open}");
        assert_eq!(status(&Claims::member(), &action.0), 404, "{open}");
        assert_eq!(status(&Claims::stranger(), &action.0), 404, "{open}");
        assert_eq!(status(&Claims::admin().with("sub", "another admin"), &action.0), 200, "{open}");
    };
    look(false);
    // Also when what is asked for lies ready in memory.
    let mut listener = server.listen(&action.0, "");
    listener.next().unwrap();
    look(true);
    action.set(&mut sql, "requested_by = 'max'");
    let own = Stuck::new(&server.admin(), &mut sql);
    own.set(&mut sql, "requested_by = 'max'");
    assert_eq!(status(&Claims::member(), &own.0), 200);
    assert_eq!(status(&Claims::member().with("sub", "mia"), &own.0), 404);
    for nothing in [Uuid::now_v7().to_string(), "none".to_owned()] {
        assert_eq!(status(&Claims::admin(), &nothing), 404);
    }
    assert_eq!(Listener::open(server.address, "none", &own.0, "").status(), 401);
    let problem = server.member().get(&format!("/bulk-actions/{}/events", action.0));
    assert_eq!(problem.refused("not-found")["status"], json!(404));
}

/// Who goes away is forgotten at the next word.
#[test]
fn who_goes_away_is_dropped() {
    let server = TestServer::start_with(|settings| settings.keep_alive = std::time::Duration::from_millis(20));
    let action = Stuck::new(&server.admin(), &mut server.sql());
    let port = server.address.port();
    if connections(port).is_none() {
        eprintln!("not looked at: this system does not tell of its connections");
        return;
    }
    let there_are = |number| wait_until(|| connections(port) == Some(number));
    assert!(there_are(0), "the calls before have ended");
    let listeners: Vec<Listener> = (0..200).map(|_| server.listen(&action.0, "")).collect();
    assert!(there_are(200));
    drop(listeners);
    assert!(there_are(0));
}

/// The service's ends of connections to this port that are not closed; none where the system does not tell.
fn connections(port: u16) -> Option<usize> {
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let local = format!(":{port:04X}");
    let established_or_left = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[1].ends_with(&local) && ["01", "08"].contains(&fields[3])
    };
    Some(table.lines().skip(1).filter(established_or_left).count())
}
