//! How a recording is sealed.
//!
//! Events are lines of JSON. Those of a session that leave together are a *run*: a line that says whose they are and
//! carries the hash of the run before, and then the events, each line ended by `\n`. A run's hash is the SHA-256 of
//! its text.
//!
//! ```text
//! {"session":"5f0c…","seq":4,"count":2,"prev":"9ab1…"}
//! {"at":1700000000000,"kind":"statement",…}
//! {"at":1700000000003,"kind":"result",…}
//! ```

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, sha256};
use crate::event::Kind;
use crate::time::Millis;

/// Room for an event of usual size, in bytes.
const USUAL: usize = 512;

/// Events of one session that are not sealed yet: a line of JSON each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    text: Vec<u8>,
    count: u64,
}

impl Lines {
    /// Adds an event; gives the bytes of its line.
    pub fn push(&mut self, at: Millis, kind: &Kind) -> usize {
        let start = self.text.len();
        self.text.reserve(USUAL);
        // INVARIANT: an event is strings, numbers and lists of them, which always serialise, as UTF-8 without line
        // breaks; and writing to memory does not fail.
        let _ = write!(self.text, "{{\"at\":{at}");
        let brace = self.text.len();
        let _ = serde_json::to_writer(&mut self.text, kind);
        // The kind is an object of its own, whose fields belong to the event.
        if let Some(brace) = self.text.get_mut(brace) {
            *brace = b',';
        }
        self.text.push(b'\n');
        self.count = self.count.saturating_add(1);
        self.text.len().saturating_sub(start)
    }

    /// Adds events of the same session.
    pub fn extend(&mut self, more: &Self) {
        self.text.extend_from_slice(&more.text);
        self.count = self.count.saturating_add(more.count);
    }

    /// Drops all events, but not the memory that they used.
    pub fn clear(&mut self) {
        self.text.clear();
        self.count = 0;
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// The events' lines, each ended by `\n`; they are UTF-8.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

/// A run as it is sent and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRun {
    /// Session id.
    pub session: Arc<str>,
    /// Position of the first event in the session, from 0.
    pub seq: u64,
    /// Number of events.
    pub count: u64,
    /// The text, which is UTF-8.
    pub text: Vec<u8>,
}

impl SealedRun {
    /// Number of the session's events up to the last of these.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.seq.saturating_add(self.count)
    }
}

/// A session's chain: numbers events, and links each run to the one before.
#[derive(Debug, Clone)]
pub struct Chain {
    session: Arc<str>,
    seq: u64,
    prev: Digest,
}

impl Chain {
    /// An empty chain for a session.
    #[must_use]
    pub fn new(session: impl Into<Arc<str>>) -> Self {
        Self { session: session.into(), seq: 0, prev: [0; 32] }
    }

    /// The session's id.
    #[must_use]
    pub fn session(&self) -> &Arc<str> {
        &self.session
    }

    /// Appends events as one run. There must be some.
    pub fn seal(&mut self, lines: &Lines) -> SealedRun {
        let mut prev = [0; 64];
        // INVARIANT: 32 bytes are 64 hex digits, and a head of strings and numbers always serialises.
        let prev = hex::encode_to_slice(self.prev, &mut prev).ok().and_then(|()| str::from_utf8(&prev).ok());
        let prev = Cow::Borrowed(prev.unwrap_or_default());
        let (seq, count) = (self.seq, lines.count);
        let head = Head { session: Cow::Borrowed(&self.session), seq, count, prev };
        let mut text = Vec::with_capacity(lines.text.len().saturating_add(USUAL));
        let _ = serde_json::to_writer(&mut text, &head);
        text.push(b'\n');
        text.extend_from_slice(&lines.text);
        self.prev = sha256(&text);
        self.seq = seq.saturating_add(count);
        SealedRun { session: Arc::clone(&self.session), seq, count, text }
    }
}

/// First line of a run.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<'a> {
    #[serde(borrow)]
    session: Cow<'a, str>,
    seq: u64,
    count: u64,
    /// Hex.
    #[serde(borrow)]
    prev: Cow<'a, str>,
}

