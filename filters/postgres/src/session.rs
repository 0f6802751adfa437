//! One connection of an agent, from its first byte to its last.

mod announce;
mod arrays;
mod commands;
mod copy;
mod dying;
mod extended;
mod hold;
mod hush;
pub(crate) mod judge;
mod login;
mod names;
mod open;
mod phases;
mod prepared;
mod record;
mod replies;
mod rows;
mod scan;
mod settings;
mod startup;
mod upstream;

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use gatewright_core::access::{Access, Decisions};
use gatewright_core::address::without_port;
use gatewright_core::call::{Call, HostReply, HostRequest};
use gatewright_core::digest::Digest;
use gatewright_core::event::Kind;
use gatewright_core::run::Lines;
use gatewright_core::time::Millis;
use gatewright_core::trace::TraceContext;

use crate::Plane;
use phases::Phase;

/// What a session knows of the world when it is called.
#[derive(Debug, Clone, Copy)]
pub struct Env<'a> {
    /// The newest bundle; none before the first has come.
    pub plane: Option<&'a Rc<Plane>>,
    /// Now.
    pub now: Millis,
}

/// What a session wants done. The caller does all of it and empties it.
#[derive(Debug, Default)]
pub struct Io {
    /// Bytes for the server.
    pub to_server: Vec<u8>,
    /// Bytes for the client; only ever filled by [`Session::server`], because a proxy-wasm network filter can
    /// say something to the client only when the server does.
    pub to_client: Vec<u8>,
    /// Calls to the host.
    pub calls: Vec<Call>,
    /// Events to record.
    pub events: Lines,
    /// The span that they are of, where a statement among them says so.
    pub trace: Option<TraceContext>,
    /// For the access log, once the connection is over.
    pub access: Option<Access>,
    /// The connection is to be closed, after what was written has gone out.
    pub close: bool,
    /// A CancelRequest passed: digest of its process id and key.
    pub cancels: Option<Digest>,
}

/// What all phases of a session need.
#[derive(Debug)]
pub(crate) struct Link {
    /// Bytes from the client that are not consumed yet.
    pub(crate) client_in: Vec<u8>,
    /// Bytes from the server that are not a whole message yet.
    pub(crate) server_in: Vec<u8>,
    /// Where the agent connects from, `address:port`.
    pub(crate) source: String,
    id: Arc<str>,
    recorded: u64,
    /// Bytes of the events that are not durable yet, by event.
    backlog: VecDeque<usize>,
    backlog_bytes: usize,
    last_token: u32,
    /// Subject of the agent's token, once it is logged in.
    principal: String,
    decisions: Decisions,
}

impl Link {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Records an event; gives how many events the session then has.
    pub(crate) fn record(&mut self, now: Millis, kind: Kind, io: &mut Io) -> u64 {
        match &kind {
            Kind::Open { principal, .. } => self.principal.clone_from(principal),
            Kind::Statement { decision, .. } => self.decisions.count(decision),
            Kind::Refused { .. } => self.decisions.count("deny"),
            _ => {}
        }
        let bytes = io.events.push(now, &kind);
        self.backlog.push_back(bytes);
        self.backlog_bytes = self.backlog_bytes.saturating_add(bytes);
        self.recorded = self.recorded.saturating_add(1);
        self.recorded
    }

    /// The first `durable` events are durable.
    fn acknowledged(&mut self, durable: u64) {
        let left = self.recorded.saturating_sub(durable);
        while self.backlog.len() as u64 > left {
            let bytes = self.backlog.pop_front().unwrap_or_default();
            self.backlog_bytes = self.backlog_bytes.saturating_sub(bytes);
        }
    }

    /// Bytes of the events that are not durable yet.
    pub(crate) fn backlog(&self) -> usize {
        self.backlog_bytes
    }

    /// Events recorded so far.
    pub(crate) fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Asks the host; gives the token that the reply will carry.
    pub(crate) fn call(&mut self, request: HostRequest, io: &mut Io) -> u32 {
        self.call_for(None, request, io)
    }

