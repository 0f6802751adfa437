//! Prepared statements and portals of a session.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

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
}

/// A portal: a prepared statement with its parameters.
#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) prepared: Rc<Prepared>,
    /// Parameters for people to read.
    pub(crate) parameters: Vec<Option<String>>,
    /// Parameters as sent: what an approval binds.
    pub(crate) parameter_bytes: Vec<u8>,
    /// Its columns were asked for.
    pub(crate) described: Cell<bool>,
    /// Columns as the server described them; none until it did.
    pub(crate) columns: RefCell<Option<Rc<Vec<Field>>>>,
    /// An approval released it: going on after PortalSuspended needs no other.
    pub(crate) approved: Cell<bool>,
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
