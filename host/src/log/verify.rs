//! Checks all that was recorded: every session's chain, what happened to every approval and grant, every entry of the log,
//! the signed checkpoints.

use std::collections::HashMap;
use std::path::Path;

use gatewright_core::digest::sha256;
use gatewright_core::event::Event;
use gatewright_core::run::Verifier;
use serde::Serialize;

use super::history::{self, Whose};
use super::verify_history::Histories;
use super::{Checkpoint, Head, VerifyKey};
use crate::store::Store;
use crate::store::sessions::{SessionRow, Summary};

/// Entries of the log that are read at a time.
const PAGE: u32 = 5_000;
/// Runs that are read at a time, with all their events.
const RUNS: u32 = 50;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// Sessions checked.
    pub(crate) sessions: u64,
    /// Events checked.
    pub(crate) events: u64,
    /// Approvals checked.
    pub(crate) approvals: u64,
    /// Grants checked.
    pub(crate) grants: u64,
    /// Entries of the log checked.
    pub(crate) entries: u64,
    /// What is wrong, the first of each session and of the log; empty if all is well.
    pub(crate) faults: Vec<String>,
}

/// Verifies everything in the data folder, or one session and its entries in the log, or one approval or grant by the name
/// that it has there (`approval/ID`, `grant/ID`).
pub(crate) async fn verify(store: &Store, data: &Path, only: Option<&str>) -> anyhow::Result<Findings> {
    // The file first: a host that is at work writes it after the database, never before.
    let notes = Notes::read(store, data).await?;
    let mut findings = Findings::default();
    let log = walk_log(store, &notes, &mut findings).await?;
    let ids = match only {
        Some(id) => vec![id.to_owned()],
        None => {
            let logged = log.sessions.keys().cloned();
            logged.chain(store.session_ids().await?).chain(history::names(store).await?).collect()
        }
    };
    let ids: std::collections::BTreeSet<String> = ids.into_iter().collect();
    let any = log.sessions.keys().any(|name| Whose::read(name).is_some());
    let mut histories = Histories::new(store, any).await?;
    for id in &ids {
        if let Some(whose) = Whose::read(id) {
            let logged = log.sessions.get(id);
            if only.is_some() && logged.is_none() && !history::names(store).await?.contains(id) {
                anyhow::bail!("there is no {whose}");
            }
            if let Some(fault) = histories.check(whose, logged, &mut findings).await? {
                findings.faults.push(format!("{whose}: {fault}"));
            }
            continue;
        }
        let row = store.session(id).await?;
        let logged = log.sessions.get(id);
        if only.is_some() && row.is_none() && logged.is_none() {
            anyhow::bail!("there is no session `{id}`");
        }
        findings.sessions += 1;
        if let Some(fault) = check_session(store, id, row.as_ref(), logged, &mut findings.events).await? {
            findings.faults.push(format!("session `{id}`: {fault}"));
        }
    }
    findings.faults.extend(histories.late());
    Ok(findings)
}

/// The checkpoints as they are stored.
struct Notes {
    key: anyhow::Result<VerifyKey>,
    file: Option<String>,
    database: Option<String>,
}

impl Notes {
    async fn read(store: &Store, data: &Path) -> anyhow::Result<Self> {
        let key = VerifyKey::read(data);
        Ok(Self { key, file: Checkpoint::read_file(data)?, database: store.checkpoint().await? })
    }

    /// The two heads, or what is wrong with the notes.
    fn heads(&self, log_is_empty: bool, faults: &mut Vec<String>) -> Vec<(&'static str, Head)> {
        let key = match &self.key {
            Ok(key) => key,
            Err(cause) if log_is_empty && self.file.is_none() && self.database.is_none() => {
                tracing::debug!(%cause, "no key");
                return Vec::new();
            }
            Err(cause) => {
                faults.push(format!("the public key cannot be read: {cause:#}"));
                return Vec::new();
            }
        };
        let mut heads = Vec::new();
        for (place, note) in [("in the file", &self.file), ("in the database", &self.database)] {
            match note.as_deref().map(|note| key.open(note)) {
                Some(Ok(checkpoint)) => heads.push((place, checkpoint.head)),
                Some(Err(cause)) => faults.push(format!("the checkpoint {place} is not genuine: {cause:#}")),
                None if log_is_empty => {}
                None => faults.push(format!("the checkpoint {place} is missing")),
            }
        }
        heads
    }
}

/// What the log says about each session.
#[derive(Default)]
struct Log {
    sessions: HashMap<String, Logged>,
}

/// What the log says about one session, approval or grant.
#[derive(Debug, Default)]
pub(super) struct Logged {
    /// Leaf hashes of its runs, in order.
    pub(super) leaves: Vec<String>,
    /// Number of its events.
    pub(super) events: u64,
    /// Position in the log of the first of them.
    pub(super) first: u64,
}

