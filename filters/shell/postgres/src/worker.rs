//! What all connections of a worker share: the bundle, the recorder, and who waits for which answer.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use gatewright_adapter::{Acknowledged, Contexts, Journal, Recorder, Settings, host, hostcalls};
use gatewright_core::bundle::RecordingMode;
use gatewright_core::run::Lines;
use gatewright_core::time::Millis;
use gatewright_postgres::{Call, Env, HostReply, HostRequest, Plane};
use proxy_wasm::types::{BufferType, LogLevel};

use crate::connection::Connection;

/// Pause between two questions for a new bundle, in milliseconds.
const POLL: Millis = 1_000;
/// The same while there is none yet.
const POLL_FIRST: Millis = 200;
/// How long questions come fast after a token named an unknown key, in milliseconds.
const URGENT: Millis = 1_500;
/// When a question whose answer never came is asked again, in milliseconds.
const POLL_LOST: Millis = 8_000;

/// The shared state of one worker.
#[derive(Clone)]
pub(crate) struct Worker {
    root: u32,
    settings: Rc<Settings>,
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    plane: RefCell<Option<Rc<Plane>>>,
    connections: RefCell<HashMap<u32, Connection>>,
    /// Context ids by session id, for acknowledgements.
    sessions: RefCell<HashMap<String, u32>>,
    calls: RefCell<HashMap<u32, Waiting>>,
    /// Calls that the proxy could not even begin; told at the next tick.
    failed: RefCell<Vec<Waiting>>,
    recorder: RefCell<Recorder>,
    polled_at: RefCell<Millis>,
    polling: RefCell<bool>,
    /// Somebody waits for a new bundle until then.
    urgent_until: Cell<Millis>,
    /// The context whose callback is running.
    running: Cell<u32>,
    /// Calls whose answers were dropped with another context; made again at the next tick.
    again: RefCell<Vec<(Connection, Call)>>,
}

/// Who waits for an answer.
enum Waiting {
    Bundle,
    Session { connection: Connection, call: Box<Call>, contexts: Contexts },
    Nobody,
}

impl Waiting {
    fn depends_on(&self, context: u32) -> bool {
        matches!(self, Self::Session { contexts, .. } if contexts.contains(context))
    }
}

impl Worker {
    pub(crate) fn new(root: u32, settings: Settings) -> Self {
        Self { root, settings: Rc::new(settings), shared: Rc::default() }
    }

    /// A callback of that context begins.
    pub(crate) fn enter(&self, context: u32) {
        self.shared.running.set(context);
    }

    fn contexts(&self, effective: u32) -> Contexts {
        Contexts { effective, running: self.shared.running.get() }
    }

    pub(crate) fn register(&self, context: u32, connection: Connection) {
        self.shared.sessions.borrow_mut().insert(connection.id(), context);
        self.shared.connections.borrow_mut().insert(context, connection);
    }

    pub(crate) fn forget(&self, context: u32) {
        self.shared.recorder.borrow_mut().context_gone(context);
        let lost = self
            .shared
            .calls
            .borrow_mut()
            .extract_if(|_, waiting| waiting.depends_on(context))
            .collect::<Vec<_>>();
        for (_, waiting) in lost {
            if let Waiting::Session { connection, call, .. } = waiting
                && connection.context() != context
            {
                self.shared.again.borrow_mut().push((connection, *call));
            }
        }
        let gone = self.shared.connections.borrow_mut().remove(&context);
        if gone.is_some() {
            self.shared.sessions.borrow_mut().retain(|_, known| *known != context);
        }
    }

