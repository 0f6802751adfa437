//! The recording of what agents do over HTTP: all requests of one agent on one worker are a session, from the first to
//! a while after the last.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::quality::RandomState;

use gatewright_core::digest::Digest;
use gatewright_core::event::Kind;
use gatewright_core::run::Lines;
use gatewright_core::time::Millis;

/// A session without a request for so long is over, in milliseconds.
const IDLE: Millis = 600_000;
/// Most requests of nobody in particular that one session tells of.
const MOST_STRANGERS: u64 = 100;

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
    fn new(id: &str, now: Millis, ends_at: Millis) -> Self {
        Self {
            id: Arc::from(id),
            recorded: 0,
            durable: 0,
            statements: 0,
            used_at: now,
            ends_at,
            condemned: false,
        }
    }

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

    /// Ends it. What is refused for good says nothing any more.
    fn close(&mut self, reason: &str, now: Millis) -> Recorded {
        let mut events = Recorded { session: Some(Arc::clone(&self.id)), lines: Lines::default() };
        if !self.condemned {
            self.record(now, &Kind::Close { reason: reason.to_owned() }, &mut events);
        }
        events
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
pub(crate) struct Arrival {
    /// What tells this agent from all others.
    pub(crate) key: Digest,
    /// When it has to end.
    pub(crate) ends_at: Millis,
}

/// The sessions of one worker.
#[derive(Debug)]
pub struct Visits {
    new_id: fn() -> String,
    agents: RefCell<HashMap<Digest, Rc<RefCell<Visit>>, RandomState>>,
    strangers: RefCell<Option<Strangers>>,
}

/// The session of requests that were refused before anybody was known.
///
/// INVARIANT: whoever can reach the gate can add to it, so there is one for each worker, it lasts [`IDLE`], and all but
/// the first [`MOST_STRANGERS`] requests are only counted.
#[derive(Debug)]
struct Strangers {
    visit: Visit,
    recorded: u64,
    only_counted: u64,
}

impl Visits {
    /// None yet. `new_id` gives ids that are unique among all of all time.
    #[must_use]
    pub fn new(new_id: fn() -> String) -> Self {
        Self { new_id, agents: RefCell::default(), strangers: RefCell::default() }
    }

    pub(crate) fn fresh_id(&self) -> String {
        (self.new_id)()
    }

    /// The session of an agent; a new one begins with the event that `open` gives.
    pub(crate) fn enter(
        &self,
        arrival: &Arrival,
        now: Millis,
        events: &mut Recorded,
        open: impl FnOnce() -> Kind,
    ) -> Rc<RefCell<Visit>> {
        let mut all = self.agents.borrow_mut();
        if let Some(known) = all.get(&arrival.key)
            && !known.borrow().condemned
        {
            known.borrow_mut().used_at = now;
            return Rc::clone(known);
        }
        let mut visit = Visit::new(&self.fresh_id(), now, arrival.ends_at);
        visit.record(now, &open(), events);
        let visit = Rc::new(RefCell::new(visit));
        all.insert(arrival.key, Rc::clone(&visit));
        visit
    }

    /// Records a request of nobody in particular, which was refused.
    pub(crate) fn strangers(&self, resource: &str, now: Millis, refused: &Kind, events: &mut Recorded) {
        let mut known = self.strangers.borrow_mut();
        let strangers = known.get_or_insert_with(|| {
            let mut visit = Visit::new(&self.fresh_id(), now, now.saturating_add(IDLE));
            visit.record(now, &nobody(resource), events);
            Strangers { visit, recorded: 0, only_counted: 0 }
        });
        if strangers.recorded >= MOST_STRANGERS {
            strangers.only_counted = strangers.only_counted.saturating_add(1);
            return;
        }
        strangers.recorded = strangers.recorded.saturating_add(1);
        strangers.visit.record(now, refused, events);
    }

    fn of(&self, session: &str) -> Option<Rc<RefCell<Visit>>> {
        self.agents.borrow().values().find(|visit| visit.borrow().id() == session).cloned()
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
        if let Some(strangers) = &mut *self.strangers.borrow_mut()
            && strangers.visit.id() == session
        {
            strangers.visit.condemned = true;
        }
    }

    /// Ends the sessions that nobody uses any more; gives each of them with its last events.
    pub fn tick(&self, now: Millis) -> Vec<Recorded> {
        let mut last = Vec::new();
        self.agents.borrow_mut().retain(|_, shared| {
            // Somebody else than this table holds it: a request is under way.
            let busy = Rc::strong_count(shared) > 1;
            let mut visit = shared.borrow_mut();
            let reason = if visit.condemned {
                ""
            } else if now >= visit.ends_at {
                "the token expired"
            } else if now.saturating_sub(visit.used_at) >= IDLE {
                "no request for ten minutes"
            } else {
                return true;
            };
            if !busy {
                last.push(visit.close(reason, now));
            }
            busy
        });
        last.extend(self.tick_strangers(now));
        last
    }

    fn tick_strangers(&self, now: Millis) -> Option<Recorded> {
        let mut known = self.strangers.borrow_mut();
        let over = |strangers: &mut Strangers| strangers.visit.condemned || now >= strangers.visit.ends_at;
        let Strangers { mut visit, recorded, only_counted } = known.take_if(over)?;
        let reason = match only_counted {
            0 => format!("{recorded} requests in ten minutes"),
            more => format!("{recorded} requests in ten minutes, and {more} more that are only counted"),
        };
        Some(visit.close(&reason, now))
    }
}

/// The beginning of the session of requests that were refused before anybody was known.
fn nobody(resource: &str) -> Kind {
    Kind::Open {
        resource: resource.to_owned(),
        principal: String::new(),
        issuer: String::new(),
        groups: Vec::new(),
        role: String::new(),
        database: String::new(),
        source: String::new(),
        application: String::new(),
    }
}
