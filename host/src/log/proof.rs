//! Proofs that an entry is in the log, and that the log only grew: made from the hashes that are stored.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::Context as _;
use gatewright_core::digest::Digest;
use tlog_tiles::{Error, Hash, HashReader};

use super::tree::{Head, Span, TILE, subtree};
use crate::store::Store;

/// Proves that the log of `size` entries has the one at `index`.
pub(crate) async fn inclusion(store: &Store, size: u64, index: u64) -> anyhow::Result<Vec<Digest>> {
    proof(store, |hashes| tlog_tiles::prove_record(size, index, hashes)).await
}

/// Proves that the log of `size` entries begins with those that it had when it had `old`.
pub(crate) async fn consistency(store: &Store, size: u64, old: u64) -> anyhow::Result<Vec<Digest>> {
    if old == 0 || old == size {
        return Ok(Vec::new());
    }
    proof(store, |hashes| tlog_tiles::prove_tree(size, old, hashes)).await
}

/// Whether a proof shows that a leaf is at that place of the log.
pub(crate) fn is_included(proof: &[Digest], head: Head, index: u64, leaf: Digest) -> bool {
    let proof = proof.iter().copied().map(Hash).collect();
    index < head.size
        && tlog_tiles::check_record(&proof, head.size, Hash(head.hash), index, Hash(leaf)).is_ok()
}

/// Whether a proof shows that the log only grew.
pub(crate) fn is_consistent(proof: &[Digest], head: Head, old: Head) -> bool {
    let proof = proof.iter().copied().map(Hash).collect();
    match old.size {
        0 => old == Head::EMPTY,
        size if size > head.size => false,
        size if size == head.size => old == head,
        size => tlog_tiles::check_tree(&proof, head.size, Hash(head.hash), size, Hash(old.hash)).is_ok(),
    }
}

/// The hashes that a proof asks for: those that are known, and which were asked for.
#[derive(Default)]
struct Hashes {
    known: HashMap<u64, Hash>,
    asked: RefCell<Vec<u64>>,
}

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        self.asked.borrow_mut().extend(indexes);
        Ok(indexes.iter().map(|index| self.known.get(index).copied().unwrap_or_default()).collect())
    }
}

async fn proof(
    store: &Store,
    make: impl Fn(&Hashes) -> Result<Vec<Hash>, Error>,
) -> anyhow::Result<Vec<Digest>> {
    // Once to learn what is needed, once with that.
    let mut hashes = Hashes::default();
    make(&hashes).context("no such proof")?;
    for index in hashes.asked.take() {
        let (level, n) = tlog_tiles::split_stored_hash_index(index);
        let within = level % TILE;
        let span = Span { level: level / TILE, from: n << within, count: 1 << within };
        hashes.known.insert(index, subtree(&store.hashes(span).await?));
    }
    let proof = make(&hashes).context("no such proof")?;
    Ok(proof.into_iter().map(|hash| hash.0).collect())
}
