//! Transactions: the only way to the database, each for one account.
//!
//! `Db::read` hands out a [`Read`], `Db::write` a [`Tx`]; functions that write take `&mut Tx`, so a write outside a
//! transaction does not compile. diesel blocks and the server does not: a permit is taken before a blocking thread.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection};
use diesel::sql_types::Timestamptz;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::{ContextV7, Timestamp, Uuid};

use crate::domain::actor::AccountId;
use crate::domain::error::{Error, Result};

/// How often a write is run again when the database undid it.
const RERUNS: u32 = 3;

/// What a pool is for, and how it treats its connections.
#[derive(Debug, Clone)]
pub struct DbSettings {
    pub database_url: String,
    /// `api`, `workers`: names the pool in metrics.
    pub name: &'static str,
    pub connections: u32,
    /// How long to wait for a free connection before `Overloaded`.
    pub wait: Duration,
    /// How long a statement waits for a lock before `Busy`; none: for ever.
    pub lock_timeout: Option<Duration>,
}

#[derive(Clone)]
pub struct Db {
    pool: Pool<ConnectionManager<PgConnection>>,
    permits: Arc<Semaphore>,
    settings: Arc<DbSettings>,
}

/// A transaction that reads, of one account.
pub struct Read<'a> {
    pub(super) conn: &'a mut PgConnection,
    account: AccountId,
    now: DateTime<Utc>,
}

/// A transaction that may write, of one account.
pub struct Tx<'a> {
    read: Read<'a>,
    ids: ContextV7,
    request_id: Option<Arc<str>>,
}

impl Read<'_> {
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The database's clock at the start of the transaction.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }
}

impl<'a> Deref for Tx<'a> {
    type Target = Read<'a>;

    fn deref(&self) -> &Self::Target {
        &self.read
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.read
    }
}

impl Tx<'_> {
    /// Runs `work` so that an error undoes what it did, and nothing else of this transaction.
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let (account, now, request_id) = (self.account, self.now, self.request_id.clone());
        self.read
            .conn
            .transaction(|conn| work(&mut Tx { read: Read { conn, account, now }, ids: ContextV7::new(), request_id }))
    }

    /// Has the commit not wait until it is on disk: should PostgreSQL crash, the transaction may be undone, as a whole and
    /// with all that committed after it, up to the next commit that did wait. For work that is found undone and done again.
    pub fn commit_unwaited(&mut self) -> Result<()> {
        diesel::sql_query("SET LOCAL synchronous_commit = off").execute(self.read.conn)?;
        Ok(())
    }

    /// The id of the request that the transaction is for; none for what workers do.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// A new UUIDv7 of the transaction's time to the microsecond; later ones of one transaction sort later.
    pub fn new_id(&self) -> Uuid {
        let seconds = u64::try_from(self.now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(&self.ids, seconds, self.now.timestamp_subsec_nanos()))
    }
}

impl Db {
    /// Connects lazily: a database that is away shows at the first use, not here.
    pub fn new(settings: DbSettings) -> Self {
        let manager = ConnectionManager::new(&settings.database_url);
        let pool = Pool::builder()
            .max_size(settings.connections)
            .min_idle(Some(0))
            .connection_timeout(settings.wait)
            // The first statement of each transaction is the test: see `with_connection`.
            .test_on_check_out(false)
            .connection_customizer(Box::new(SessionDefaults { lock_timeout: settings.lock_timeout }))
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build_unchecked(manager);
        let permits = Arc::new(Semaphore::new(settings.connections as usize));
        Self { pool, permits, settings: Arc::new(settings) }
    }

    pub fn settings(&self) -> &DbSettings {
        &self.settings
    }

