//! Several processes on one database that share the chunks of one bulk delete, and what it costs to kill some of them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use sweep::demo_data::random::Random;
use sweep::domain::bulk_action::CHUNK_SIZE;

use crate::Failure;
use crate::bench::{Bench, RUN, TEMPLATE};
use crate::bulk_actions::{delete, the_whole};
use crate::cost::median;
use crate::postgres::number;
use crate::report::Section;
use crate::service::Service;
use crate::table::Table;

/// How often the tables are asked how far the action is.
const LOOK: Duration = Duration::from_millis(2);
const LIMIT: Duration = Duration::from_hours(1);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// A kill comes at most so long after the chunk that it is drawn for: any instant of a chunk's transaction.
const WITHIN: u64 = 60;
/// Kills in one delete when who is killed starts again.
const KILLS: usize = 4;

/// So many processes with so many workers each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Nodes {
    nodes: usize,
    workers: u32,
}

/// The real processes on [`RUN`].
struct Cluster<'a> {
    bench: &'a Bench<'a>,
    of: Nodes,
    running: Vec<Option<Service>>,
}

#[derive(Debug, Serialize)]
struct Shared {
    #[serde(flatten)]
    of: Nodes,
    /// Records, in each run.
    deleted: i64,
    seconds: Vec<f64>,
    /// Chunks that each node did, in each run.
    chunks: Vec<Vec<u64>>,
}

/// What a delete left behind.
#[derive(Debug)]
struct Account {
    deleted: i64,
    /// Records whose change was undone with a killed node's transaction, and made again.
    changed_twice: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum After {
    StartedAgain,
    Gone,
}

/// One bulk delete during which nodes were killed.
#[derive(Debug, Serialize)]
struct Killed {
    #[serde(flatten)]
    of: Nodes,
    after: After,
    seed: u64,
    /// Of a delete without kills.
    undisturbed_seconds: f64,
    seconds: f64,
    /// Before the action ended.
    kills: usize,
    changed_twice: i64,
}

pub fn measure(bench: &Bench) -> Result<Section, Failure> {
    let cores = u32::try_from(std::thread::available_parallelism()?.get())?;
    let mut shared = Vec::new();
    for workers in [1, cores] {
        for nodes in [1, 2, 4] {
            shared.push(share(bench, Nodes { nodes, workers })?);
        }
    }
    let mut killed = Vec::new();
    for usual in shared.iter().filter(|shared| shared.of.workers == cores && shared.of.nodes > 1) {
        for after in [After::StartedAgain, After::Gone] {
            for seed in 1..=u64::try_from(bench.runs)? {
                killed.push(kill_some(bench, usual, after, seed)?);
            }
        }
    }
    let text = format!("{}\n{}", table_of_shares(&shared).text(), table_of_kills(&killed).text());
    Ok(Section { name: "nodes", text, data: json!({"shared": shared, "killed": killed}), bars: Vec::new() })
}

/// The nodes share the delete of the whole account, as often as asked.
fn share(bench: &Bench, of: Nodes) -> Result<Shared, Failure> {
    let mut shared = Shared { of, deleted: 0, seconds: Vec::new(), chunks: Vec::new() };
    for run in 1..=bench.runs {
        bench.progress(&of.name(), run);
        let cluster = Cluster::start(bench, of)?;
        let since = Instant::now();
        cluster.delete_all()?;
        cluster.follow(cluster.chunks("chunks_total")?)?;
        shared.seconds.push(since.elapsed().as_secs_f64());
        shared.chunks.push(cluster.chunks_by_node()?);
        let account = cluster.stop_and_check()?;
        shared.deleted = account.deleted;
        if account.changed_twice != 0 {
            return Err(format!("{} records were changed twice without a kill", account.changed_twice).into());
        }
    }
    Ok(shared)
}

/// Kills nodes at random instants of the delete. Fails unless the account is exactly as without.
fn kill_some(bench: &Bench, usual: &Shared, after: After, seed: u64) -> Result<Killed, Failure> {
    let of = usual.of;
    bench.progress(&format!("{} nodes, of which some are killed ({after:?})", of.nodes), usize::try_from(seed)?);
    let mut random = Random::of_row(seed, "kills", of.nodes as u64);
    let mut cluster = Cluster::start(bench, of)?;
    let since = Instant::now();
    cluster.delete_all()?;
    let total = cluster.chunks("chunks_total")?;
    let planned = if after == After::Gone { of.nodes - 1 } else { KILLS };
    let mut instants: Vec<i64> =
        (0..planned).map(|_| Ok(random.below(total.try_into()?).try_into()?)).collect::<Result<_, Failure>>()?;
    instants.sort_unstable();
    let mut kills = 0;
    for instant in instants {
        cluster.follow(instant)?;
        sleep(Duration::from_millis(random.below(WITHIN)));
        let standing: Vec<usize> = (0..of.nodes).filter(|node| cluster.running[*node].is_some()).collect();
        let victim = random.pick(&standing);
        cluster.kill(victim)?;
        kills += usize::from(cluster.chunks("chunks_done")? < total);
        if after == After::StartedAgain {
            cluster.running[victim] = Some(cluster.spawn(victim)?);
        }
    }
    cluster.follow(total)?;
    let seconds = since.elapsed().as_secs_f64();
    let Account { deleted, changed_twice } = cluster.stop_and_check()?;
    if deleted != usual.deleted {
        return Err(format!("{deleted} records were deleted, {} without kills", usual.deleted).into());
    }
    let in_hand = i64::try_from(kills)? * i64::from(of.workers) * i64::from(CHUNK_SIZE);
    if changed_twice > in_hand {
        return Err(format!("{kills} kills cost the work on {changed_twice} records, more than was in hand").into());
    }
    let undisturbed_seconds = median(&usual.seconds, |seconds| *seconds);
    Ok(Killed { of, after, seed, undisturbed_seconds, seconds, kills, changed_twice })
}

impl<'a> Cluster<'a> {
    /// On a fresh copy of the account, at rest.
    fn start(bench: &'a Bench, of: Nodes) -> Result<Self, Failure> {
        bench.postgres.copy(TEMPLATE, RUN)?;
        let mut cluster = Self { bench, of, running: Vec::new() };
        for node in 0..of.nodes {
            cluster.running.push(Some(cluster.spawn(node)?));
        }
        for service in cluster.running.iter().flatten() {
            service.ready()?;
        }
        bench.postgres.settle(RUN)?;
        Ok(cluster)
    }

