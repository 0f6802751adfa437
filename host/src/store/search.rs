//! Looking for sessions: by what their rows say, and by what stands in their events.

use std::collections::HashSet;

use gatewright_core::time::Millis;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::Store;
use super::sessions::{COLUMNS, SessionRow, session};

/// Which sessions; what is left out does not matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Of this resource.
    pub(crate) resource: Option<String>,
    /// Of agents whose subject contains this.
    pub(crate) principal: Option<String>,
    /// In which a statement was decided so: `allow`, `deny` or `hold`; in shadow mode would have been: `would-deny` or
    /// `would-hold`.
    pub(crate) decision: Option<String>,
    /// In which this text occurs, in a statement, a result or an error. ASCII case does not matter.
    pub(crate) text: Option<String>,
    /// Opened at this time or later.
    pub(crate) from: Option<Millis>,
    /// Opened before this time.
    pub(crate) to: Option<Millis>,
    /// Still open, or over.
    pub(crate) open: Option<bool>,
    /// How many to pass over.
    pub(crate) skip: u32,
    /// How many at most.
    pub(crate) limit: u32,
}

impl Store {
    /// The newest of the wanted sessions first.
    pub(crate) async fn find_sessions(&self, wanted: &Wanted) -> sqlx::Result<Vec<SessionRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM sessions WHERE 1"));
        if let Some(resource) = &wanted.resource {
            query.push(" AND resource = ").push_bind(resource);
        }
        if let Some(principal) = &wanted.principal {
            query.push(" AND instr(lower(principal), lower(").push_bind(principal).push("))");
        }
        if let Some(from) = wanted.from {
            query.push(" AND opened_at >= ").push_bind(from.cast_signed());
        }
        if let Some(to) = wanted.to {
            query.push(" AND opened_at < ").push_bind(to.cast_signed());
        }
        if let Some(open) = wanted.open {
            query.push(if open { " AND closed_at IS NULL" } else { " AND closed_at IS NOT NULL" });
        }
        if let Some(decision) = &wanted.decision {
            // A text with these words in it has its quotation marks escaped in JSON.
            let words = match decision.strip_prefix("would-") {
                Some(would) => format!("\"decision\":\"allow\",\"would\":\"{would}\""),
                None => format!("\"decision\":\"{decision}\""),
            };
            query.push(" AND EXISTS (SELECT 1 FROM events WHERE session = sessions.id AND instr(body, ");
            query.push_bind(words).push("))");
        }
        if let Some(text) = &wanted.text {
            query.push(
                " AND EXISTS (SELECT 1 FROM events WHERE session = sessions.id AND instr(lower(body), lower(",
            );
            query.push_bind(escaped(text)).push(")))");
        }
        query.push(" ORDER BY opened_at DESC, id LIMIT ").push_bind(wanted.limit);
        query.push(" OFFSET ").push_bind(wanted.skip);
        query.build().fetch_all(&self.read).await?.iter().map(session).collect()
    }
}

impl Store {
    /// Which of these sessions have statements that were decided in shadow mode.
    pub(crate) async fn in_shadow(&self, sessions: &[SessionRow]) -> sqlx::Result<HashSet<String>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM sessions WHERE id IN (");
        let mut ids = query.separated(", ");
        for session in sessions {
            ids.push_bind(&session.id);
        }
        // A text with these words in it has its quotation marks escaped in JSON.
        query.push(
            ") AND EXISTS (SELECT 1 FROM events WHERE session = sessions.id AND instr(body, '\",\"would\":\"'))",
        );
        query.build().fetch_all(&self.read).await?.iter().map(|row| row.try_get(0)).collect()
    }
}

/// The text as it stands in JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}
