//! The host's signing key, and how another takes its place.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use gatewright_core::digest::sha256;
use gatewright_core::time::Millis;

use super::checkpoint::{self, Checkpoint, Keys};
use super::note::{Kind, VerifyKey};
use super::tree::Head;

/// Name of every log's key before logs had names.
pub(super) const FORMER_NAME: &str = "gatewright";

const KEY_FILE: &str = "signing.key";
/// The key that is to sign from the next start on.
const NEXT_FILE: &str = "signing.next";
/// All keys that signed, a line each, the newest last.
const PUBLIC_FILE: &str = "signing.pub";

/// The name of the log that begins with this key. It stays when another key signs.
pub(super) fn name_of(first: &VerifyingKey) -> String {
    let digest = sha256(&[b"gatewright log\n", &first.as_bytes()[..]].concat());
    format!("gatewright/{}", hex::encode(&digest[..8]))
}

/// The host's signing key.
pub(crate) struct Signer {
    data: PathBuf,
    pair: Pair,
    /// A new key, which is to sign instead: until then both sign.
    next: Option<Pair>,
    keys: Keys,
}

struct Pair {
    key: SigningKey,
    public: VerifyKey,
}

impl Pair {
    fn new(name: &str, key: SigningKey) -> Self {
        let public = VerifyKey::new(name, Kind::Plain, key.verifying_key());
        Self { key, public }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.pair.public.text())
    }
}

impl Signer {
    /// Reads the key of the data folder; creates it, and the file of public keys next to it, at the first start.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Self> {
        let key = read_seed(&private_file(&data.join(KEY_FILE), seed)?).context(KEY_FILE)?;
        let path = data.join(PUBLIC_FILE);
        let first = match fs::read_to_string(&path) {
            Ok(text) => first_key(&text).with_context(|| path.display().to_string())?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => key.verifying_key(),
            Err(cause) => return Err(cause).with_context(|| path.display().to_string()),
        };
        let name = name_of(&first);
        let pair = Pair::new(&name, key);
        if path.exists() {
            let known = public_keys(data)?;
            let known = known.iter().any(|known| known.key == pair.public.key);
            ensure!(known, "{PUBLIC_FILE} does not have the key of {KEY_FILE}");
        }
        publish(data, &pair.public)?;
        let next = match fs::read_to_string(data.join(NEXT_FILE)) {
            Ok(seed) => Some(Pair::new(&name, read_seed(&seed).context(NEXT_FILE)?)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
            Err(cause) => return Err(cause).context(NEXT_FILE),
        };
        Ok(Self { data: data.to_owned(), pair, next, keys: public_keys(data)? })
    }

    /// The keys that check what was signed.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Checks a checkpoint that this key must have signed, perhaps together with others.
    pub(super) fn own(&self, note: &str) -> anyhow::Result<Checkpoint> {
        let mut keys = Keys::default();
        keys.add(self.pair.public.clone());
        // Another host of the same database may have let it take over already.
        if let Some(next) = &self.next {
            keys.add(next.public.clone());
        }
        keys.open(note)
    }

    /// The log's name.
    pub(crate) fn name(&self) -> &str {
        &self.pair.public.name
    }

    /// The key that is to sign instead.
    pub(super) fn next(&self) -> Option<&VerifyKey> {
        self.next.as_ref().map(|pair| &pair.public)
    }

    /// Signs a checkpoint.
    pub(crate) fn sign(&self, head: Head, at: Millis) -> Checkpoint {
        let text = checkpoint::text(self.name(), head, at);
        let pairs = std::iter::once(&self.pair).chain(&self.next);
        let lines: String = pairs.map(|pair| pair.public.sign(&pair.key, &text)).collect();
        Checkpoint { head, note: format!("{text}\n{lines}") }
    }

    /// From now on the new key signs alone; the old one is not there any more.
    pub(super) fn take_over(self) -> anyhow::Result<Self> {
        let Some(next) = &self.next else { return Ok(self) };
        publish(&self.data, &next.public)?;
        fs::rename(self.data.join(NEXT_FILE), self.data.join(KEY_FILE)).context(NEXT_FILE)?;
        Self::open(&self.data)
    }
}

