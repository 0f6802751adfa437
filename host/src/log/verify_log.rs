//! Walks the log: every entry against its leaf, and the tree against what was signed.

use std::collections::HashMap;
use std::path::Path;

use gatewright_core::digest::{Digest, sha256};

use super::chain::Chain;
use super::checkpoint::{self, Checkpoint, Keys};
use super::entry::{Entry, Form, salted};
use super::note::Kind;
use super::tree::{Head, Node, Span, Tree};
use super::verify::{Asked, Findings};
use super::{history, keys};
use crate::progress::Progress;
use crate::store::Store;
use crate::store::events::RunRow;
use crate::store::log::Kept;

/// Entries of the log that are read at a time.
const PAGE: u32 = 5_000;

/// What a checkpoint is called by which a new key took over.
const ROTATED: &str = "of an old key";

/// What the log says about one session, approval or grant.
#[derive(Debug, Default)]
pub(super) struct Logged {
    /// Its entries, in order.
    pub(super) leaves: Vec<Leaf>,
    /// Number of its events.
    pub(super) events: u64,
}

/// What an entry commits to.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Position in the log.
    pub(super) idx: u64,
    /// Position of the run's first event in the session.
    pub(super) seq: u64,
    of: Form,
    hash: Digest,
}

impl Leaf {
    /// Of an entry.
    pub(super) fn of(idx: u64, entry: &Entry<'_>) -> Self {
        Self { idx, seq: entry.seq, of: entry.of, hash: entry.hash }
    }

    /// Whether it is of a run as it is stored.
    pub(super) fn is_of_run(&self, run: &RunRow) -> bool {
        match &run.sealed {
            Some(sealed) => self.of == Form::Sealed && self.hash == sha256(sealed),
            None => self.is_of(&run.salt, &sha256(run.text.as_bytes())),
        }
    }

    /// Whether it is of the text, not encrypted, whose SHA-256 is given.
    pub(super) fn is_of(&self, salt: &[u8], text: &Digest) -> bool {
        match self.of {
            Form::Text => salt.is_empty() && self.hash == *text,
            Form::Salted => self.hash == salted(salt, text),
            Form::Sealed => false,
        }
    }
}

/// The checkpoints as they are stored.
pub(super) struct Notes {
    keys: anyhow::Result<Keys>,
    file: Option<String>,
    database: Option<String>,
    /// Others that the log must fit.
    kept: Vec<(&'static str, String)>,
    /// The last ones from before the log was a tree.
    chain: Vec<String>,
}

/// A head that the log must have had.
struct Awaited {
    place: String,
    head: Head,
}

impl Notes {
    /// Reads all of them.
    pub(super) async fn read(store: &Store, data: &Path, asked: &Asked) -> anyhow::Result<Self> {
        let keys = match &asked.keys {
            Some(keys) => Ok(keys.clone()),
            None => keys::public_keys(data),
        };
        let file = Checkpoint::read_file(data)?;
        let mut kept = Vec::new();
        for (place, kind) in [(ROTATED, Kept::Rotated), ("that was cosigned", Kept::Witnessed)] {
            kept.extend(store.notes(kind).await?.into_iter().map(|note| (place, note)));
        }
        let mut chain = store.notes(Kept::Chain).await?;
        for note in &asked.since {
            match checkpoint::is_chain(note) {
                true => chain.push(note.clone()),
                false => kept.push(("given", note.clone())),
            }
        }
        Ok(Self { keys, file, database: store.checkpoint().await?, kept, chain })
    }

