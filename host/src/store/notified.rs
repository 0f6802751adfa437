//! What was told to whom: receivers follow the log, each at its own place.

use super::Store;
use super::sql::{self, Dialect, Row};

/// Entries about approvals and grants from a position on.
fn histories(dialect: Dialect) -> String {
    format!(
        "FROM log {} JOIN events ON events.session = log.session AND events.seq = log.seq
        WHERE log.idx >= ? AND {}",
        dialect.by_histories(),
        dialect.histories()
    )
}

/// An entry of the log about an approval or a grant.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Position in the log.
    pub(crate) idx: u64,
    /// What the log calls it.
    pub(crate) name: String,
    /// What the entry commits to its text by, hex.
    pub(crate) hash: String,
    /// The transition.
    pub(crate) text: String,
}

impl Store {
    /// From where on a receiver has not been told; `None` for one that is new.
    pub(crate) async fn notified(&self, receiver: &str) -> sqlx::Result<Option<u64>> {
        let query = sql::query("SELECT next FROM notified WHERE receiver = ?").bind(receiver);
        let row = query.fetch_optional(&self.read).await?;
        row.map(|row| row.try_get::<i64>(0).map(i64::cast_unsigned)).transpose()
    }

    /// Keeps from where on a receiver has not been told.
    pub(crate) async fn set_notified(&self, receiver: &str, next: u64) -> sqlx::Result<()> {
        // Never back: another host may be further already.
        let text = "INSERT INTO notified (receiver, next) VALUES (?, ?)
            ON CONFLICT (receiver) DO UPDATE SET next = excluded.next WHERE notified.next < excluded.next";
        sql::query(text).bind(receiver).bind(next.cast_signed()).execute(&self.write).await?;
        Ok(())
    }

    /// The first entries about approvals and grants from a position on.
    pub(crate) async fn histories(&self, from: u64, limit: u32) -> sqlx::Result<Vec<Entry>> {
        let text = format!(
            "SELECT log.idx, log.session, log.hash, events.body {} ORDER BY log.idx LIMIT ?",
            histories(self.dialect())
        );
        let query = sql::query(sqlx::AssertSqlSafe(text)).bind(from.cast_signed()).bind(limit);
        let entry = |row: &Row| -> sqlx::Result<Entry> {
            let idx = row.try_get::<i64>(0)?.cast_unsigned();
            let hash = hex::encode(row.try_get::<&[u8]>(2)?);
            Ok(Entry { idx, name: row.try_get(1)?, hash, text: row.try_get(3)? })
        };
        query.fetch_all(&self.read).await?.iter().map(entry).collect()
    }

    /// How many of them there are.
    pub(crate) async fn count_histories(&self, from: u64) -> sqlx::Result<u64> {
        let text = sqlx::AssertSqlSafe(format!("SELECT count(*) {}", histories(self.dialect())));
        let row = sql::query(text).bind(from.cast_signed()).fetch_one(&self.read).await?;
        row.try_get::<i64>(0).map(i64::cast_unsigned)
    }
}
