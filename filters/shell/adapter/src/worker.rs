//! What everything on a worker thread shares, whatever the plane: the bundle, the recorder, and who waits for which
//! answer of the host.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::quality::RandomState;

use gatewright_core::bundle::RecordingMode;
use gatewright_core::call::{Call, HostReply, HostRequest};
use gatewright_core::run::Lines;
use gatewright_core::time::Millis;
use gatewright_core::trace::TraceContext;
use proxy_wasm::types::{BufferType, LogLevel};

use crate::{Acknowledged, Contexts, Journal, Recorder, Settings, host, hostcalls};

/// Pause between two questions for a new bundle, in milliseconds.
const POLL: Millis = 1_000;
/// The same while there is none yet.
const POLL_FIRST: Millis = 200;
/// How long questions come fast after a token named an unknown key, in milliseconds.
const URGENT: Millis = 1_500;
/// When a question whose answer never came is asked again, in milliseconds.
const POLL_LOST: Millis = 8_000;

/// A plane's compiled bundle.
pub trait Plane: Sized + 'static {
    /// Reads a bundle's JSON and compiles it.
    ///
    /// # Errors
    /// Says what cannot be read or used.
    fn from_json(json: &[u8]) -> Result<Self, String>;
    /// Hex digest of the bundle that this was compiled from.
    fn digest(&self) -> &str;
    /// When a command may go ahead.
    fn recording_mode(&self) -> RecordingMode;
}

/// What has a context of the proxy's and may wait for the host: a connection, or a request with its response.
pub trait Party: Clone + 'static {
    /// Its plane.
    type Plane: Plane;
    /// What all parties of a worker share.
    type Shared: Default;

    /// Its context.
    fn context(&self) -> u32;
    /// The host's answer to one of its calls.
    fn answered(&self, token: u32, reply: &HostReply);
    /// The answer to a call was lost: it is to be made again.
    fn call_again(&self, call: Call);
    /// The first `durable` events of a session are durable.
    fn acknowledged(worker: &Worker<Self>, session: &str, durable: u64);
    /// A session's events cannot be recorded: it must end.
    fn condemn(worker: &Worker<Self>, session: &str);
    /// Time passes.
    fn tick(worker: &Worker<Self>, now: Millis);
}

/// The shared state of one worker.
pub struct Worker<P: Party> {
    root: u32,
    settings: Rc<Settings>,
    inner: Rc<Inner<P>>,
}

impl<P: Party> Clone for Worker<P> {
    fn clone(&self) -> Self {
        Self { root: self.root, settings: Rc::clone(&self.settings), inner: Rc::clone(&self.inner) }
    }
}

struct Inner<P: Party> {
    shared: P::Shared,
    plane: RefCell<Option<Rc<P::Plane>>>,
    parties: RefCell<HashMap<u32, P, RandomState>>,
    calls: RefCell<HashMap<u32, Waiting<P>, RandomState>>,
    /// Calls that the proxy could not even begin; told at the next tick.
    failed: RefCell<Vec<Waiting<P>>>,
    recorder: RefCell<Recorder>,
    polled_at: RefCell<Millis>,
    polling: RefCell<bool>,
    /// Somebody waits for a new bundle until then.
    urgent_until: Cell<Millis>,
    /// The context whose callback is running.
    running: Cell<u32>,
    /// Calls whose answers were dropped with another context; made again at the next tick.
    again: RefCell<Vec<(P, Call)>>,
}

impl<P: Party> Default for Inner<P> {
    fn default() -> Self {
        Self {
            shared: P::Shared::default(),
            plane: RefCell::default(),
            parties: RefCell::default(),
            calls: RefCell::default(),
            failed: RefCell::default(),
            recorder: RefCell::default(),
            polled_at: RefCell::default(),
            polling: RefCell::default(),
            urgent_until: Cell::default(),
            running: Cell::default(),
            again: RefCell::default(),
        }
    }
}

/// Who waits for an answer.
enum Waiting<P> {
    Bundle,
    Session { party: P, call: Box<Call>, contexts: Contexts },
    Nobody,
}