    /// The heads of the tree, those of the chain, and how long the log is by the newest of its own; what is wrong with the
    /// notes is noted.
    fn heads(
        &self,
        log_is_empty: bool,
        faults: &mut Vec<String>,
    ) -> (Vec<Awaited>, Vec<Awaited>, Option<u64>) {
        let keys = match &self.keys {
            Ok(keys) => keys,
            Err(cause) if log_is_empty && self.file.is_none() && self.database.is_none() => {
                tracing::debug!(%cause, "no key");
                return Default::default();
            }
            Err(cause) => {
                faults.push(format!("the public key cannot be read: {cause:#}"));
                return Default::default();
            }
        };
        let mut read = |place: &str, note: &str, chain: bool| {
            let opened = if chain { keys.open_chain(note) } else { keys.open(note) };
            match opened {
                Ok(checkpoint) => Some(Awaited { place: place.to_owned(), head: checkpoint.head }),
                Err(cause) => {
                    faults.push(format!("the checkpoint {place} is not genuine: {cause:#}"));
                    None
                }
            }
        };
        let (mut tree, mut chain) = (Vec::new(), Vec::new());
        let (mut missing, mut outdated) = (Vec::new(), Vec::new());
        let rotated = self.rotated(keys);
        for (place, note) in [("in the file", &self.file), ("in the database", &self.database)] {
            match note {
                // A moment after an earlier log was taken up.
                Some(note) if checkpoint::is_chain(note) && !self.chain.is_empty() => {
                    chain.extend(read(place, note, true));
                }
                Some(note) => {
                    let read = read(place, note, false);
                    // What an old key signs after another took its place, somebody signs who should not have it.
                    let is_old = !keys.is_by_newest(note).unwrap_or(false);
                    if is_old && read.as_ref().is_some_and(|read| read.head.size > rotated) {
                        outdated.push(format!(
                            "the checkpoint {place} is signed by a key that another took the place of"
                        ));
                    }
                    tree.extend(read);
                }
                None if log_is_empty => {}
                None => missing.push(format!("the checkpoint {place} is missing")),
            }
        }
        let signed = tree.iter().map(|awaited| awaited.head.size).max();
        tree.extend(
            self.kept.iter().filter_map(|(place, note)| read(&format!("{place} before"), note, false)),
        );
        chain
            .extend(self.chain.iter().filter_map(|note| read("of the log before it was a tree", note, true)));
        faults.extend(missing);
        faults.extend(outdated);
        faults.extend(self.unwitnessed(keys));
        (tree, chain, signed)
    }
}

impl Notes {
    /// Up to how many entries an old key may have signed: as many as the newest says, where it took over.
    fn rotated(&self, keys: &Keys) -> u64 {
        let rotated = self.kept.iter().filter(|(place, _)| *place == ROTATED);
        let newest = rotated.filter(|(_, note)| keys.is_by_newest(note).unwrap_or(false));
        let sizes = newest.filter_map(|(_, note)| Some(keys.open(note).ok()?.head.size));
        sizes.max().unwrap_or(0)
    }

