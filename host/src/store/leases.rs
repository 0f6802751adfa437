//! What only one of several hosts does at a time: it holds a lease by the database's clock, and another takes it once that
//! ran out.

use std::time::Duration;

use super::sql;
use super::{Kind, Store};

/// The database's clock, in milliseconds since 1970.
const CLOCK: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

impl Store {
    /// Takes a lease for some time, or makes it last longer; whether it is this host's. An embedded database has one host.
    pub(crate) async fn lease(&self, name: &str, lasts: Duration) -> sqlx::Result<bool> {
        let Kind::Postgres(replica) = &self.kind else { return Ok(true) };
        let text = format!(
            "INSERT INTO leases (name, holder, until) VALUES (?, ?, {CLOCK} + ?)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
            WHERE leases.holder = excluded.holder OR leases.until < {CLOCK}"
        );
        let lasts = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
        let statement = sql::query(sqlx::AssertSqlSafe(text)).bind(name).bind(&replica.name).bind(lasts);
        Ok(statement.execute(&self.write).await?.rows_affected() == 1)
    }

    /// Gives a lease back.
    pub(crate) async fn give_back(&self, name: &str) -> sqlx::Result<()> {
        let Kind::Postgres(replica) = &self.kind else { return Ok(()) };
        let statement = sql::query("DELETE FROM leases WHERE name = ? AND holder = ?");
        statement.bind(name).bind(&replica.name).execute(&self.write).await.map(drop)
    }
}