impl<P> Waiting<P> {
    fn depends_on(&self, context: u32) -> bool {
        matches!(self, Self::Session { contexts, .. } if contexts.contains(context))
    }
}

impl<P: Party> Worker<P> {
    /// With nothing known yet.
    #[must_use]
    pub fn new(root: u32, settings: Settings) -> Self {
        Self { root, settings: Rc::new(settings), inner: Rc::default() }
    }

    /// The context of the worker itself.
    #[must_use]
    pub fn root(&self) -> u32 {
        self.root
    }

    /// A callback of that context begins.
    pub fn enter(&self, context: u32) {
        self.inner.running.set(context);
    }

    fn contexts(&self, effective: u32) -> Contexts {
        Contexts { effective, running: self.inner.running.get() }
    }

    /// What all parties share.
    #[must_use]
    pub fn shared(&self) -> &P::Shared {
        &self.inner.shared
    }

    /// A party begins.
    pub fn register(&self, party: P) {
        self.inner.parties.borrow_mut().insert(party.context(), party);
    }

    /// The party of that context.
    #[must_use]
    pub fn party(&self, context: u32) -> Option<P> {
        self.inner.parties.borrow().get(&context).cloned()
    }

    /// All parties there are.
    #[must_use]
    pub fn parties(&self) -> Vec<P> {
        self.inner.parties.borrow().values().cloned().collect()
    }

    /// A party ended.
    pub fn forget(&self, context: u32) {
        self.inner.recorder.borrow_mut().context_gone(context);
        let lost = self
            .inner
            .calls
            .borrow_mut()
            .extract_if(|_, waiting| waiting.depends_on(context))
            .collect::<Vec<_>>();
        for (_, waiting) in lost {
            if let Waiting::Session { party, call, .. } = waiting
                && party.context() != context
            {
                self.inner.again.borrow_mut().push((party, *call));
            }
        }
        self.inner.parties.borrow_mut().remove(&context);
    }

    /// The newest bundle; none before the first has come.
    #[must_use]
    pub fn plane(&self) -> Option<Rc<P::Plane>> {
        self.inner.plane.borrow().clone()
    }

    /// Makes a party's call to the host, in the context that is acting.
    pub fn call(&self, party: &P, call: Call) {
        let (settings, trace) = (&self.settings, call.trace.as_ref());
        let made = match &call.request {
            HostRequest::Login(request) => host::login(settings, request, trace),
            HostRequest::RefreshKeys(request) => {
                self.inner.urgent_until.set(hostcalls::now().saturating_add(URGENT));
                host::login(settings, request, trace)
            }
            HostRequest::Credential(request) => host::credential(settings, request, trace),
            HostRequest::SeenTools(request) => host::seen_tools(settings, request, trace),
            HostRequest::CreateApproval(request) => host::create_approval(settings, request, trace),
            HostRequest::AwaitApproval(id) => host::await_approval(settings, id, trace),
            HostRequest::WithdrawApproval(id) => host::withdraw_approval(settings, id, trace),
        };
        let waiting = match call.request {
            HostRequest::WithdrawApproval(_) | HostRequest::RefreshKeys(_) | HostRequest::SeenTools(_) => {
                Waiting::Nobody
            }
            _ => Waiting::Session {
                party: party.clone(),
                call: Box::new(call),
                contexts: self.contexts(party.context()),
            },
        };
        match made {
            Ok(token) => {
                self.inner.calls.borrow_mut().insert(token, waiting);
            }
            Err(_) => self.inner.failed.borrow_mut().push(waiting),
        }
    }

    /// Takes a session's events over; where commands wait for them, they leave at once. `trace`: what they are of.
    pub fn record(&self, context: u32, journal: &Rc<Journal>, events: &Lines, trace: Option<TraceContext>) {
        if events.is_empty() {
            return;
        }
        self.inner.recorder.borrow_mut().push(journal, events, trace);
        self.send_if_due(context);
    }

