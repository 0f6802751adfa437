//! Checkpoints: signed notes (C2SP `signed-note`) that state the log's length and head.
//!
//! ```text
//! gatewright/chain-v1
//! 42
//! <base64 of the chain's head>
//! 2026-11-23T16:30:00.000Z
//!
//! — gatewright <base64 of key id and Ed25519 signature>
//! ```

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use gatewright_core::digest::sha256;
use gatewright_core::time::Millis;

use super::Head;
use crate::time::rfc3339;

const ORIGIN: &str = "gatewright/chain-v1";
const NAME: &str = "gatewright";
/// Algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

const KEY_FILE: &str = "signing.key";
const PUBLIC_FILE: &str = "signing.pub";
const CHECKPOINT_FILE: &str = "checkpoint";

/// The host's signing key.
pub(crate) struct Signer {
    key: SigningKey,
    public: VerifyKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.public.text())
    }
}

/// The key that checks what the host signed.
#[derive(Debug, Clone)]
pub(crate) struct VerifyKey(VerifyingKey);

/// What a signed note says, once its signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// The log's head.
    pub(crate) head: Head,
    /// The whole note.
    pub(crate) note: String,
}

impl Signer {
    /// Reads the key of the data folder; creates it, and the public key next to it, at the first start.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Self> {
        let seed = private_file(&data.join(KEY_FILE), || {
            format!("{}\n", STANDARD.encode(rand::random::<[u8; 32]>()))
        })?;
        let seed = STANDARD.decode(seed.trim()).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
        let key = SigningKey::from_bytes(&seed.with_context(|| format!("{KEY_FILE} holds no key"))?);
        let public = VerifyKey(key.verifying_key());
        let path = data.join(PUBLIC_FILE);
        if path.exists() {
            ensure!(VerifyKey::read(data)?.0 == public.0, "{PUBLIC_FILE} does not belong to {KEY_FILE}");
        } else {
            fs::write(&path, format!("{}\n", public.text())).with_context(|| path.display().to_string())?;
        }
        Ok(Self { key, public })
    }

    /// The key that checks this one's signatures.
    pub(crate) fn public(&self) -> &VerifyKey {
        &self.public
    }

    /// Signs a checkpoint.
    pub(crate) fn sign(&self, head: Head, at: Millis) -> Checkpoint {
        let text = format!("{ORIGIN}\n{}\n{}\n{}\n", head.size, STANDARD.encode(head.hash), rfc3339(at));
        let signature = self.key.sign(text.as_bytes());
        let mut signed = self.public.id().to_vec();
        signed.extend_from_slice(&signature.to_bytes());
        Checkpoint { head, note: format!("{text}\n\u{2014} {NAME} {}\n", STANDARD.encode(signed)) }
    }
}

impl VerifyKey {
    /// Reads the public key of the data folder.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(PUBLIC_FILE);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Self::parse(text.trim()).with_context(|| path.display().to_string())
    }

    /// Parses `NAME+HEX KEY ID+BASE64` (C2SP `signed-note`, verifier key).
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        ensure!(name == Some(NAME), "not a key of Gatewright");
        let key = STANDARD.decode(key.unwrap_or_default()).context("the key is not base64")?;
        let [ED25519, key @ ..] = key.as_slice() else { bail!("not an Ed25519 key") };
        let key = Self(VerifyingKey::from_bytes(key.try_into().context("not an Ed25519 key")?)?);
        ensure!(id == Some(hex::encode(key.id()).as_str()), "the key's id does not fit the key");
        Ok(key)
    }

    /// The text form; see [`VerifyKey::parse`].
    pub(crate) fn text(&self) -> String {
        format!("{NAME}+{}+{}", hex::encode(self.id()), STANDARD.encode(self.bytes()))
    }

    /// Checks a note and gives what it says.
    pub(crate) fn open(&self, note: &str) -> anyhow::Result<Checkpoint> {
        let (text, signature) = note.split_once("\n\n").context("it is not a signed note")?;
        let text = format!("{text}\n");
        let signed = signature
            .trim_end()
            .strip_prefix(&format!("\u{2014} {NAME} "))
            .context("it is not signed by Gatewright")?;
        let signed = STANDARD.decode(signed).context("its signature is not base64")?;
        let Some((id, signature)) = signed.split_at_checked(4) else { bail!("its signature is too short") };
        ensure!(id == self.id(), "it is signed by another key");
        let signature = Signature::from_slice(signature).context("its signature is malformed")?;
        self.0.verify_strict(text.as_bytes(), &signature).context("its signature does not verify")?;
        let mut lines = text.lines();
        ensure!(lines.next() == Some(ORIGIN), "it is about something else");
        let size = lines.next().and_then(|size| size.parse().ok()).context("it states no length")?;
        let hash =
            lines.next().and_then(|hash| STANDARD.decode(hash).ok()).and_then(|hash| hash.try_into().ok());
        let hash = hash.context("it states no head")?;
        Ok(Checkpoint { head: Head { size, hash }, note: note.to_owned() })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.0.as_bytes());
        bytes
    }

    fn id(&self) -> [u8; 4] {
        let digest = sha256(&[NAME.as_bytes(), b"\n", &self.bytes()].concat());
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

impl Checkpoint {
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
        let fresh = data.join(format!("{CHECKPOINT_FILE}.new"));
        fs::write(&fresh, &self.note)?;
        fs::rename(fresh, data.join(CHECKPOINT_FILE))
    }
}

/// The text of a file that only its owner may read; created with what `fresh` gives.
pub(crate) fn private_file(path: &Path, fresh: impl FnOnce() -> String) -> anyhow::Result<String> {
    let shown = path.display().to_string();
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let text = fresh();
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(|| shown)?;
            Ok(text)
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).with_context(|| shown)
        }
        Err(cause) => Err(cause).with_context(|| shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_opens_only_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let signer = Signer::open(folder.path()).unwrap();
        let checkpoint = signer.sign(Head { size: 42, hash: [7; 32] }, 0);
        let key = VerifyKey::read(folder.path()).unwrap();
        assert_eq!(key.open(&checkpoint.note).unwrap(), checkpoint);
        assert!(key.open(&checkpoint.note.replace("42", "43")).is_err());
        assert!(key.open("").is_err() && key.open("a\n\nb").is_err());
        let other = tempfile::tempdir().unwrap();
        let other = Signer::open(other.path()).unwrap();
        assert!(key.open(&other.sign(checkpoint.head, 0).note).is_err());
        // The same key again at the next start.
        assert_eq!(Signer::open(folder.path()).unwrap().public().text(), key.text());
    }
}
