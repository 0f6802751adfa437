//! The database that several hosts share: PostgreSQL, 15 and later.
//!
//! Whoever adds to the log locks its one row first; see [`super::log::lock`]. So there is one writer at a time over all hosts,
//! and each statement after that sees all that those before committed: nothing has to be tried again for a conflict.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use sqlx::{Connection as _, SqlSafeStr as _, SqlStr};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::secret::Secret;

/// Connections of one host to write: one adds to the log, the others do what is small.
const WRITERS: u32 = 4;
/// Connections to read; one of them listens.
const READERS: u32 = 6;
/// How long one waits for a connection: then the database is away.
const ACQUIRE: Duration = Duration::from_secs(4);
/// How often it is looked for changes that nobody told.
const EVERY: Duration = Duration::from_secs(1);
/// What hosts tell each other over.
pub(super) const CHANNEL: &str = "gatewright";

/// Size of the tables, their indexes and what is stored beside them, in bytes.
pub(super) const SIZE: &str = "SELECT CAST(coalesce(sum(pg_total_relation_size(oid)), 0) AS BIGINT) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass)";

/// Bytes of what is stored: what was removed does not count, though PostgreSQL keeps the room for what comes.
pub(super) const USED: &str =
    "SELECT CAST(coalesce(sum(octet_length(body) + coalesce(octet_length(sealed), 0) + 200), 0) AS BIGINT)
    + (SELECT coalesce(max(idx) + 1, 0) FROM log) * 200 FROM events";

/// Forward only: a version that was released is never changed, others come after it.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "tables", include_str!("postgres/0001_tables.sql")),
    (2, "tokens", include_str!("postgres/0002_tokens.sql")),
    (3, "estimates", include_str!("postgres/0003_estimates.sql")),
];

/// What every connection is told. A host that hangs must not hold the log's end for long, nor wait for ever for it; and what
/// is acknowledged is on disk, whatever the database's default is.
const SESSION: &str = "
SET idle_in_transaction_session_timeout = '10s';
SET lock_timeout = '15s';
SET statement_timeout = '30s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
";

/// Where the database is, and as whom it is used.
#[derive(Clone)]
pub(crate) struct Shared(PgConnectOptions);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared({self})")
    }
}

/// Without the password.
impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.0;
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        write!(f, "database `{database}` at {}:{}", options.get_host(), options.get_port())?;
        write!(f, " as `{}`", options.get_username())
    }
}

impl Shared {
    /// Reads `postgres://USER@HOST:PORT/DATABASE?sslmode=…`, as libpq writes it, and takes a password that stands
    /// elsewhere.
    ///
    /// # Errors
    /// What is wrong with it; nothing of it is repeated, since it may hold a password.
    pub(crate) fn read(url: &str, password: Option<&Secret>) -> anyhow::Result<Self> {
        let expected = "expected `postgres://USER@HOST:PORT/DATABASE`";
        ensure!(is_url(url), "{expected}");
        // Its errors are about parts, not values.
        let options: PgConnectOptions = url.parse().map_err(|_| anyhow::anyhow!("{expected}"))?;
        let options = match password {
            Some(password) => options.password(password.reveal()),
            None => options,
        };
        Ok(Self(options.application_name("gatewright")))
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        let connected = timeout(ACQUIRE, PgConnection::connect_with(&self.0)).await;
        let away = || format!("the {self} cannot be reached: is it there, and may this user log in?");
        connected.context("it does not answer in time").and_then(|at| Ok(at?)).with_context(away)
    }
}

