//! Recorded events and the log over them.

use gatewright_core::api::SealedEvent;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row as _, Sqlite, Transaction};

use super::Store;
use crate::log::Head;

/// An entry of the log as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogRow {
    /// Position, from 0.
    pub(crate) idx: u64,
    /// Session.
    pub(crate) session: String,
    /// Position in the session.
    pub(crate) seq: u64,
    /// Hash of the event.
    pub(crate) leaf_hash: String,
    /// Hash of the chain up to here.
    pub(crate) chain_hash: String,
}

impl Store {
    /// A transaction that holds SQLite's write lock from the start.
    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.write.begin_with("BEGIN IMMEDIATE").await
    }

    /// The newest entry of the log, as it is stored.
    pub(crate) async fn log_head(&self) -> sqlx::Result<Option<LogRow>> {
        let row =
            sqlx::query("SELECT idx, session, seq, leaf_hash, chain_hash FROM log ORDER BY idx DESC LIMIT 1");
        row.fetch_optional(&self.read).await?.map(|row| log_row(&row)).transpose()
    }

    /// Up to `limit` entries of the log from position `from`.
    pub(crate) async fn log_from(&self, from: u64, limit: u32) -> sqlx::Result<Vec<LogRow>> {
        let query =
            "SELECT idx, session, seq, leaf_hash, chain_hash FROM log WHERE idx >= ? ORDER BY idx LIMIT ?";
        let rows = sqlx::query(query).bind(from.cast_signed()).bind(limit).fetch_all(&self.read).await?;
        rows.iter().map(log_row).collect()
    }

    /// The stored checkpoint.
    pub(crate) async fn checkpoint(&self) -> sqlx::Result<Option<String>> {
        let row = sqlx::query("SELECT note FROM checkpoint").fetch_optional(&self.read).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Up to `limit` events of a session from position `from`, in order.
    pub(crate) async fn events(
        &self,
        session: &str,
        from: u64,
        limit: u32,
    ) -> sqlx::Result<Vec<SealedEvent>> {
        let query =
            "SELECT session, seq, body, hash FROM events WHERE session = ? AND seq >= ? ORDER BY seq LIMIT ?";
        let rows = sqlx::query(query).bind(session).bind(from.cast_signed()).bind(limit);
        let rows = rows.fetch_all(&self.read).await?;
        rows.iter()
            .map(|row| {
                Ok(SealedEvent {
                    session: row.try_get(0)?,
                    seq: row.try_get::<i64, _>(1)?.cast_unsigned(),
                    body: row.try_get(2)?,
                    hash: row.try_get(3)?,
                })
            })
            .collect()
    }
}

/// The stored hash of one event.
pub(crate) async fn hash_of(
    at: &mut SqliteConnection,
    session: &str,
    seq: u64,
) -> sqlx::Result<Option<String>> {
    let query = sqlx::query("SELECT hash FROM events WHERE session = ? AND seq = ?");
    let row = query.bind(session).bind(seq.cast_signed()).fetch_optional(at).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Adds events and their log entries: two statements, however many events there are.
pub(crate) async fn append(
    at: &mut SqliteConnection,
    events: &[SealedEvent],
    mut head: Head,
) -> sqlx::Result<Head> {
    let mut rows = Vec::with_capacity(events.len());
    let mut entries = Vec::with_capacity(events.len());
    for event in events {
        let idx = head.size;
        head = head.append(&event.session, event.seq, &event.hash);
        rows.push((&event.session, event.seq, &event.hash, &event.body));
        entries.push((idx, &event.session, event.seq, &event.hash, hex::encode(head.hash)));
    }
    let query = "INSERT INTO events (session, seq, hash, body)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)";
    sqlx::query(query).bind(json(&rows)?).execute(&mut *at).await?;
    let query = "INSERT INTO log (idx, session, seq, leaf_hash, chain_hash)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)";
    sqlx::query(query).bind(json(&entries)?).execute(at).await?;
    Ok(head)
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

fn log_row(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<LogRow> {
    Ok(LogRow {
        idx: row.try_get::<i64, _>(0)?.cast_unsigned(),
        session: row.try_get(1)?,
        seq: row.try_get::<i64, _>(2)?.cast_unsigned(),
        leaf_hash: row.try_get(3)?,
        chain_hash: row.try_get(4)?,
    })
}
