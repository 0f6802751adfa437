//! The log over all recordings, approvals and grants: one chain over every run of events and every step of an approval or
//! a grant, in the order in which they came, and a signed checkpoint that says how long it is and what it hashes to. The checkpoint is mirrored to a file, so that whoever changes the
//! database alone is found out.

mod batch;
mod checkpoint;
pub(crate) mod history;
mod transaction;
pub(crate) mod verify;
mod verify_history;
mod writer;

use gatewright_core::digest::{Digest, sha256_parts};

pub(crate) use batch::Batch;
pub(crate) use checkpoint::{Checkpoint, Signer, VerifyKey, private_file};
pub(crate) use transaction::{Log, Transaction};
pub(crate) use writer::{Recorder, Rejected};

/// Head of the log: what a checkpoint states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of entries.
    pub(crate) size: u64,
    /// The chain's hash over all of them; zeros for none.
    pub(crate) hash: Digest,
}

impl Head {
    /// Of an empty log.
    pub(crate) const EMPTY: Self = Self { size: 0, hash: [0; 32] };

    /// The head after one more entry: a run of a session's events, or a step of what `session` names; see
    /// [`history::Whose`]. `leaf` is the hex SHA-256 of its text.
    pub(crate) fn append(self, session: &str, seq: u64, count: u64, leaf: &str) -> Self {
        let (seq, count) = (seq.to_be_bytes(), count.to_be_bytes());
        let parts: [&[u8]; 5] = [&self.hash, session.as_bytes(), &seq, &count, leaf.as_bytes()];
        Self { size: self.size + 1, hash: sha256_parts(parts) }
    }
}

#[cfg(test)]
mod verify_history_tests;
