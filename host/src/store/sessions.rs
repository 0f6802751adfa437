//! Recorded sessions, one row each: what lists show, and where a chain goes on.

use std::borrow::Cow;

use gatewright_core::digest::{Digest, sha256};
use gatewright_core::event::{Event, Kind};
use gatewright_core::run::Run;
use gatewright_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::sql::{self, Connection, QueryBuilder, Row};
use super::{ROWS, Store};
use crate::time::as_rfc3339;

/// A session as lists show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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
    /// Number of statements; of requests that were refused where nobody is known.
    pub(crate) statements: u64,
    /// Position of the last event.
    pub(crate) head_seq: u64,
    /// Hex hash of the run that the last event is of; empty where its events are encrypted, and once they are pruned.
    pub(crate) head_hash: String,
    /// Last event's time; 0 where an earlier version did not keep it.
    pub(crate) last_at: Millis,
    /// When the host heard of it last, by its own clock: a filter's may be wrong, and retention goes by both.
    pub(crate) heard_at: Millis,
    /// When its events were pruned, and by which rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pruned: Option<Pruned>,
}

/// Of a session whose events are not there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Pruned {
    /// When.
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Millis,
    /// The rule.
    pub(crate) by: String,
}

/// What a run says about its session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    /// The session's beginning, where it is in the run.
    pub(crate) opening: Option<Kind>,
    /// Whether the run ends the session.
    pub(crate) closes: bool,
    /// First event's time.
    first_at: Millis,
    /// Last event's time.
    last_at: Millis,
    /// When it was over, if it is.
    closed_at: Option<Millis>,
    /// Number of statements.
    statements: u64,
    /// What was decided.
    pub(crate) counts: Counts,
}

/// How often something was decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Let pass.
    pub(crate) allow: u64,
    /// Denied.
    pub(crate) deny: u64,
    /// Held for an approval.
    pub(crate) hold: u64,
    /// Let pass in shadow mode, and would have been denied.
    pub(crate) would_deny: u64,
    /// The same, and held.
    pub(crate) would_hold: u64,
    /// Refused before anybody was known.
    pub(crate) refused: u64,
}

/// What is looked at of every event; the rest is kept as it is.
#[derive(Deserialize)]
struct Brief<'a> {
    at: Millis,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    decision: Cow<'a, str>,
    #[serde(borrow, default)]
    would: Option<Cow<'a, str>>,
}

impl Summary {
    /// Looks through a run.
    ///
    /// # Errors
    /// Which event is not readable, and why.
    pub(crate) fn of(run: &Run<'_>) -> Result<Self, String> {
        let mut summary = Self::default();
        for (seq, event) in (run.seq..).zip(run.events()) {
            let unreadable =
                |cause| format!("event {seq} of session `{}` is not readable: {cause}", run.session);
            let brief: Brief<'_> = serde_json::from_str(event).map_err(unreadable)?;
            if seq == run.seq {
                summary.first_at = brief.at;
            }
            summary.last_at = brief.at;
            match (&*brief.kind, &*brief.decision) {
                ("statement", "allow") if brief.would.as_deref() == Some("deny") => {
                    summary.counts.would_deny += 1
                }
                ("statement", "allow") if brief.would.as_deref() == Some("hold") => {
                    summary.counts.would_hold += 1
                }
                ("statement", "allow") => summary.counts.allow += 1,
                ("statement", "deny") => summary.counts.deny += 1,
                ("statement", "hold") => summary.counts.hold += 1,
                ("refused", _) => summary.counts.refused += 1,
                _ => {}
            }
            match &*brief.kind {
                "statement" => summary.statements += 1,
                // A session of requests by nobody in particular goes on.
                "refused" if seq > 0 => summary.statements += 1,
                "open" | "refused" => {
                    let event: Event = serde_json::from_str(event).map_err(unreadable)?;
                    if let Kind::Refused { .. } = event.kind {
                        summary.closed_at = Some(brief.at);
                    }
                    summary.opening = Some(event.kind);
                }
                "close" => (summary.closed_at, summary.closes) = (Some(brief.at), true),
                _ => {}
            }
        }
        Ok(summary)
    }
}

/// How many of them.
pub(super) const COLUMN_COUNT: usize = 15;

pub(super) const COLUMNS: &str = "id, resource, principal, issuer, role, source, opened_at, closed_at, statements, head_seq, head_hash, \
     last_at, heard_at, pruned_at, pruned_by";

impl SessionRow {
    /// Takes the next run in, whose hex hash is given; the first one begins the session.
    pub(crate) fn take(&mut self, run: (u64, u64), hash: &str, summary: &Summary) {
        let (seq, end) = run;
        match &summary.opening {
            Some(Kind::Open { resource, principal, issuer, role, source, .. }) => {
                self.resource.clone_from(resource);
                self.principal.clone_from(principal);
                self.issuer.clone_from(issuer);
                self.role.clone_from(role);
                self.source.clone_from(source);
            }
            Some(Kind::Refused { resource, source, .. }) => {
                self.resource.clone_from(resource);
                self.source.clone_from(source);
            }
            _ => {}
        }
        if seq == 0 {
            self.opened_at = summary.first_at;
        }
        self.statements += summary.statements;
        self.closed_at = summary.closed_at.or(self.closed_at);
        self.head_seq = end.saturating_sub(1);
        self.last_at = summary.last_at;
        hash.clone_into(&mut self.head_hash);
    }

