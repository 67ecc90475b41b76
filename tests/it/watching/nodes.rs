//! Several nodes, a node that dies or stops, a database that is away.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use nix::sys::signal::Signal;
use serde_json::json;

use super::{Standing, Stuck, ends_once_as};
use crate::harness::{Claims, Listener, SweepProcess, TestDatabase, TestServer};

#[test]
fn another_node_tells_the_same_and_goes_on_where_this_one_stopped() {
    let first = TestServer::start_with(|settings| settings.workers = 1);
    let url = first.database.url();
    let second = TestServer::start_with(|settings| (settings.database_url, settings.workers) = (url, 0));
    let mut action = Standing::new(&first.admin(), &mut first.sql(), first.sql(), json!({}));
    let (mut here, mut there) = (first.listen(&action.id, ""), second.listen(&action.id, ""));
    let heard = here.next().unwrap();
    assert_eq!(there.next().unwrap(), heard);
    drop(here);
    let mut resumed = second.listen(&action.id, &format!("Last-Event-ID: {}\r\n", heard.id));
    action.go_on();
    for listener in [&mut there, &mut resumed] {
        let events = listener.rest();
        ends_once_as(&events, "completed");
        assert!(events[0].id > heard.id, "nothing comes twice");
        assert_eq!(events.last().unwrap().id, 5);
    }
    for node in [&first, &second] {
        assert_eq!(node.listen(&action.id, "Last-Event-ID: 5\r\n").status(), 204);
    }
}

#[test]
fn a_listener_of_a_killed_node_hears_the_rest_from_another() {
    let database = TestDatabase::create();
    let arguments = ["--workers", "1"];
    let (mut first, second) = (
        SweepProcess::start_with(&database, &arguments),
        TestServer::start_with(|settings| {
            (settings.database_url, settings.workers) = (database.url(), 1);
        }),
    );
    let admin = second.admin();
    let action = Stuck::new(&admin, &mut database.connect());
    let token = Claims::admin().token();
    let mut listener = Listener::open(first.address, &token, &action.0, "");
    let heard = listener.next().unwrap();
    first.signal(Signal::SIGKILL);
    assert_eq!((listener.next(), listener.whole), (None, false), "it was broken off");
    assert!(!first.ended().success());
    let mut resumed = second.listen(&action.0, &format!("Last-Event-ID: {}\r\n", heard.id));
    action
        .set(&mut database.connect(), "status = 'completed', chunks_done = 9, succeeded = 1, finished_at = created_at");
    ends_once_as(&resumed.rest(), "completed");
}

#[test]
fn a_node_that_stops_lets_its_listeners_go_at_once() {
    let database = TestDatabase::create();
    let mut node = SweepProcess::start(&database);
    let action = Stuck::new(&node.admin(), &mut database.connect());
    let token = Claims::admin().token();
    let mut listeners: Vec<Listener> = (0..20).map(|_| Listener::open(node.address, &token, &action.0, "")).collect();
    for listener in &mut listeners {
        listener.next().unwrap();
    }
    node.signal(Signal::SIGTERM);
    for listener in &mut listeners {
        assert_eq!((listener.rest(), listener.whole), (Vec::new(), true), "the stream ends, the action does not");
    }
    assert!(node.ended().success(), "{}", node.log());
}

#[test]
fn a_stream_outlives_a_database_that_is_away() {
    let server = TestServer::start_with(|settings| settings.keep_alive = Duration::from_millis(100));
    let mut sql = server.sql();
    let action = Stuck::new(&server.admin(), &mut sql);
    let mut listener = server.listen(&action.0, "");
    listener.next().unwrap();
    let name = &server.database.name;
    let mut maintenance = TestDatabase::maintenance();
    maintenance.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).unwrap();
    let end_all = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    maintenance.batch_execute(&end_all).unwrap();
    for _ in 0..10 {
        assert_eq!(listener.block().as_deref(), Some(": keep-alive"));
    }
    maintenance.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).unwrap();
    action.set(&mut server.sql(), "status = 'cancelled', finished_at = created_at");
    ends_once_as(&listener.rest(), "cancelled");
}
