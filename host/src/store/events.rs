//! Recorded events and the log over them.

use gatewright_core::run::Run;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite, Transaction};

use super::{ROWS, Store};
use crate::log::Head;

/// A run of a session's events, as it is stored: a row of the table, and a leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunRow {
    /// Position of the first event in the session.
    pub(crate) seq: u64,
    /// Number of events.
    pub(crate) count: u64,
    /// Hex SHA-256 of `text`.
    pub(crate) hash: String,
    /// The run as the filter sealed it; see `gatewright_core::run`.
    pub(crate) text: String,
}

/// A run to be stored.
#[derive(Debug)]
pub(crate) struct NewRun<'a> {
    /// Session.
    pub(crate) session: &'a str,
    /// Position of the first event in the session.
    pub(crate) seq: u64,
    /// Number of events.
    pub(crate) count: u64,
    /// Hex SHA-256 of `text`.
    pub(crate) hash: &'a str,
    /// The run's text.
    pub(crate) text: &'a str,
}

/// An entry of the log as stored: a run, or a step in the life of an approval or a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogRow {
    /// Position, from 0.
    pub(crate) idx: u64,
    /// Session, or what else it is about; see [`crate::log::history::Whose`].
    pub(crate) session: String,
    /// Position of the run's first event in the session.
    pub(crate) seq: u64,
    /// Number of the run's events.
    pub(crate) count: u64,
    /// Hash of the run.
    pub(crate) leaf_hash: String,
    /// Hash of the chain up to here.
    pub(crate) chain_hash: String,
}

impl LogRow {
    /// Where the log ended with this entry; `None` where its hash is none.
    pub(crate) fn head(&self) -> Option<Head> {
        let hash = hex::decode(&self.chain_hash).ok()?.try_into().ok()?;
        Some(Head { size: self.idx + 1, hash })
    }
}

/// The newest entry of the log.
const NEWEST: &str =
    "SELECT idx, session, seq, count, leaf_hash, chain_hash FROM log ORDER BY idx DESC LIMIT 1";

impl Store {
    /// A transaction that holds SQLite's write lock from the start.
    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.write.begin_with("BEGIN IMMEDIATE").await
    }

    /// The newest entry of the log, as it is stored.
    pub(crate) async fn log_head(&self) -> sqlx::Result<Option<LogRow>> {
        let row = sqlx::query(NEWEST).fetch_optional(&self.read).await?;
        row.map(|row| log_row(&row)).transpose()
    }

    /// Up to `limit` entries of the log from position `from`.
    pub(crate) async fn log_from(&self, from: u64, limit: u32) -> sqlx::Result<Vec<LogRow>> {
        let query = "SELECT idx, session, seq, count, leaf_hash, chain_hash FROM log WHERE idx >= ? ORDER BY idx LIMIT ?";
        let rows = sqlx::query(query).bind(from.cast_signed()).bind(limit).fetch_all(&self.read).await?;
        rows.iter().map(log_row).collect()
    }

    /// The stored checkpoint.
    pub(crate) async fn checkpoint(&self) -> sqlx::Result<Option<String>> {
        let row = sqlx::query("SELECT note FROM checkpoint").fetch_optional(&self.read).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Up to `limit` runs of a session, from the one that holds the event at position `from`.
    pub(crate) async fn runs(&self, session: &str, from: u64, limit: u32) -> sqlx::Result<Vec<RunRow>> {
        let query = "SELECT seq, count, hash, body FROM events WHERE session = ? AND seq + count > ?
            ORDER BY seq LIMIT ?";
        let rows = sqlx::query(query).bind(session).bind(from.cast_signed()).bind(limit);
        rows.fetch_all(&self.read).await?.iter().map(run).collect()
    }

    /// Events of a session from position `from`, in order: those of at most `limit` runs.
    pub(crate) async fn events(&self, session: &str, from: u64, limit: u32) -> sqlx::Result<Vec<String>> {
        let mut events = Vec::new();
        for row in self.runs(session, from, limit).await? {
            let known = usize::try_from(from.saturating_sub(row.seq)).unwrap_or(usize::MAX);
            let (run, _) = Run::split(&row.text).map_err(|cause| sqlx::Error::Decode(cause.into()))?;
            events.extend(run.events().skip(known).map(str::to_owned));
        }
        Ok(events)
    }
}

