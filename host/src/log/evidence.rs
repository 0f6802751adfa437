//! A recording as evidence: a file that proves what it says to whoever has the log's public key, and nothing else.
//!
//! A line of JSON with the checkpoint, then one for each entry of the log: the entry, the proof that the checkpoint's tree
//! has it at that place, and the text that it commits to with its salt.

use std::collections::HashMap;
use std::io::{BufRead, Write};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatewright_core::digest::Digest;
use gatewright_core::run::Verifier;
use serde::{Deserialize, Serialize};

use super::checkpoint::Keys;
use super::entry::Entry;
use super::history::{self, Whose};
use super::proof;
use super::tree::Head;
use super::verify::Findings;
use super::verify_log::Leaf;
use crate::progress::Progress;
use crate::store::Store;
use crate::store::data_keys::Locked;
use crate::store::events::RunRow;
use crate::store::sessions::Pruned;
use crate::time::rfc3339;
use crate::vault::DataKey;

/// First line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    checkpoint: String,
    /// Proofs that the log was only added to since it had so many entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    since: Vec<Since>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    size: u64,
    consistency: Vec<String>,
}

/// Another line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proved {
    index: u64,
    /// As the leaf is of it.
    entry: String,
    inclusion: Vec<String>,
    /// Hex.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    salt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Of what is encrypted, instead of the text: as it is, which is what the entry commits to, and its data key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    bytes: String,
    key: String,
}

impl Proved {
    /// The run that the entry is about, decrypted where it is encrypted.
    fn run(&self, entry: &Entry<'_>) -> anyhow::Result<Option<RunRow>> {
        let salt = hex::decode(&self.salt).context("a salt is malformed")?;
        let (seq, count, hash) = (entry.seq, entry.count, String::new());
        let run = |sealed, text, locked| Some(RunRow { seq, count, hash, salt, sealed, text, locked });
        Ok(match (&self.text, &self.sealed) {
            (Some(text), None) => run(None, text.clone(), None),
            (None, Some(sealed)) => {
                let bytes = STANDARD.decode(&sealed.bytes).context("what is encrypted is not base64")?;
                match DataKey::revealed(&sealed.key)?.open(&entry.session, entry.seq, &bytes) {
                    Ok(text) => run(Some(bytes), text, None),
                    Err(cause) => run(Some(bytes), String::new(), Some(Locked::Broken(cause.to_string()))),
                }
            }
            _ => None,
        })
    }
}

/// Writes the evidence for sessions, approvals and grants by their names, with proofs of what the log was since these
/// checkpoints.
pub(crate) async fn write(
    store: &Store,
    keys: &Keys,
    names: &[String],
    since: &[String],
    to: &mut impl Write,
) -> anyhow::Result<()> {
    let note = store.checkpoint().await?.context("the log is empty")?;
    let size = keys.open(&note).context("the checkpoint in the database")?.head.size;
    let mut proofs = Vec::new();
    for old in since {
        let old = keys.open(old).context("the older checkpoint")?.head.size;
        ensure!(old <= size, "the older checkpoint is over {old} entries, and the log has {size}");
        let consistency = encoded(&proof::consistency(store, size, old).await?);
        proofs.push(Since { size: old, consistency });
    }
    line(to, &Opening { checkpoint: note, since: proofs })?;
    let progress = Progress::of("of what was named", names.len() as u64);
    for name in names {
        progress.one();
        if let Some(Pruned { at, by }) = store.session(name).await?.and_then(|row| row.pruned) {
            let at = rfc3339(at);
            bail!(
                "there is nothing to prove of session `{name}`: its events were pruned at {at} by the rule {by}"
            );
        }
        let rows = store.log_of(name).await?;
        ensure!(!rows.is_empty(), "the log has nothing about {}", history::named(name));
        for row in rows {
            let inclusion = encoded(&proof::inclusion(store, size, row.idx).await?);
            let run =
                store.runs(name, row.entry.seq, 1).await?.into_iter().find(|run| run.seq == row.entry.seq);
            let (index, entry) = (row.idx, row.entry.text());
            let mut proved =
                Proved { index, entry, inclusion, salt: String::new(), text: None, sealed: None };
            match run {
                None => {}
                Some(RunRow { sealed: Some(sealed), .. }) => {
                    let key = store.data_key(name).await.with_context(|| history::named(name))?;
                    let key =
                        key.with_context(|| format!("{}: its data key was erased", history::named(name)))?;
                    proved.sealed = Some(Sealed { bytes: STANDARD.encode(sealed), key: key.reveal() });
                }
                Some(run) => (proved.salt, proved.text) = (hex::encode(run.salt), Some(run.text)),
            }
            line(to, &proved)?;
        }
    }
    Ok(())
}

fn line(to: &mut impl Write, what: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *to, what)?;
    Ok(to.write_all(b"\n")?)
}

