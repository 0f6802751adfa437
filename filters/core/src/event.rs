//! The recording: a session is an append-only list of events, each carrying the hash of the one before it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::api::SealedEvent;
use crate::digest::{Digest, sha256};
use crate::explanation::Explanation;
use crate::time::Millis;

/// One event of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Session id.
    pub session: String,
    /// Position in the session, from 0.
    pub seq: u64,
    /// Hex SHA-256 of the event before, or of nothing (64 zeros) for the first.
    pub prev: String,
    /// When.
    pub at: Millis,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// An agent logged in.
    Open {
        /// Resource name.
        resource: String,
        /// Subject of the token.
        principal: String,
        /// Issuer of the token.
        issuer: String,
        /// Groups of the token.
        groups: Vec<String>,
        /// Role on the target.
        role: String,
        /// Database on the target.
        database: String,
        /// Where the agent connected from, `address:port`.
        source: String,
        /// `application_name` as the agent gave it.
        application: String,
    },
    /// A login that failed.
    Refused {
        /// Resource name.
        resource: String,
        /// Where from, `address:port`.
        source: String,
        /// Why, as the agent was told.
        reason: String,
    },
    /// A statement and what was decided about it.
    Statement {
        /// Statement number within the session, from 1; results and approvals refer to it.
        statement: u64,
        /// Its text.
        text: String,
        /// Parameters: text, or a description of a binary value; `None` for NULL.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<Option<String>>,
        /// `allow`, `deny` or `hold`.
        decision: String,
        /// Policies that determined the decision.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        policies: Vec<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// What it does and what policy says of each part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<Arc<Explanation>>,
        /// Number of an earlier statement of the session that has the same explanation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explained_by: Option<u64>,
    },
    /// What became of a held statement.
    Approval {
        /// Statement number.
        statement: u64,
        /// Approval id.
        approval: String,
        /// State, as in [`crate::api::ApprovalState`].
        state: String,
        /// Who decided.
        by: Vec<String>,
    },
    /// What came back, after masking.
    Result {
        /// Statement number.
        statement: u64,
        /// CommandComplete's tag.
        tag: String,
        /// Column names.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
        /// Rows up to the caps, text form; binary values as `\x…`; `None` for NULL.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<Vec<Option<String>>>,
        /// Rows that came back.
        row_count: u64,
        /// Columns that were masked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        masked: Vec<String>,
        /// Milliseconds from the statement to its result.
        elapsed_ms: u64,
    },
    /// An error that the client got, as the client saw it.
    Error {
        /// Statement number, 0 for none.
        statement: u64,
        /// SQLSTATE.
        code: String,
        /// Message.
        message: String,
    },
    /// The session ended.
    Close {
        /// Why.
        reason: String,
    },
}

impl Kind {
    /// Its name, as in the JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Refused { .. } => "refused",
            Self::Statement { .. } => "statement",
            Self::Approval { .. } => "approval",
            Self::Result { .. } => "result",
            Self::Error { .. } => "error",
            Self::Close { .. } => "close",
        }
    }
}

/// A session's chain: numbers events and links each to the one before.
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
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Appends an event and gives its sealed form.
    pub fn seal(&mut self, at: Millis, kind: Kind) -> SealedEvent {
        let mut prev = [0; 64];
        // INVARIANT: 32 bytes are 64 hex digits.
        let prev = hex::encode_to_slice(self.prev, &mut prev).ok().and_then(|()| str::from_utf8(&prev).ok());
        let sealed =
            Sealed { session: &self.session, seq: self.seq, prev: prev.unwrap_or_default(), at, kind: &kind };
        let mut body = Vec::with_capacity(512);
        // INVARIANT: an event is strings, numbers and lists of them, which always serialise, as UTF-8.
        let _ = serde_json::to_writer(&mut body, &sealed);
        let seq = self.seq;
        self.prev = sha256(&body);
        self.seq = self.seq.saturating_add(1);
        let body = String::from_utf8(body).unwrap_or_default();
        SealedEvent { session: Arc::clone(&self.session), seq, body, hash: self.prev }
    }
}

/// An [`Event`] that is written.
#[derive(Serialize)]
struct Sealed<'a> {
    session: &'a str,
    seq: u64,
    prev: &'a str,
    at: Millis,
    #[serde(flatten)]
    kind: &'a Kind,
}

/// Why an event does not continue a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The text is not an event.
    #[error("event {seq} is not readable: {cause}")]
    Unreadable {
        /// Position where the event was expected.
        seq: u64,
        /// What the JSON parser says.
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
    /// The event does not carry the hash of the one before.
    #[error("event {seq} does not continue event {}: one of the two was changed", seq.saturating_sub(1))]
    Link {
        /// Position of the event.
        seq: u64,
    },
    /// The event belongs to another session.
    #[error("event {seq} belongs to session `{found}`")]
    Session {
        /// Position of the event.
        seq: u64,
        /// Session named in it.
        found: String,
    },
}

/// Follows a chain and checks each event.
#[derive(Debug, Clone)]
pub struct Verifier(Chain);

impl Verifier {
    /// At the start of a session's chain.
    #[must_use]
    pub fn new(session: impl Into<Arc<str>>) -> Self {
        Self(Chain::new(session))
    }

    /// Takes the next event's text; gives the event.
    ///
    /// # Errors
    /// [`ChainError`] when the event does not continue the chain.
    pub fn next(&mut self, body: &str) -> Result<Event, ChainError> {
        let expected = self.0.seq;
        let event: Event = serde_json::from_str(body)
            .map_err(|cause| ChainError::Unreadable { seq: expected, cause: cause.to_string() })?;
        if event.seq != expected {
            return Err(ChainError::Position { expected, found: event.seq });
        }
        if *event.session != *self.0.session {
            return Err(ChainError::Session { seq: expected, found: event.session });
        }
        if event.prev != hex::encode(self.0.prev) {
            return Err(ChainError::Link { seq: expected });
        }
        self.0.prev = sha256(body.as_bytes());
        self.0.seq = expected.saturating_add(1);
        Ok(event)
    }

    /// Hash of the last event taken.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.0.prev
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    fn chain() -> Vec<SealedEvent> {
        let mut chain = Chain::new("s1");
        (0..4).map(|i| chain.seal(1000 + i, Kind::Close { reason: format!("r{i}") })).collect()
    }

    fn check(events: &[SealedEvent]) -> Result<(), ChainError> {
        let mut verifier = Verifier::new("s1");
        events.iter().try_for_each(|event| verifier.next(&event.body).map(|_| ()))
    }

    #[test]
    fn an_untouched_chain_verifies() {
        assert_eq!(check(&chain()), Ok(()));
    }

    #[test]
    fn edit_removal_and_swap_are_found() {
        let mut edited = chain();
        edited[1].body = edited[1].body.replace("r1", "rX");
        assert_eq!(check(&edited), Err(ChainError::Link { seq: 2 }));
        let mut removed = chain();
        removed.remove(1);
        assert_eq!(check(&removed), Err(ChainError::Position { expected: 1, found: 2 }));
        let mut swapped = chain();
        swapped.swap(1, 2);
        assert_eq!(check(&swapped), Err(ChainError::Position { expected: 1, found: 2 }));
    }
}