    /// Calls `act` with what a session may know of the world.
    pub(crate) fn with_env<T>(&self, act: impl FnOnce(Env<'_>) -> T) -> T {
        let plane = self.shared.plane.borrow().clone();
        act(Env { plane: plane.as_ref(), now: hostcalls::now() })
    }

    /// Makes a session's call to the host, in the context that is acting.
    pub(crate) fn call(&self, connection: &Connection, call: Call) {
        let settings = &self.settings;
        let made = match &call.request {
            HostRequest::Login(request) => host::login(settings, request),
            HostRequest::RefreshKeys(request) => {
                self.shared.urgent_until.set(hostcalls::now().saturating_add(URGENT));
                host::login(settings, request)
            }
            HostRequest::CreateApproval(request) => host::create_approval(settings, request),
            HostRequest::AwaitApproval(id) => host::await_approval(settings, id),
            HostRequest::WithdrawApproval(id) => host::withdraw_approval(settings, id),
        };
        let waiting = match call.request {
            HostRequest::WithdrawApproval(_) | HostRequest::RefreshKeys(_) => Waiting::Nobody,
            _ => Waiting::Session {
                connection: connection.clone(),
                call: Box::new(call),
                contexts: self.contexts(connection.context()),
            },
        };
        match made {
            Ok(token) => {
                self.shared.calls.borrow_mut().insert(token, waiting);
            }
            Err(_) => self.shared.failed.borrow_mut().push(waiting),
        }
    }

    /// Takes a session's events over; where statements wait for them, they leave at once.
    pub(crate) fn record(&self, context: u32, journal: &Rc<Journal>, events: &Lines) {
        if events.is_empty() {
            return;
        }
        self.shared.recorder.borrow_mut().push(journal, events);
        self.send_if_due(context);
    }

    fn send_if_due(&self, context: u32) {
        let mut recorder = self.shared.recorder.borrow_mut();
        let plane = self.shared.plane.borrow();
        let mode = plane.as_ref().map(|plane| plane.recording_mode());
        if mode == Some(RecordingMode::Strict) || recorder.is_ripe() {
            recorder.flush(&self.settings, self.contexts(context), hostcalls::now());
        }
    }

    /// An answer of the host.
    pub(crate) fn answered(&self, token: u32, headers: usize, body: usize) {
        let status = hostcalls::response_status(headers);
        if self.shared.recorder.borrow().awaits(token) {
            let answer = self.shared.recorder.borrow_mut().answered(status, hostcalls::now());
            self.acknowledge(answer);
            return;
        }
        let Some(waiting) = self.shared.calls.borrow_mut().remove(&token) else { return };
        let body = hostcalls::buffer(BufferType::HttpCallResponseBody, body);
        match waiting {
            Waiting::Bundle => self.take_bundle(status, &body),
            Waiting::Session { connection, call, .. } => {
                connection.answered(call.token, &HostReply { status, body })
            }
            Waiting::Nobody => {}
        }
    }

    fn acknowledge(&self, answer: Acknowledged) {
        match answer {
            Acknowledged::Durable(sessions) => {
                for (session, durable) in sessions {
                    if let Some(connection) = self.connection_of(&session) {
                        connection.acknowledged(durable);
                    }
                }
                // What came in the meantime goes next. The root makes the call: it does not go away.
                if hostcalls::act_on(self.root).is_ok() {
                    self.send_if_due(self.root);
                }
            }
            Acknowledged::Refused(session) => {
                if let Some(connection) = self.connection_of(&session) {
                    connection.condemn();
                }
            }
            Acknowledged::Nothing => {}
        }
    }

    fn connection_of(&self, session: &str) -> Option<Connection> {
        let context = *self.shared.sessions.borrow().get(session)?;
        self.shared.connections.borrow().get(&context).cloned()
    }

    fn take_bundle(&self, status: u16, body: &[u8]) {
        self.shared.polling.replace(false);
        match status {
            200 => match Plane::from_json(body) {
                Ok(plane) => {
                    hostcalls::log(
                        LogLevel::Info,
                        &format!("gatewright: bundle {} is in force", plane.digest()),
                    );
                    self.shared.plane.replace(Some(Rc::new(plane)));
                }
                Err(error) => hostcalls::log(
                    LogLevel::Error,
                    &format!("gatewright: bundle refused, the last good one stays: {error}"),
                ),
            },
            304 => {}
            _ if self.shared.plane.borrow().is_none() => {
                hostcalls::log(
                    LogLevel::Warn,
                    &format!("gatewright: no bundle yet, the host answered with status {status}"),
                );
            }
            _ => {}
        }
    }

    fn poll(&self, now: Millis) {
        let known = self.shared.plane.borrow().as_ref().map(|plane| plane.digest().to_owned());
        let since = now.saturating_sub(*self.shared.polled_at.borrow());
        let due = match (*self.shared.polling.borrow(), &known) {
            (true, _) => POLL_LOST,
            (false, Some(_)) if now < self.shared.urgent_until.get() => POLL_FIRST,
            (false, Some(_)) => POLL,
            (false, None) => POLL_FIRST,
        };
        if since < due {
            return;
        }
        self.shared.polled_at.replace(now);
        if let Ok(token) = host::bundle(&self.settings, known.as_deref()) {
            self.shared.polling.replace(true);
            self.shared.calls.borrow_mut().insert(token, Waiting::Bundle);
        }
    }

    /// Time passes.
    pub(crate) fn tick(&self) {
        let now = hostcalls::now();
        self.poll(now);
        self.shared.recorder.borrow_mut().flush(&self.settings, self.contexts(self.root), now);
        for waiting in self.shared.failed.take() {
            if let Waiting::Session { connection, call, .. } = waiting {
                connection.answered(call.token, &HostReply { status: 0, body: Vec::new() });
            }
        }
        for (connection, call) in self.shared.again.take() {
            connection.call_again(call);
        }
        let overfull = self.shared.recorder.borrow().overfull();
        if let Some(connection) = overfull.and_then(|session| self.connection_of(&session)) {
            hostcalls::log(LogLevel::Error, "gatewright: the host is too slow for a session, which ends");
            connection.condemn();
        }
        let connections: Vec<Connection> = self.shared.connections.borrow().values().cloned().collect();
        for connection in connections {
            connection.tick(now);
        }
        let _ = hostcalls::act_on(self.root);
    }
}