    /// The same, for a statement that is part of a trace.
    pub(crate) fn call_for(
        &mut self,
        trace: Option<&TraceContext>,
        request: HostRequest,
        io: &mut Io,
    ) -> u32 {
        self.last_token = self.last_token.wrapping_add(1);
        io.calls.push(Call { token: self.last_token, request, trace: trace.cloned() });
        self.last_token
    }

    /// The address without its port.
    pub(crate) fn source_ip(&self) -> &str {
        without_port(&self.source)
    }
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    link: Link,
    phase: Phase,
    closed: bool,
}

impl Session {
    /// A connection that was just accepted. `id` is unique among all sessions of all time; `source` is
    /// `address:port`.
    #[must_use]
    pub fn new(id: impl Into<Arc<str>>, source: impl Into<String>) -> Self {
        let link = Link {
            client_in: Vec::new(),
            server_in: Vec::new(),
            source: source.into(),
            id: id.into(),
            recorded: 0,
            backlog: VecDeque::new(),
            backlog_bytes: 0,
            last_token: 0,
            principal: String::new(),
            decisions: Decisions::default(),
        };
        Self { link, phase: Phase::default(), closed: false }
    }

    /// Bytes from the client.
    pub fn client(&mut self, bytes: &[u8], env: Env<'_>, io: &mut Io) {
        self.link.client_in.extend_from_slice(bytes);
        self.run(env, io);
    }

    /// Bytes from the server.
    pub fn server(&mut self, bytes: &[u8], env: Env<'_>, io: &mut Io) {
        self.link.server_in.extend_from_slice(bytes);
        self.phase.server(&mut self.link, env, io);
        self.run(env, io);
    }

    /// The host's answer to a call.
    pub fn host(&mut self, token: u32, reply: &HostReply, env: Env<'_>, io: &mut Io) {
        self.phase.host(&mut self.link, token, reply, env, io);
        self.run(env, io);
    }

    /// The first `durable` events of this session are durable at the host.
    pub fn acknowledged(&mut self, durable: u64, env: Env<'_>, io: &mut Io) {
        self.link.acknowledged(durable);
        self.phase.acknowledged(&mut self.link, durable, env, io);
        self.run(env, io);
    }

    /// Time passes; to be called every 100 ms or so.
    pub fn tick(&mut self, env: Env<'_>, io: &mut Io) {
        self.phase.tick(&mut self.link, env, io);
        self.run(env, io);
    }

    /// The client sent a CancelRequest for this session.
    pub fn cancelled(&mut self, env: Env<'_>, io: &mut Io) {
        self.phase.cancelled(&mut self.link, env, io);
        self.run(env, io);
    }

    /// The connection is gone on either side; nothing can be sent any more.
    pub fn closed(&mut self, reason: &str, env: Env<'_>, io: &mut Io) {
        if !std::mem::replace(&mut self.closed, true) {
            self.phase.closed(&mut self.link, reason, env, io);
            let link = &self.link;
            io.access = Some(Access::new(link.id(), &link.principal, link.decisions.to_string()));
        }
    }

    /// Whether more bytes from the client are of use now. While not, leaving them unread lets the proxy's
    /// buffer fill and the client wait.
    #[must_use]
    pub fn wants_client_bytes(&self) -> bool {
        self.phase.wants_client_bytes()
    }

    /// Whether the client's half-close can go on to the server now: nothing of the client is held back.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.phase.wants_client_bytes() && self.link.client_in.is_empty()
    }

    /// Whether a command waits for somebody's approval, which nobody wants once the client is gone.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(&self.phase, Phase::Open(open) if open.is_held())
    }

    /// While a command is held: digest that a CancelRequest for this session would have.
    #[must_use]
    pub fn cancel_key(&self) -> Option<Digest> {
        match &self.phase {
            Phase::Open(open) => open.cancel_key(),
            _ => None,
        }
    }

    fn run(&mut self, env: Env<'_>, io: &mut Io) {
        self.phase.client(&mut self.link, env, io);
    }
}
