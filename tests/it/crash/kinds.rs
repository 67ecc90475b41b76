//! Every kind of action, killed at random instants: the program by SIGKILL, or its PostgreSQL as by
//! `pg_ctl stop -m immediate`. What is there afterwards is whole, and the next start completes the rest.
//!
//! `SWEEP_CRASH_ROUNDS=25 cargo test --test it crash::kinds` does it more often.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use sweep::embedded_postgres::EmbeddedPostgres;
use uuid::Uuid;

use super::super::harness::Claims;
use super::super::invariants;
use super::super::many_records::{self, count, wait_until};
use super::instants::{chance, rounds};
use super::node::Node;
use super::{BLOCKED_EVERY, CONTACTS, all_sessions_gone, database};

/// Kills in one action.
const KILLS: u32 = 2;

/// What an action starts from.
enum Before {
    /// All contacts are live and active, some are linked.
    Linked,
    /// As made, without links.
    Free,
    Deactivated,
    /// All lie in the bin of one bulk delete.
    Binned,
}

/// A kind of action, and what is true of how many contacts after it.
struct Kind {
    name: &'static str,
    before: Before,
    /// A body for `POST /bulk-actions`; null for the undo of the delete before.
    body: fn() -> Value,
    counts: &'static [(&'static str, Share)],
    /// A condition on a contact, and how many hold it.
    left: &'static [(&'static str, Share)],
}

#[derive(Clone, Copy)]
enum Share {
    All,
    Blocked,
    Free,
    None,
}

impl Share {
    fn of(self, blocked: i64) -> i64 {
        let all = i64::try_from(CONTACTS).unwrap();
        match self {
            Self::All => all,
            Self::Blocked => blocked,
            Self::Free => all - blocked,
            Self::None => 0,
        }
    }
}

