//! What is known of a request and its response, for header maps and properties.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::{SharedPairs, Way};

/// A request and its response.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Such as `HTTP/1.1`.
    pub(crate) protocol: String,
    /// When it came, since 1970.
    pub(crate) started: Duration,
    /// The name of the route that it takes.
    pub(crate) route: String,
    /// Why the response is what it is.
    pub(crate) details: RefCell<String>,
    pub(crate) request: Message,
    pub(crate) response: Message,
}

/// One of the two messages.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) head: SharedPairs,
    pub(crate) trailers: SharedPairs,
    /// Whether the head is there.
    pub(crate) begun: Cell<bool>,
    /// Bytes of the body so far.
    pub(crate) bytes: Cell<u64>,
}

impl Facts {
    pub(crate) fn message(&self, way: Way) -> &Message {
        match way {
            Way::Request => &self.request,
            Way::Response => &self.response,
        }
    }
}

impl Message {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.head.borrow().first(name).map(<[u8]>::to_vec)
    }

    /// Bytes of names and values of the head.
    pub(crate) fn head_size(&self) -> u64 {
        self.head.borrow().0.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum()
    }
}
