//! Brings the sessions' events to the host, in order, in batches, until they are durable.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use gatewright_core::api::EventBatch;
use gatewright_core::run::{Chain, Lines, SealedRun};
use gatewright_core::time::Millis;
use gatewright_core::trace::TraceContext;
use proxy_wasm::types::LogLevel;

use crate::hostcalls::log;
use crate::{Settings, host};

/// So many events leave at once.
const RIPE: u64 = 500;
/// The same in bytes; a run that is longer is not added to.
const RIPE_BYTES: usize = 256 << 10;
/// Bytes of a batch beyond which no run is added.
const BATCH_BYTES: usize = 1 << 20;
/// Bytes of event text that may wait; beyond that the host is gone for too long and sessions must end.
const BACKLOG_BYTES: usize = 32 << 20;
/// Pause after a failure, in milliseconds.
const PAUSE: Millis = 500;
/// When a batch whose answer never came is sent again, in milliseconds.
const LOST: Millis = 8_000;

/// The contexts that the answer to a call depends on. The proxy hands it to the context that was effective when
/// the call was made; the SDK looks for the context whose callback was running then. When either is gone, the
/// answer is dropped without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contexts {
    /// The effective one.
    pub effective: u32,
    /// The one whose callback is running.
    pub running: u32,
}

impl Contexts {
    /// Whether `context` is one of them.
    #[must_use]
    pub fn contains(self, context: u32) -> bool {
        self.effective == context || self.running == context
    }
}

/// What the host said of a batch.
#[derive(Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// Session ids, and how many of each one's events are durable now.
    Durable(Vec<(Arc<str>, u64)>),
    /// The host refuses this session's events for good: it must end.
    Refused(Arc<str>),
    /// Nothing new; it is tried again.
    Nothing,
}

/// A session's events that are not sealed yet, and the chain that they will continue.
#[derive(Debug)]
pub struct Journal(RefCell<Open>);

#[derive(Debug)]
struct Open {
    chain: Chain,
    lines: Lines,
}

impl Journal {
    /// Of a session that has no events yet.
    #[must_use]
    pub fn new(session: impl Into<Arc<str>>) -> Rc<Self> {
        let chain = Chain::new(session);
        Rc::new(Self(RefCell::new(Open { chain, lines: Lines::default() })))
    }
}

/// The recorder of one worker.
#[derive(Debug, Default)]
pub struct Recorder {
    /// Sessions with events that are not sealed, the one that has waited longest first.
    open: Vec<Rc<Journal>>,
    /// Number of these events.
    open_events: u64,
    /// Runs in the order in which they are to be sent. They come before what is open.
    sealed: VecDeque<SealedRun>,
    /// Bytes of all events that wait.
    waiting_bytes: usize,
    /// The first span that what waits is of: the parent of the batch, which can have one only.
    trace: Option<TraceContext>,
    flight: Option<Flight>,
    /// After a batch was refused, runs are sent one by one to find out whose are.
    single: bool,
    not_before: Millis,
}

#[derive(Debug)]
struct Flight {
    token: u32,
    /// Contexts that the answer depends on: when one goes away, the answer is dropped.
    contexts: Contexts,
    runs: Vec<SealedRun>,
    trace: Option<TraceContext>,
    since: Millis,
}

impl Recorder {
    /// Takes events of a session over, and the span that they are of.
    pub fn push(&mut self, journal: &Rc<Journal>, events: &Lines, trace: Option<TraceContext>) {
        let mut open = journal.0.borrow_mut();
        if events.is_empty() {
            return;
        }
        if open.lines.is_empty() {
            self.open.push(Rc::clone(journal));
        }
        self.trace = self.trace.take().or(trace);
        open.lines.extend(events);
        self.open_events = self.open_events.saturating_add(events.len());
        self.waiting_bytes = self.waiting_bytes.saturating_add(events.text().len());
        let is_long = open.lines.text().len() >= RIPE_BYTES;
        drop(open);
        if is_long {
            self.seal();
        }
    }

    /// Makes a run of each session's open events.
    fn seal(&mut self) {
        for journal in self.open.drain(..) {
            let Open { chain, lines } = &mut *journal.0.borrow_mut();
            let run = chain.seal(lines);
            self.waiting_bytes =
                self.waiting_bytes.saturating_add(run.text.len()).saturating_sub(lines.text().len());
            self.sealed.push_back(run);
            lines.clear();
        }
        self.open_events = 0;
    }