async fn walk_log(store: &Store, notes: &Notes, findings: &mut Findings) -> anyhow::Result<Log> {
    let empty = store.log_head().await?.is_none();
    let mut awaited = notes.heads(empty, &mut findings.faults);
    let signed = awaited.iter().map(|(_, head)| head.size).max();
    awaited.retain(|(_, head)| *head != Head::EMPTY);
    let mut head = Head::EMPTY;
    let mut log = Log::default();
    let mut broken = false;
    loop {
        let page = store.log_from(head.size, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            findings.entries += 1;
            let logged = log.sessions.entry(row.session.clone());
            let logged = logged.or_insert_with(|| Logged { first: row.idx, ..Logged::default() });
            let fault = if row.idx != head.size {
                Some(format!("log entry {} is missing", head.size))
            } else if row.seq != logged.events {
                Some(format!(
                    "log entry {} is event {} of {}, expected its event {}",
                    row.idx,
                    row.seq,
                    history::named(&row.session),
                    logged.events
                ))
            } else if hex::encode(head.append(&row.session, row.seq, row.count, &row.leaf_hash).hash)
                != row.chain_hash
            {
                Some(format!(
                    "log entry {} (event {} of {}) was changed: its hash does not follow",
                    row.idx,
                    row.seq,
                    history::named(&row.session)
                ))
            } else {
                None
            };
            logged.leaves.push(row.leaf_hash.clone());
            logged.events += row.count;
            if !broken && let Some(fault) = fault {
                findings.faults.push(fault);
                broken = true;
            }
            let hash =
                hex::decode(&row.chain_hash).ok().and_then(|hash| hash.try_into().ok()).unwrap_or_default();
            head = Head { size: row.idx + 1, hash };
            awaited.retain(|(place, awaited)| {
                if awaited.size == head.size && awaited.hash != head.hash {
                    findings
                        .faults
                        .push(format!("the log is not the one that the checkpoint {place} was signed for"));
                }
                awaited.size != head.size
            });
        }
    }
    for (place, awaited) in awaited {
        findings.faults.push(format!(
            "the log is cut off: the checkpoint {place} was signed for {} entries, {} are there",
            awaited.size, head.size
        ));
    }
    // Entries past the newest checkpoint were not written by the host: it signs one with every commit.
    if let Some(signed) = signed.filter(|signed| *signed < head.size) {
        findings
            .faults
            .push(format!("the log has {} entries, but its checkpoint was signed for {signed}", head.size));
    }
    Ok(log)
}

/// The first fault of one session.
async fn check_session(
    store: &Store,
    id: &str,
    row: Option<&SessionRow>,
    logged: Option<&Logged>,
    events: &mut u64,
) -> anyhow::Result<Option<String>> {
    let mut verifier = Verifier::new(id);
    // What the list of sessions must say, by what happened.
    let resource = row.map(|row| row.resource.clone()).unwrap_or_default();
    let mut replayed = SessionRow { id: id.to_owned(), resource, ..SessionRow::default() };
    let mut seq = 0_u64;
    let mut runs = 0_usize;
    let empty = Logged::default();
    let logged = logged.unwrap_or(&empty);
    loop {
        let page = store.runs(id, seq, RUNS).await?;
        if page.is_empty() {
            break;
        }
        for run in page {
            if run.seq != seq {
                return Ok(Some(format!("event {seq} is missing")));
            }
            *events += run.count;
            let places = match run.count {
                1 => format!("event {seq}"),
                many => format!("event {seq} or one of the {} after it", many - 1),
            };
            let whole = hex::encode(sha256(run.text.as_bytes()));
            if whole != run.hash {
                return Ok(Some(format!("{places} was changed: the text is not what its hash says")));
            }
            match logged.leaves.get(runs) {
                Some(leaf) if *leaf == whole => {}
                Some(_) => return Ok(Some(format!("{places} is not the one that the log holds"))),
                None => return Ok(Some(format!("event {seq} is not in the log"))),
            }
            let read = match verifier.next(&run.text) {
                Ok(read) if read.count == run.count => read,
                Ok(_) => return Ok(Some(format!("{places} is not all of its run, or more"))),
                Err(cause) => return Ok(Some(cause.to_string())),
            };
            let unreadable = read.events().find_map(|event| serde_json::from_str::<Event>(event).err());
            match (unreadable, Summary::of(&read)) {
                (Some(cause), _) => return Ok(Some(format!("{places} is not readable: {cause}"))),
                (None, Err(cause)) => return Ok(Some(cause)),
                (None, Ok(summary)) => replayed.take((read.seq, read.end()), &whole, &summary),
            }
            seq += run.count;
            runs += 1;
        }
    }
    if logged.events > seq {
        return Ok(Some(format!("event {seq} is missing: the log holds {} events of it", logged.events)));
    }
    match row {
        None => Ok(Some("it is not in the list of sessions".to_owned())),
        Some(row) if row.head_seq + 1 != seq => Ok(Some(format!(
            "the list of sessions says that it ends with event {}, but {seq} events are there",
            row.head_seq
        ))),
        Some(row) if *row != replayed => {
            Ok(Some("the list of sessions says something else about it than its events".to_owned()))
        }
        Some(_) => Ok(None),
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
