//! Calls and streams that a filter may name.

use std::collections::VecDeque;

use foldhash::HashMap;

use crate::abi::Status;

/// Calls and streams of one VM that may be open.
const MAX_OPEN: usize = 10_000;
/// Streams that the server ended and the filter did not close, of which the latest are remembered.
const MAX_ENDED: usize = 1024;

/// Which of both. A token tells it by its lowest bits, as in Envoy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    Call = 1,
    Stream = 2,
}

const KINDS: u32 = 4;

impl Kind {
    pub(crate) fn of(token: u32) -> Result<Self, Status> {
        let found = [Self::Call, Self::Stream].into_iter().find(|kind| *kind as u32 == token % KINDS);
        found.ok_or(Status::BadArgument)
    }
}

/// How far one is.
#[derive(Debug, Default)]
struct Ends {
    /// The filter said that there are no more messages.
    sent_all: bool,
    /// The filter closed it.
    closed: bool,
    /// The server ended it.
    by_server: bool,
}

/// All of one VM. As in Envoy, a stream that the server ended is known until the filter closes or cancels it.
#[derive(Debug, Default)]
pub(crate) struct Open {
    known: HashMap<u32, Ends>,
    /// Those that the server ended, the oldest first.
    ended: VecDeque<u32>,
    last: u32,
}

impl Open {
    /// The token of a new one; none where there are too many.
    pub(crate) fn token(&mut self, kind: Kind) -> Option<u32> {
        if self.known.len() - self.ended.len() >= MAX_OPEN {
            return None;
        }
        loop {
            self.last = self.last.wrapping_add(KINDS);
            let token = self.last | kind as u32;
            if !self.known.contains_key(&token) {
                return Some(token);
            }
        }
    }

    pub(crate) fn insert(&mut self, token: u32) {
        self.known.insert(token, Ends::default());
    }

    /// Whether the filter hears of it.
    pub(crate) fn listens(&self, token: u32) -> bool {
        self.known.get(&token).is_some_and(|ends| !ends.by_server)
    }

    /// The filter sends on a stream, and nothing more if `end`. Tells whether anybody is there to be sent to.
    pub(crate) fn send(&mut self, token: u32, end: bool) -> Result<bool, Status> {
        let ends = self.stream(token)?;
        let listens = !ends.by_server && !ends.sent_all;
        ends.sent_all |= end;
        Ok(listens)
    }

    /// The filter closes a stream. Tells whether the server is to be told.
    pub(crate) fn close(&mut self, token: u32) -> Result<bool, Status> {
        let ends = self.stream(token)?;
        if ends.by_server {
            self.forget(token)?;
            return Ok(false);
        }
        ends.closed = true;
        Ok(!std::mem::replace(&mut ends.sent_all, true))
    }

    fn stream(&mut self, token: u32) -> Result<&mut Ends, Status> {
        if Kind::of(token)? == Kind::Call {
            return Err(Status::BadArgument);
        }
        self.known.get_mut(&token).ok_or(Status::NotFound)
    }

    /// The server ended it; the filter is about to hear of that.
    pub(crate) fn ended(&mut self, token: u32) {
        if let Some(ends) = self.known.get_mut(&token) {
            ends.by_server = true;
            self.ended.push_back(token);
        }
    }

    /// The filter has heard of the end.
    pub(crate) fn heard(&mut self, token: u32) {
        let Some(ends) = self.known.get(&token) else { return };
        let over = ends.closed || Kind::of(token) == Ok(Kind::Call);
        let oldest = self.ended.front().copied().filter(|_| self.ended.len() > MAX_ENDED);
        for token in [over.then_some(token), oldest].into_iter().flatten() {
            let _ = self.forget(token);
        }
    }

    /// Nothing is known of it any more. Tells whether the server may still be at it.
    pub(crate) fn forget(&mut self, token: u32) -> Result<bool, Status> {
        Kind::of(token)?;
        let ends = self.known.remove(&token).ok_or(Status::NotFound)?;
        if ends.by_server {
            self.ended.retain(|known| *known != token);
        }
        Ok(!ends.by_server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(kind: Kind) -> (Open, u32) {
        let mut open = Open::default();
        let token = open.token(kind).unwrap();
        open.insert(token);
        (open, token)
    }

    #[test]
    fn a_token_tells_what_it_is_of() {
        let (mut open, call) = opened(Kind::Call);
        let stream = open.token(Kind::Stream).unwrap();
        assert_eq!((Kind::of(call), Kind::of(stream)), (Ok(Kind::Call), Ok(Kind::Stream)));
        assert_eq!(open.send(call, false), Err(Status::BadArgument), "a call has its message");
        assert_eq!(open.send(stream, false), Err(Status::NotFound), "it was not opened");
        for none in [0, 3, 4, 7] {
            assert_eq!(open.send(none, false), Err(Status::BadArgument));
            assert_eq!(open.close(none), Err(Status::BadArgument));
            assert_eq!(open.forget(none), Err(Status::BadArgument));
        }
    }

    #[test]
    fn a_stream_is_known_until_both_closed_it() {
        let (mut open, token) = opened(Kind::Stream);
        assert_eq!(open.send(token, true), Ok(true));
        assert_eq!(open.send(token, false), Ok(false), "it said that it had sent all");
        assert_eq!(open.close(token), Ok(false), "the server knows");
        open.ended(token);
        assert!(!open.listens(token));
        open.heard(token);
        assert_eq!(open.close(token), Err(Status::NotFound));

        let (mut open, token) = opened(Kind::Stream);
        open.ended(token);
        open.heard(token);
        assert_eq!(open.send(token, false), Ok(false), "nobody is there, which is no fault of the filter");
        assert_eq!(open.close(token), Ok(false));
        assert_eq!(open.close(token), Err(Status::NotFound));
    }

    #[test]
    fn what_filters_never_close_is_forgotten() {
        let mut open = Open::default();
        for _ in 0..10 * MAX_ENDED {
            let token = open.token(Kind::Stream).unwrap();
            open.insert(token);
            open.ended(token);
            open.heard(token);
        }
        assert_eq!((open.known.len(), open.ended.len()), (MAX_ENDED, MAX_ENDED));
        for _ in 0..MAX_OPEN {
            let token = open.token(Kind::Call).unwrap();
            open.insert(token);
        }
        assert_eq!(open.token(Kind::Call), None);
    }
}