/// A run that is read. Its events are not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<'a> {
    /// Session id.
    pub session: Cow<'a, str>,
    /// Position of the first event in the session, from 0.
    pub seq: u64,
    /// Number of events, at least 1.
    pub count: u64,
    /// Hash of the run before; zeros for the first.
    pub prev: Digest,
    /// All of it, which is what its hash is of.
    pub text: &'a str,
    /// The events, a line each.
    lines: &'a str,
}

impl<'a> Run<'a> {
    /// Cuts the first run off a text; gives what is after it too.
    ///
    /// # Errors
    /// [`Unreadable`] where the text does not begin with a run.
    pub fn split(text: &'a str) -> Result<(Self, &'a str), Unreadable> {
        let (head, after) = text.split_once('\n').ok_or_else(|| Unreadable("it has no events".to_owned()))?;
        let head: Head<'_> =
            serde_json::from_str(head).map_err(|cause| Unreadable(format!("its first line: {cause}")))?;
        let mut prev = [0; 32];
        hex::decode_to_slice(&*head.prev, &mut prev)
            .map_err(|_| Unreadable("`prev` is not a SHA-256 in hex".to_owned()))?;
        let wanted = usize::try_from(head.count).unwrap_or(usize::MAX);
        let (mut found, mut bytes) = (0_u64, 0_usize);
        for line in after.split_inclusive('\n').take(wanted).filter(|line| line.ends_with('\n')) {
            found = found.saturating_add(1);
            bytes = bytes.saturating_add(line.len());
        }
        if found != head.count || found == 0 {
            return Err(Unreadable(format!("it says that it has {} events, and has {found}", head.count)));
        }
        let (lines, rest) = after.split_at_checked(bytes).unwrap_or_default();
        let text = text.get(..text.len().saturating_sub(rest.len())).unwrap_or_default();
        Ok((Self { session: head.session, seq: head.seq, count: head.count, prev, text, lines }, rest))
    }

    /// The events' texts.
    pub fn events(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.lines.split_terminator('\n')
    }

    /// Number of the session's events up to the last of these.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.seq.saturating_add(self.count)
    }
}

/// The text is not a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a run of events is not readable: {0}")]
pub struct Unreadable(String);

/// Why a run does not continue a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The text is not one run.
    #[error("expected event {seq}: {cause}")]
    Unreadable {
        /// Position where the run was expected.
        seq: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// Wrong position: one is missing, doubled, or swapped.
    #[error("expected event {expected}, found event {found}")]
    Position {
        /// Position expected.
        expected: u64,
        /// Position found.
        found: u64,
    },
    /// The run does not carry the hash of the one before.
    #[error("event {seq} does not continue event {}: one of the two runs was changed", seq.saturating_sub(1))]
    Link {
        /// Position of the run's first event.
        seq: u64,
    },
    /// The run belongs to another session.
    #[error("event {seq} belongs to session `{found}`")]
    Session {
        /// Position of the run's first event.
        seq: u64,
        /// Session named in it.
        found: String,
    },
}

/// Follows a chain and checks each run.
#[derive(Debug, Clone)]
pub struct Verifier(Chain);

impl Verifier {
    /// At the start of a session's chain.
    #[must_use]
    pub fn new(session: impl Into<Arc<str>>) -> Self {
        Self(Chain::new(session))
    }

    /// Takes the next run's text, and reads it.
    ///
    /// # Errors
    /// [`ChainError`] when it does not continue the chain.
    pub fn next<'a>(&mut self, text: &'a str) -> Result<Run<'a>, ChainError> {
        let expected = self.0.seq;
        let run = match Run::split(text) {
            Ok((run, "")) => run,
            Ok(_) => {
                let cause = "more follows its last event".to_owned();
                return Err(ChainError::Unreadable { seq: expected, cause });
            }
            Err(cause) => {
                return Err(ChainError::Unreadable { seq: expected, cause: cause.to_string() });
            }
        };
        if run.seq != expected {
            return Err(ChainError::Position { expected, found: run.seq });
        }
        if *run.session != *self.0.session {
            return Err(ChainError::Session { seq: expected, found: run.session.into_owned() });
        }
        if run.prev != self.0.prev {
            return Err(ChainError::Link { seq: expected });
        }
        self.0.prev = sha256(text.as_bytes());
        self.0.seq = run.end();
        Ok(run)
    }

    /// Hash of the last run taken.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.0.prev
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
