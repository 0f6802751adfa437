//! A batch of runs as a filter sends it, read and checked as far as it can be by itself.

use std::ops::Range;
use std::sync::Arc;

use gatewright_core::api::BatchHead;
use gatewright_core::digest::{Digest, sha256};
use gatewright_core::event::Kind;
use gatewright_core::run::Run;

use super::Rejected;
use super::entry::LONGEST_NAME;
use super::history::Whose;
use crate::store::sessions::Summary;

/// Runs of events, and the one text that they are parts of.
#[derive(Debug)]
pub(crate) struct Batch {
    resource: String,
    text: String,
    pub(super) runs: Vec<Received>,
}

/// A run of a batch.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) session: Arc<str>,
    /// Position of the first event.
    pub(super) seq: u64,
    /// Number of events.
    pub(super) count: u64,
    /// Hash of the run before.
    pub(super) prev: Digest,
    /// Hash of its text.
    pub(super) hash: Digest,
    pub(super) summary: Summary,
    /// Where its text is in the batch's.
    place: Range<usize>,
}

impl Received {
    /// Number of the session's events up to the last of these.
    pub(super) fn end(&self) -> u64 {
        self.seq.saturating_add(self.count)
    }
}

/// PostgreSQL keeps no text with that character, which is in nobody's name. In the events' texts, which are JSON, it is escaped.
fn has_nul(opening: &Kind) -> bool {
    match opening {
        Kind::Open { resource, principal, issuer, role, source, .. } => {
            [resource, principal, issuer, role, source].iter().any(|text| text.contains('\0'))
        }
        Kind::Refused { resource, source, .. } => [resource, source].iter().any(|text| text.contains('\0')),
        _ => false,
    }
}

impl Batch {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// What is wrong with it; the same body will never be taken.
    pub(crate) fn read(body: Vec<u8>) -> Result<Self, Rejected> {
        let text = String::from_utf8(body).map_err(|_| Rejected::Unreadable("it is not UTF-8".to_owned()))?;
        let (head, mut rest) = BatchHead::read(&text)
            .map_err(|cause| Rejected::Unreadable(format!("the batch's first line: {cause}")))?;
        let mut runs: Vec<Received> = Vec::new();
        while !rest.is_empty() {
            let start = text.len() - rest.len();
            let (run, after) = Run::split(rest).map_err(|cause| Rejected::Conflict(cause.to_string()))?;
            if Whose::read(&run.session).is_some() {
                let what = format!(
                    "`{}` is not a session: approvals, grants and tokens are the host's",
                    run.session
                );
                return Err(Rejected::Conflict(what));
            }
            if run.session.len() > LONGEST_NAME {
                let what = format!("the name of a session is longer than {LONGEST_NAME} bytes");
                return Err(Rejected::Conflict(what));
            }
            let summary = Summary::of(&run).map_err(Rejected::Conflict)?;
            if run.session.contains('\0') || summary.opening.as_ref().is_some_and(has_nul) {
                let what = "a session, or who or where it is of, has a name with the character U+0000 in it";
                return Err(Rejected::Conflict(what.to_owned()));
            }
            if let Some(Kind::Open { resource, .. } | Kind::Refused { resource, .. }) = &summary.opening
                && *resource != head.resource
            {
                let what =
                    format!("a run of session `{}` is about another resource than its batch", run.session);
                return Err(Rejected::Conflict(what));
            }
            runs.push(Received {
                session: (*run.session).into(),
                seq: run.seq,
                count: run.count,
                prev: run.prev,
                hash: sha256(run.text.as_bytes()),
                summary,
                place: start..text.len() - after.len(),
            });
            rest = after;
        }
        Ok(Self { resource: head.resource, runs, text })
    }

    /// Resource that it is about.
    pub(crate) fn resource(&self) -> &str {
        &self.resource
    }

    /// Number of its events.
    pub(crate) fn events(&self) -> u64 {
        self.runs.iter().map(|run| run.count).sum()
    }

    /// Text of one of its runs.
    pub(super) fn text(&self, run: &Received) -> &str {
        self.text.get(run.place.clone()).unwrap_or_default()
    }
}