/// The newest entry of the log, inside of a transaction.
pub(crate) async fn last(at: &mut SqliteConnection) -> sqlx::Result<Option<LogRow>> {
    let row = sqlx::query(NEWEST).fetch_optional(at).await?;
    row.map(|row| log_row(&row)).transpose()
}

/// How many events there are of a session.
pub(crate) async fn count_of(at: &mut SqliteConnection, session: &str) -> sqlx::Result<u64> {
    let query = "SELECT seq + count FROM events WHERE session = ? ORDER BY seq DESC LIMIT 1";
    let row = sqlx::query(query).bind(session).fetch_optional(at).await?;
    row.map_or(Ok(0), |row| row.try_get::<i64, _>(0).map(i64::cast_unsigned))
}

/// Hex hash of the stored run that begins at a position of a session.
pub(crate) async fn hash_at(
    at: &mut SqliteConnection,
    session: &str,
    seq: u64,
) -> sqlx::Result<Option<String>> {
    let query = sqlx::query("SELECT hash FROM events WHERE session = ? AND seq = ?");
    let row = query.bind(session).bind(seq.cast_signed()).fetch_optional(at).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Adds runs, which stand in order within each session, and their entries of the log.
pub(crate) async fn append(
    at: &mut SqliteConnection,
    runs: &[NewRun<'_>],
    mut head: Head,
) -> sqlx::Result<Head> {
    for runs in runs.chunks(ROWS) {
        let mut query = QueryBuilder::new("INSERT INTO events (session, seq, count, hash, body) ");
        query.push_values(runs, |mut row, run| {
            row.push_bind(run.session)
                .push_bind(run.seq.cast_signed())
                .push_bind(run.count.cast_signed())
                .push_bind(run.hash)
                .push_bind(run.text);
        });
        query.build().execute(&mut *at).await?;
        let mut query =
            QueryBuilder::new("INSERT INTO log (idx, session, seq, count, leaf_hash, chain_hash) ");
        query.push_values(runs, |mut row, run| {
            let idx = head.size;
            head = head.append(run.session, run.seq, run.count, run.hash);
            row.push_bind(idx.cast_signed())
                .push_bind(run.session)
                .push_bind(run.seq.cast_signed())
                .push_bind(run.count.cast_signed())
                .push_bind(run.hash)
                .push_bind(hex::encode(head.hash));
        });
        query.build().execute(&mut *at).await?;
    }
    Ok(head)
}

fn run(row: &SqliteRow) -> sqlx::Result<RunRow> {
    Ok(RunRow {
        seq: row.try_get::<i64, _>(0)?.cast_unsigned(),
        count: row.try_get::<i64, _>(1)?.cast_unsigned(),
        hash: row.try_get(2)?,
        text: row.try_get(3)?,
    })
}

/// Replaces the checkpoint.
pub(crate) async fn set_checkpoint(at: &mut SqliteConnection, note: &str) -> sqlx::Result<()> {
    let query = "INSERT INTO checkpoint (one, note) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET note = excluded.note";
    sqlx::query(query).bind(note).execute(at).await?;
    Ok(())
}

fn log_row(row: &SqliteRow) -> sqlx::Result<LogRow> {
    Ok(LogRow {
        idx: row.try_get::<i64, _>(0)?.cast_unsigned(),
        session: row.try_get(1)?,
        seq: row.try_get::<i64, _>(2)?.cast_unsigned(),
        count: row.try_get::<i64, _>(3)?.cast_unsigned(),
        leaf_hash: row.try_get(4)?,
        chain_hash: row.try_get(5)?,
    })
}