fn all_contacts(action: &str, more: Value) -> Value {
    let mut body =
        json!({"action": action, "entity": "contact", "target": {"segment_id": "all-contacts"}, "notify": "never"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn what_lies_in_the_bin(action: &str) -> Value {
    json!({"action": action, "entity": "contact", "target": {"bin": {}}, "expected_count": CONTACTS, "notify": "never"})
}

const KINDS: &[Kind] = &[
    Kind {
        name: "delete",
        before: Before::Linked,
        body: || all_contacts("delete", json!({})),
        counts: &[("deleted", Share::Free), ("blocked", Share::Blocked)],
        left: &[
            ("deleted_at IS NOT NULL AND version = 2", Share::Free),
            ("deleted_at IS NULL AND version = 1", Share::Blocked),
        ],
    },
    Kind {
        name: "dry run",
        before: Before::Linked,
        body: || all_contacts("delete", json!({"dry_run": true})),
        counts: &[("deleted", Share::Free), ("blocked", Share::Blocked)],
        left: &[("deleted_at IS NULL AND version = 1", Share::All)],
    },
    Kind {
        name: "all or nothing",
        before: Before::Free,
        body: || all_contacts("delete", json!({"on_blocked": "abort"})),
        counts: &[("deleted", Share::All)],
        left: &[("deleted_at IS NOT NULL AND version = 2", Share::All)],
    },
    Kind {
        name: "deactivate what is blocked",
        before: Before::Linked,
        body: || all_contacts("delete", json!({"on_blocked": "deactivate"})),
        counts: &[("deleted", Share::Free), ("deactivated", Share::Blocked), ("blocked", Share::None)],
        left: &[
            ("deleted_at IS NOT NULL AND version = 2", Share::Free),
            ("deleted_at IS NULL AND status = 'deactivated' AND version = 2", Share::Blocked),
        ],
    },
    Kind {
        name: "deactivate",
        before: Before::Linked,
        body: || all_contacts("deactivate", json!({})),
        counts: &[("deactivated", Share::All)],
        left: &[("status = 'deactivated' AND version = 2", Share::All)],
    },
    Kind {
        name: "reactivate",
        before: Before::Deactivated,
        body: || all_contacts("reactivate", json!({})),
        counts: &[("reactivated", Share::All)],
        left: &[("status = 'active' AND version = 2", Share::All)],
    },
    Kind {
        name: "undo",
        before: Before::Binned,
        body: || Value::Null,
        counts: &[("restored", Share::All)],
        left: &[("deleted_at IS NULL AND version = 3", Share::All)],
    },
    Kind {
        name: "restore",
        before: Before::Binned,
        body: || what_lies_in_the_bin("restore"),
        counts: &[("restored", Share::All)],
        left: &[("deleted_at IS NULL AND version = 3", Share::All)],
    },
    Kind {
        name: "purge",
        before: Before::Binned,
        body: || what_lies_in_the_bin("purge"),
        counts: &[("purged", Share::All)],
        left: &[("true", Share::None)],
    },
    Kind {
        name: "add tags",
        before: Before::Linked,
        body: || all_contacts("add_tags", json!({"tags": ["a", "Copied"]})),
        counts: &[("tagged", Share::All)],
        left: &[("tags = '{copied,a}' AND tag_keys = tags AND version = 2", Share::All)],
    },
    Kind {
        name: "remove tags",
        before: Before::Linked,
        body: || all_contacts("remove_tags", json!({"tags": ["COPIED"]})),
        counts: &[("untagged", Share::All)],
        left: &[("tags = '{}' AND tag_keys = '{}' AND version = 2", Share::All)],
    },
];

/// A running service whose database or program can be made to end at once.
trait Victim {
    fn node(&self) -> &Node;
    fn sql(&mut self) -> &mut PgConnection;
    /// Ends it, and starts it again with nothing of it left.
    fn kill_and_restart(&mut self);
}

struct KilledProgram {
    node: Node,
    sql: PgConnection,
}

impl Victim for KilledProgram {
    fn node(&self) -> &Node {
        &self.node
    }

    fn sql(&mut self) -> &mut PgConnection {
        &mut self.sql
    }

    fn kill_and_restart(&mut self) {
        self.node.kill();
        assert!(all_sessions_gone(&mut self.sql));
        invariants::hold(&mut self.sql);
        self.node.restart();
    }
}

/// The program goes on; the server under it ends without a checkpoint and recovers from its log.
struct KilledDatabase<'a> {
    node: Node,
    sql: PgConnection,
    folder: &'a Path,
    server: EmbeddedPostgres,
}

impl Victim for KilledDatabase<'_> {
    fn node(&self) -> &Node {
        &self.node
    }

    fn sql(&mut self) -> &mut PgConnection {
        &mut self.sql
    }

    fn kill_and_restart(&mut self) {
        let pid_file = fs::read_to_string(self.folder.join("postgres/postmaster.pid")).unwrap();
        let postmaster = Pid::from_raw(pid_file.lines().next().unwrap().parse().unwrap());
        kill(postmaster, Signal::SIGQUIT).unwrap();
        assert!(wait_until(|| PgConnection::establish(&self.server.database_url()).is_err()));
        self.server = EmbeddedPostgres::start(self.folder).unwrap();
        self.sql = PgConnection::establish(&self.server.database_url()).unwrap();
        invariants::hold(&mut self.sql);
    }
}

#[test]
fn the_program_killed_during_every_kind_of_action() {
    let (database, sql) = database();
    let node = Node::start(&database);
    let kills = kill_during_every_kind(&mut KilledProgram { node, sql });
    eprintln!("the program was killed {kills} times during an action");
}

#[test]
fn its_postgres_killed_during_every_kind_of_action() {
    let folder = tempfile::tempdir().unwrap();
    let server = EmbeddedPostgres::start(folder.path()).unwrap();
    let node = Node::start_on(server.serving_url(), server.database_url());
    let sql = PgConnection::establish(&server.database_url()).unwrap();
    let mut victim = KilledDatabase { node, sql, folder: folder.path(), server };
    let kills = kill_during_every_kind(&mut victim);
    eprintln!("PostgreSQL was killed {kills} times during an action");
    victim.node.kill();
    drop(victim.sql);
    victim.server.stop_if_unused().unwrap();
}

/// Gives how many of the kills came before the action's end.
fn kill_during_every_kind(victim: &mut impl Victim) -> usize {
    let mut hits = 0;
    for _ in 0..rounds(1) {
        for kind in KINDS {
            hits += kill_during(victim, kind);
        }
    }
    hits
}

fn kill_during(victim: &mut impl Victim, kind: &Kind) -> usize {
    // One that nobody disturbs tells how long it takes.
    let (case, path) = started(victim, kind);
    let since = Instant::now();
    case.ends(victim, &path);
    let takes = since.elapsed();
    case.ends_as_promised(victim, kind, &path);

    let (case, path) = started(victim, kind);
    let mut hits = 0;
    for _ in 0..KILLS {
        thread::sleep(takes.mul_f64(f64::from(chance()) / 255.0));
        hits += usize::from(case.action(victim, &path)["status"] != "completed");
        victim.kill_and_restart();
    }
    case.ends_as_promised(victim, kind, &path);
    hits
}

/// An account whose contacts are as the action needs them.
struct KindCase {
    account: String,
    token: String,
    blocked: i64,
}

/// An account of its own with this action underway; gives the action's path.
fn started(victim: &mut impl Victim, kind: &Kind) -> (KindCase, String) {
    let account = Uuid::now_v7().to_string();
    let token = Claims::admin().with("account_id", account.clone()).token();
    let client = victim.node().client(&token);
    many_records::contacts(&client, victim.sql(), CONTACTS);
    let mut case = KindCase { account, token, blocked: 0 };
    let mut request = ("/bulk-actions".to_owned(), (kind.body)());
    match kind.before {
        Before::Linked => {
            case.blocked = many_records::deals_for_every(&client, victim.sql(), &case.account, BLOCKED_EVERY);
        }
        Before::Free => {}
        Before::Deactivated => {
            let deactivate = "UPDATE contacts SET status = 'deactivated' WHERE account_id = ";
            victim.sql().batch_execute(&format!("{deactivate}'{}'", case.account)).unwrap();
        }
        Before::Binned => {
            let path = case.start(victim, "/bulk-actions", all_contacts("delete", json!({})));
            case.ends(victim, &path);
            if request.1.is_null() {
                request = (format!("{path}/undo"), json!({}));
            }
        }
    }
    victim.sql().batch_execute("ANALYZE contacts, deals").unwrap();
    let path = case.start(victim, &request.0, request.1);
    (case, path)
}

impl KindCase {
    fn start(&self, victim: &impl Victim, path: &str, body: Value) -> String {
        let action = victim.node().client(&self.token).post(path, body).expect(202);
        format!("/bulk-actions/{}", action["id"].as_str().unwrap())
    }

    fn action(&self, victim: &impl Victim, path: &str) -> Value {
        victim.node().client(&self.token).get(path).expect(200)
    }

    fn ends(&self, victim: &impl Victim, path: &str) -> Value {
        assert!(
            wait_until(|| self.action(victim, path)["status"] == "completed"),
            "{}\n{}",
            self.action(victim, path),
            victim.node().log()
        );
        self.action(victim, path)
    }

    /// The action ends; its counts and the table say what its kind promises.
    fn ends_as_promised(&self, victim: &mut impl Victim, kind: &Kind, path: &str) {
        let action = self.ends(victim, path);
        for (name, share) in kind.counts {
            assert_eq!(action["counts"][name], share.of(self.blocked), "{}: {name} of {action}", kind.name);
        }
        for (condition, share) in kind.left {
            let sql = format!("SELECT count(*) FROM contacts WHERE account_id = '{}' AND {condition}", self.account);
            assert_eq!(count(victim.sql(), &sql), share.of(self.blocked), "{}: {condition}", kind.name);
        }
        invariants::hold(victim.sql());
    }
}
