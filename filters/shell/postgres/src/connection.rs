//! One connection: moves bytes between the proxy's buffers and the session.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gatewright_adapter::{Journal, Party, Worker, cancels, hostcalls};
use gatewright_core::bundle::RecordingMode;
use gatewright_core::call::{Call, HostReply};
use gatewright_core::time::Millis;
use gatewright_postgres::{Env, Io, Plane, Session};
use proxy_wasm::types::{BufferType, LogLevel};

/// Bytes of one client that may be kept here while a command of its waits.
const MAX_KEPT: usize = 16 << 20;

/// A connection, as the proxy and the worker both hold it.
#[derive(Clone)]
pub(crate) struct Connection {
    context: u32,
    worker: Worker<Self>,
    journal: Rc<Journal>,
    state: Rc<RefCell<State>>,
}

struct State {
    session: Session,
    id: String,
    /// There are bytes in the proxy's buffer that the session did not want yet.
    unread: bool,
    /// Bytes taken out of the proxy's buffer while the session waited.
    kept: usize,
    /// The client has sent its FIN.
    half_closed: bool,
    /// To be closed at the next tick, when what was written has gone out.
    closing: bool,
    gone: bool,
    /// Since when a command is held.
    held_since: Option<Millis>,
}

impl Connection {
    /// A connection that was just accepted.
    pub(crate) fn open(context: u32, worker: Worker<Self>) -> Self {
        let source = hostcalls::property(&["source", "address"]).unwrap_or_else(|| "unknown".to_owned());
        // Without randomness there is no session id that nobody else has; the empty one is refused below.
        let id = hostcalls::random_id().unwrap_or_default();
        let closing = id.is_empty();
        let journal = Journal::new(id.as_str());
        let state = State {
            session: Session::new(id.clone(), source),
            id,
            unread: false,
            kept: 0,
            half_closed: false,
            closing,
            gone: false,
            held_since: None,
        };
        let connection = Self { context, worker, journal, state: Rc::new(RefCell::new(state)) };
        connection.worker.shared().0.borrow_mut().insert(connection.id(), context);
        connection.worker.register(connection.clone());
        connection
    }

    pub(crate) fn worker(&self) -> &Worker<Self> {
        &self.worker
    }

    /// A callback of this connection begins.
    pub(crate) fn enter(&self) {
        self.worker.enter(self.context);
    }

