//! Checks all that was recorded: every session's chain, what happened to every approval, grant and personal token, every
//! entry of the log, the signed checkpoints.

use std::collections::BTreeSet;
use std::path::Path;

use gatewright_core::digest::sha256;
use gatewright_core::event::Event;
use gatewright_core::run::Verifier;
use serde::Serialize;

use super::checkpoint::Keys;
use super::history::{self, PrunedSession, Whose};
use super::verify_history::{self, Histories};
use super::verify_log::{Logged, Notes, walk};
use crate::progress::Progress;
use crate::store::Store;
use crate::store::data_keys::Locked;
use crate::store::sessions::{SessionRow, Summary};

/// Runs that are read at a time, with all their events.
const RUNS: u32 = 50;

/// What is to be verified, and by what.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// One session, or one approval, grant or personal token by the name that it has in the log (`approval/ID`, `grant/ID`,
    /// `token/ID`).
    pub(crate) only: Option<String>,
    /// The keys to trust; those of the data folder if left out.
    pub(crate) keys: Option<Keys>,
    /// Checkpoints that somebody kept: the log must be the same up to there.
    pub(crate) since: Vec<String>,
}

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
    /// Personal access tokens checked.
    pub(crate) tokens: u64,
    /// Sessions whose events were pruned, as the log says.
    pub(crate) pruned: u64,
    /// Runs that are encrypted, and that the keys to read are not there of: they are what the log committed to.
    pub(crate) locked: u64,
    /// Entries of the log checked.
    pub(crate) entries: u64,
    /// Sizes of the log at which its root is what a checkpoint was signed for.
    pub(crate) checkpoints: BTreeSet<u64>,
    /// What is wrong, the first of each session and of the log; empty if all is well.
    pub(crate) faults: Vec<String>,
}

/// Verifies what is in the data folder.
pub(crate) async fn verify(store: &Store, data: &Path, asked: &Asked) -> anyhow::Result<Findings> {
    // The file first: a host that is at work writes it after the database, never before.
    let notes = Notes::read(store, data, asked).await?;
    let mut findings = Findings::default();
    let log = walk(store, &notes, &mut findings).await?;
    let only = asked.only.as_deref();
    let ids = match only {
        Some(id) => vec![id.to_owned()],
        None => {
            let logged = log.keys().cloned();
            logged.chain(store.session_ids().await?).chain(history::names(store).await?).collect()
        }
    };
    let ids: BTreeSet<String> = ids.into_iter().collect();
    let pruned = verify_history::pruned(store, &log).await?;
    let mut histories = Histories::new(store);
    let progress = Progress::of("sessions, approvals and grants", ids.len() as u64);
    for id in &ids {
        progress.one();
        let logged = log.get(id);
        if let Some(whose) = Whose::read(id) {
            if only.is_some() && logged.is_none() && !history::names(store).await?.contains(id) {
                anyhow::bail!("there is no {whose}");
            }
            if let Some(fault) = histories.check(whose, logged, &mut findings).await? {
                findings.faults.push(format!("{whose}: {fault}"));
            }
            continue;
        }
        let row = store.session(id).await?;
        if only.is_some() && row.is_none() && logged.is_none() {
            anyhow::bail!("there is no session `{id}`");
        }
        findings.sessions += 1;
        let fault = match pruned.get(id) {
            Some(pruned) => check_pruned(store, row.as_ref(), logged, pruned, &mut findings).await?,
            None => check_session(store, id, row.as_ref(), logged, &mut findings).await?,
        };
        if let Some(fault) = fault {
            findings.faults.push(format!("session `{id}`: {fault}"));
        }
    }
    findings.faults.extend(histories.late());
    Ok(findings)
}