/// Whether this is for PostgreSQL.
pub(crate) fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// Opens the database; creates and changes its tables if need be. Gives pools to write and to read.
pub(super) async fn open(shared: &Shared) -> anyhow::Result<(PgPool, PgPool, Replica)> {
    let mut at = shared.connect().await?;
    check(&mut at).await.with_context(|| format!("the {shared}"))?;
    // Under a lock: hosts that start at once do this one after the other.
    migrator().run_direct(None, &mut at, false).await.with_context(|| {
        format!("the tables of the {shared} cannot be brought to this version: is a newer one at work there?")
    })?;
    at.close().await?;
    let pool = |most| {
        let options = PgPoolOptions::new().max_connections(most).acquire_timeout(ACQUIRE);
        let options = options.after_connect(|at, _| {
            Box::pin(async move { sqlx::raw_sql(SESSION).execute(at).await.map(drop) })
        });
        options.connect_lazy_with(shared.0.clone())
    };
    let (write, read) = (pool(WRITERS), pool(READERS));
    let replica = Replica { name: hex::encode(rand::random::<[u8; 8]>()), wake: Arc::default() };
    tokio::spawn(listen(read.clone(), Arc::clone(&replica.wake)));
    Ok((write, read, replica))
}

/// Opens it to read what is there at this moment.
pub(super) async fn open_read_only(shared: &Shared) -> anyhow::Result<(PgPool, Replica)> {
    let mut at = shared.connect().await?;
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('events') IS NOT NULL").fetch_one(&mut at).await?;
    ensure!(there, "there is no recording in the {shared}");
    let newest: bool =
        sqlx::query_scalar("SELECT to_regclass('approval_estimates') IS NOT NULL").fetch_one(&mut at).await?;
    ensure!(
        newest,
        "the {shared} is of an earlier version: it is taken up when `gatewright serve` of this version starts"
    );
    at.close().await?;
    // One connection that is never replaced, in one transaction that is never ended.
    let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(shared.0.clone()).await.with_context(|| format!("the {shared}"))?;
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&pool).await?;
    Ok((pool, Replica { name: String::new(), wake: Arc::default() }))
}

fn migrator() -> Migrator {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        let sql = SqlStr::from_static(sql).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    let mut migrator = Migrator::with_migrations(MIGRATIONS.map(migration).into());
    migrator.dangerous_set_table_name("gatewright_migrations");
    migrator
}

/// Whether it is a database that recordings can be entrusted to.
async fn check(at: &mut PgConnection) -> anyhow::Result<()> {
    let setting = "SELECT current_setting('server_encoding'), current_setting('fsync'), pg_is_in_recovery()";
    let (encoding, fsync, is_standby): (String, String, bool) = sqlx::query_as(setting).fetch_one(at).await?;
    ensure!(encoding == "UTF8", "its encoding is {encoding}: expected a database with `ENCODING UTF8`");
    ensure!(!is_standby, "it is a standby, which takes no writes: name the primary");
    if fsync != "on" {
        tracing::warn!(
            "the database's `fsync` is off: what is acknowledged may be lost when its machine fails"
        );
    }
    Ok(())
}

/// One of the hosts that share the database.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    /// What it calls itself, until it ends.
    pub(super) name: String,
    wake: Arc<Notify>,
}

impl Replica {
    pub(super) fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }
}

/// Tells that it is time to look for changes. It may be told without any, and at the latest after a second.
#[derive(Debug, Clone)]
pub(crate) struct Waker(Arc<Notify>);

impl Waker {
    /// Somebody changed something here.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits until it is time.
    pub(crate) async fn woken(&self) {
        let _ = timeout(EVERY, self.0.notified()).await;
    }
}

/// Hears what other hosts tell. Where that cannot be heard, as behind some poolers, it is looked all the same.
async fn listen(pool: PgPool, wake: Arc<Notify>) {
    while !pool.is_closed() {
        match PgListener::connect_with(&pool).await {
            Ok(mut listener) => {
                let mut heard = listener.listen(CHANNEL).await;
                while heard.is_ok() {
                    wake.notify_one();
                    heard = listener.recv().await.map(drop);
                }
            }
            Err(cause) => tracing::debug!(%cause, "other hosts are not heard"),
        }
        sleep(EVERY).await;
    }
}
