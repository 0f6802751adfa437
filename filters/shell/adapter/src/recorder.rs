//! Brings the sessions' events to the host, in order, in batches, until they are durable.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use gatewright_core::api::{EventBatch, SealedEvent};
use gatewright_core::time::Millis;
use proxy_wasm::types::LogLevel;

use crate::hostcalls::log;
use crate::{Settings, host};

/// Most events in a batch.
const BATCH: usize = 500;
/// Most bytes of event text in a batch.
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

/// The recorder of one worker.
#[derive(Debug, Default)]
pub struct Recorder {
    waiting: VecDeque<SealedEvent>,
    waiting_bytes: usize,
    flight: Option<Flight>,
    /// After a batch was refused, sessions are sent one by one to find out whose events are.
    single: bool,
    not_before: Millis,
}

#[derive(Debug)]
struct Flight {
    token: u32,
    /// Contexts that the answer depends on: when one goes away, the answer is dropped.
    contexts: Contexts,
    events: Vec<SealedEvent>,
    since: Millis,
}

impl Recorder {
    /// Takes events over.
    pub fn push(&mut self, events: impl IntoIterator<Item = SealedEvent>) {
        for event in events {
            self.waiting_bytes = self.waiting_bytes.saturating_add(event.body.len());
            self.waiting.push_back(event);
        }
    }

    /// Where so much waits that it cannot go on: the session that most of it is of.
    #[must_use]
    pub fn overfull(&self) -> Option<Arc<str>> {
        if self.waiting_bytes <= BACKLOG_BYTES {
            return None;
        }
        let mut sizes: HashMap<&Arc<str>, usize> = HashMap::new();
        for event in &self.waiting {
            let size = sizes.entry(&event.session).or_default();
            *size = size.saturating_add(event.body.len());
        }
        sizes.into_iter().max_by_key(|(_, size)| *size).map(|(session, _)| Arc::clone(session))
    }

    /// Whether a good batch waits.
    #[must_use]
    pub fn is_ripe(&self) -> bool {
        self.waiting.len() >= BATCH || self.waiting_bytes >= BATCH_BYTES / 4
    }

    /// Sends the next batch, unless one is under way.
    pub fn flush(&mut self, settings: &Settings, contexts: Contexts, now: Millis) {
        if self.flight.as_ref().is_some_and(|flight| now.saturating_sub(flight.since) > LOST) {
            self.take_back();
        }
        if self.flight.is_some() || self.waiting.is_empty() || now < self.not_before {
            return;
        }
        let events = self.next_batch();
        let batch = EventBatch { resource: settings.resource.clone(), events };
        match host::events(settings, &batch) {
            Ok(token) => self.flight = Some(Flight { token, contexts, events: batch.events, since: now }),
            Err(_) => {
                self.put_back(batch.events);
                self.not_before = now.saturating_add(PAUSE);
            }
        }
    }

    fn next_batch(&mut self) -> Vec<SealedEvent> {
        let mut events: Vec<SealedEvent> = Vec::new();
        let mut bytes = 0_usize;
        if self.single
            && let Some(session) = self.waiting.front().map(|event| event.session.clone())
        {
            let (mine, others) = self.waiting.drain(..).partition(|event| event.session == session);
            self.waiting = others;
            events = mine.into();
        }
        while events.len() < BATCH && bytes < BATCH_BYTES && !self.single {
            let Some(event) = self.waiting.pop_front() else { break };
            bytes = bytes.saturating_add(event.body.len());
            events.push(event);
        }
        let taken: usize = events.iter().map(|event| event.body.len()).sum();
        self.waiting_bytes = self.waiting_bytes.saturating_sub(taken);
        events
    }

    fn put_back(&mut self, events: Vec<SealedEvent>) {
        for event in events.into_iter().rev() {
            self.waiting_bytes = self.waiting_bytes.saturating_add(event.body.len());
            self.waiting.push_front(event);
        }
    }

    fn take_back(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.put_back(flight.events);
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
                let mut durable: HashMap<Arc<str>, u64> = HashMap::new();
                for event in flight.events {
                    durable.insert(event.session, event.seq.saturating_add(1));
                }
                if self.waiting.is_empty() {
                    self.single = false;
                }
                Acknowledged::Durable(durable.into_iter().collect())
            }
            400..=499 if status != 401 && status != 403 && status != 429 => {
                log(LogLevel::Error, &format!("gatewright: the host refuses events with status {status}"));
                match flight.events.first().map(|event| event.session.clone()) {
                    Some(session) if self.single => Acknowledged::Refused(session),
                    _ => {
                        self.put_back(flight.events);
                        self.single = true;
                        Acknowledged::Nothing
                    }
                }
            }
            _ => {
                self.put_back(flight.events);
                self.not_before = now.saturating_add(PAUSE);
                Acknowledged::Nothing
            }
        }
    }
}
