//! Prepared statements and portals of a session.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gatewright_core::time::Millis;

use crate::plane::Analysis;
use crate::wire::backend::Field;

/// A prepared statement.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Its text.
    pub(crate) text: Box<str>,
    /// OIDs of its parameters' types, as sent.
    pub(crate) types: Box<[u8]>,
    /// The Parse message; empty for the unnamed statement.
    pub(crate) raw: Box<[u8]>,
    /// What it does, by the bundle that `digest` names.
    pub(crate) understood: RefCell<Understood>,
    /// Columns of a portal of it, as the server described them last.
    pub(crate) described: RefCell<Option<Described>>,
}

/// How long a description of a portal is believed for others of the same statement, in milliseconds: no longer than a
/// decision is, and less than the catalogue may be behind.
const BELIEVED: Millis = 1_000;

/// The columns of a portal.
#[derive(Debug)]
pub(crate) struct Described {
    columns: Rc<Vec<Field>>,
    /// Result formats of its Bind.
    formats: Box<[i16]>,
    at: Millis,
    /// See [`Portal::era`].
    era: u64,
}

/// What a statement does by one bundle.
#[derive(Debug, Clone)]
pub(crate) struct Understood {
    pub(crate) analysis: Rc<Analysis>,
    /// Digest of the bundle.
    pub(crate) digest: Rc<str>,
}

impl Prepared {
    pub(crate) fn analysis(&self) -> Rc<Analysis> {
        Rc::clone(&self.understood.borrow().analysis)
    }

    /// The columns of a portal with these result formats, where another one was described a moment ago, and neither what
    /// the statement is nor what this session did since can have made them others. That the server ends a statement whose
    /// types have changed does not say that they come from the same tables.
    pub(crate) fn columns(&self, formats: &[i16], era: u64, now: Millis) -> Option<Rc<Vec<Field>>> {
        let described = self.described.borrow();
        let described = described.as_ref()?;
        // Not FETCH, EXECUTE or CALL: what they give is somebody else's.
        let analysis = self.analysis();
        let is_known = analysis.facts.as_ref().is_ok_and(|facts| facts.iter().all(|f| f.outputs.is_some()));
        let fresh = described.era == era && now.saturating_sub(described.at) < BELIEVED;
        (is_known && fresh && *described.formats == *formats).then(|| Rc::clone(&described.columns))
    }
}

/// A portal: a prepared statement with its parameters.
#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) prepared: Rc<Prepared>,
    /// Parameters for people to read.
    pub(crate) parameters: Vec<Option<String>>,
    /// Parameters as sent: what an approval binds.
    pub(crate) parameter_bytes: Vec<u8>,
    /// Formats of its results, as Bind has them.
    pub(crate) formats: Box<[i16]>,
    /// Its columns were asked for.
    pub(crate) described: Cell<bool>,
    /// What the session had done to the meaning of names when they were: see [`super::open::Open::era`].
    pub(crate) era: Cell<u64>,
    /// Columns as the server described them; none until it did.
    pub(crate) columns: RefCell<Option<Rc<Vec<Field>>>>,
    /// An approval released it: going on after PortalSuspended needs no other.
    pub(crate) approved: Cell<bool>,
}

impl Portal {
    /// The server's word on its columns.
    pub(crate) fn describe(&self, columns: Vec<Field>, now: Millis) {
        let columns = Rc::new(columns);
        self.prepared.described.replace(Some(Described {
            columns: Rc::clone(&columns),
            formats: self.formats.clone(),
            at: now,
            era: self.era.get(),
        }));
        self.columns.replace(Some(columns));
    }
}

/// A parameter for people to read. Format 1 is binary.
pub(crate) fn readable(format: i16, value: Option<&[u8]>) -> Option<String> {
    value.map(|bytes| match (format, std::str::from_utf8(bytes)) {
        (0, Ok(text)) => text.to_owned(),
        _ => hex_text(bytes),
    })
}

/// Bytes in PostgreSQL's hex form, shortened.
pub(crate) fn hex_text(bytes: &[u8]) -> String {
    match bytes.get(..64) {
        Some(head) if bytes.len() > 64 => format!("\\x{}… ({} bytes)", hex::encode(head), bytes.len()),
        _ => format!("\\x{}", hex::encode(bytes)),
    }
}
