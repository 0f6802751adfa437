//! What a filter can get hold of, of a request and its response: what its callback is about, and after the callback
//! only what it stopped.

use std::rc::Rc;

use super::{Facts, SharedPairs, Way};
use crate::abi::numbers::map;
use crate::state::SharedBytes;

/// A request and its response, as one filter may use them now.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) facts: Rc<Facts>,
    request: Shown,
    response: Shown,
    /// Within `proxy_on_log`, in which all is there to be read.
    pub(crate) logging: bool,
}

/// Parts of a message.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) head: bool,
    pub(super) body: Option<SharedBytes>,
    pub(super) trailers: bool,
    /// The body is complete, and no trailers follow: the filter may add some.
    pub(super) end: bool,
    /// It did.
    pub(super) added_trailers: bool,
}

impl View {
    pub(crate) fn new(facts: Rc<Facts>) -> Self {
        Self { facts, request: Shown::default(), response: Shown::default(), logging: false }
    }

    pub(super) fn shown(&mut self, way: Way) -> &mut Shown {
        match way {
            Way::Request => &mut self.request,
            Way::Response => &mut self.response,
        }
    }

    /// The body, while it may be used.
    pub(crate) fn body(&self, way: Way) -> Option<&SharedBytes> {
        match way {
            Way::Request => self.request.body.as_ref(),
            Way::Response => self.response.body.as_ref(),
        }
    }

    /// A header map that can be read now.
    pub(crate) fn readable(&self, kind: u32) -> Option<&SharedPairs> {
        let (way, trailers) = known(kind)?;
        let (shown, message) = match way {
            Way::Request => (&self.request, &self.facts.request),
            Way::Response => (&self.response, &self.facts.response),
        };
        if trailers {
            (shown.trailers || self.logging).then_some(&message.trailers)
        } else {
            (shown.head || self.logging && message.begun.get()).then_some(&message.head)
        }
    }

    /// A header map that can be changed now. Trailers come to be where a body ends without.
    pub(crate) fn writable(&mut self, kind: u32) -> Option<SharedPairs> {
        let (way, trailers) = known(kind)?;
        let facts = Rc::clone(&self.facts);
        let shown = self.shown(way);
        if !trailers {
            return shown.head.then(|| Rc::clone(&facts.message(way).head));
        }
        if !shown.trailers && shown.end && shown.body.is_some() {
            (shown.trailers, shown.added_trailers) = (true, true);
        }
        shown.trailers.then(|| Rc::clone(&facts.message(way).trailers))
    }
}

fn known(kind: u32) -> Option<(Way, bool)> {
    match kind {
        map::REQUEST_HEADERS => Some((Way::Request, false)),
        map::REQUEST_TRAILERS => Some((Way::Request, true)),
        map::RESPONSE_HEADERS => Some((Way::Response, false)),
        map::RESPONSE_TRAILERS => Some((Way::Response, true)),
        _ => None,
    }
}
