//! Prepared statements and portals of a session.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::plane::Analysis;
use crate::wire::backend::Field;

/// A prepared statement.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Its name at the server.
    pub(crate) name: Vec<u8>,
    /// What it does, by the bundle that `digest` names.
    pub(crate) understood: RefCell<Understood>,
}

/// What a statement does by one bundle, and what its rows are.
#[derive(Debug, Clone)]
pub(crate) struct Understood {
    pub(crate) analysis: Rc<Analysis>,
    /// Digest of the bundle.
    pub(crate) digest: String,
    /// Columns as the server described them; none until it did.
    pub(crate) columns: Option<Rc<Vec<Field>>>,
}

impl Prepared {
    pub(crate) fn analysis(&self) -> Rc<Analysis> {
        Rc::clone(&self.understood.borrow().analysis)
    }

    pub(crate) fn columns(&self) -> Option<Rc<Vec<Field>>> {
        self.understood.borrow().columns.clone()
    }

    pub(crate) fn described(&self, columns: Vec<Field>) {
        self.understood.borrow_mut().columns = Some(Rc::new(columns));
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
    /// Result formats as sent.
    pub(crate) formats: Vec<i16>,
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
