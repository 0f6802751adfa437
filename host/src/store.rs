//! The host's database: SQLite in the data folder, or PostgreSQL, which several hosts share. Every commit is on disk before
//! it is acknowledged.

pub(crate) mod approvals;
pub(crate) mod data_keys;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod leases;
pub(crate) mod log;
pub(crate) mod notified;
mod postgres;
pub(crate) mod records;
pub(crate) mod retention;
pub(crate) mod same_files;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod signed_in;
pub(crate) mod sql;
mod sqlite;
pub(crate) mod tokens;
pub(crate) mod tools;

use std::path::Path;
use std::sync::Arc;

use gatewright_core::time::Millis;

use crate::vault::Vault;
pub(crate) use postgres::{Shared, Waker};
pub(crate) use sql::Connection;
use sql::{Dialect, Pool, query};
pub(crate) use sqlite::{TREE, WITHOUT_HISTORIES, format, set_format};

/// Rows that one statement inserts at most. A statement of each number of rows is prepared once.
const ROWS: usize = 50;

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// Of SQLite one connection, so that writers wait for each other here and not on its lock.
    write: Pool,
    /// Readers never wait for a writer.
    read: Pool,
    /// What only one of the two needs.
    kind: Kind,
    /// What sessions' events are encrypted with, where they are.
    vault: Option<Arc<Vault>>,
}

#[derive(Debug, Clone)]
enum Kind {
    Sqlite(sqlite::Tidy),
    Postgres(postgres::Replica),
}

impl Store {
    /// Opens the database in the data folder; creates it if need be.
    pub(crate) async fn open(data: &Path) -> anyhow::Result<Self> {
        let (write, read, tidy) = sqlite::open(data).await?;
        Ok(Self {
            write: Pool::Sqlite(write),
            read: Pool::Sqlite(read),
            kind: Kind::Sqlite(tidy),
            vault: None,
        })
    }

    /// Opens a PostgreSQL database; creates the tables if need be.
    pub(crate) async fn open_shared(shared: &Shared) -> anyhow::Result<Self> {
        let (write, read, replica) = postgres::open(shared).await?;
        Ok(Self {
            write: Pool::Postgres(write),
            read: Pool::Postgres(read),
            kind: Kind::Postgres(replica),
            vault: None,
        })
    }

    /// The same, with keys for what is encrypted and is to be.
    pub(crate) fn with_vault(self, vault: Option<Arc<Vault>>) -> Self {
        Self { vault, ..self }
    }

    /// What sessions' events are encrypted with.
    pub(crate) fn vault(&self) -> Option<&Vault> {
        self.vault.as_deref()
    }

    /// Whether other hosts write as well.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.kind, Kind::Postgres(_))
    }

    /// A transaction. Of SQLite, it holds the write lock from the start.
    pub(crate) async fn begin(&self) -> sqlx::Result<Connection> {
        self.write.begin().await
    }

    /// A connection to read: each statement sees what was committed before it.
    pub(crate) async fn reader(&self) -> sqlx::Result<Connection> {
        self.read.acquire().await
    }

    /// To be called after a commit.
    pub(crate) fn committed(&self) {
        if let Kind::Sqlite(tidy) = &self.kind {
            tidy.committed();
        }
    }

    /// Opens an existing database to read only, beside a running host: everything that is read is of one moment.
    pub(crate) async fn open_read_only(data: &Path) -> anyhow::Result<Self> {
        let (pool, tidy) = sqlite::open_read_only(data).await?;
        let read = Pool::Sqlite(pool);
        Ok(Self { write: read.clone(), read, kind: Kind::Sqlite(tidy), vault: None })
    }

    /// The same of a database that hosts share.
    pub(crate) async fn open_shared_read_only(shared: &Shared) -> anyhow::Result<Self> {
        let (pool, replica) = postgres::open_read_only(shared).await?;
        let read = Pool::Postgres(pool);
        Ok(Self { write: read.clone(), read, kind: Kind::Postgres(replica), vault: None })
    }

    /// Writes something, on disk, to see whether that can be done.
    pub(crate) async fn probe(&self, now: Millis) -> sqlx::Result<()> {
        let text =
            "INSERT INTO alive (one, at) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET at = excluded.at";
        query(text).bind(now.cast_signed()).execute(&self.write).await?;
        Ok(())
    }

    /// Writes as much as events need, and removes it: on a full disk a few bytes find their place for a long time.
    pub(crate) async fn probe_room(&self) -> sqlx::Result<()> {
        match self.dialect() {
            Dialect::Sqlite => self.write.acquire().await?.script(sqlite::ROOM).await,
            // A server that has no room says so of the few bytes as well: each update is a new row.
            Dialect::Postgres => Ok(()),
        }
    }

    /// Size of the database, in bytes.
    pub(crate) async fn size(&self) -> sqlx::Result<u64> {
        let text = match self.dialect() {
            Dialect::Sqlite => "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            Dialect::Postgres => postgres::SIZE,
        };
        query(text).fetch_one(&self.read).await?.try_get::<i64>(0).map(i64::cast_unsigned)
    }

    /// Wakes whoever waits for changes, whenever another host says that there are some: see [`Waker`].
    pub(crate) fn waker(&self) -> Option<Waker> {
        match &self.kind {
            Kind::Sqlite(_) => None,
            Kind::Postgres(replica) => Some(replica.waker()),
        }
    }

    /// Ends all connections; what is under way is finished.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        if let Kind::Sqlite(tidy) = &self.kind {
            tidy.close().await;
        }
        self.write.close().await;
    }

    fn dialect(&self) -> Dialect {
        match self.kind {
            Kind::Sqlite(_) => Dialect::Sqlite,
            Kind::Postgres(_) => Dialect::Postgres,
        }
    }

    /// For tests that tamper.
    #[cfg(test)]
    pub(crate) async fn tamper(&self, text: impl Into<String>) {
        let text = crate::testing::told(self.dialect() == Dialect::Postgres, text.into());
        self.write.acquire().await.unwrap().script(sqlx::AssertSqlSafe(text)).await.unwrap();
    }

    /// For tests that count.
    #[cfg(test)]
    pub(crate) async fn number(&self, text: String) -> u64 {
        let row = query(sqlx::AssertSqlSafe(text)).fetch_one(&self.write).await.unwrap();
        row.try_get::<i64>(0).unwrap().cast_unsigned()
    }
}
