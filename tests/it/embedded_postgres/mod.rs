//! The private server: its life, what crashes leave behind, and what it refuses. Here is what these tests share.

mod crashes;
mod life;
mod refusals;
mod serving_role;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use diesel::sql_types::{Integer, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sweep::embedded_postgres::{EmbeddedPostgres, test_data_dir};

use crate::harness::PATIENCE;
use crate::many_records::wait_until;

/// A data folder of one test, which leaves no server behind even if the test fails.
struct DataDir {
    path: PathBuf,
    _parent: tempfile::TempDir,
}

impl DataDir {
    fn named(name: &str) -> Self {
        // Beside the shared test server, under a name by which its script finds what an interrupted run leaves.
        let beside = test_data_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let prefix = format!("{}.", beside.file_name().unwrap().display());
        let parent = tempfile::Builder::new().prefix(&prefix).tempdir_in(beside.parent().unwrap()).unwrap();
        // Under root the server is another user and has to get there.
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let path = parent.path().join(name);
        Self { path, _parent: parent }
    }

    fn new() -> Self {
        Self::named("data")
    }

    fn pgdata(&self) -> PathBuf {
        self.path.join("postgres")
    }

    fn start(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::start_for_tests(&self.path).unwrap()
    }

    fn refusal(&self) -> String {
        EmbeddedPostgres::start_for_tests(&self.path).err().expect("it started").to_string()
    }

    /// The number in the lock file.
    fn recorded_pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.pgdata().join("postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Some(pid) = self.recorded_pid().filter(|&pid| runs_in(pid, &self.pgdata())) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
            let _ = wait_until(|| !runs_in(pid, &self.pgdata()));
        }
    }
}

fn runs_in(pid: i32, folder: &Path) -> bool {
    let command = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    let cwd = fs::read_link(format!("/proc/{pid}/cwd"));
    cwd.map_or_else(
        |_| command.is_ok_and(|c| String::from_utf8_lossy(&c.stdout).contains(&*folder.to_string_lossy())),
        |cwd| cwd == folder,
    )
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

fn ask(postgres: &EmbeddedPostgres, query: &str) -> String {
    let mut connection = PgConnection::establish(&postgres.database_url()).unwrap();
    sql_query(query).get_result::<Value>(&mut connection).unwrap().value
}

/// Stops the server, when those who have just left are gone. A server process may take its time to notice.
#[track_caller]
fn stops(postgres: &EmbeddedPostgres) {
    // The process that holds it up, and this question.
    let clients = "SELECT count(*)::text AS value FROM pg_stat_activity WHERE backend_type = 'client backend'";
    let mut connection = PgConnection::establish(&postgres.database_url()).unwrap();
    let mut ask = |query: &str| sql_query(query).get_result::<Value>(&mut connection).unwrap().value;
    assert!(wait_until(|| ask(clients) == "2"), "somebody else is connected");
    let own = Pid::from_raw(ask("SELECT pg_backend_pid()::text AS value").parse().unwrap());
    drop(connection);
    assert!(wait_until(|| kill(own, None).is_err()));
    assert!(postgres.stop_if_unused().unwrap());
}

fn setting(postgres: &EmbeddedPostgres, name: &str) -> String {
    ask(postgres, &format!("SELECT current_setting('{name}') AS value"))
}

fn note(postgres: &EmbeddedPostgres, number: i32) {
    let mut connection = PgConnection::establish(&postgres.database_url()).unwrap();
    sql_query("CREATE TABLE IF NOT EXISTS note (number int)").execute(&mut connection).unwrap();
    sql_query("INSERT INTO note VALUES ($1)").bind::<Integer, _>(number).execute(&mut connection).unwrap();
}

fn notes(postgres: &EmbeddedPostgres) -> String {
    ask(postgres, "SELECT string_agg(number::text, ' ' ORDER BY number) AS value FROM note")
}

/// Another process that starts the server of a folder and then does nothing, until it is killed. The test below is its body.
struct OtherProcess(Child);

const FOLDER_OF_THE_OTHER_PROCESS: &str = "SWEEP_TEST_EMBEDDED_POSTGRES_FOLDER";

#[test]
#[ignore = "the body of another process; the tests start it"]
fn other_process() {
    let folder = std::env::var_os(FOLDER_OF_THE_OTHER_PROCESS).expect("started by a test");
    match EmbeddedPostgres::start_for_tests(Path::new(&folder)) {
        Ok(postgres) => {
            println!("\nit answers: {}", postgres.database_url());
            thread::sleep(PATIENCE);
        }
        Err(error) => println!("\nit answers: {error}"),
    }
}

impl OtherProcess {
    fn begin(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["embedded_postgres::other_process", "--exact", "--ignored", "--nocapture"]);
        command.env(FOLDER_OF_THE_OTHER_PROCESS, folder).envs(environment.iter().copied());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Waits until it has its server, or an error to tell.
    fn answer(&mut self) -> String {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let answer = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("it answers: ").map(str::to_owned));
        answer.expect("it said nothing")
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