    /// What the log keeps of the row when the events go: by this it is still known whether somebody changed it.
    pub(crate) fn digest(&self) -> Digest {
        let kept = Self { head_hash: String::new(), pruned: None, ..self.clone() };
        // INVARIANT: strings and numbers always serialise.
        sha256(&serde_json::to_vec(&kept).unwrap_or_default())
    }
}

/// Writes rows, new or in place of the old ones. Where events are encrypted, the hash of their text is not written: it
/// would tell whether a text is the one that is there.
pub(crate) async fn put(at: &mut Connection, rows: &[&SessionRow], is_encrypted: bool) -> sqlx::Result<()> {
    for rows in rows.chunks(ROWS) {
        let mut query = QueryBuilder::new(format!("INSERT INTO sessions ({COLUMNS}) "));
        query.push_values(rows, |mut row, session| {
            row.push_bind(&session.id)
                .push_bind(&session.resource)
                .push_bind(&session.principal)
                .push_bind(&session.issuer)
                .push_bind(&session.role)
                .push_bind(&session.source)
                .push_bind(session.opened_at.cast_signed())
                .push_bind(session.closed_at.map(u64::cast_signed))
                .push_bind(session.statements.cast_signed())
                .push_bind(session.head_seq.cast_signed())
                .push_bind(if is_encrypted { "" } else { &session.head_hash })
                .push_bind(session.last_at.cast_signed())
                .push_bind(session.heard_at.cast_signed())
                .push_bind(session.pruned.as_ref().map(|pruned| pruned.at.cast_signed()))
                .push_bind(session.pruned.as_ref().map(|pruned| &pruned.by));
        });
        // `opened_at` never changes, nor is what was pruned written again, and so their indexes need not be touched.
        query.push(
            " ON CONFLICT (id) DO UPDATE SET resource = excluded.resource, principal = excluded.principal, \
             issuer = excluded.issuer, role = excluded.role, source = excluded.source, \
             closed_at = excluded.closed_at, statements = excluded.statements, head_seq = excluded.head_seq, \
             head_hash = excluded.head_hash, last_at = excluded.last_at, heard_at = excluded.heard_at",
        );
        query.build().execute(&mut *at).await?;
    }
    Ok(())
}

/// Says that a session's events were pruned, and that its chain ends nowhere any more: its last hash would tell whether a
/// text is the one that was there.
pub(crate) async fn set_pruned(at: &mut Connection, id: &str, pruned: &Pruned) -> sqlx::Result<()> {
    let text = "UPDATE sessions SET pruned_at = ?, pruned_by = ?, head_hash = '' WHERE id = ?";
    let query = sql::query(text).bind(pruned.at.cast_signed()).bind(&pruned.by).bind(id);
    query.execute(at).await.map(drop)
}

/// One session, inside a transaction.
pub(crate) async fn load(at: &mut Connection, id: &str) -> sqlx::Result<Option<SessionRow>> {
    let text = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM sessions WHERE id = ?"));
    sql::query(text).bind(id).fetch_optional(at).await?.map(|row| session(&row)).transpose()
}

/// Those of some sessions that are there, inside a transaction.
pub(crate) async fn load_all(at: &mut Connection, ids: &[&str]) -> sqlx::Result<Vec<SessionRow>> {
    let mut rows = Vec::new();
    for ids in ids.chunks(ROWS) {
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM sessions WHERE id IN ("));
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        query.push(")");
        for row in query.build().fetch_all(&mut *at).await? {
            rows.push(session(&row)?);
        }
    }
    Ok(rows)
}

impl Store {
    /// One session.
    pub(crate) async fn session(&self, id: &str) -> sqlx::Result<Option<SessionRow>> {
        load(&mut self.read.acquire().await?, id).await
    }

    /// Ids of all sessions. Events of a session whose row is gone must be seen as well.
    pub(crate) async fn session_ids(&self) -> sqlx::Result<Vec<String>> {
        let text = "SELECT id FROM sessions UNION SELECT session FROM events ORDER BY 1";
        let rows = sql::query(text).fetch_all(&self.read).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}

pub(super) fn session(row: &Row) -> sqlx::Result<SessionRow> {
    let number = |at: usize| row.try_get::<i64>(at).map(i64::cast_unsigned);
    let pruned_at: Option<i64> = row.try_get(13)?;
    Ok(SessionRow {
        id: row.try_get(0)?,
        resource: row.try_get(1)?,
        principal: row.try_get(2)?,
        issuer: row.try_get(3)?,
        role: row.try_get(4)?,
        source: row.try_get(5)?,
        opened_at: number(6)?,
        closed_at: row.try_get::<Option<i64>>(7)?.map(i64::cast_unsigned),
        statements: number(8)?,
        head_seq: number(9)?,
        head_hash: row.try_get(10)?,
        last_at: number(11)?,
        heard_at: number(12)?,
        pruned: pruned_at
            .zip(row.try_get(14)?)
            .map(|(at, by): (i64, String)| Pruned { at: at.cast_unsigned(), by }),
    })
}
