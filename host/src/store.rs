//! The host's database: SQLite, write-ahead log, every commit on disk before it is acknowledged.

pub(crate) mod approvals;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod notified;
pub(crate) mod records;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod signed_in;
pub(crate) mod tools;

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Context as _;
use gatewright_core::time::Millis;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// File name in the data folder.
const FILE: &str = "gatewright.sqlite";

/// The tables' format, kept in SQLite's `user_version`. Format 0 had a hash for every event.
const FORMAT: i64 = 2;
/// An older one that is taken up: what happened to approvals and grants is not in its log.
const WITHOUT_HISTORIES: i64 = 1;

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
    head_hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_opened ON sessions (opened_at);
CREATE TABLE IF NOT EXISTS events (
    session TEXT NOT NULL,
    seq INTEGER NOT NULL,
    count INTEGER NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT;
CREATE TABLE IF NOT EXISTS log (
    idx INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    seq INTEGER NOT NULL,
    count INTEGER NOT NULL,
    leaf_hash TEXT NOT NULL,
    chain_hash TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    note TEXT NOT NULL
) STRICT;
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
CREATE TABLE IF NOT EXISTS tools (
    resource TEXT NOT NULL,
    name TEXT NOT NULL,
    accepted TEXT NOT NULL,
    changed TEXT,
    definition TEXT,
    PRIMARY KEY (resource, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_histories ON log (idx) WHERE session GLOB 'approval/*' OR session GLOB 'grant/*';
CREATE TABLE IF NOT EXISTS notified (
    receiver TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alive (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS approval_votes ON approval_steps (approval, issuer, subject) WHERE step = 'approve';
";

/// Rows that one statement inserts at most. A statement of each number of rows is prepared once.
const ROWS: usize = 50;

/// Pages of the write-ahead log that a commit itself brings into the database file: so many are only there when
/// [`Store::tidy`] does not keep up, or always finds some that came meanwhile.
const MOST_PAGES: &str = "8000";
/// Pause between two rounds of [`Store::tidy`].
const TIDY: Duration = Duration::from_millis(200);

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// One connection, so that writers wait for each other here and not on SQLite's lock.
    write: SqlitePool,
    /// Readers never wait for a writer.
    read: SqlitePool,
    /// Of [`Store::tidy`].
    tidy: SqlitePool,
    /// A commit was made.
    committed: Arc<Notify>,
}

impl Store {
    /// Opens the database in the data folder; creates it if need be.
    pub(crate) async fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(FILE);
        let options = options(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", MOST_PAGES)
            .statement_cache_capacity(4 * ROWS);
        let shown = path.display().to_string();
        let write = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(15));
        let write = write.connect_with(options.clone()).await.with_context(|| shown.clone())?;
        if check_format(&write).await.with_context(|| shown.clone())?.is_none() {
            set_format(&mut *write.acquire().await?).await?;
        }
        sqlx::raw_sql(SCHEMA).execute(&write).await.with_context(|| shown.clone())?;
        let tidy = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await;
        let tidy = tidy.with_context(|| shown.clone())?;
        let committed = Arc::new(Notify::new());
        tokio::spawn(Self::tidy(tidy.clone(), Arc::downgrade(&committed)));
        let read = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await;
        Ok(Self { write, read: read.with_context(|| shown)?, tidy, committed })
    }

    /// Brings pages from the write-ahead log into the database file beside the commits, which then need not.
    async fn tidy(pool: SqlitePool, committed: Weak<Notify>) {
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

    /// To be called after a commit.
    pub(crate) fn committed(&self) {
        self.committed.notify_one();
    }

    /// Opens an existing database to read only, beside a running host: everything that is read is of one moment.
    pub(crate) async fn open_read_only(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(FILE);
        anyhow::ensure!(path.is_file(), "there is no recording at {}", path.display());
        // One connection that is never replaced, in one transaction that is never ended.
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_with(options(&path).read_only(true)).await;
        let pool = pool.with_context(|| path.display().to_string())?;
        check_format(&pool).await.with_context(|| path.display().to_string())?;
        sqlx::raw_sql("BEGIN").execute(&pool).await?;
        Ok(Self { write: pool.clone(), tidy: pool.clone(), read: pool, committed: Arc::default() })
    }

    /// Whether the log has all that happened to approvals and grants, or is of a host that did not write that.
    pub(crate) async fn has_histories(&self) -> sqlx::Result<bool> {
        has_histories(&mut *self.read.acquire().await?).await
    }

    /// Writes something, on disk, to see whether that can be done.
    pub(crate) async fn probe(&self, now: Millis) -> sqlx::Result<()> {
        let query =
            "INSERT INTO alive (one, at) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET at = excluded.at";
        sqlx::query(query).bind(now.cast_signed()).execute(&self.write).await?;
        Ok(())
    }

    /// Size of the database file, in bytes.
    pub(crate) async fn size(&self) -> sqlx::Result<u64> {
        let query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let (bytes,): (i64,) = sqlx::query_as(query).fetch_one(&self.read).await?;
        Ok(bytes.cast_unsigned())
    }

    /// Ends all connections; what is under way is finished.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.tidy.close().await;
        self.write.close().await;
    }

    /// For tests that tamper.
    #[cfg(test)]
    pub(crate) async fn tamper(&self, sql: impl Into<String>) {
        sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&self.write).await.unwrap();
    }

    /// For tests that count.
    #[cfg(test)]
    pub(crate) async fn number(&self, sql: String) -> u64 {
        let (number,): (i64,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&self.write).await.unwrap();
        number.cast_unsigned()
    }
}

/// Whether the log has all that happened to approvals and grants.
pub(crate) async fn has_histories(at: &mut SqliteConnection) -> sqlx::Result<bool> {
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(at).await?;
    Ok(version != WITHOUT_HISTORIES)
}

/// Makes the database one of the newest format.
pub(crate) async fn set_format(at: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {FORMAT}"))).execute(at).await?;
    Ok(())
}

/// The format of the tables, `None` where there are none. Refuses formats that are not known.
async fn check_format(pool: &SqlitePool) -> anyhow::Result<Option<i64>> {
    let query = "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version";
    let (version, tables): (i64, i64) = sqlx::query_as(query).fetch_one(pool).await?;
    anyhow::ensure!(
        matches!(version, FORMAT | WITHOUT_HISTORIES) || tables == 0,
        "it is of format {version}, and this program knows format {FORMAT}: move the data folder away and keep it"
    );
    Ok((tables > 0).then_some(version))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10))
}
