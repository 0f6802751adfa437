//! gRPC calls and streams of one filter on one thread: each is a task, which ends with the filter.

mod exchange;
mod frames;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use bytes::Bytes;
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE};
use tokio::task::AbortHandle;

use super::filters::Filters;
use super::http::outbound;
use super::http::outlet::Outlet;
use super::worker::Worker;
use crate::abi::Status;
use crate::grpc::{GrpcCall, GrpcEvent, GrpcOrder};
use crate::http::Flow;

use exchange::End;

/// Bytes of a stream that the server did not take yet: beyond that it is given up.
const MAX_BACKLOG: usize = 16 << 20;

/// What a filter has open.
pub(super) struct Calls<C> {
    worker: Weak<Worker<C>>,
    index: usize,
    open: RefCell<HashMap<u32, Open>>,
}

/// One of them, which is given up when nobody has it any more.
struct Open {
    /// What the filter says.
    flow: Flow,
    task: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.flow.break_off();
        self.task.abort();
    }
}

impl<C: Filters> Calls<C> {
    /// Of the filter at `index`.
    pub(super) fn new(worker: Weak<Worker<C>>, index: usize) -> Rc<Self> {
        Rc::new(Self { worker, index, open: RefCell::default() })
    }

    /// Does what the filter wants done.
    pub(super) fn order(self: &Rc<Self>, order: GrpcOrder) -> Result<(), Status> {
        match order {
            GrpcOrder::Open(call) => self.open(call)?,
            GrpcOrder::Send { token, message, end } => self.send(token, message.as_deref(), end),
            GrpcOrder::Cancel(token) => drop(self.open.borrow_mut().remove(&token)),
        }
        Ok(())
    }

    fn open(self: &Rc<Self>, call: GrpcCall) -> Result<(), Status> {
        let worker = self.worker.upgrade().ok_or(Status::InternalFailure)?;
        let pool = worker.clients.pool(&call.cluster).ok_or(Status::BadArgument)?.clone();
        let flow = Flow::default();
        let request = request(&call, &flow).ok_or(Status::InternalFailure)?;
        let (token, timeout) = (call.token, call.timeout);
        let calls = Rc::downgrade(self);
        let task = if let Some(message) = call.message {
            flow.push(frames::frame(&message), true);
            let pending = Pending::new(&worker);
            tokio::task::spawn_local(async move {
                let event = exchange::call(&pool, request, timeout).await;
                drop(pending);
                tell(&calls, token, event, true);
            })
        } else {
            tokio::task::spawn_local(async move {
                let hear = |event| tell(&calls, token, event, false);
                let End { trailers, status, message } = exchange::stream(&pool, request, hear).await;
                hear(GrpcEvent::TrailingMetadata(trailers));
                tell(&calls, token, GrpcEvent::Close { status, message }, true);
            })
        };
        self.open.borrow_mut().insert(token, Open { flow, task: task.abort_handle() });
        Ok(())
    }

    fn send(self: &Rc<Self>, token: u32, message: Option<&[u8]>, end: bool) {
        // It may have ended by now, of which the filter hears.
        let Some(flow) = self.open.borrow().get(&token).map(|open| open.flow.clone()) else { return };
        if flow.size().saturating_add(message.map_or(0, <[u8]>::len)) > MAX_BACKLOG {
            return self.overflow(token);
        }
        flow.push(message.map_or_else(Bytes::new, frames::frame), end);
    }

    /// The server does not take what the filter says: the filter hears so, when its callback has returned.
    fn overflow(self: &Rc<Self>, token: u32) {
        drop(self.open.borrow_mut().remove(&token));
        let calls = Rc::downgrade(self);
        tokio::task::spawn_local(async move {
            let End { trailers, status, message } = End::overflow();
            tell(&calls, token, GrpcEvent::TrailingMetadata(trailers), true);
            tell(&calls, token, GrpcEvent::Close { status, message }, true);
        });
    }
}

/// Lets the filter hear something, unless it is gone.
fn tell<C: Filters>(calls: &Weak<Calls<C>>, token: u32, event: GrpcEvent, last: bool) {
    let Some(calls) = calls.upgrade() else { return };
    if last {
        let over = calls.open.borrow_mut().remove(&token);
        drop(over);
    }
    if let Some(worker) = calls.worker.upgrade() {
        worker.grpc(calls.index, token, event);
    }
}

/// The request, whose body is what comes out of `flow`.
fn request(call: &GrpcCall, flow: &Flow) -> Option<Request<Outlet>> {
    let mut request = Request::post(format!("http://{}{}", call.authority, call.path))
        .body(Outlet::cancelling(flow.clone()))
        .ok()?;
    let headers = request.headers_mut();
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    if let Some(timeout) = call.timeout {
        let value = HeaderValue::from_str(&format!("{}m", timeout.as_millis().min(99_999_999))).ok()?;
        headers.insert(HeaderName::from_static("grpc-timeout"), value);
    }
    headers.extend(outbound::fields(&call.metadata));
    Some(request)
}

/// A call that the filter's end waits for.
struct Pending<C>(Weak<Worker<C>>);

impl<C> Pending<C> {
    fn new(worker: &Rc<Worker<C>>) -> Self {
        worker.calls.set(worker.calls.get() + 1);
        Self(Rc::downgrade(worker))
    }
}

impl<C> Drop for Pending<C> {
    fn drop(&mut self) {
        if let Some(worker) = self.0.upgrade() {
            worker.calls.set(worker.calls.get().saturating_sub(1));
        }
    }
}
