//! Checkpoints (C2SP `tlog-checkpoint`): signed notes that state the log's length and the root of its tree.
//!
//! ```text
//! gatewright/3f2a91c05be41d77
//! 42
//! <base64 of the root>
//! 2026-11-23T16:30:00.000Z
//!
//! — gatewright/3f2a91c05be41d77 <base64 of key id and Ed25519 signature>
//! ```
//!
//! The first line is the log's name, which it has from its first key.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatewright_core::time::Millis;

use super::keys::{FORMER_NAME, name_of};
use super::note::{Kind, Note, VerifyKey};
use super::tree::Head;
use crate::time::rfc3339;

/// First line of what was signed before the log was a tree; the hash was that of a chain.
const CHAIN: &str = "gatewright/chain-v1";

const CHECKPOINT_FILE: &str = "checkpoint";
/// The newest one that a witness cosigned.
const WITNESSED_FILE: &str = "checkpoint.witnessed";

/// What a signed note says, once its signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// The log's head. Of a chain's, the hash is the chain's.
    pub(crate) head: Head,
    /// The whole note.
    pub(crate) note: String,
}

/// The text of a checkpoint.
pub(super) fn text(origin: &str, head: Head, at: Millis) -> String {
    format!("{origin}\n{}\n{}\n{}\n", head.size, STANDARD.encode(head.hash), rfc3339(at))
}

/// The keys of a log that somebody trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keys(Vec<VerifyKey>);

impl Keys {
    /// Reads keys, a line each.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut keys = Self::default();
        for line in lines {
            keys.add(VerifyKey::parse(line)?);
        }
        ensure!(!keys.0.is_empty(), "there is no key");
        Ok(keys)
    }

    /// Trusts another key.
    pub(crate) fn add(&mut self, key: VerifyKey) {
        // A key of a host that had not given logs names yet is the first of a log that has one.
        if key.name == FORMER_NAME {
            self.0.push(VerifyKey::new(name_of(&key.key), Kind::Plain, key.key));
        }
        self.0.push(key);
    }

    /// Trusts others as well.
    pub(crate) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// The keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &VerifyKey> {
        self.0.iter()
    }

    /// Checks a checkpoint and gives what it says.
    pub(crate) fn open(&self, note: &str) -> anyhow::Result<Checkpoint> {
        self.opened(note, origin(note))
    }

    /// Whether the newest of the log's keys, which stands last, is among those that signed a checkpoint.
    pub(crate) fn is_by_newest(&self, note: &str) -> anyhow::Result<bool> {
        let plain = || self.0.iter().filter(|key| key.kind == Kind::Plain);
        let Some(newest) = plain().next_back() else { return Ok(false) };
        let (read, name) = (Note::read(note)?, origin(note));
        let mut by = false;
        for key in plain().filter(|key| key.key == newest.key && key.name == name) {
            by |= key.signed(&read)?;
        }
        Ok(by)
    }

    /// Checks a checkpoint from before the log was a tree, and gives what it says.
    pub(crate) fn open_chain(&self, note: &str) -> anyhow::Result<Checkpoint> {
        ensure!(is_chain(note), "it is about something else");
        self.opened(note, FORMER_NAME)
    }

    /// What a note says, if a key of that name signed it.
    fn opened(&self, whole: &str, name: &str) -> anyhow::Result<Checkpoint> {
        let note = Note::read(whole)?;
        let mut signed = false;
        for key in self.0.iter().filter(|key| key.kind == Kind::Plain && key.name == name) {
            signed |= key.signed(&note)?;
        }
        ensure!(signed, "it is signed by another key");
        Checkpoint::unchecked(whole.to_owned())
    }

    /// Names of the witnesses among these whose signature a note has.
    ///
    /// # Errors
    /// It says that it has one, and it is not true.
    pub(crate) fn witnesses(&self, note: &str) -> anyhow::Result<Vec<&str>> {
        let note = Note::read(note)?;
        let mut names = Vec::new();
        for key in self.0.iter().filter(|key| key.kind == Kind::Cosignature) {
            if key.signed(&note)? {
                names.push(key.name.as_str());
            }
        }
        Ok(names)
    }
}

/// Whether a note says that it is from before the log was a tree.
pub(crate) fn is_chain(note: &str) -> bool {
    origin(note) == CHAIN
}

fn origin(note: &str) -> &str {
    note.lines().next().unwrap_or_default()
}

impl Checkpoint {
    /// What a note says, whoever signed it.
    pub(crate) fn unchecked(note: String) -> anyhow::Result<Self> {
        let mut lines = Note::read(&note)?.text.lines().skip(1);
        let size = lines.next().unwrap_or_default();
        // One way to write a number.
        let size = size.parse().ok().filter(|number: &u64| number.to_string() == size);
        let hash = lines.next().and_then(|hash| STANDARD.decode(hash).ok());
        let hash = hash.and_then(|hash| hash.try_into().ok()).context("it states no head")?;
        Ok(Self { head: Head { size: size.context("it states no length")?, hash }, note })
    }

    /// What is signed.
    pub(crate) fn text(&self) -> &str {
        Note::read(&self.note).map(|note| note.text).unwrap_or_default()
    }

    /// The note in the data folder's file, where there is one.
    pub(crate) fn read_file(data: &Path) -> anyhow::Result<Option<String>> {
        match fs::read_to_string(data.join(CHECKPOINT_FILE)) {
            Ok(note) => Ok(Some(note)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause).context(CHECKPOINT_FILE),
        }
    }

    /// Puts the note into the data folder's file; whoever reads the file sees the old note or the new one.
    pub(crate) fn write_file(&self, data: &Path) -> std::io::Result<()> {
        replace(data, CHECKPOINT_FILE, &self.note)
    }
}

/// Puts a cosigned note into the data folder.
pub(crate) fn write_witnessed(data: &Path, note: &str) -> std::io::Result<()> {
    replace(data, WITNESSED_FILE, note)
}

fn replace(data: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let fresh = data.join(format!("{name}.new"));
    fs::write(&fresh, text)?;
    fs::rename(fresh, data.join(name))
}