    fn spawn(&self, node: usize) -> Result<Service, Failure> {
        let folder = self.bench.folder().join(format!("node-{node}"));
        Service::spawn(self.bench.postgres, RUN, &folder, Some(self.of.workers))
    }

    fn delete_all(&self) -> Result<(), Failure> {
        let first = self.running.first().and_then(Option::as_ref).ok_or("there is no first node")?;
        delete(&first.client(), &the_whole())?;
        Ok(())
    }

    /// Of the one action, by SQL: no node has to answer.
    fn chunks(&self, column: &str) -> Result<i64, Failure> {
        let query = format!("SELECT {column}::bigint AS number FROM bulk_actions");
        number(&mut self.bench.postgres.connect(RUN)?, &query)
    }

    /// Waits until so many chunks are done.
    fn follow(&self, chunks: i64) -> Result<(), Failure> {
        let mut connection = self.bench.postgres.connect(RUN)?;
        let since = Instant::now();
        let done = "SELECT chunks_done::bigint AS number FROM bulk_actions WHERE status <> 'failed'";
        while number(&mut connection, done)? < chunks {
            if since.elapsed() > LIMIT {
                return Err("the action does not get on".into());
            }
            sleep(LOOK);
        }
        Ok(())
    }

    fn kill(&mut self, node: usize) -> Result<(), Failure> {
        self.running[node].take().map_or(Ok(()), |mut service| service.kill())
    }

    /// By each node's own metrics, which count a chunk just after its transaction.
    fn chunks_by_node(&self) -> Result<Vec<u64>, Failure> {
        let total: u64 = self.chunks("chunks_total")?.try_into()?;
        let since = Instant::now();
        loop {
            let each = self.running.iter().flatten().map(|service| Ok(chunks_in(&service.client().metrics()?)));
            let each: Vec<u64> = each.collect::<Result<_, Failure>>()?;
            if each.iter().sum::<u64>() == total {
                return Ok(each);
            }
            if since.elapsed() > Duration::from_secs(5) {
                return Err(format!("of {total} chunks the nodes counted {each:?}").into());
            }
            sleep(LOOK);
        }
    }