    /// Witnesses that are trusted, and of whom there is no genuine signature.
    fn unwitnessed(&self, keys: &Keys) -> Vec<String> {
        let cosigned = self.kept.iter().map(|(_, note)| keys.witnesses(note).unwrap_or_default());
        let cosigned: Vec<&str> = cosigned.flatten().collect();
        let missing =
            keys.iter().filter(|key| key.kind == Kind::Cosignature && !cosigned.contains(&&*key.name));
        missing.map(|key| format!("no checkpoint is cosigned by the witness {}", key.name)).collect()
    }
}

/// Checks all entries; gives what they say about each session.
pub(super) async fn walk(
    store: &Store,
    notes: &Notes,
    findings: &mut Findings,
) -> anyhow::Result<HashMap<String, Logged>> {
    let mut log: HashMap<String, Logged> = HashMap::new();
    let size = store.log_size().await?;
    let (tree, chain, signed) = notes.heads(size == 0, &mut findings.faults);
    let progress = Progress::of("entries of the log", size);
    let mut walk = Walk {
        tree: Tree::default(),
        chain: Chain::default(),
        at_tree: tree,
        at_chain: chain,
        nodes: Vec::new(),
    };
    walk.meet(findings);
    let mut fault = None;
    let mut next = 0;
    loop {
        let page = store.log_from(next, PAGE).await?;
        let Some(last) = page.last() else { break };
        next = last.idx + 1;
        for row in page {
            findings.entries += 1;
            progress.one();
            let logged = log.entry(row.entry.session.clone().into_owned()).or_default();
            let entry = &row.entry;
            let whose = || history::named(&entry.session);
            let leaf = entry.leaf();
            if fault.is_none() {
                fault = if row.idx != walk.tree.size() {
                    Some(format!("log entry {} is missing", walk.tree.size()))
                } else if entry.seq != logged.events {
                    let (idx, seq, whose, next) = (row.idx, entry.seq, whose(), logged.events);
                    Some(format!("log entry {idx} is event {seq} of {whose}, expected its event {next}"))
                } else if leaf != row.leaf {
                    let (idx, seq, whose) = (row.idx, entry.seq, whose());
                    Some(format!(
                        "log entry {idx} (event {seq} of {whose}) was changed: it is not what its leaf is of"
                    ))
                } else {
                    None
                };
            }
            logged.leaves.push(Leaf::of(row.idx, entry));
            logged.events = logged.events.saturating_add(entry.count);
            walk.push(entry, leaf);
            walk.meet(findings);
        }
        if fault.is_none() {
            fault = walk.differing_node(store).await?;
        }
        walk.nodes.clear();
    }
    findings.faults.extend(fault);
    let size = walk.tree.size();
    for Awaited { place, head } in walk.at_tree.into_iter().chain(walk.at_chain) {
        findings.faults.push(format!(
            "the log is cut off: the checkpoint {place} was signed for {} entries, {size} are there",
            head.size
        ));
    }
    // Entries past the newest checkpoint were not written by the host: it signs one with every commit.
    if let Some(signed) = signed.filter(|signed| *signed < size) {
        findings
            .faults
            .push(format!("the log has {size} entries, but its checkpoint was signed for {signed}"));
    }
    Ok(log)
}

/// On the way through the log.
struct Walk {
    tree: Tree,
    chain: Chain,
    /// Heads that are still to come.
    at_tree: Vec<Awaited>,
    at_chain: Vec<Awaited>,
    /// Nodes that were completed.
    nodes: Vec<Node>,
}

impl Walk {
    fn push(&mut self, entry: &Entry<'_>, leaf: Digest) {
        self.tree.push(leaf, |node| self.nodes.push(node));
        if !self.at_chain.is_empty() {
            self.chain = self.chain.append(entry);
        }
    }

    /// Compares with what was signed for the entries so far.
    fn meet(&mut self, findings: &mut Findings) {
        let size = self.tree.size();
        let mut compare = |awaited: &Awaited, hash: Digest| {
            if awaited.head.size != size {
                return true;
            }
            if awaited.head.hash == hash {
                findings.checkpoints.insert(size);
            } else {
                let place = &awaited.place;
                findings
                    .faults
                    .push(format!("the log is not the one that the checkpoint {place} was signed for"));
            }
            false
        };
        if self.at_tree.iter().any(|awaited| awaited.head.size == size) {
            let root = self.tree.head().hash;
            self.at_tree.retain(|awaited| compare(awaited, root));
        }
        let chain = self.chain.0;
        self.at_chain.retain(|awaited| compare(awaited, chain));
    }

    /// Which entries were changed together with their leaves: where a node that is stored is not what they make.
    async fn differing_node(&self, store: &Store) -> sqlx::Result<Option<String>> {
        for node in &self.nodes {
            let stored = store.hashes(Span { level: node.level, from: node.n, count: 1 }).await?;
            if stored != [node.hash] {
                let width = 1_u64 << (u32::from(node.level) * u32::from(super::tree::TILE));
                let (first, last) = (node.n * width, (node.n + 1) * width - 1);
                return Ok(Some(format!(
                    "one of the log entries {first} to {last} was changed, or the tile over them: it is not what they make"
                )));
            }
        }
        Ok(None)
    }
}
