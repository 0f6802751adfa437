//! Which sessions' events may go, and how they go.

use gatewright_core::time::Millis;

use super::sessions::{COLUMNS, SessionRow, session};
use super::sql::{self, Dialect, QueryBuilder};
use super::{Kind, Store, postgres};

/// What is kept, whatever the rules say. What is left out does not matter: of nothing, everything is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// These sessions.
    pub(crate) sessions: Vec<String>,
    /// Of these resources.
    pub(crate) resources: Vec<String>,
    /// Of these agents.
    pub(crate) principals: Vec<String>,
    /// In which something happened at this time or later.
    pub(crate) from: Option<Millis>,
    /// Opened before this time.
    pub(crate) to: Option<Millis>,
}

/// Which sessions' events may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prunable {
    /// Of these resources; of all if there are none.
    pub(crate) resources: Vec<String>,
    /// Not of these.
    pub(crate) except: Vec<String>,
    /// In which nothing happened at this time or later.
    pub(crate) before: Millis,
    /// The same of sessions that are not over: nobody may go on with them.
    pub(crate) open_before: Millis,
    /// Not these.
    pub(crate) held: Vec<Held>,
}

/// When the last thing happened in a session, by the clocks of the filter and of the host; where an earlier version did not
/// keep that, when it was over or began.
fn last(dialect: Dialect) -> String {
    format!("{}(last_at, heard_at, coalesce(closed_at, 0), opened_at)", dialect.greatest())
}

impl Store {
    /// The oldest of the sessions whose events may go.
    pub(crate) async fn prunable(&self, which: &Prunable, limit: u32) -> sqlx::Result<Vec<SessionRow>> {
        let last = last(self.dialect());
        let mut query = QueryBuilder::new(format!(
            "SELECT {COLUMNS} FROM sessions WHERE pruned_at IS NULL AND {last} < "
        ));
        query.push_bind(which.before.cast_signed());
        // Nothing is older than its last event.
        query.push(" AND opened_at < ").push_bind(which.before.cast_signed());
        query.push(format!(" AND (closed_at IS NOT NULL OR {last} < "));
        query.push_bind(which.open_before.cast_signed()).push(")");
        if !which.resources.is_empty() {
            query.push(" AND ");
            one_of(&mut query, "resource", &which.resources);
        }
        if !which.except.is_empty() {
            query.push(" AND NOT ");
            one_of(&mut query, "resource", &which.except);
        }
        for held in &which.held {
            query.push(" AND NOT ");
            held.push(self.dialect(), &mut query);
        }
        query.push(" ORDER BY opened_at, id LIMIT ").push_bind(limit);
        query.build().fetch_all(&self.read).await?.iter().map(session).collect()
    }

    /// Number of sessions that are held by this.
    pub(crate) async fn held(&self, held: &Held) -> sqlx::Result<u64> {
        let mut query = QueryBuilder::new("SELECT count(*) FROM sessions WHERE ");
        held.push(self.dialect(), &mut query);
        let row = query.build().fetch_one(&self.read).await?;
        row.try_get::<i64>(0).map(i64::cast_unsigned)
    }

    /// Sessions whose events are to go, and are not gone yet.
    pub(crate) async fn half_pruned(&self) -> sqlx::Result<Vec<String>> {
        let text = "SELECT id FROM sessions WHERE pruned_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM events WHERE session = sessions.id)";
        sql::query(text).fetch_all(&self.read).await?.iter().map(|row| row.try_get(0)).collect()
    }

    /// Removes up to so many runs of a session that the log says is pruned; gives how many there were.
    pub(crate) async fn remove_runs(&self, session: &str, limit: u32) -> sqlx::Result<u64> {
        let text = "DELETE FROM events WHERE session = ? AND seq IN (SELECT seq FROM events
            JOIN sessions ON sessions.id = events.session
            WHERE session = ? AND pruned_at IS NOT NULL ORDER BY seq LIMIT ?)";
        let done = sql::query(text).bind(session).bind(session).bind(limit).execute(&self.write).await?;
        Ok(done.rows_affected())
    }

    /// Bytes of the database that something stands in: what was removed is written over before the file grows.
    pub(crate) async fn used(&self) -> sqlx::Result<u64> {
        let text = match self.dialect() {
            Dialect::Sqlite => {
                "SELECT (page_count - freelist_count) * page_size
                FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
            }
            Dialect::Postgres => postgres::USED,
        };
        sql::query(text).fetch_one(&self.read).await?.try_get::<i64>(0).map(i64::cast_unsigned)
    }

    /// Has what was removed removed from where it still is, as far as the database does that: nobody waits for it.
    pub(crate) async fn fold(&self) -> sqlx::Result<()> {
        match &self.kind {
            Kind::Sqlite(tidy) => tidy.fold().await,
            // Gives the room back to what comes, which writes over what was there. It may take long, and stops nobody.
            Kind::Postgres(_) => {
                let mut at = self.write.acquire().await?;
                at.script("SET statement_timeout = 0").await?;
                let done = at.script("VACUUM events").await;
                at.script("SET statement_timeout = '30s'").await?;
                done
            }
        }
    }
}

impl Held {
    fn push(&self, dialect: Dialect, query: &mut QueryBuilder<'_>) {
        let last = last(dialect);
        query.push("(1 = 1");
        for (column, values) in
            [("id", &self.sessions), ("resource", &self.resources), ("principal", &self.principals)]
        {
            if !values.is_empty() {
                query.push(" AND ");
                one_of(query, column, values);
            }
        }
        if let Some(from) = self.from {
            query.push(format!(" AND {last} >= ")).push_bind(from.cast_signed());
        }
        if let Some(to) = self.to {
            query.push(" AND opened_at < ").push_bind(to.cast_signed());
        }
        query.push(")");
    }
}

fn one_of(query: &mut QueryBuilder<'_>, column: &str, values: &[String]) {
    query.push(format!("{column} IN ("));
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value.clone());
    }
    query.push(")");
}