    /// Calls `act` with what a session may know of the world.
    fn with_env<T>(&self, act: impl FnOnce(Env<'_>) -> T) -> T {
        let plane = self.worker.plane();
        act(Env { plane: plane.as_ref().map(|compiled| &compiled.0), now: hostcalls::now() })
    }

    fn id(&self) -> String {
        self.state.borrow().id.clone()
    }

    /// Bytes from the client are in the proxy's buffer.
    pub(crate) fn downstream(&self, size: usize, end_of_stream: bool) {
        let mut state = self.state.borrow_mut();
        state.half_closed |= end_of_stream;
        let mut io = Io::default();
        if state.closing {
            let _ = hostcalls::replace_buffer(BufferType::DownstreamData, &[]);
        } else if state.session.wants_client_bytes() {
            let bytes = hostcalls::buffer(BufferType::DownstreamData, size);
            provoked_panic(&bytes);
            self.with_env(|env| state.session.client(&bytes, env, &mut io));
            state.unread = false;
            let changed = io.to_server != bytes;
            if changed && hostcalls::replace_buffer(BufferType::DownstreamData, &io.to_server).is_err() {
                state.closing = true;
            } else if !io.to_server.is_empty() || end_of_stream {
                self.resume(&mut state);
            }
            io.to_server.clear();
        } else {
            state.unread |= size > 0;
        }
        self.settle(&mut state, io);
    }

    /// Bytes from the server are in the proxy's buffer; what is left in it goes to the client.
    pub(crate) fn upstream(&self, size: usize) {
        let mut state = self.state.borrow_mut();
        let mut io = Io::default();
        let bytes = hostcalls::buffer(BufferType::UpstreamData, size);
        self.with_env(|env| state.session.server(&bytes, env, &mut io));
        if io.to_client != bytes
            && hostcalls::replace_buffer(BufferType::UpstreamData, &io.to_client).is_err()
        {
            // INVARIANT: nothing unseen passes. The buffer could not be replaced, so the connection must go now.
            hostcalls::log(LogLevel::Error, "gatewright: the upstream buffer could not be replaced");
            state.closing = true;
            let _ = hostcalls::close_downstream();
        }
        io.to_client.clear();
        self.settle(&mut state, io);
    }

    fn tick(&self, now: Millis) {
        if self.state.borrow().closing {
            self.close();
            return;
        }
        self.outside(|session, env, io| session.tick(env, io));
        let (key, since) = {
            let mut state = self.state.borrow_mut();
            let key = state.session.cancel_key();
            state.held_since = key.and(state.held_since.or(Some(now)));
            (key, state.held_since)
        };
        if let (Some(key), Some(since)) = (key, since)
            && cancels::latest()
                .iter()
                .any(|(cancelled, at)| *cancelled == key && at.saturating_add(100) >= since)
        {
            self.outside(|session, env, io| session.cancelled(env, io));
        }
    }

    fn of(worker: &Worker<Self>, session: &str) -> Option<Self> {
        let context = *worker.shared().0.borrow().get(session)?;
        worker.party(context)
    }

    fn close(&self) {
        if hostcalls::act_on(self.context).is_ok() {
            let _ = hostcalls::close_downstream();
        }
    }

    /// The connection is gone on one side.
    pub(crate) fn gone(&self, reason: &str) {
        let mut state = self.state.borrow_mut();
        if std::mem::replace(&mut state.gone, true) {
            return;
        }
        let mut io = Io::default();
        self.with_env(|env| state.session.closed(reason, env, &mut io));
        io.to_server.clear();
        if let Some(access) = &io.access {
            hostcalls::tell_access_log(access);
        }
        self.settle(&mut state, io);
        self.worker.shared().0.borrow_mut().remove(&state.id);
        self.worker.forget(self.context);
    }

    /// Lets the session act while the proxy is not handing over bytes of it.
    fn outside(&self, act: impl FnOnce(&mut Session, Env<'_>, &mut Io)) {
        if hostcalls::act_on(self.context).is_err() {
            return;
        }
        let mut state = self.state.borrow_mut();
        if state.gone {
            return;
        }
        let mut io = Io::default();
        self.with_env(|env| act(&mut state.session, env, &mut io));
        self.settle(&mut state, io);
    }

    /// Does what the session wants done.
    fn settle(&self, state: &mut State, mut io: Io) {
        loop {
            let wants = state.unread && state.session.wants_client_bytes();
            if io.to_server.is_empty() && !wants {
                break;
            }
            // Whatever is in the buffer would go to the server unread when it resumes: take all of it out first.
            let unread = hostcalls::buffer(BufferType::DownstreamData, usize::MAX);
            state.unread = false;
            state.kept =
                if state.session.wants_client_bytes() { 0 } else { state.kept.saturating_add(unread.len()) };
            if state.kept > MAX_KEPT {
                state.closing = true;
                io.to_server.clear();
            }
            let mut more = Io::default();
            if !unread.is_empty() {
                self.with_env(|env| state.session.client(&unread, env, &mut more));
            }
            io.to_server.append(&mut more.to_server);
            io.calls.append(&mut more.calls);
            io.events.extend(&more.events);
            io.trace = io.trace.or(more.trace);
            io.close |= more.close;
            io.cancels = io.cancels.or(more.cancels);
            if hostcalls::replace_buffer(BufferType::DownstreamData, &io.to_server).is_err() {
                state.closing = true;
                break;
            }
            if !io.to_server.is_empty() {
                self.resume(state);
            }
            io.to_server.clear();
        }
        if let Some(cancelled) = io.cancels {
            cancels::announce(&cancelled, hostcalls::now());
        }
        state.closing |= io.close;
        for call in io.calls {
            self.worker.call(self, call);
        }
        if state.half_closed && !state.gone {
            // The client will say nothing more: what is held for it is not wanted, what runs may end, and what waits
            // for something else goes on.
            if state.session.is_held() {
                state.closing = true;
            } else if state.session.is_idle() {
                self.resume(state);
            }
        }
        self.worker.record(self.context, &self.journal, &io.events, io.trace);
    }

    fn resume(&self, state: &mut State) {
        if hostcalls::resume_downstream().is_err() {
            state.closing = true;
        }
    }
}

/// The compiled bundle, as the worker keeps it.
pub(crate) struct Compiled(Rc<Plane>);

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

/// Contexts of connections, by their session ids.
#[derive(Default)]
pub(crate) struct Sessions(RefCell<HashMap<String, u32>>);

impl Party for Connection {
    type Plane = Compiled;
    type Shared = Sessions;

    fn context(&self) -> u32 {
        self.context
    }

    fn answered(&self, token: u32, reply: &HostReply) {
        self.outside(|session, env, io| session.host(token, reply, env, io));
    }

    fn call_again(&self, call: Call) {
        if hostcalls::act_on(self.context).is_ok() {
            self.worker.call(self, call);
        }
    }

    fn acknowledged(worker: &Worker<Self>, session: &str, durable: u64) {
        if let Some(connection) = Self::of(worker, session) {
            connection.outside(|session, env, io| session.acknowledged(durable, env, io));
        }
    }

    fn condemn(worker: &Worker<Self>, session: &str) {
        if let Some(connection) = Self::of(worker, session) {
            connection.state.borrow_mut().closing = true;
        }
    }

    fn tick(worker: &Worker<Self>, now: Millis) {
        for connection in worker.parties() {
            connection.tick(now);
        }
    }
}

/// Test builds only: proves what the proxy does when a filter panics.
#[cfg(feature = "test-panic")]
#[expect(clippy::panic, reason = "that is what it is for")]
fn provoked_panic(bytes: &[u8]) {
    let marker = b"gatewright-test-panic";
    if bytes.windows(marker.len()).any(|window| window == marker) {
        panic!("provoked");
    }
}

#[cfg(not(feature = "test-panic"))]
fn provoked_panic(_bytes: &[u8]) {}