    /// Connections in use and idle.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections - state.idle_connections, state.idle_connections)
    }

    /// Runs `work` in a read-only transaction that sees one moment (REPEATABLE READ).
    pub async fn read<T: Send + 'static>(
        &self,
        account: AccountId,
        work: impl FnOnce(&mut Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut work = Some(work);
        self.with_connection(move |conn, start| {
            conn.build_transaction().read_only().repeatable_read().run(|conn| {
                let now = start.time(conn)?;
                once(&mut work)?(&mut Read { conn, account, now })
            })
        })
        .await
    }

    /// Runs `work` in a transaction, again up to 3 times when the database undid it. `work` does nothing but SQL.
    pub async fn write<T: Send + 'static>(
        &self,
        account: AccountId,
        mut work: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // Known to the request's own task alone, which the blocking thread is not.
        let request_id: Option<Arc<str>> = crate::telemetry::request_id().map(Arc::from);
        self.with_connection(move |conn, start| {
            let mut runs = 0;
            loop {
                runs += 1;
                let outcome = conn.build_transaction().read_committed().run(|conn| {
                    let now = start.time(conn)?;
                    work(&mut Tx {
                        read: Read { conn, account, now },
                        ids: ContextV7::new().with_additional_precision(),
                        request_id: request_id.clone(),
                    })
                });
                match outcome {
                    Err(Error::Contention) if runs <= RERUNS => {}
                    Err(Error::Contention) => return Err(Error::Busy),
                    other => return other,
                }
            }
        })
        .await
    }

    /// Looks across accounts for due work; what it finds is then worked on account by account.
    pub async fn sweep<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Sweep) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut work = Some(work);
        self.with_connection(move |conn, start| {
            conn.build_transaction().read_committed().run(|conn| {
                let now = start.time(conn)?;
                once(&mut work)?(&mut Sweep { conn, now })
            })
        })
        .await
    }

    /// Runs `work` with a connection, and again with another one when that turns out to be lost before its transaction has
    /// begun: so no connection has to be tried out beforehand, which would be one more way to the database and back.
    async fn with_connection<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut PgConnection, &mut Start) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let started = std::time::Instant::now();
        let permit = self.permit().await?;
        let pool = self.pool.clone();
        let (name, mut spare) = (self.settings.name, self.settings.connections);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            loop {
                let (mut conn, mut start) = (checkout(&pool)?, Start(false));
                crate::telemetry::observe_pool_wait(name, started.elapsed());
                match work(&mut conn, &mut start) {
                    Err(Error::Unavailable(_)) if !start.0 && spare > 0 => spare -= 1,
                    outcome => return outcome,
                }
            }
        })
        .await
        .map_err(|error| Error::Internal(error.to_string()))?
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        match tokio::time::timeout(self.settings.wait, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::Overloaded),
        }
    }
}

/// A transaction across accounts, for finding work and for what belongs to no account.
pub struct Sweep<'a> {
    pub(super) conn: &'a mut PgConnection,
    now: DateTime<Utc>,
}

impl Sweep<'_> {
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }
}

fn checkout(pool: &Pool<ConnectionManager<PgConnection>>) -> Result<PooledConnection<ConnectionManager<PgConnection>>> {
    pool.get().map_err(|error| Error::Unavailable(error.to_string()))
}

/// Whether a transaction has begun.
struct Start(bool);

impl Start {
    /// The time of the transaction that has begun.
    fn time(&mut self, conn: &mut PgConnection) -> Result<DateTime<Utc>> {
        let now = TransactionTime.get_result(conn)?;
        self.0 = true;
        Ok(now)
    }
}

/// What runs only once: it is not run again after its transaction has begun.
fn once<W>(work: &mut Option<W>) -> Result<W> {
    work.take().ok_or_else(|| Error::Internal("a transaction has begun twice".to_owned()))
}

/// `transaction_timestamp()` with the shift that only tests set; a statement that a connection prepares once.
#[derive(QueryId)]
struct TransactionTime;

impl QueryFragment<Pg> for TransactionTime {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT transaction_timestamp() + coalesce((SELECT shift FROM clock_shift), '0')");
        Ok(())
    }
}

impl Query for TransactionTime {
    type SqlType = Timestamptz;
}

impl RunQueryDsl<PgConnection> for TransactionTime {}

#[derive(Debug)]
struct SessionDefaults {
    lock_timeout: Option<Duration>,
}

impl diesel::r2d2::CustomizeConnection<PgConnection, diesel::r2d2::Error> for SessionDefaults {
    fn on_acquire(&self, conn: &mut PgConnection) -> std::result::Result<(), diesel::r2d2::Error> {
        use diesel::connection::SimpleConnection;
        let lock_timeout = self.lock_timeout.map_or(0, |timeout| timeout.as_millis());
        conn.batch_execute(&format!(
            "SET timezone = 'UTC'; SET lock_timeout = {lock_timeout}; SET jit = off; SET application_name = 'sweep'; \
             SET client_min_messages = warning"
        ))
        .map_err(diesel::r2d2::Error::QueryError)
    }
}
