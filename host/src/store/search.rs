//! Looking for sessions: by what their rows say, and by what stands in their events.

use std::collections::HashSet;

use gatewright_core::time::Millis;

use super::Store;
use super::sessions::{COLUMN_COUNT, COLUMNS, SessionRow, session};
use super::sql::{QueryBuilder, Row};

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

/// Sessions that are looked through at a time.
const PAGE: u32 = 200;
/// Runs that are read at a time.
const RUNS: u32 = 100;
/// Where words are looked for that stand in events: in those that are encrypted, after they are read.
const SEALED: &str = "EXISTS (SELECT 1 FROM events WHERE session = sessions.id AND sealed IS NOT NULL)";

impl Store {
    /// The newest of the wanted sessions first.
    pub(crate) async fn find_sessions(&self, wanted: &Wanted) -> sqlx::Result<Vec<SessionRow>> {
        let words = wanted.words();
        if words.is_empty() {
            let rows = self.rows(wanted, &[], wanted.skip, wanted.limit).await?;
            return Ok(rows.into_iter().map(|(row, _)| row).collect());
        }
        let (mut found, mut passed, mut at) = (Vec::new(), 0, 0);
        loop {
            let rows = self.rows(wanted, &words, at, PAGE).await?;
            let is_last = rows.len() < PAGE as usize;
            at += PAGE;
            for (row, is_sealed) in rows {
                if is_sealed && !self.has(&row.id, &words).await? {
                    continue;
                }
                if passed < wanted.skip {
                    passed += 1;
                } else {
                    found.push(row);
                }
                if found.len() >= wanted.limit as usize {
                    return Ok(found);
                }
            }
            if is_last {
                return Ok(found);
            }
        }
    }

    /// The newest sessions that have all of these words, or may have them encrypted; which of both.
    async fn rows(
        &self,
        wanted: &Wanted,
        words: &[Words],
        skip: u32,
        limit: u32,
    ) -> sqlx::Result<Vec<(SessionRow, bool)>> {
        let sealed = if words.is_empty() { "1 = 0" } else { SEALED };
        let dialect = self.dialect();
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS}, {sealed} FROM sessions WHERE 1 = 1"));
        if let Some(resource) = &wanted.resource {
            query.push(" AND resource = ").push_bind(resource);
        }
        if let Some(principal) = &wanted.principal {
            query.push(" AND ").push_contains(dialect, ("principal", true), principal);
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
        for words in words {
            query.push(" AND (EXISTS (SELECT 1 FROM events WHERE session = sessions.id AND ");
            query.push_contains(dialect, ("body", words.any_case), &words.text);
            query.push(format!(") OR {SEALED})"));
        }
        query.push(" ORDER BY opened_at DESC, id LIMIT ").push_bind(limit);
        query.push(" OFFSET ").push_bind(skip);
        let read = |row: &Row| Ok((session(row)?, row.try_get(COLUMN_COUNT)?));
        query.build().fetch_all(&self.read).await?.iter().map(read).collect()
    }

    /// Whether a session has all of these words in its events. What cannot be read has none.
    async fn has(&self, session: &str, words: &[Words]) -> sqlx::Result<bool> {
        let (mut missing, mut seq) = (words.iter().collect::<Vec<_>>(), 0);
        loop {
            let runs = self.runs(session, seq, RUNS).await?;
            let Some(last) = runs.last() else { return Ok(false) };
            seq = last.seq.saturating_add(last.count);
            for run in &runs {
                missing.retain(|words| !words.are_in(&run.text));
                if missing.is_empty() {
                    return Ok(true);
                }
            }
        }
    }

    /// Which of these sessions have statements that were decided in shadow mode.
    pub(crate) async fn in_shadow(&self, sessions: &[SessionRow]) -> sqlx::Result<HashSet<String>> {
        // A text with these words in it has its quotation marks escaped in JSON.
        let words = Words { text: "\",\"would\":\"".to_owned(), any_case: false };
        if sessions.is_empty() {
            return Ok(HashSet::new());
        }
        let mut query = QueryBuilder::new("SELECT id, ");
        query.push(SEALED).push(" FROM sessions WHERE id IN (");
        let mut ids = query.separated(", ");
        for session in sessions {
            ids.push_bind(&session.id);
        }
        query.push(") AND (EXISTS (SELECT 1 FROM events WHERE session = sessions.id AND ");
        query.push_contains(self.dialect(), ("body", words.any_case), &words.text);
        query.push(format!(") OR {SEALED})"));
        let mut found = HashSet::new();
        for row in query.build().fetch_all(&self.read).await? {
            let (id, is_sealed): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
            if !is_sealed || self.has(&id, std::slice::from_ref(&words)).await? {
                found.insert(id);
            }
        }
        Ok(found)
    }
}

/// What is looked for in events, as it stands in JSON.
struct Words {
    text: String,
    /// Whether ASCII case does not matter.
    any_case: bool,
}

impl Words {
    fn are_in(&self, text: &str) -> bool {
        match self.any_case {
            true => text.to_ascii_lowercase().contains(&self.text.to_ascii_lowercase()),
            false => text.contains(&self.text),
        }
    }
}

impl Wanted {
    fn words(&self) -> Vec<Words> {
        // A text with these words in it has its quotation marks escaped in JSON.
        let decision = self.decision.as_ref().map(|decision| match decision.strip_prefix("would-") {
            Some(would) => format!("\"decision\":\"allow\",\"would\":\"{would}\""),
            None => format!("\"decision\":\"{decision}\""),
        });
        let decision = decision.map(|text| Words { text, any_case: false });
        let text = self.text.as_ref().map(|text| Words { text: escaped(text), any_case: true });
        decision.into_iter().chain(text).collect()
    }
}

/// The text as it stands in JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}
