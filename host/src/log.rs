//! The log over all recordings, approvals and grants: an entry for every run of events and every step of an approval or
//! a grant, in the order in which they came. It is a Merkle tree (RFC 6962) in the form of C2SP's `tlog-tiles`, and a signed
//! checkpoint says how long it is and what its root is. The checkpoint is mirrored to a file, so that whoever changes the
//! database alone is found out.

mod batch;
pub(crate) mod chain;
pub(crate) mod checkpoint;
pub(crate) mod entry;
pub(crate) mod evidence;
pub(crate) mod history;
pub(crate) mod keys;
mod migrate;
pub(crate) mod note;
pub(crate) mod proof;
pub(crate) mod tiles;
mod transaction;
pub(crate) mod tree;
pub(crate) mod verify;
mod verify_history;
mod verify_log;
pub(crate) mod witness;
mod writer;

pub(crate) use batch::Batch;
pub(crate) use keys::{Signer, private_file};
pub(crate) use transaction::{Log, Salt, Transaction};
pub(crate) use writer::{Recorder, Rejected};

#[cfg(test)]
mod encryption_tests;
#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod migrate_tests;
#[cfg(test)]
mod verify_history_tests;
#[cfg(test)]
mod verify_log_tests;
#[cfg(test)]
mod witness_tests;
