//! One message on its way out: what the filters let pass, until somebody takes it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::abi::Pairs;

/// A message that comes out of a chain of filters; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Flow(Rc<RefCell<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    head: Option<Head>,
    /// The head came out, whether or not it was taken.
    begun: bool,
    frames: VecDeque<Bytes>,
    size: usize,
    trailers: Option<Pairs>,
    ended: bool,
    broken: bool,
    /// Nobody takes any more.
    abandoned: bool,
    /// Who takes.
    reader: Option<Waker>,
    /// Who gives, and waits for room.
    writer: Option<Waker>,
}

/// The head of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Header fields, `:method`, `:path`, `:status` and so on among them.
    pub fields: Pairs,
    /// It is all of the message.
    pub end: bool,
}

/// A part of a message after its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Some of its body.
    Data(Bytes),
    /// Its trailers: the last part.
    Trailers(Pairs),
}

/// The message broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message broke off")]
pub struct Broken;

impl Flow {
    pub(super) fn push_head(&self, fields: Pairs, end: bool) {
        let mut inner = self.0.borrow_mut();
        inner.head = Some(Head { fields, end });
        (inner.begun, inner.ended) = (true, end);
        inner.wake_reader();
    }

    pub(crate) fn push(&self, bytes: Bytes, end: bool) {
        let mut inner = self.0.borrow_mut();
        if !bytes.is_empty() && !inner.abandoned {
            inner.size += bytes.len();
            inner.frames.push_back(bytes);
        }
        inner.ended |= end;
        inner.wake_reader();
    }

    pub(super) fn push_trailers(&self, trailers: Pairs) {
        let mut inner = self.0.borrow_mut();
        inner.trailers = Some(trailers);
        inner.ended = true;
        inner.wake_reader();
    }

    /// What did not come out does not come any more; whoever takes it is told.
    pub(crate) fn break_off(&self) {
        let mut inner = self.0.borrow_mut();
        if !inner.ended {
            inner.broken = true;
            inner.frames.clear();
            inner.size = 0;
            inner.wake_reader();
        }
    }

    /// Whether the head came out.
    #[must_use]
    pub fn begun(&self) -> bool {
        self.0.borrow().begun
    }

    /// Whether all of it came out.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.0.borrow().ended
    }

    /// Whether it broke off.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.0.borrow().broken
    }

    /// Bytes that nobody took yet.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.borrow().size
    }

    /// Whether there is nothing more to be taken.
    #[must_use]
    pub fn taken(&self) -> bool {
        let inner = self.0.borrow();
        inner.ended && inner.frames.is_empty() && inner.trailers.is_none()
    }

    /// The head, once.
    pub fn take_head(&self) -> Option<Head> {
        self.0.borrow_mut().head.take()
    }

    /// What there is now of the body.
    pub fn take_body(&self) -> Vec<u8> {
        let mut inner = self.0.borrow_mut();
        inner.size = 0;
        inner.frames.drain(..).flatten().collect()
    }

    /// The trailers, once.
    pub fn take_trailers(&self) -> Option<Pairs> {
        self.0.borrow_mut().trailers.take()
    }

    /// The next part; none at the end.
    pub fn poll_frame(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame, Broken>>> {
        let mut inner = self.0.borrow_mut();
        if let Some(bytes) = inner.frames.pop_front() {
            inner.size -= bytes.len();
            inner.wake_writer();
            return Poll::Ready(Some(Ok(Frame::Data(bytes))));
        }
        if inner.broken {
            return Poll::Ready(Some(Err(Broken)));
        }
        if !inner.ended {
            inner.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let trailers = inner.trailers.take();
        inner.wake_writer();
        Poll::Ready(trailers.map(|trailers| Ok(Frame::Trailers(trailers))))
    }

    /// Has `waker` woken when there is more room, or nobody takes any more.
    pub fn watch(&self, waker: &Waker) {
        let mut inner = self.0.borrow_mut();
        match &mut inner.writer {
            Some(known) => known.clone_from(waker),
            None => inner.writer = Some(waker.clone()),
        }
    }

    /// Nobody takes any more.
    pub fn abandon(&self) {
        let mut inner = self.0.borrow_mut();
        inner.abandoned = true;
        inner.frames.clear();
        inner.size = 0;
        inner.wake_writer();
    }

    /// Whether nobody takes any more.
    #[must_use]
    pub fn abandoned(&self) -> bool {
        self.0.borrow().abandoned
    }
}

impl Inner {
    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}