/// Makes the key that is to sign from the host's next start on; gives its public half.
pub(crate) fn rotate(data: &Path) -> anyhow::Result<String> {
    let signer = Signer::open(data)?;
    if let Some(next) = signer.next() {
        bail!("there is a new key already, which signs from the host's next start on: {}", next.text());
    }
    let key = read_seed(&private_file(&data.join(NEXT_FILE), seed)?).context(NEXT_FILE)?;
    Ok(Pair::new(signer.name(), key).public.text())
}

/// The public keys of the data folder.
pub(crate) fn public_keys(data: &Path) -> anyhow::Result<Keys> {
    let path = data.join(PUBLIC_FILE);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Keys::parse(&text).with_context(|| path.display().to_string())
}

fn first_key(text: &str) -> anyhow::Result<VerifyingKey> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).context("there is no key")?;
    Ok(VerifyKey::parse(first)?.key)
}

/// Adds a key to the public ones, once.
fn publish(data: &Path, key: &VerifyKey) -> anyhow::Result<()> {
    let path = data.join(PUBLIC_FILE);
    let shown = || path.display().to_string();
    let line = key.text();
    let text = if path.exists() { fs::read_to_string(&path).with_context(shown)? } else { String::new() };
    if text.lines().any(|known| known.trim() == line) {
        return Ok(());
    }
    let fresh = data.join(format!("{PUBLIC_FILE}.new"));
    let text = format!("{}{line}\n", if text.is_empty() { text } else { format!("{}\n", text.trim_end()) });
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, &path)).with_context(shown)
}

fn seed() -> String {
    format!("{}\n", STANDARD.encode(rand::random::<[u8; 32]>()))
}

fn read_seed(text: &str) -> anyhow::Result<SigningKey> {
    let seed = STANDARD.decode(text.trim()).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    Ok(SigningKey::from_bytes(&seed.context("it holds no key")?))
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
        let keys = public_keys(folder.path()).unwrap();
        assert_eq!(keys.open(&checkpoint.note).unwrap(), checkpoint);
        assert!(keys.open_chain(&checkpoint.note).is_err());
        assert!(keys.open(&checkpoint.note.replace("42", "43")).is_err());
        assert!(keys.open("").is_err() && keys.open("a\n\nb").is_err());
        let other = tempfile::tempdir().unwrap();
        let other = Signer::open(other.path()).unwrap();
        assert!(keys.open(&other.sign(checkpoint.head, 0).note).is_err());
        // The same key again at the next start.
        assert_eq!(Signer::open(folder.path()).unwrap().keys(), &keys);
    }

    #[test]
    fn a_new_key_takes_over_and_the_log_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let old = Signer::open(folder.path()).unwrap();
        let old_keys = old.keys().clone();
        let public = rotate(folder.path()).unwrap();
        assert!(rotate(folder.path()).unwrap_err().to_string().contains("already"));
        let both = Signer::open(folder.path()).unwrap();
        let head = Head { size: 1, hash: [7; 32] };
        let note = both.sign(head, 0).note;
        let new_keys = Keys::parse(&public).unwrap();
        assert!(old_keys.open(&note).is_ok() && new_keys.open(&note).is_ok());
        let new = both.take_over().unwrap();
        assert_eq!(new.name(), old.name());
        let note = new.sign(head, 0).note;
        assert!(old_keys.open(&note).is_err() && new_keys.open(&note).is_ok());
        assert!(new.keys().open(&old.sign(head, 0).note).is_ok(), "what the old one signed stays good");
        assert!(!folder.path().join(NEXT_FILE).exists());
    }

    #[test]
    fn a_key_of_before_logs_had_names_is_the_first_of_one() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("signing.key", include_str!("fixtures/format2.key")),
            ("signing.pub", include_str!("fixtures/format2.pub")),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let signer = Signer::open(folder.path()).unwrap();
        let former = Keys::parse(include_str!("fixtures/format2.pub")).unwrap();
        assert!(former.open(&signer.sign(Head::EMPTY, 0).note).is_ok());
        let chain = include_str!("fixtures/format2.checkpoint");
        assert_eq!(former.open_chain(chain).unwrap().head.size, 13);
        assert!(former.open(chain).is_err());
    }
}
