//! Recorded events.

use gatewright_core::digest::{Digest, sha256};
use gatewright_core::run::Run;

use super::data_keys::{self, Locked};
use super::sql::{self, Connection, QueryBuilder, Row};
use super::{ROWS, Store};
use crate::log::Salt;
use crate::vault::Vault;

/// A run of a session's events, as it is stored: a row of the table, and a leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunRow {
    /// Position of the first event in the session.
    pub(crate) seq: u64,
    /// Number of events.
    pub(crate) count: u64,
    /// Hex SHA-256 of `text`; empty where it is encrypted.
    pub(crate) hash: String,
    /// What the log's commitment is salted with; none in what is older than that, and in what is encrypted.
    pub(crate) salt: Vec<u8>,
    /// The text as it is encrypted, where it is.
    pub(crate) sealed: Option<Vec<u8>>,
    /// The run as the filter sealed it; see `gatewright_core::run`.
    pub(crate) text: String,
    /// Why the text cannot be read.
    pub(crate) locked: Option<Locked>,
}

/// A run to be stored.
#[derive(Debug)]
pub(crate) struct NewRun<'a> {
    /// Session.
    pub(crate) session: &'a str,
    /// Position of the first event in the session.
    pub(crate) seq: u64,
    /// Number of events.
    pub(crate) count: u64,
    /// SHA-256 of `text`.
    pub(crate) hash: Digest,
    /// The run's text.
    pub(crate) text: &'a str,
}

/// How a run's text is stored.
#[derive(Debug)]
pub(crate) enum Body {
    /// As it is, with the salt of the log's commitment.
    Plain(Salt),
    /// Encrypted.
    Sealed(Vec<u8>),
}

impl Store {
    /// Up to `limit` runs of a session, from the one that holds the event at position `from`.
    pub(crate) async fn runs(&self, session: &str, from: u64, limit: u32) -> sqlx::Result<Vec<RunRow>> {
        let mut at = self.read.acquire().await?;
        let text =
            "SELECT seq, count, hash, salt, sealed, body FROM events WHERE session = ? AND seq + count > ?
            ORDER BY seq LIMIT ?";
        let rows = sql::query(text).bind(session).bind(from.cast_signed()).bind(limit);
        let mut runs = rows.fetch_all(&mut at).await?.iter().map(run).collect::<sqlx::Result<Vec<_>>>()?;
        unlock(&mut at, self.vault(), session, &mut runs).await;
        Ok(runs)
    }

    /// Events of a session from position `from`, in order: those of at most `limit` runs.
    pub(crate) async fn events(&self, session: &str, from: u64, limit: u32) -> sqlx::Result<Vec<String>> {
        let mut events = Vec::new();
        for row in self.runs(session, from, limit).await? {
            if let Some(why) = row.locked {
                return Err(sqlx::Error::Decode(format!("session `{session}`: {why}").into()));
            }
            let known = usize::try_from(from.saturating_sub(row.seq)).unwrap_or(usize::MAX);
            let (run, _) = Run::split(&row.text).map_err(|cause| sqlx::Error::Decode(cause.into()))?;
            events.extend(run.events().skip(known).map(str::to_owned));
        }
        Ok(events)
    }
}

/// Decrypts what is encrypted.
async fn unlock(at: &mut Connection, vault: Option<&Vault>, session: &str, runs: &mut [RunRow]) {
    if runs.iter().all(|run| run.sealed.is_none()) {
        return;
    }
    let key = data_keys::for_reading(at, vault, session).await;
    for run in runs {
        let Some(sealed) = &run.sealed else { continue };
        let opened = match &key {
            Ok(key) => {
                let opened = key.open(session, run.seq, sealed);
                opened.map_err(|cause| Locked::Broken(format!("{cause:#}")))
            }
            Err(cause) => Err(cause.clone()),
        };
        match opened {
            Ok(text) => run.text = text,
            Err(why) => run.locked = Some(why),
        }
    }
}