    /// Stops all nodes, and fails unless every record was done with exactly once, as the action counts it.
    fn stop_and_check(self) -> Result<Account, Failure> {
        drop(self.running);
        let postgres = self.bench.postgres;
        let mut connection = postgres.connect(RUN)?;
        let since = Instant::now();
        let others = "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database() \
                      AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        // What a session changed is counted when it ends, at the latest.
        while number(&mut connection, others)? > 0 && since.elapsed() < STOP_LIMIT {
            sleep(LOOK);
        }
        let mut of = |query: &str| number(&mut connection, query);
        let versions = "SELECT sum(version)::bigint AS number FROM contacts";
        let deleted = of("SELECT succeeded AS number FROM bulk_actions WHERE status = 'completed'")?;
        let kept = of("SELECT blocked AS number FROM bulk_actions")?;
        let bumped = of(versions)? - number(&mut postgres.connect(TEMPLATE)?, versions)?;
        let facts = [
            (
                "moved into the bin",
                deleted,
                of("SELECT count(*) AS number FROM contacts WHERE deleted_at IS NOT NULL")?,
            ),
            ("changed", deleted, bumped),
            ("live", kept, of("SELECT count(*) AS number FROM contacts WHERE deleted_at IS NULL")?),
            ("kept with a reason", kept, of("SELECT count(*) AS number FROM bulk_action_exceptions")?),
            ("tries that failed", 0, of("SELECT sum(attempts) AS number FROM bulk_action_chunks")?),
            ("reports", 1, of("SELECT count(*) AS number FROM outbox")?),
        ];
        for (what, counted, found) in facts {
            if counted != found {
                return Err(format!("{what}: the action counts {counted}, the tables hold {found}").into());
            }
        }
        // PostgreSQL counts what was undone, too.
        let changes = of("SELECT n_tup_upd AS number FROM pg_stat_user_tables WHERE relname = 'contacts'")?;
        Ok(Account { deleted, changed_twice: changes - deleted })
    }
}

fn chunks_in(metrics: &str) -> u64 {
    let name = "sweep_chunks_total{action=\"delete\",result=\"done\"} ";
    metrics.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).unwrap_or(0)
}

fn table_of_shares(shared: &[Shared]) -> Table {
    let mut table =
        Table::new(["one bulk delete of the whole account", "s", "of one node", "chunks by node (last run)"]);
    for entry in shared {
        let seconds = median(&entry.seconds, |seconds| *seconds);
        let alone = shared.iter().find(|other| other.of.nodes == 1 && other.of.workers == entry.of.workers);
        let alone = alone.map_or(f64::NAN, |alone| median(&alone.seconds, |seconds| *seconds));
        let chunks: Vec<String> = entry.chunks.last().into_iter().flatten().map(u64::to_string).collect();
        table.row([entry.of.name(), format!("{seconds:.2}"), format!("{:.2}", seconds / alone), chunks.join(" + ")]);
    }
    table
}

fn table_of_kills(killed: &[Killed]) -> Table {
    let mut table = Table::new([
        "SIGKILL during it",
        "seed",
        "kills",
        "records changed twice",
        "of one chunk",
        "s",
        "without kills",
    ]);
    for kill in killed {
        let after = if kill.after == After::StartedAgain { "started again" } else { "all but one, for good" };
        #[allow(clippy::cast_precision_loss, reason = "far fewer records than a float counts exactly")]
        let chunks = kill.changed_twice as f64 / f64::from(CHUNK_SIZE);
        table.row([
            format!("{}, {after}", kill.of.name()),
            kill.seed.to_string(),
            kill.kills.to_string(),
            kill.changed_twice.to_string(),
            format!("{chunks:.2}"),
            format!("{:.2}", kill.seconds),
            format!("{:.2}", kill.undisturbed_seconds),
        ]);
    }
    table
}

impl Nodes {
    fn name(self) -> String {
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        let (nodes, workers) = (self.nodes, self.workers);
        format!("{nodes} node{} with {workers} worker{}", plural(nodes), plural(workers as usize))
    }
}
