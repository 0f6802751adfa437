//! The embedded database: SQLite, write-ahead log, in a file of the data folder.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Context as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::sql::{Connection, Dialect, query};
use super::{ROWS, log};

/// File name in the data folder.
const FILE: &str = "gatewright.sqlite";

/// The tables' format, kept in SQLite's `user_version`: the log is a tree. Format 0 had a hash for every event.
pub(crate) const TREE: i64 = 3;
/// An older one that is taken up: the log was a chain.
const CHAIN: i64 = 2;
/// An older one that is taken up: what happened to approvals and grants is not in its log.
pub(crate) const WITHOUT_HISTORIES: i64 = 1;

/// Tables. `events` and `log` are only ever added to; a row of either is a run of a session's events, or a step in the life
/// of an approval or a grant. `events` has rowids, so that runs, which are long, are written at its end, one after the
/// other.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    resource TEXT NOT NULL,
    principal TEXT NOT NULL,
    issuer TEXT NOT NULL,
    role TEXT NOT NULL,
    source TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    statements INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    head_hash TEXT NOT NULL,
    last_at INTEGER NOT NULL DEFAULT 0,
    heard_at INTEGER NOT NULL DEFAULT 0,
    pruned_at INTEGER,
    pruned_by TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_opened ON sessions (opened_at);
