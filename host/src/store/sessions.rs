//! Recorded sessions, one row each: what lists show, and where a chain goes on.

use gatewright_core::event::{Event, Kind};
use gatewright_core::time::Millis;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::Store;

/// A session as lists show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SessionRow {
    /// Id.
    pub(crate) id: String,
    /// Resource.
    pub(crate) resource: String,
    /// Subject of the token; empty where none verified.
    pub(crate) principal: String,
    /// Issuer of the token.
    pub(crate) issuer: String,
    /// Role on the target.
    pub(crate) role: String,
    /// Where from, `address:port`.
    pub(crate) source: String,
    /// First event's time.
    pub(crate) opened_at: Millis,
    /// Last event's time, once it is over.
    pub(crate) closed_at: Option<Millis>,
    /// Number of statements.
    pub(crate) statements: u64,
    /// Position of the last event.
    pub(crate) head_seq: u64,
    /// Hash of the last event.
    pub(crate) head_hash: String,
}

const COLUMNS: &str =
    "id, resource, principal, issuer, role, source, opened_at, closed_at, statements, head_seq, head_hash";

impl SessionRow {
    /// Takes one more event in; the first one begins the session.
    pub(crate) fn take(&mut self, event: &Event, hash: &str) {
        match &event.kind {
            Kind::Open { resource, principal, issuer, role, source, .. } => {
                self.resource.clone_from(resource);
                self.principal.clone_from(principal);
                self.issuer.clone_from(issuer);
                self.role.clone_from(role);
                self.source.clone_from(source);
            }
            Kind::Refused { resource, source, .. } => {
                self.resource.clone_from(resource);
                self.source.clone_from(source);
            }
            _ => {}
        }
        self.note(event.seq, event.at, event.kind.name(), hash);
    }

    /// What any event says about its session, by its kind's name.
    pub(crate) fn note(&mut self, seq: u64, at: Millis, kind: &str, hash: &str) {
        if seq == 0 {
            self.opened_at = at;
        }
        match kind {
            "statement" => self.statements += 1,
            "refused" | "close" => self.closed_at = Some(at),
            _ => {}
        }
        self.head_seq = seq;
        hash.clone_into(&mut self.head_hash);
    }

    /// Writes the row.
    pub(crate) async fn put(&self, at: &mut SqliteConnection) -> sqlx::Result<()> {
        let query = "INSERT OR REPLACE INTO sessions (id, resource, principal, issuer, role, source, opened_at, \
                     closed_at, statements, head_seq, head_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(query)
            .bind(&self.id)
            .bind(&self.resource)
            .bind(&self.principal)
            .bind(&self.issuer)
            .bind(&self.role)
            .bind(&self.source)
            .bind(self.opened_at.cast_signed())
            .bind(self.closed_at.map(u64::cast_signed))
            .bind(self.statements.cast_signed())
            .bind(self.head_seq.cast_signed())
            .bind(&self.head_hash)
            .execute(at)
            .await?;
        Ok(())
    }
}

/// One session, inside a transaction.
pub(crate) async fn load(at: &mut SqliteConnection, id: &str) -> sqlx::Result<Option<SessionRow>> {
    let query = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM sessions WHERE id = ?"));
    sqlx::query(query).bind(id).fetch_optional(at).await?.map(|row| session(&row)).transpose()
}

impl Store {
    /// The newest sessions first.
    pub(crate) async fn sessions(&self, limit: u32) -> sqlx::Result<Vec<SessionRow>> {
        let query = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM sessions ORDER BY opened_at DESC, id LIMIT ?"
        ));
        let rows = sqlx::query(query).bind(limit).fetch_all(&self.read).await?;
        rows.iter().map(session).collect()
    }

    /// One session.
    pub(crate) async fn session(&self, id: &str) -> sqlx::Result<Option<SessionRow>> {
        load(&mut *self.read.acquire().await?, id).await
    }

    /// Ids of all sessions. Events of a session whose row is gone must be seen as well.
    pub(crate) async fn session_ids(&self) -> sqlx::Result<Vec<String>> {
        let query = "SELECT id FROM sessions UNION SELECT session FROM events ORDER BY 1";
        let rows = sqlx::query(query).fetch_all(&self.read).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}

fn session(row: &SqliteRow) -> sqlx::Result<SessionRow> {
    let number = |at: usize| row.try_get::<i64, _>(at).map(i64::cast_unsigned);
    Ok(SessionRow {
        id: row.try_get(0)?,
        resource: row.try_get(1)?,
        principal: row.try_get(2)?,
        issuer: row.try_get(3)?,
        role: row.try_get(4)?,
        source: row.try_get(5)?,
        opened_at: number(6)?,
        closed_at: row.try_get::<Option<i64>, _>(7)?.map(i64::cast_unsigned),
        statements: number(8)?,
        head_seq: number(9)?,
        head_hash: row.try_get(10)?,
    })
}
