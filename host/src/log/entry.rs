//! Entries of the log, which the tree's leaves are hashes of.
//!
//! ```text
//! {"session":"5f0c…","seq":4,"count":2,"of":"salted","hash":"9ab1…"}
//! ```
//!
//! An entry says whose events it is about and commits to their text, which is kept elsewhere and may go before the entry
//! does. So whoever reads entries, but not texts, cannot find out a short text by trying: the commitment is salted, and the
//! salt goes with the text; where the text is kept encrypted, it is of the ciphertext.

use std::borrow::Cow;

use anyhow::Context as _;
use gatewright_core::digest::{Digest, sha256};
use serde::{Deserialize, Serialize};

/// Longest name of a session: an entry has to fit the 64 KiB of a bundle's entry, however its characters are escaped.
pub(super) const LONGEST_NAME: usize = 1_024;

/// What a hash commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// The text, by its SHA-256: entries from before the log was a tree.
    Text,
    /// The text, by the SHA-256 of a salt and the text's SHA-256.
    Salted,
    /// The text as it is encrypted, by its SHA-256.
    Sealed,
}

impl Form {
    /// As the database has it.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Text => 0,
            Self::Salted => 1,
            Self::Sealed => 2,
        }
    }

    /// Reads [`Form::number`].
    pub(crate) fn read(number: i64) -> Option<Self> {
        [Self::Text, Self::Salted, Self::Sealed].into_iter().find(|form| form.number() == number)
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry<'a> {
    /// Session, or what else it is about; see [`super::history::Whose`].
    #[serde(borrow)]
    pub(crate) session: Cow<'a, str>,
    /// Position of the run's first event in the session.
    pub(crate) seq: u64,
    /// Number of the run's events.
    pub(crate) count: u64,
    /// What the hash commits to.
    pub(crate) of: Form,
    /// The commitment.
    #[serde(with = "hex_digest")]
    pub(crate) hash: Digest,
}

impl Entry<'_> {
    /// Its bytes, which are in the bundles.
    pub(crate) fn text(&self) -> String {
        // INVARIANT: strings and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Hash of the leaf.
    pub(crate) fn leaf(&self) -> Digest {
        tlog_tiles::record_hash(self.text().as_bytes()).0
    }
}

impl<'a> Entry<'a> {
    /// Reads an entry. Text that is not what [`Entry::text`] gives is none.
    pub(crate) fn read(text: &'a str) -> anyhow::Result<Self> {
        let entry: Self = serde_json::from_str(text).context("it is not an entry")?;
        anyhow::ensure!(entry.text() == text, "it is not written as entries are");
        Ok(entry)
    }
}

/// The commitment to a text whose SHA-256 is given.
pub(crate) fn salted(salt: &[u8], text: &Digest) -> Digest {
    sha256(&[salt, text].concat())
}

/// Digests as hex.
pub(crate) mod hex_digest {
    use std::borrow::Cow;

    use gatewright_core::digest::Digest;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// For `serialize_with`.
    pub(crate) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(digest))
    }

    /// For `deserialize_with`.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        let text: Cow<'de, str> = Cow::deserialize(from)?;
        let mut digest = Digest::default();
        hex::decode_to_slice(&*text, &mut digest).map_err(serde::de::Error::custom)?;
        Ok(digest)
    }
}
