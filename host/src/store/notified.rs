//! What was told to whom: receivers follow the log, each at its own place.

use sqlx::Row as _;

use super::Store;

/// Entries about approvals and grants; the same words as the index `log_histories` has.
const HISTORIES: &str =
    "FROM log INDEXED BY log_histories JOIN events ON events.session = log.session AND events.seq = log.seq
    WHERE log.idx >= ? AND (log.session GLOB 'approval/*' OR log.session GLOB 'grant/*')";

/// An entry of the log about an approval or a grant.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Position in the log.
    pub(crate) idx: u64,
    /// What the log calls it.
    pub(crate) name: String,
    /// Hash of the text.
    pub(crate) hash: String,
    /// The transition.
    pub(crate) text: String,
}

impl Store {
    /// From where on a receiver has not been told; `None` for one that is new.
    pub(crate) async fn notified(&self, receiver: &str) -> sqlx::Result<Option<u64>> {
        let query = sqlx::query("SELECT next FROM notified WHERE receiver = ?").bind(receiver);
        let row = query.fetch_optional(&self.read).await?;
        row.map(|row| row.try_get::<i64, _>(0).map(i64::cast_unsigned)).transpose()
    }

    /// Keeps from where on a receiver has not been told.
    pub(crate) async fn set_notified(&self, receiver: &str, next: u64) -> sqlx::Result<()> {
        let query = "INSERT INTO notified (receiver, next) VALUES (?, ?)
            ON CONFLICT (receiver) DO UPDATE SET next = excluded.next";
        sqlx::query(query).bind(receiver).bind(next.cast_signed()).execute(&self.write).await?;
        Ok(())
    }

    /// The first entries about approvals and grants from a position on.
    pub(crate) async fn histories(&self, from: u64, limit: u32) -> sqlx::Result<Vec<Entry>> {
        let query = format!(
            "SELECT log.idx, log.session, log.leaf_hash, events.body {HISTORIES} ORDER BY log.idx LIMIT ?"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(from.cast_signed()).bind(limit);
        let entry = |row: &sqlx::sqlite::SqliteRow| -> sqlx::Result<Entry> {
            let idx = row.try_get::<i64, _>(0)?.cast_unsigned();
            Ok(Entry { idx, name: row.try_get(1)?, hash: row.try_get(2)?, text: row.try_get(3)? })
        };
        query.fetch_all(&self.read).await?.iter().map(entry).collect()
    }

    /// How many of them there are.
    pub(crate) async fn count_histories(&self, from: u64) -> sqlx::Result<u64> {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) {HISTORIES}"));
        let row = sqlx::query(query).bind(from.cast_signed()).fetch_one(&self.read).await?;
        row.try_get::<i64, _>(0).map(i64::cast_unsigned)
    }
}
