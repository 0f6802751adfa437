//! The log's Merkle tree (RFC 6962) as it grows: what is kept of it, and what a leaf adds.
//!
//! Kept are the roots of the complete subtrees that the leaves so far make up, one for each bit of their number. A leaf
//! costs its own hash and, on average, one node. Of the nodes, only those at every eighth level are stored: what tiles
//! (C2SP `tlog-tiles`) are made of. That is one for 256 leaves; the others are hashed again where a proof needs them.

use gatewright_core::digest::Digest;
use tlog_tiles::{EMPTY_HASH, Hash, node_hash};

/// Levels of the tree that a tile spans.
pub(crate) const TILE: u8 = 8;

/// What a checkpoint states of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of entries.
    pub(crate) size: u64,
    /// Root of the tree over all of them.
    pub(crate) hash: Digest,
}

impl Head {
    /// Of an empty log.
    pub(crate) const EMPTY: Self = Self { size: 0, hash: EMPTY_HASH.0 };
}

/// The tree's right edge.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tree {
    size: u64,
    /// Roots of complete subtrees, the largest first.
    peaks: Vec<Hash>,
}

/// A node that tiles are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    /// Level of tiles, from 1: those of level 0 are made of leaves.
    pub(crate) level: u8,
    /// Position at its level.
    pub(crate) n: u64,
    /// Its hash.
    pub(crate) hash: Digest,
}

/// A complete subtree that [`Tree`] keeps the root of: as many hashes of a tile level, from a position on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Level of tiles.
    pub(crate) level: u8,
    /// Position of the first hash.
    pub(crate) from: u64,
    /// Number of hashes, a power of two up to 128.
    pub(crate) count: u64,
}

impl Tree {
    /// Number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; gives the nodes of tiles that it completed to `stored`.
    pub(crate) fn push(&mut self, leaf: Digest, mut stored: impl FnMut(Node)) {
        let (mut hash, mut n, mut level) = (Hash(leaf), self.size, 0_u8);
        while n & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node_hash(left, hash);
            (n, level) = (n >> 1, level + 1);
            if level % TILE == 0 {
                stored(Node { level: level / TILE, n, hash: hash.0 });
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The head.
    pub(crate) fn head(&self) -> Head {
        let root = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(left, right));
        Head { size: self.size, hash: root.unwrap_or(EMPTY_HASH).0 }
    }

    /// What a tree of that size has to be put together from.
    pub(crate) fn spans(size: u64) -> Vec<Span> {
        let bits = (0..64_u8).rev().filter(|bit| size >> bit & 1 == 1);
        let span = |bit: u8| {
            let level = bit / TILE;
            // Where the subtree begins: after all larger ones.
            let first = size >> bit >> 1 << 1 << bit;
            Span { level, from: first >> (level * TILE), count: 1 << (bit % TILE) }
        };
        bits.map(span).collect()
    }

    /// Puts a tree together from the hashes of [`Tree::spans`].
    pub(crate) fn restore(size: u64, spans: &[Vec<Digest>]) -> Self {
        Self { size, peaks: spans.iter().map(|hashes| subtree(hashes)).collect() }
    }
}

/// Root over some hashes, as many as a power of two.
pub(crate) fn subtree(hashes: &[Digest]) -> Hash {
    match hashes {
        [] => EMPTY_HASH,
        [hash] => Hash(*hash),
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(subtree(left), subtree(right))
        }
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