/// How many events there are of a session.
pub(crate) async fn count_of(at: &mut Connection, session: &str) -> sqlx::Result<u64> {
    let text = "SELECT seq + count FROM events WHERE session = ? ORDER BY seq DESC LIMIT 1";
    let row = sql::query(text).bind(session).fetch_optional(at).await?;
    row.map_or(Ok(0), |row| row.try_get::<i64>(0).map(i64::cast_unsigned))
}

/// Text of the first run of what is never encrypted: a history of an approval or a grant.
pub(crate) async fn first_text(at: &mut Connection, session: &str) -> sqlx::Result<Option<String>> {
    let query = sql::query("SELECT body FROM events WHERE session = ? AND seq = 0").bind(session);
    query.fetch_optional(at).await?.map(|row| row.try_get(0)).transpose()
}

/// Hash of the stored run that begins at a position of a session.
pub(crate) async fn hash_at(
    at: &mut Connection,
    vault: Option<&Vault>,
    session: &str,
    seq: u64,
) -> sqlx::Result<Option<Digest>> {
    let text = "SELECT seq, count, hash, salt, sealed, body FROM events WHERE session = ? AND seq = ?";
    let row = sql::query(text).bind(session).bind(seq.cast_signed()).fetch_optional(&mut *at).await?;
    hash_of(at, vault, session, row).await
}

/// Hash of the last run of a session.
pub(crate) async fn last_hash(
    at: &mut Connection,
    vault: Option<&Vault>,
    session: &str,
) -> sqlx::Result<Option<Digest>> {
    let text =
        "SELECT seq, count, hash, salt, sealed, body FROM events WHERE session = ? ORDER BY seq DESC LIMIT 1";
    let row = sql::query(text).bind(session).fetch_optional(&mut *at).await?;
    hash_of(at, vault, session, row).await
}

async fn hash_of(
    at: &mut Connection,
    vault: Option<&Vault>,
    session: &str,
    row: Option<Row>,
) -> sqlx::Result<Option<Digest>> {
    let Some(row) = row else { return Ok(None) };
    let mut runs = [run(&row)?];
    unlock(at, vault, session, &mut runs).await;
    let [run] = runs;
    match run.locked {
        Some(why) => Err(sqlx::Error::Decode(format!("session `{session}`: {why}").into())),
        None => Ok(Some(sha256(run.text.as_bytes()))),
    }
}

/// Adds runs, which stand in order within each session.
pub(crate) async fn append(at: &mut Connection, runs: &[NewRun<'_>], bodies: &[Body]) -> sqlx::Result<()> {
    for (runs, bodies) in runs.chunks(ROWS).zip(bodies.chunks(ROWS)) {
        let mut query =
            QueryBuilder::new("INSERT INTO events (session, seq, count, hash, salt, sealed, body) ");
        query.push_values(runs.iter().zip(bodies), |mut row, (run, body)| {
            row.push_bind(run.session).push_bind(run.seq.cast_signed()).push_bind(run.count.cast_signed());
            match body {
                Body::Plain(salt) => row
                    .push_bind(hex::encode(run.hash))
                    .push_bind(&salt[..])
                    .push_bind(None::<&[u8]>)
                    .push_bind(run.text),
                Body::Sealed(sealed) => {
                    row.push_bind("").push_bind(&[][..]).push_bind(Some(&sealed[..])).push_bind("")
                }
            };
        });
        query.build().execute(&mut *at).await?;
    }
    Ok(())
}

fn run(row: &Row) -> sqlx::Result<RunRow> {
    Ok(RunRow {
        seq: row.try_get::<i64>(0)?.cast_unsigned(),
        count: row.try_get::<i64>(1)?.cast_unsigned(),
        hash: row.try_get(2)?,
        salt: row.try_get(3)?,
        sealed: row.try_get(4)?,
        text: row.try_get(5)?,
        locked: None,
    })
}
