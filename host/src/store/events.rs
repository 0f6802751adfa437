//! Recorded events and the log over them.

use std::collections::HashMap;

use gatewright_core::api::SealedEvent;
use gatewright_core::digest::sha256;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, Sqlite, Transaction};

use super::Store;
use crate::log::Head;

/// Events of one session that became durable together: a row of the table, and a leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Position of the first event in the session.
    pub(crate) seq: u64,
    /// Number of events.
    pub(crate) count: u64,
    /// Hex SHA-256 of `text`.
    pub(crate) hash: String,
    /// The events' bodies, a line each.
    pub(crate) text: String,
}

/// An entry of the log as stored: a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogRow {
    /// Position, from 0.
    pub(crate) idx: u64,
    /// Session.
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

/// Texts longer than this are bound one by one, and not as a part of a list.
const LONG: usize = 4 << 10;

impl Store {
    /// A transaction that holds SQLite's write lock from the start.
    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.write.begin_with("BEGIN IMMEDIATE").await
    }

    /// The newest entry of the log, as it is stored.
    pub(crate) async fn log_head(&self) -> sqlx::Result<Option<LogRow>> {
        let row = sqlx::query(
            "SELECT idx, session, seq, count, leaf_hash, chain_hash FROM log ORDER BY idx DESC LIMIT 1",
        );
        row.fetch_optional(&self.read).await?.map(|row| log_row(&row)).transpose()
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
    pub(crate) async fn runs(&self, session: &str, from: u64, limit: u32) -> sqlx::Result<Vec<Run>> {
        let query = "SELECT seq, count, hash, body FROM events WHERE session = ? AND seq + count > ?
            ORDER BY seq LIMIT ?";
        let rows = sqlx::query(query).bind(session).bind(from.cast_signed()).bind(limit);
        rows.fetch_all(&self.read).await?.iter().map(run).collect()
    }

    /// Events of a session from position `from`, in order: those of at most `limit` runs.
    pub(crate) async fn events(&self, session: &str, from: u64, limit: u32) -> sqlx::Result<Vec<String>> {
        let mut events = Vec::new();
        for run in self.runs(session, from, limit).await? {
            let known = usize::try_from(from.saturating_sub(run.seq)).unwrap_or(usize::MAX);
            events.extend(run.text.lines().skip(known).map(str::to_owned));
        }
        Ok(events)
    }
}

/// The stored event at one position of a session.
pub(crate) async fn event_at(
    at: &mut SqliteConnection,
    session: &str,
    seq: u64,
) -> sqlx::Result<Option<String>> {
    let query = sqlx::query(
        "SELECT seq, count, hash, body FROM events WHERE session = ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
    );
    let row = query.bind(session).bind(seq.cast_signed()).fetch_optional(at).await?;
    let Some(run) = row.map(|row| run(&row)).transpose()? else { return Ok(None) };
    let line = usize::try_from(seq.saturating_sub(run.seq)).unwrap_or(usize::MAX);
    Ok(run.text.lines().nth(line).map(str::to_owned))
}

/// Adds events, which stand in order within each session, and their entries of the log.
pub(crate) async fn append(
    at: &mut SqliteConnection,
    events: &[SealedEvent],
    mut head: Head,
) -> sqlx::Result<Head> {
    let mut short = Vec::new();
    let mut entries = Vec::new();
    for (session, run) in runs_of(events) {
        let idx = head.size;
        head = head.append(session, run.seq, run.count, &run.hash);
        entries.push((idx, session, run.seq, run.count, run.hash.clone(), hex::encode(head.hash)));
        if run.text.len() <= LONG {
            short.push((session, run.seq, run.count, run.hash, run.text));
            continue;
        }
        let query = "INSERT INTO events (session, seq, count, hash, body) VALUES (?, ?, ?, ?, ?)";
        let query =
            sqlx::query(query).bind(session).bind(run.seq.cast_signed()).bind(run.count.cast_signed());
        query.bind(run.hash).bind(run.text).execute(&mut *at).await?;
    }
    if !short.is_empty() {
        let query = "INSERT INTO events (session, seq, count, hash, body)
            SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)";
        sqlx::query(query).bind(json(&short)?).execute(&mut *at).await?;
    }
    let query = "INSERT INTO log (idx, session, seq, count, leaf_hash, chain_hash)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?)";
    sqlx::query(query).bind(json(&entries)?).execute(at).await?;
    Ok(head)
}

/// Events by session, the sessions in the order of their first event.
fn runs_of(events: &[SealedEvent]) -> Vec<(&str, Run)> {
    let mut runs: Vec<(&str, Run)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for event in events {
        let place = *places.entry(&event.session).or_insert_with(|| {
            let run = Run { seq: event.seq, count: 0, hash: String::new(), text: String::new() };
            runs.push((&event.session, run));
            runs.len() - 1
        });
        if let Some((_, run)) = runs.get_mut(place) {
            if run.count > 0 {
                run.text.push('\n');
            }
            run.count += 1;
            run.text.push_str(&event.body);
        }
    }
    for (_, run) in &mut runs {
        run.hash = hex::encode(sha256(run.text.as_bytes()));
    }
    runs
}

fn run(row: &SqliteRow) -> sqlx::Result<Run> {
    Ok(Run {
        seq: row.try_get::<i64, _>(0)?.cast_unsigned(),
        count: row.try_get::<i64, _>(1)?.cast_unsigned(),
        hash: row.try_get(2)?,
        text: row.try_get(3)?,
    })
}

fn json(rows: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(rows).map_err(|cause| sqlx::Error::Encode(cause.into()))
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