CREATE TABLE IF NOT EXISTS events (
    session TEXT NOT NULL,
    seq INTEGER NOT NULL,
    count INTEGER NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    salt BLOB NOT NULL DEFAULT x'',
    sealed BLOB,
    PRIMARY KEY (session, seq)
) STRICT;
CREATE TABLE IF NOT EXISTS data_keys (
    session TEXT PRIMARY KEY,
    wrapped_by TEXT NOT NULL,
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approvals (
    id TEXT PRIMARY KEY,
    resource TEXT NOT NULL,
    session TEXT NOT NULL,
    principal TEXT NOT NULL,
    issuer TEXT NOT NULL,
    role TEXT NOT NULL,
    statement TEXT NOT NULL,
    parameters TEXT NOT NULL,
    digest TEXT NOT NULL,
    reason TEXT NOT NULL,
    approvers TEXT NOT NULL,
    min_approvals INTEGER NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS approvals_state ON approvals (state, expires_at);
CREATE INDEX IF NOT EXISTS approvals_digest ON approvals (digest);
CREATE TABLE IF NOT EXISTS approval_steps (
    approval TEXT NOT NULL,
    at INTEGER NOT NULL,
    step TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    comment TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS approval_steps_approval ON approval_steps (approval);
CREATE TABLE IF NOT EXISTS approval_details (
    approval TEXT PRIMARY KEY,
    policies TEXT NOT NULL,
    needs TEXT NOT NULL,
    shape TEXT,
    comment_required INTEGER NOT NULL,
    max_grant_s INTEGER,
    granted_by TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approval_estimates (
    approval TEXT PRIMARY KEY,
    estimate TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approval_offers (
    approval TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    groups TEXT NOT NULL,
    seconds INTEGER NOT NULL,
    PRIMARY KEY (approval, issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grants (
    id TEXT PRIMARY KEY,
    resource TEXT NOT NULL,
    principal TEXT NOT NULL,
    issuer TEXT NOT NULL,
    role TEXT NOT NULL,
    statement TEXT NOT NULL,
    shape TEXT,
    digest TEXT,
    needs TEXT NOT NULL,
    granters TEXT NOT NULL,
    approvers TEXT NOT NULL,
    comment TEXT NOT NULL,
    approval TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS grants_state ON grants (state, expires_at);
CREATE TABLE IF NOT EXISTS grant_steps (
    grant_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    step TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS grant_steps_grant ON grant_steps (grant_id);
CREATE TABLE IF NOT EXISTS signed_in (
    digest TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    groups TEXT NOT NULL,
    csrf TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    called TEXT NOT NULL,
    groups TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    first_used_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER,
    revoked_issuer TEXT,
    revoked_subject TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_owner ON tokens (issuer, subject);
CREATE TABLE IF NOT EXISTS tools (
    resource TEXT NOT NULL,
    name TEXT NOT NULL,
    accepted TEXT NOT NULL,
    changed TEXT,
    definition TEXT,
    PRIMARY KEY (resource, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notified (
    receiver TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alive (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS room (bytes BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS approval_votes ON approval_steps (approval, issuer, subject) WHERE step = 'approve';
";

/// Finds out whether there is room for what a busy second records.
pub(super) const ROOM: &str =
    "DELETE FROM room; INSERT INTO room (bytes) VALUES (zeroblob(262144)); DELETE FROM room;";

/// Pages of the write-ahead log that a commit itself brings into the database file: so many are only there when
/// [`Tidy`] does not keep up, or always finds some that came meanwhile.
const MOST_PAGES: &str = "8000";
/// Pause between two rounds of [`Tidy`].
const TIDY: Duration = Duration::from_millis(200);
/// How often it is tried to empty the write-ahead log.
const FOLDS: u32 = 40;

/// Opens the database; creates it if need be. Gives a pool of one connection to write, and one to read.
pub(super) async fn open(data: &Path) -> anyhow::Result<(SqlitePool, SqlitePool, Tidy)> {
    let path = data.join(FILE);
    let options = options(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", MOST_PAGES)
        // What is pruned is not to be found in the file any more.
        .pragma("secure_delete", "ON")
        .statement_cache_capacity(4 * ROWS);
    let shown = path.display().to_string();
    let write = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(15));
    // SQLite ends a transaction by itself when the disk is full; the driver takes it to go on, and would for ever.
    let write = write.before_acquire(|at, _| Box::pin(async move { Ok(!at.is_in_transaction()) }));
    let write = write.connect_with(options.clone()).await.with_context(|| shown.clone())?;
    let format = check_format(&write).await.with_context(|| shown.clone())?;
    if format.is_none() {
        write_format(&write, TREE).await?;
    }
    sqlx::raw_sql(SCHEMA).execute(&write).await.with_context(|| shown.clone())?;
    if matches!(format, None | Some(TREE)) {
        // An older log is taken up when it is opened, which needs the signing key.
        sqlx::raw_sql(log::SCHEMA).execute(&write).await.with_context(|| shown.clone())?;
    }
    let tidy = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await;
    let tidy = Tidy::start(tidy.with_context(|| shown.clone())?);
    let read = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await;
    Ok((write, read.with_context(|| shown)?, tidy))
}

/// Opens an existing one in one transaction.
pub(super) async fn open_read_only(data: &Path) -> anyhow::Result<(SqlitePool, Tidy)> {
    let path = data.join(FILE);
    anyhow::ensure!(path.is_file(), "there is no recording at {}", path.display());
    // One connection that is never replaced, in one transaction that is never ended.
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(options(&path).read_only(true)).await;
    let pool = pool.with_context(|| path.display().to_string())?;
    let format = check_format(&pool).await.with_context(|| path.display().to_string())?;
    let newest = "SELECT count(*) FROM sqlite_schema WHERE name = 'approval_estimates'";
    let is_newest = sqlx::query_scalar::<_, i64>(newest).fetch_one(&pool).await? == 1;
    anyhow::ensure!(
        format.is_none() || (format == Some(TREE) && is_newest),
        "{} is of an earlier version: it is taken up when `gatewright serve` of this version starts",
        path.display()
    );
    sqlx::raw_sql("BEGIN").execute(&pool).await?;
    Ok((pool.clone(), Tidy { pool, committed: Arc::default() }))
}

/// Brings pages from the write-ahead log into the database file beside the commits, which then need not.
#[derive(Debug, Clone)]
pub(super) struct Tidy {
    pool: SqlitePool,
    /// A commit was made.
    committed: Arc<Notify>,
}

impl Tidy {
    fn start(pool: SqlitePool) -> Self {
        let committed = Arc::new(Notify::new());
        tokio::spawn(Self::run(pool.clone(), Arc::downgrade(&committed)));
        Self { pool, committed }
    }

    async fn run(pool: SqlitePool, committed: Weak<Notify>) {
        while let Some(committed) = committed.upgrade() {
            // The store may be dropped while nothing is committed.
            let idle = timeout(Duration::from_secs(5), committed.notified()).await.is_err();
            drop(committed);
            if pool.is_closed() {
                break;
            }
            if idle {
                continue;
            }
            if let Err(cause) = sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await {
                tracing::warn!(%cause, "the write-ahead log grows");
            }
            sleep(TIDY).await;
        }
    }

    /// There is something to bring over.
    pub(super) fn committed(&self) {
        self.committed.notify_one();
    }

    /// Has what was removed removed from the write-ahead log too, as soon as nobody reads or writes: nobody waits for it.
    pub(super) async fn fold(&self) -> sqlx::Result<()> {
        let mut at = self.pool.acquire().await?;
        sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut *at).await?;
        for _ in 0..FOLDS {
            let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *at).await?;
            if row.try_get::<i64, _>(0)? == 0 {
                return Ok(());
            }
            sleep(Duration::from_millis(250)).await;
        }
        tracing::info!(
            "the write-ahead log holds what was removed until it is written over: something reads all the time"
        );
        Ok(())
    }

    /// Ends its connection.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// The format of the tables. What PostgreSQL has is always of the newest: see [`super::postgres`].
pub(crate) async fn format(at: &mut Connection) -> sqlx::Result<i64> {
    match at.dialect() {
        Dialect::Sqlite => query("PRAGMA user_version").fetch_one(at).await?.try_get(0),
        Dialect::Postgres => Ok(TREE),
    }
}

/// Says which format the tables are of.
pub(crate) async fn set_format(at: &mut Connection, format: i64) -> sqlx::Result<()> {
    at.script(AssertSqlSafe(format!("PRAGMA user_version = {format}"))).await
}

async fn write_format(pool: &SqlitePool, format: i64) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {format}"))).execute(pool).await.map(drop)
}

/// The format of the tables, `None` where there are none. Refuses formats that are not known.
async fn check_format(pool: &SqlitePool) -> anyhow::Result<Option<i64>> {
    let query = "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version";
    let (version, tables): (i64, i64) = sqlx::query_as(query).fetch_one(pool).await?;
    anyhow::ensure!(
        matches!(version, TREE | CHAIN | WITHOUT_HISTORIES) || tables == 0,
        "it is of format {version}, and this program knows format {TREE}: move the data folder away and keep it"
    );
    Ok((tables > 0).then_some(version))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10))
}
