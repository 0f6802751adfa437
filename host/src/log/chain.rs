//! What the log was before it was a tree: a chain of hashes, one for each entry. Its last checkpoint is kept, so that what
//! it was signed for can still be checked.

use gatewright_core::digest::{Digest, sha256_parts};

use super::entry::Entry;

/// The chain's hash over the entries so far; zeros for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Chain(pub(crate) Digest);

impl Chain {
    /// The hash after one more entry.
    pub(crate) fn append(self, entry: &Entry<'_>) -> Self {
        let (seq, count) = (entry.seq.to_be_bytes(), entry.count.to_be_bytes());
        let leaf = hex::encode(entry.hash);
        let parts: [&[u8]; 5] = [&self.0, entry.session.as_bytes(), &seq, &count, leaf.as_bytes()];
        Self(sha256_parts(parts))
    }
}