    fn send_if_due(&self, context: u32) {
        let mut recorder = self.inner.recorder.borrow_mut();
        let plane = self.inner.plane.borrow();
        let mode = plane.as_ref().map(|plane| plane.recording_mode());
        if mode == Some(RecordingMode::Strict) || recorder.is_ripe() {
            recorder.flush(&self.settings, self.contexts(context), hostcalls::now());
        }
    }

    /// An answer of the host.
    pub fn answered(&self, token: u32, headers: usize, body: usize) {
        let status = hostcalls::response_status(headers);
        if self.inner.recorder.borrow().awaits(token) {
            let answer = self.inner.recorder.borrow_mut().answered(status, hostcalls::now());
            self.acknowledge(answer);
            return;
        }
        let Some(waiting) = self.inner.calls.borrow_mut().remove(&token) else { return };
        let body = hostcalls::buffer(BufferType::HttpCallResponseBody, body);
        match waiting {
            Waiting::Bundle => self.take_bundle(status, &body),
            Waiting::Session { party, call, .. } => party.answered(call.token, &HostReply { status, body }),
            Waiting::Nobody => {}
        }
    }

    fn acknowledge(&self, answer: Acknowledged) {
        match answer {
            Acknowledged::Durable(sessions) => {
                for (session, durable) in sessions {
                    P::acknowledged(self, &session, durable);
                }
                // What came in the meantime goes next. The root makes the call: it does not go away.
                if hostcalls::act_on(self.root).is_ok() {
                    self.send_if_due(self.root);
                }
            }
            Acknowledged::Refused(session) => P::condemn(self, &session),
            Acknowledged::Nothing => {}
        }
    }

    fn take_bundle(&self, status: u16, body: &[u8]) {
        self.inner.polling.replace(false);
        match status {
            200 => match P::Plane::from_json(body) {
                Ok(plane) => {
                    hostcalls::log(
                        LogLevel::Info,
                        &format!("gatewright: bundle {} is in force", plane.digest()),
                    );
                    self.inner.plane.replace(Some(Rc::new(plane)));
                }
                Err(error) => hostcalls::log(
                    LogLevel::Error,
                    &format!("gatewright: bundle refused, the last good one stays: {error}"),
                ),
            },
            304 => {}
            _ if self.inner.plane.borrow().is_none() => {
                hostcalls::log(
                    LogLevel::Warn,
                    &format!("gatewright: no bundle yet, the host answered with status {status}"),
                );
            }
            _ => {}
        }
    }

    fn poll(&self, now: Millis) {
        let known = self.inner.plane.borrow().as_ref().map(|plane| plane.digest().to_owned());
        let since = now.saturating_sub(*self.inner.polled_at.borrow());
        let due = match (*self.inner.polling.borrow(), &known) {
            (true, _) => POLL_LOST,
            (false, Some(_)) if now < self.inner.urgent_until.get() => POLL_FIRST,
            (false, Some(_)) => POLL,
            (false, None) => POLL_FIRST,
        };
        if since < due {
            return;
        }
        self.inner.polled_at.replace(now);
        if let Ok(token) = host::bundle(&self.settings, known.as_deref()) {
            self.inner.polling.replace(true);
            self.inner.calls.borrow_mut().insert(token, Waiting::Bundle);
        }
    }

    /// Time passes.
    pub fn tick(&self) {
        let now = hostcalls::now();
        self.poll(now);
        self.inner.recorder.borrow_mut().flush(&self.settings, self.contexts(self.root), now);
        for waiting in self.inner.failed.take() {
            if let Waiting::Session { party, call, .. } = waiting {
                party.answered(call.token, &HostReply { status: 0, body: Vec::new() });
            }
        }
        for (party, call) in self.inner.again.take() {
            party.call_again(call);
        }
        let overfull = self.inner.recorder.borrow().overfull();
        if let Some(session) = overfull {
            hostcalls::log(LogLevel::Error, "gatewright: the host is too slow for a session, which ends");
            P::condemn(self, &session);
        }
        P::tick(self, now);
        let _ = hostcalls::act_on(self.root);
    }
}