fn encoded(hashes: &[Digest]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

fn decoded(hashes: &[String]) -> anyhow::Result<Vec<Digest>> {
    let read = |hash: &String| STANDARD.decode(hash).ok().and_then(|hash| hash.try_into().ok());
    hashes.iter().map(|hash| read(hash).context("a hash of a proof is malformed")).collect()
}

/// Checks evidence by keys alone, and that its log is the same as these older checkpoints were signed for.
pub(crate) fn verify(file: impl BufRead, keys: &Keys, since: &[String]) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let mut lines = file.lines();
    let opening = lines.next().context("it is empty")??;
    let opening: Opening = serde_json::from_str(&opening).context("its first line")?;
    let head = match keys.open(&opening.checkpoint) {
        Ok(checkpoint) => checkpoint.head,
        Err(cause) => {
            findings.faults.push(format!("its checkpoint is not genuine: {cause:#}"));
            return Ok(findings);
        }
    };
    findings.checkpoints.insert(head.size);
    for old in since {
        match is_same_log(&opening, keys, head, old)? {
            Ok(size) => drop(findings.checkpoints.insert(size)),
            Err(fault) => findings.faults.push(fault),
        }
    }
    let mut seen: HashMap<String, Seen> = HashMap::new();
    for (number, text) in (2_u64..).zip(lines) {
        let text = text?;
        let proved: Proved = serde_json::from_str(&text).with_context(|| format!("line {number}"))?;
        findings.entries += 1;
        let fault = match Entry::read(&proved.entry) {
            Ok(entry) => {
                let session = seen
                    .entry(entry.session.clone().into_owned())
                    .or_insert_with(|| Seen::new(&entry.session));
                let fault = session.check(&proved, &entry, head, &mut findings)?;
                // What comes after the first fault of a session says nothing any more.
                fault.filter(|_| !std::mem::replace(&mut session.is_bad, true)).map(|fault| {
                    format!("log entry {} ({}): {fault}", proved.index, history::named(&entry.session))
                })
            }
            Err(cause) => Some(format!("log entry {}: {cause:#}", proved.index)),
        };
        findings.faults.extend(fault);
    }
    Ok(findings)
}

/// Whether the log is the one that an older checkpoint was signed for; the number of its entries then.
fn is_same_log(opening: &Opening, keys: &Keys, head: Head, old: &str) -> anyhow::Result<Result<u64, String>> {
    let old = match keys.open(old) {
        Ok(old) => old.head,
        Err(cause) => return Ok(Err(format!("the older checkpoint is not genuine: {cause:#}"))),
    };
    if old.size > head.size {
        let (old, new) = (old.size, head.size);
        return Ok(Err(format!("the log was cut off: it had {old} entries once, and this is of {new}")));
    }
    let proof = opening.since.iter().find(|since| since.size == old.size);
    let proof = match proof {
        Some(proof) => decoded(&proof.consistency)?,
        None if old.size == head.size || old.size == 0 => Vec::new(),
        None => bail!(
            "the file does not say what became of the {} entries of the older checkpoint: export it with --since",
            old.size
        ),
    };
    Ok(match proof::is_consistent(&proof, head, old) {
        true => Ok(old.size),
        false => Err(format!(
            "the log is not the one that the older checkpoint over {} entries was signed for",
            old.size
        )),
    })
}

/// What was seen of a session so far.
struct Seen {
    chain: Verifier,
    next: u64,
    last: Option<u64>,
    is_bad: bool,
}

impl Seen {
    fn new(session: &str) -> Self {
        Self { chain: Verifier::new(session), next: 0, last: None, is_bad: false }
    }

    /// What is wrong with an entry.
    fn check(
        &mut self,
        proved: &Proved,
        entry: &Entry<'_>,
        head: Head,
        findings: &mut Findings,
    ) -> anyhow::Result<Option<String>> {
        let whose = Whose::read(&entry.session);
        if self.last.is_none() {
            match whose {
                None => findings.sessions += 1,
                Some(Whose::Approval(_)) => findings.approvals += 1,
                Some(Whose::Grant(_)) => findings.grants += 1,
                Some(Whose::Token(_)) => findings.tokens += 1,
                Some(Whose::Host(_)) => {}
            }
        }
        if !proof::is_included(&decoded(&proved.inclusion)?, head, proved.index, entry.leaf()) {
            return Ok(Some("it is not in the log that the checkpoint was signed for".to_owned()));
        }
        if self.last.is_some_and(|last| last >= proved.index) || entry.seq != self.next {
            return Ok(Some(format!("event {} is missing", self.next)));
        }
        (self.last, self.next) = (Some(proved.index), entry.seq.saturating_add(entry.count));
        let Some(run) = proved.run(entry)? else {
            let seq = entry.seq;
            return Ok(Some(format!("event {seq} is missing: the entry is there, but not what it is about")));
        };
        if run.locked.is_some() || !Leaf::of(proved.index, entry).is_of_run(&run) {
            return Ok(Some(format!(
                "event {} was changed: the text is not what the entry commits to",
                entry.seq
            )));
        }
        if whose.is_some() {
            return Ok(None);
        }
        match self.chain.next(&run.text) {
            Ok(run) if (run.seq, run.count) == (entry.seq, entry.count) => findings.events += run.count,
            Ok(_) => return Ok(Some(format!("event {} is not all of its run, or more", entry.seq))),
            Err(cause) => return Ok(Some(cause.to_string())),
        }
        Ok(None)
    }
}
