//! A request with its response: does with the proxy what the exchange wants done.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::quality::RandomState;

use gatewright_adapter::{Journal, Party, Worker, hostcalls};
use gatewright_core::bundle::RecordingMode;
use gatewright_core::call::{Call, HostReply};
use gatewright_core::time::Millis;
use gatewright_core::trace::TraceContext;
use gatewright_http::{Change, Env, Exchange, Flow, Io, Plane, Recorded, Visits};
use proxy_wasm::types::{BufferType, LogLevel, MapType};

use crate::peer;

/// A request, as the proxy and the worker both hold it.
#[derive(Clone)]
pub(crate) struct Stream {
    context: u32,
    worker: Worker<Self>,
    exchange: Rc<RefCell<Exchange>>,
}

impl Stream {
    /// A request that is about to come.
    pub(crate) fn open(context: u32, worker: Worker<Self>) -> Self {
        let peer = match worker.plane() {
            Some(compiled) => peer::read(&compiled.0),
            None => peer::source(),
        };
        let stream = Self { context, worker, exchange: Rc::new(RefCell::new(Exchange::new(peer))) };
        stream.worker.register(stream.clone());
        stream
    }

    /// Lets the exchange act within a callback for `map`'s message, and for `body` of it.
    pub(crate) fn act(
        &self,
        map: MapType,
        body: Option<BufferType>,
        act: impl FnOnce(&mut Exchange, Env<'_>, &mut Io) -> Flow,
    ) -> Flow {
        let mut io = Io::default();
        let flow = self.with_env(|exchange, env| act(exchange, env, &mut io));
        if let (Some(buffer), Some(bytes)) = (body, io.body.take())
            && hostcalls::replace_buffer(buffer, &bytes).is_err()
        {
            // INVARIANT: nothing unseen passes.
            hostcalls::log(LogLevel::Error, "gatewright: a body could not be replaced");
            io.reset = true;
        }
        self.settle(map, io);
        flow
    }

    /// The request is over, whichever way.
    pub(crate) fn gone(&self) {
        if !self.exchange.borrow().is_over() {
            let mut io = Io::default();
            self.with_env(|exchange, env| exchange.closed(env, &mut io));
            io.changes.clear();
            self.settle(MapType::HttpRequestHeaders, io);
        }
        self.worker.forget(self.context);
    }

    /// Lets the exchange act outside of its callbacks.
    fn outside(&self, act: impl FnOnce(&mut Exchange, Env<'_>, &mut Io)) {
        if hostcalls::act_on(self.context).is_err() {
            return;
        }
        let mut io = Io::default();
        self.with_env(|exchange, env| act(exchange, env, &mut io));
        self.settle(MapType::HttpRequestHeaders, io);
    }

    fn with_env<T>(&self, act: impl FnOnce(&mut Exchange, Env<'_>) -> T) -> T {
        let plane = self.worker.plane();
        let env = Env {
            plane: plane.as_ref().map(|compiled| &compiled.0),
            visits: &self.worker.shared().visits,
            now: hostcalls::now(),
        };
        act(&mut self.exchange.borrow_mut(), env)
    }

    /// Does what the exchange wants done.
    fn settle(&self, map: MapType, mut io: Io) {
        let trailers = io.trailers.into_iter().map(|change| (MapType::HttpRequestTrailers, change));
        for (map, change) in io.changes.into_iter().map(|change| (map, change)).chain(trailers) {
            let done = match &change {
                Change::Set(name, value) => hostcalls::set_header(map, name, value),
                Change::Remove(name) => hostcalls::remove_header(map, name),
            };
            if done.is_err() {
                // INVARIANT: no header passes that must not: an agent's token, a length of what was masked.
                hostcalls::log(LogLevel::Error, "gatewright: a header could not be changed");
                io.reset = true;
                io.resume = false;
            }
        }
        if let Some(reply) = io.reply {
            if hostcalls::respond(reply.status, &reply.headers, &reply.body).is_err() {
                io.reset = true;
            }
        } else if io.resume && hostcalls::resume_request().is_err() {
            io.reset = true;
        }
        if let Some(access) = &io.access {
            hostcalls::tell_access_log(access);
        }
        for call in io.calls {
            self.worker.call(self, call);
        }
        let trace = self.exchange.borrow().trace().cloned();
        record(&self.worker, self.context, &io.events, trace);
        if io.reset {
            let _ = hostcalls::reset_request();
        }
    }
}

/// The compiled bundle, as the worker keeps it.
pub(crate) struct Compiled(pub(crate) Rc<Plane>);

impl gatewright_adapter::Plane for Compiled {
    fn from_json(json: &[u8]) -> Result<Self, String> {
        Plane::from_json(json).map(|plane| Self(Rc::new(plane))).map_err(|error| error.to_string())
    }

    fn digest(&self) -> &str {
        self.0.digest()
    }

    fn recording_mode(&self) -> RecordingMode {
        self.0.recording_mode()
    }
}

impl Party for Stream {
    type Plane = Compiled;
    type Shared = Sessions;

    fn context(&self) -> u32 {
        self.context
    }

    fn answered(&self, token: u32, reply: &HostReply) {
        self.outside(|exchange, env, io| exchange.host(token, reply, env, io));
    }

    fn call_again(&self, call: Call) {
        if hostcalls::act_on(self.context).is_ok() {
            self.worker.call(self, call);
        }
    }

    fn acknowledged(worker: &Worker<Self>, session: &str, durable: u64) {
        worker.shared().visits.acknowledged(session, durable);
        wake(worker, session);
    }

    fn condemn(worker: &Worker<Self>, session: &str) {
        worker.shared().visits.condemn(session);
        wake(worker, session);
    }

    fn tick(worker: &Worker<Self>, now: Millis) {
        for stream in worker.parties() {
            if stream.exchange.borrow().waits() {
                stream.outside(|exchange, env, io| exchange.tick(env, io));
            }
        }
        if hostcalls::act_on(worker.root()).is_ok() {
            for last in worker.shared().visits.tick(now) {
                record(worker, worker.root(), &last, None);
                if let Some(session) = &last.session {
                    worker.shared().journals.borrow_mut().remove(session);
                }
            }
        }
    }
}

/// Hands events over to the recorder, in the journal of their session.
fn record(worker: &Worker<Stream>, context: u32, events: &Recorded, trace: Option<TraceContext>) {
    let Some(session) = &events.session else { return };
    let mut journals = worker.shared().journals.borrow_mut();
    let journal = journals.entry(Arc::clone(session)).or_insert_with(|| Journal::new(Arc::clone(session)));
    let journal = Rc::clone(journal);
    drop(journals);
    worker.record(context, &journal, &events.lines, trace);
}

/// The sessions of a worker, and where their events are sealed.
pub(crate) struct Sessions {
    visits: Visits,
    journals: RefCell<HashMap<Arc<str>, Rc<Journal>, RandomState>>,
}

impl Default for Sessions {
    fn default() -> Self {
        // INVARIANT: without randomness two sessions could share the empty id; the host then refuses the second.
        let visits = Visits::new(|| hostcalls::random_id().unwrap_or_default());
        Self { visits, journals: RefCell::default() }
    }
}

fn wake(worker: &Worker<Stream>, session: &str) {
    for stream in worker.parties() {
        if stream.exchange.borrow().waits_for(session) {
            stream.outside(|exchange, env, io| exchange.acknowledged(env, io));
        }
    }
}
