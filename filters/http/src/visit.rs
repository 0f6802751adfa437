//! The recording of what agents do over HTTP: all requests of one agent on one worker are a session, from the first to
//! a while after the last.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use gatewright_core::digest::Digest;
use gatewright_core::event::Kind;
use gatewright_core::run::Lines;
use gatewright_core::time::Millis;

/// A session without a request for so long is over, in milliseconds.
const IDLE: Millis = 600_000;

/// One agent's session.
#[derive(Debug)]
pub struct Visit {
    id: Arc<str>,
    recorded: u64,
    durable: u64,
    statements: u64,
    used_at: Millis,
    /// The token's end.
    ends_at: Millis,
    condemned: bool,
}

impl Visit {
    /// Session id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Records an event.
    pub(crate) fn record(&mut self, now: Millis, kind: &Kind, events: &mut Recorded) {
        self.used_at = now;
        self.recorded = self.recorded.saturating_add(1);
        events.session = Some(Arc::clone(&self.id));
        events.lines.push(now, kind);
    }

    /// Number of the next statement.
    pub(crate) fn next_statement(&mut self) -> u64 {
        self.statements = self.statements.saturating_add(1);
        self.statements
    }

    /// Events so far.
    pub(crate) fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Events that are durable at the host.
    pub(crate) fn durable(&self) -> u64 {
        self.durable
    }

    /// Whether its events are refused for good.
    pub(crate) fn is_condemned(&self) -> bool {
        self.condemned
    }
}

/// Events of one session.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Session id, where there are events.
    pub session: Option<Arc<str>>,
    /// The events.
    pub lines: Lines,
}

/// Who begins a session.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    /// What tells this agent from all others.
    pub(crate) key: Digest,
    /// Session id, should it be a new one.
    pub(crate) fresh_id: &'a str,
    /// When it has to end.
    pub(crate) ends_at: Millis,
}

/// The sessions of one worker.
#[derive(Debug, Default)]
pub struct Visits(RefCell<HashMap<Digest, Rc<RefCell<Visit>>>>);

impl Visits {
    /// The session of an agent; a new one begins with the event that `open` gives.
    pub(crate) fn enter(
        &self,
        arrival: &Arrival<'_>,
        now: Millis,
        events: &mut Recorded,
        open: impl FnOnce() -> Kind,
    ) -> Rc<RefCell<Visit>> {
        let mut all = self.0.borrow_mut();
        if let Some(known) = all.get(&arrival.key)
            && !known.borrow().condemned
        {
            known.borrow_mut().used_at = now;
            return Rc::clone(known);
        }
        let mut visit = Visit {
            id: Arc::from(arrival.fresh_id),
            recorded: 0,
            durable: 0,
            statements: 0,
            used_at: now,
            ends_at: arrival.ends_at,
            condemned: false,
        };
        visit.record(now, &open(), events);
        let visit = Rc::new(RefCell::new(visit));
        all.insert(arrival.key, Rc::clone(&visit));
        visit
    }

    fn of(&self, session: &str) -> Option<Rc<RefCell<Visit>>> {
        self.0.borrow().values().find(|visit| visit.borrow().id() == session).cloned()
    }

    /// The first `durable` events of a session are durable.
    pub fn acknowledged(&self, session: &str, durable: u64) {
        if let Some(visit) = self.of(session) {
            let mut visit = visit.borrow_mut();
            visit.durable = visit.durable.max(durable);
        }
    }

    /// A session's events are refused for good: its requests fail, and the agent's next one begins another.
    pub fn condemn(&self, session: &str) {
        if let Some(visit) = self.of(session) {
            visit.borrow_mut().condemned = true;
        }
    }

    /// Ends the sessions that nobody uses any more; gives their last events.
    pub fn tick(&self, now: Millis) -> Vec<Recorded> {
        let mut last = Vec::new();
        self.0.borrow_mut().retain(|_, shared| {
            // Somebody else than this table holds it: a request is under way.
            let busy = Rc::strong_count(shared) > 1;
            let mut visit = shared.borrow_mut();
            let reason = if now >= visit.ends_at {
                "the token expired"
            } else if now.saturating_sub(visit.used_at) >= IDLE {
                "no request for ten minutes"
            } else {
                return !visit.condemned || busy;
            };
            if busy {
                return true;
            }
            if !visit.condemned {
                let mut events = Recorded::default();
                visit.record(now, &Kind::Close { reason: reason.to_owned() }, &mut events);
                last.push(events);
            }
            false
        });
        last
    }
}
