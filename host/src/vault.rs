//! Encryption of recordings at rest: a data key for each session, wrapped by a key of the configuration. Without its data
//! key nobody reads what a session's entries are about, so that erasing the key erases all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use gatewright_core::digest::{Digest, sha256};

use crate::config::encryption::Encryption;
use crate::secret::Sources;

/// Length of a nonce; so long that random ones do not meet.
const NONCE: usize = 24;
/// Data keys that are kept in memory.
const KNOWN: usize = 10_000;

/// The keys that wrap data keys, and the data keys that were used last.
pub(crate) struct Vault {
    /// By name; the first wraps, the others unwrap what they wrapped once.
    keys: Vec<(String, XChaCha20Poly1305)>,
    known: Mutex<HashMap<String, DataKey>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.keys.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "))
    }
}

/// What a session is encrypted with.
#[derive(Clone)]
pub(crate) struct DataKey {
    key: Arc<[u8; 32]>,
    cipher: Arc<XChaCha20Poly1305>,
    /// Says which key it is: one ciphertext cannot be read in two ways by two keys.
    check: Digest,
}

/// A data key as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrapped {
    /// Name of the key that wraps it.
    pub(crate) by: String,
    /// Nonce and ciphertext.
    pub(crate) bytes: Vec<u8>,
}

impl Vault {
    /// The keys of a configuration.
    pub(crate) fn read(section: &Encryption, sources: &Sources) -> anyhow::Result<Self> {
        let mut keys = Vec::new();
        for key in &section.keys {
            let name = &key.name.0;
            let secret = sources.get(&key.secret.value).with_context(|| format!("the key `{name}`"))?;
            let bytes = key_bytes(secret.reveal()).with_context(|| format!("the key `{name}`"))?;
            keys.push((name.clone(), XChaCha20Poly1305::new(&bytes.into())));
        }
        ensure!(!keys.is_empty(), "there is no key");
        Ok(Self { keys, known: Mutex::default() })
    }

    /// Whether there is a key of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|(known, _)| known == name)
    }

    /// A new data key for a session, and its wrapped form.
    pub(crate) fn fresh(&self, session: &str) -> anyhow::Result<(DataKey, Wrapped)> {
        let bytes: [u8; 32] = rand::random();
        Ok((DataKey::new(bytes), self.wrap(session, &bytes)?))
    }

    /// A session's data key.
    pub(crate) fn unwrap(&self, session: &str, wrapped: &Wrapped) -> anyhow::Result<DataKey> {
        let by = &wrapped.by;
        let found = self.keys.iter().find(|(name, _)| name == by);
        let (_, cipher) =
            found.with_context(|| format!("it is encrypted by the key `{by}`, which is not there"))?;
        let bytes = decrypt(cipher, aad(session).as_bytes(), &wrapped.bytes);
        let bytes =
            bytes.with_context(|| format!("the key `{by}` is not the one that it is encrypted by"))?;
        let key = DataKey::new(bytes.try_into().ok().context("its data key is malformed")?);
        self.keep(session, &key);
        Ok(key)
    }

    /// Names of the keys that do not wrap any more.
    pub(crate) fn older(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().skip(1).map(|(name, _)| name.as_str())
    }

    /// The same data key wrapped by the first key.
    pub(crate) fn rewrap(&self, session: &str, wrapped: &Wrapped) -> anyhow::Result<Wrapped> {
        let key = self.unwrap(session, wrapped)?;
        self.wrap(session, &key.key)
    }

    fn wrap(&self, session: &str, key: &[u8; 32]) -> anyhow::Result<Wrapped> {
        let (name, cipher) = self.keys.first().context("there is no key")?;
        Ok(Wrapped { by: name.clone(), bytes: encrypt(cipher, aad(session).as_bytes(), key)? })
    }

    /// A session's data key, if it was used of late.
    pub(crate) fn known(&self, session: &str) -> Option<DataKey> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(session).cloned()
    }

    /// Forgets a session's data key.
    pub(crate) fn forget(&self, session: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
    }

    /// Forgets all sessions' data keys.
    pub(crate) fn forget_all(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Remembers a session's data key.
    pub(crate) fn keep(&self, session: &str, key: &DataKey) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(session.to_owned(), key.clone());
    }
}

impl DataKey {
    fn new(key: [u8; 32]) -> Self {
        let check = sha256(&[b"gatewright data key\n", &key[..]].concat());
        Self { cipher: Arc::new(XChaCha20Poly1305::new(&key.into())), key: Arc::new(key), check }
    }

    /// Encrypts a session's run, whose first event is at that position.
    pub(crate) fn seal(&self, session: &str, seq: u64, text: &str) -> anyhow::Result<Vec<u8>> {
        let sealed = encrypt(&self.cipher, &self.aad(session, seq), text.as_bytes())?;
        Ok([&self.check[..], &sealed].concat())
    }

    /// Decrypts a run.
    pub(crate) fn open(&self, session: &str, seq: u64, sealed: &[u8]) -> anyhow::Result<String> {
        let (check, sealed) = sealed.split_first_chunk().context("it is too short")?;
        ensure!(*check == self.check, "it is encrypted by another data key");
        let text = decrypt(&self.cipher, &self.aad(session, seq), sealed)?;
        String::from_utf8(text).context("it is not text")
    }

    /// For evidence: to show one session is to show its key.
    pub(crate) fn reveal(&self) -> String {
        STANDARD.encode(*self.key)
    }

    /// Reads [`DataKey::reveal`].
    pub(crate) fn revealed(text: &str) -> anyhow::Result<Self> {
        let key = STANDARD.decode(text).ok().and_then(|key| key.try_into().ok());
        Ok(Self::new(key.context("a data key is malformed")?))
    }

    fn aad(&self, session: &str, seq: u64) -> Vec<u8> {
        [&self.check[..], &seq.to_be_bytes(), session.as_bytes()].concat()
    }
}

fn aad(session: &str) -> String {
    format!("gatewright data key\n{session}")
}

fn encrypt(cipher: &XChaCha20Poly1305, aad: &[u8], msg: &[u8]) -> anyhow::Result<Vec<u8>> {
    let nonce: [u8; NONCE] = rand::random();
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad });
    Ok([&nonce[..], &sealed.ok().context("it is too long to be encrypted")?].concat())
}

fn decrypt(cipher: &XChaCha20Poly1305, aad: &[u8], sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE>().context("it is too short")?;
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg, aad }).ok().context("it does not decrypt")
}

/// 32 bytes as base64 or hex.
fn key_bytes(text: &str) -> anyhow::Result<[u8; 32]> {
    let text = text.trim();
    let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).context("expected 32 random bytes, as base64 or hex")
}

#[cfg(test)]
#[path = "vault_tests.rs"]
pub(crate) mod tests;