/// The first fault of a session whose events were pruned: some may still be there, where the host ended meanwhile.
async fn check_pruned(
    store: &Store,
    row: Option<&SessionRow>,
    logged: Option<&Logged>,
    pruned: &PrunedSession,
    findings: &mut Findings,
) -> anyhow::Result<Option<String>> {
    findings.pruned += 1;
    let (empty, mut seq) = (Logged::default(), 0);
    let logged = logged.unwrap_or(&empty);
    if logged.events != pruned.events {
        let (there, said) = (logged.events, pruned.events);
        return Ok(Some(format!("the log holds {there} events of it, and says that {said} were pruned")));
    }
    loop {
        let page = store.runs(&pruned.id, seq, RUNS).await?;
        let Some(last) = page.last() else { break };
        seq = last.seq.saturating_add(last.count);
        for run in page {
            if !logged.leaves.iter().any(|leaf| leaf.seq == run.seq && leaf.is_of_run(&run)) {
                return Ok(Some(format!("event {} is not the one that the log holds", run.seq)));
            }
        }
    }
    Ok(match row {
        None => Some("it is not in the list of sessions".to_owned()),
        Some(row) if row.digest() != pruned.row || row.pruned.is_none() => {
            Some("the list of sessions says something else about it than when it was pruned".to_owned())
        }
        Some(_) => None,
    })
}

/// The first fault of one session.
async fn check_session(
    store: &Store,
    id: &str,
    row: Option<&SessionRow>,
    logged: Option<&Logged>,
    findings: &mut Findings,
) -> anyhow::Result<Option<String>> {
    let mut verifier = Verifier::new(id);
    // What the list of sessions must say, by what happened.
    let resource = row.map(|row| row.resource.clone()).unwrap_or_default();
    let mut replayed = SessionRow { id: id.to_owned(), resource, ..SessionRow::default() };
    let mut seq = 0_u64;
    let (mut runs, mut is_locked) = (0_usize, false);
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
            findings.events += run.count;
            let places = match run.count {
                1 => format!("event {seq}"),
                many => format!("event {seq} or one of the {} after it", many - 1),
            };
            let digest = sha256(run.text.as_bytes());
            let whole = hex::encode(digest);
            if run.sealed.is_none() && whole != run.hash {
                return Ok(Some(format!("{places} was changed: the text is not what its hash says")));
            }
            match logged.leaves.get(runs) {
                Some(leaf) if leaf.is_of_run(&run) => {}
                Some(_) => return Ok(Some(format!("{places} is not the one that the log holds"))),
                None => return Ok(Some(format!("event {seq} is not in the log"))),
            }
            if let Some(Locked::Broken(why)) = &run.locked {
                return Ok(Some(format!("{places} cannot be decrypted: {why}")));
            }
            if run.locked.is_some() {
                // What the log committed to is there, and what it says is not known.
                findings.locked += 1;
                (seq, runs, is_locked) = (seq + run.count, runs + 1, true);
                continue;
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
    // When the host heard of it, no event says.
    replayed.heard_at = row.map_or(0, |row| row.heard_at);
    match row {
        None => Ok(Some("it is not in the list of sessions".to_owned())),
        Some(row) if row.head_seq + 1 != seq => Ok(Some(format!(
            "the list of sessions says that it ends with event {}, but {seq} events are there",
            row.head_seq
        ))),
        Some(_) if is_locked => Ok(None),
        // It is not written where events are encrypted.
        Some(row) if row.head_hash.is_empty() => {
            let same = *row == (SessionRow { head_hash: String::new(), ..replayed });
            let differs = "the list of sessions says something else about it than its events";
            Ok((!same).then(|| differs.to_owned()))
        }
        // An earlier version did not keep when the last event was.
        Some(row) if row.last_at == 0 && *row == (SessionRow { last_at: 0, ..replayed.clone() }) => Ok(None),
        Some(row) if *row != replayed => {
            Ok(Some("the list of sessions says something else about it than its events".to_owned()))
        }
        Some(_) => Ok(None),
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
pub(super) mod tests;