    /// Where so much waits that it cannot go on: the session that most of it is of.
    #[must_use]
    pub fn overfull(&self) -> Option<Arc<str>> {
        if self.waiting_bytes <= BACKLOG_BYTES {
            return None;
        }
        let mut sizes: HashMap<Arc<str>, usize> = HashMap::new();
        let mut add = |session: &Arc<str>, bytes: usize| {
            let size = sizes.entry(Arc::clone(session)).or_default();
            *size = size.saturating_add(bytes);
        };
        self.sealed.iter().for_each(|run| add(&run.session, run.text.len()));
        for journal in &self.open {
            let open = journal.0.borrow();
            add(open.chain.session(), open.lines.text().len());
        }
        sizes.into_iter().max_by_key(|(_, size)| *size).map(|(session, _)| session)
    }

    /// Whether a good batch waits.
    #[must_use]
    pub fn is_ripe(&self) -> bool {
        self.open_events >= RIPE || self.waiting_bytes >= RIPE_BYTES
    }

    /// Sends the next batch, unless one is under way.
    pub fn flush(&mut self, settings: &Settings, contexts: Contexts, now: Millis) {
        if self.flight.as_ref().is_some_and(|flight| now.saturating_sub(flight.since) > LOST) {
            self.take_back();
        }
        if self.flight.is_some() || now < self.not_before {
            return;
        }
        let runs = self.next_runs();
        if runs.is_empty() {
            return;
        }
        let batch = EventBatch { resource: settings.resource.clone(), runs };
        let trace = self.trace.take();
        match host::events(settings, &batch, trace.as_ref()) {
            Ok(token) => self.flight = Some(Flight { token, contexts, runs: batch.runs, trace, since: now }),
            Err(_) => {
                self.put_back(batch.runs, trace);
                self.not_before = now.saturating_add(PAUSE);
            }
        }
    }

    fn next_runs(&mut self) -> Vec<SealedRun> {
        if self.sealed.is_empty() || !self.single {
            self.seal();
        }
        let mut runs: Vec<SealedRun> = Vec::new();
        let mut bytes = 0_usize;
        while bytes < BATCH_BYTES && (runs.is_empty() || !self.single) {
            let Some(run) = self.sealed.pop_front() else { break };
            bytes = bytes.saturating_add(run.text.len());
            runs.push(run);
        }
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
        runs
    }

    fn put_back(&mut self, runs: Vec<SealedRun>, trace: Option<TraceContext>) {
        self.trace = trace.or(self.trace.take());
        for run in runs.into_iter().rev() {
            self.waiting_bytes = self.waiting_bytes.saturating_add(run.text.len());
            self.sealed.push_front(run);
        }
    }

    fn take_back(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.put_back(flight.runs, flight.trace);
        }
    }

    /// A context is gone: the answer to a call that it made will not come. The host takes a batch twice without
    /// harm.
    pub fn context_gone(&mut self, context: u32) {
        if self.flight.as_ref().is_some_and(|flight| flight.contexts.contains(context)) {
            self.take_back();
        }
    }

    /// Whether `token` is that of the batch under way.
    #[must_use]
    pub fn awaits(&self, token: u32) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.token == token)
    }

    /// The host's answer to the batch under way.
    pub fn answered(&mut self, status: u16, now: Millis) -> Acknowledged {
        let Some(flight) = self.flight.take() else { return Acknowledged::Nothing };
        match status {
            200 => {
                self.single &= !self.sealed.is_empty();
                Acknowledged::Durable(
                    flight.runs.into_iter().map(|run| (Arc::clone(&run.session), run.end())).collect(),
                )
            }
            400..=499 if status != 401 && status != 403 && status != 429 => {
                log(LogLevel::Error, &format!("gatewright: the host refuses events with status {status}"));
                if let [run] = flight.runs.as_slice() {
                    self.give_up(&run.session);
                    return Acknowledged::Refused(Arc::clone(&run.session));
                }
                self.put_back(flight.runs, flight.trace);
                self.single = true;
                Acknowledged::Nothing
            }
            _ => {
                self.put_back(flight.runs, flight.trace);
                self.not_before = now.saturating_add(PAUSE);
                Acknowledged::Nothing
            }
        }
    }

    /// Drops what waits of a session: without the run that was refused it continues nothing.
    fn give_up(&mut self, session: &Arc<str>) {
        self.seal();
        self.sealed.retain(|run| run.session != *session);
        self.waiting_bytes = self.sealed.iter().map(|run| run.text.len()).sum();
    }
}
