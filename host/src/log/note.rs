//! Signed notes (C2SP `signed-note`) and the cosignatures of witnesses in them (C2SP `tlog-cosignature`).
//!
//! ```text
//! <text, each line ended by a line break>
//!
//! — <name> <base64 of key id and signature>
//! ```

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use gatewright_core::digest::sha256;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// Signatures that are looked at in one note.
const MOST_SIGNATURES: usize = 100;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The note's text: the log's own keys.
    Plain,
    /// The text and when it was seen: witnesses' keys.
    Cosignature,
}

impl Kind {
    /// The byte by which keys are told apart.
    fn byte(self) -> u8 {
        match self {
            Self::Plain => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A key that checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VerifyKey {
    /// Whose it is.
    pub(crate) name: String,
    /// What it signs.
    pub(crate) kind: Kind,
    pub(super) key: VerifyingKey,
}

/// A note that is read, but not believed yet.
#[derive(Debug)]
pub(crate) struct Note<'a> {
    /// What is signed, with its last line break.
    pub(crate) text: &'a str,
    signatures: Vec<Line<'a>>,
}

#[derive(Debug)]
struct Line<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Reads a note.
    pub(crate) fn read(note: &'a str) -> anyhow::Result<Self> {
        ensure!(!note.chars().any(|c| c.is_control() && c != '\n'), "it has control characters");
        let end = note.rfind("\n\n").context("it is not a signed note")?;
        let (text, lines) = note.split_at(end + 1);
        let lines = lines.strip_prefix('\n').unwrap_or_default();
        ensure!(!lines.is_empty() && lines.ends_with('\n'), "it is not a signed note");
        let signatures = read_lines(lines)?;
        Ok(Self { text, signatures })
    }
}

/// Reads signature lines.
fn read_lines(lines: &str) -> anyhow::Result<Vec<Line<'_>>> {
    ensure!(lines.lines().count() <= MOST_SIGNATURES, "it has too many signatures");
    lines.lines().map(Line::read).collect()
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> anyhow::Result<Self> {
        let line = line.strip_prefix(DASH).context("a signature of it is malformed")?;
        let (name, signature) = line.split_once(' ').context("a signature of it is malformed")?;
        ensure!(is_name(name), "a signature of it has no name");
        let signature = STANDARD.decode(signature).context("a signature of it is not base64")?;
        let Some((id, signature)) = signature.split_first_chunk() else {
            bail!("a signature of it is too short")
        };
        Ok(Self { name, id: *id, signature: signature.to_vec() })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

impl VerifyKey {
    /// A key by its parts.
    pub(crate) fn new(name: impl Into<String>, kind: Kind, key: VerifyingKey) -> Self {
        Self { name: name.into(), kind, key }
    }

    /// Parses `NAME+HEX KEY ID+BASE64`.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        let name = name.filter(|name| is_name(name)).context("the key has no name")?;
        let key = STANDARD.decode(key.unwrap_or_default()).context("the key is not base64")?;
        let (kind, key) = match key.as_slice() {
            [1, key @ ..] => (Kind::Plain, key),
            [4, key @ ..] => (Kind::Cosignature, key),
            _ => bail!("not an Ed25519 key"),
        };
        let key = VerifyingKey::from_bytes(key.try_into().context("not an Ed25519 key")?)?;
        let key = Self::new(name, kind, key);
        ensure!(id == Some(hex::encode(key.id()).as_str()), "the key's id does not fit the key");
        Ok(key)
    }

    /// The text form; see [`VerifyKey::parse`].
    pub(crate) fn text(&self) -> String {
        format!("{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(self.bytes()))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind.byte()];
        bytes.extend_from_slice(self.key.as_bytes());
        bytes
    }

    fn id(&self) -> [u8; 4] {
        let digest = sha256(&[self.name.as_bytes(), b"\n", &self.bytes()].concat());
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// Whether the note is signed by this key.
    ///
    /// # Errors
    /// It says so, and it is not true.
    pub(crate) fn signed(&self, note: &Note<'_>) -> anyhow::Result<bool> {
        let id = self.id();
        let Some(line) = note.signatures.iter().find(|line| line.name == self.name && line.id == id) else {
            return Ok(false);
        };
        let (message, signature) = match self.kind {
            Kind::Plain => (note.text.to_owned(), line.signature.as_slice()),
            Kind::Cosignature => {
                let (time, signature) =
                    line.signature.split_first_chunk().context("a cosignature is too short")?;
                (cosigned(u64::from_be_bytes(*time), note.text), signature)
            }
        };
        let signature = Signature::from_slice(signature).context("its signature is malformed")?;
        self.key.verify_strict(message.as_bytes(), &signature).context("its signature does not verify")?;
        Ok(true)
    }

    /// The line among these by which this key signs the text, if there is one that is good.
    pub(crate) fn good_line<'l>(&self, text: &str, lines: &'l str) -> Option<&'l str> {
        let signs = |line: &&str| {
            Line::read(line)
                .is_ok_and(|read| self.signed(&Note { text, signatures: vec![read] }).unwrap_or(false))
        };
        lines.lines().find(signs)
    }

    /// A line by which this key signs the text; `key` is its other half.
    pub(crate) fn sign(&self, key: &SigningKey, text: &str) -> String {
        self.line(&key.sign(text.as_bytes()).to_bytes())
    }

    /// A line by which this key of a witness says that it saw the text, at a time in seconds since 1970.
    #[cfg(test)]
    pub(crate) fn cosign(&self, key: &SigningKey, time: u64, text: &str) -> String {
        let signature = key.sign(cosigned(time, text).as_bytes());
        self.line(&[&time.to_be_bytes()[..], &signature.to_bytes()].concat())
    }

    fn line(&self, signature: &[u8]) -> String {
        format!("{DASH}{} {}\n", self.name, STANDARD.encode([&self.id()[..], signature].concat()))
    }
}

/// What a witness signs.
fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    /// The example of the specification of signed notes.
    #[test]
    fn the_published_note_is_read_and_written() {
        let key =
            VerifyKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        assert_eq!(key.text(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
        let note = Note::read(NOTE).unwrap();
        assert!(key.signed(&note).unwrap());
        let private = STANDARD.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
        let private = SigningKey::from_bytes(private[1..].try_into().unwrap());
        assert_eq!(format!("{}\n{}", note.text, key.sign(&private, note.text)), NOTE);
        // Changed, it is not signed; by another name or key it is not said to be.
        assert!(key.signed(&Note::read(&NOTE.replace("answer", "Answer")).unwrap()).is_err());
        let other = VerifyKey::new("Other", Kind::Plain, key.key);
        assert!(!other.signed(&note).unwrap());
        assert!(
            VerifyKey::parse("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").is_err()
        );
    }

    /// What a cosignature says is bound to the text and to the time.
    #[test]
    fn a_cosignature_is_checked_with_its_time() {
        let private = SigningKey::from_bytes(&[3; 32]);
        let key = VerifyKey::new("witness.example/w1", Kind::Cosignature, private.verifying_key());
        assert_eq!(VerifyKey::parse(&key.text()).unwrap(), key);
        let text = Note::read(NOTE).unwrap().text;
        let line = key.cosign(&private, 1_679_315_147, text);
        assert!(key.signed(&Note::read(&format!("{NOTE}{line}")).unwrap()).unwrap());
        assert_eq!(key.good_line(text, &line), Some(line.trim_end()));
        assert_eq!(key.good_line(&text.replace("answer", "Answer"), &line), None);
        // The same signature for another time.
        let (head, signed) = line.trim_end().rsplit_once(' ').unwrap();
        let mut signed = STANDARD.decode(signed).unwrap();
        signed[11] ^= 1;
        assert_eq!(key.good_line(text, &format!("{head} {}\n", STANDARD.encode(signed))), None);
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for bad in [
            "",
            "a\n\nb",
            "a\n\n",
            "a\n",
            "a\u{1}\n\n\u{2014} n AAAAAAA=\n",
            "a\n\n\u{2014} n\n",
            "a\n\n- n AAAAAAA=\n",
        ] {
            assert!(Note::read(bad).is_err(), "{bad:?}");
        }
        assert!(Note::read("a\n\n\u{2014} n AAAAAAA=\n").is_ok());
    }
}
