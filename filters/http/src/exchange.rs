//! One request and its response.
//!
//! A request goes through stages, each of which may have to wait: who the agent is, the whole of the body, policy, an
//! approval, the target's credential, the recording. Until the last one is passed the target sees no byte.

mod explain;
mod forward;
mod hold;
mod identify;
mod judge;
mod mcp;
mod record;
mod respond;
mod sql;
mod stages;

pub use explain::{Decision, explain};
pub(crate) use mcp::Pins;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use gatewright_core::access::Access;
use gatewright_core::address::without_port;
use gatewright_core::api::CredentialReply;
use gatewright_core::call::{Call, HostReply, HostRequest};
use gatewright_core::time::Millis;
use gatewright_core::trace::{TRACEPARENT, TRACESTATE, TraceContext};
use serde_json::{Map, Value};

use crate::Plane;
use crate::agent::Agent;
use crate::head::{Change, Head};
use crate::path::Target;
use crate::reply::{Refusal, Reply};
use crate::visit::{Recorded, Visit, Visits};
use hold::Hold;
use judge::Judged;
use mcp::Spoken;
use respond::Answer;

/// Status of a target that leaves HTTP (RFC 9110 section 15.2.2).
const SWITCHING: u16 = 101;

/// What an exchange knows of the world when it is called.
#[derive(Debug, Clone, Copy)]
pub struct Env<'a> {
    /// The newest bundle; none before the first has come.
    pub plane: Option<&'a Rc<Plane>>,
    /// The sessions of this worker.
    pub visits: &'a Visits,
    /// Now.
    pub now: Millis,
}

/// What an exchange wants done. The caller does all of it and empties it.
#[derive(Debug, Default)]
pub struct Io {
    /// Changes of the head that is being handled; outside of callbacks for a head, of the request's.
    pub changes: Vec<Change>,
    /// Changes of the request's trailers, while they are being handled.
    pub trailers: Vec<Change>,
    /// What takes the place of the piece of a body that is being handled.
    pub body: Option<Vec<u8>>,
    /// The agent gets this instead of the target's answer.
    pub reply: Option<Reply>,
    /// The request goes on to the target. Only outside of its own callbacks.
    pub resume: bool,
    /// The response cannot go on, and its head is gone already: it is to be cut off.
    pub reset: bool,
    /// Calls to the host.
    pub calls: Vec<Call>,
    /// For the access log, once there is a decision.
    pub access: Option<Access>,
    /// Events to record.
    pub events: Recorded,
}

/// What the proxy shall do with what it handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It stays, and what follows with it.
    Pause,
}

/// Who is at the other end, as far as the proxy knows.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// `address:port`.
    pub source: String,
    /// First URI of the subject alternative names of a client certificate that the proxy verified.
    pub uri_san: Option<String>,
    /// Claims of a token that the proxy itself verified: see [`crate::verified`].
    pub claims: Option<Map<String, Value>>,
}

impl Peer {
    /// The address without its port.
    fn ip(&self) -> &str {
        without_port(&self.source)
    }
}

/// Where a request is.
#[derive(Debug)]
enum Stage {
    /// The head has not come.
    Start,
    /// Who is it?
    Identity,
    /// A key is not known: a new bundle may bring it.
    Keys { digest: String, until: Millis },
    /// The body is still coming.
    Body,
    /// Policy decides.
    Policy,
    /// Somebody is to approve.
    Approval(Box<Hold>),
    /// The host is to give the target's credential.
    Credential(Option<u32>),
    /// Its event is to become durable.
    Recording,
    /// It went to the target.
    Passed,
    /// The agent got a refusal.
    Refused,
}

/// What is asked.
#[derive(Debug, Default)]
struct Asked {
    head: Head,
    method: String,
    target: Option<Target>,
    /// Headers that the target does not get.
    dropped: BTreeSet<String>,
    body: Vec<u8>,
    complete: bool,
    /// It asks to leave HTTP: what comes after its head is not a body.
    upgrade: bool,
    /// Bytes that come after the head of such a request wait in the proxy.
    waiting: bool,
}

/// Once it is known who asks.
#[derive(Debug)]
struct Serving {
    plane: Rc<Plane>,
    agent: Rc<Agent>,
    visit: Rc<RefCell<Visit>>,
    /// The request's number within the session.
    statement: u64,
    since: Millis,
    /// The target's, once it is there. The request's own: the agent's next one may want another before this one goes.
    credential: Option<Rc<CredentialReply>>,
}

/// One request and its response.
#[derive(Debug)]
pub struct Exchange {
    peer: Peer,
    stage: Stage,
    asked: Asked,
    serving: Option<Serving>,
    judged: Option<Judged>,
    /// Who was refused without having got anywhere, where that is known.
    stranger: Option<String>,
    /// What it says to an MCP server, where it is to one.
    spoken: Option<Spoken>,
    /// The span that it is for, where it says so.
    trace: Option<TraceContext>,
    answer: Answer,
    last_token: u32,
    closed: bool,
}

impl Exchange {
    /// A request that is about to come.
    #[must_use]
    pub fn new(peer: Peer) -> Self {
        Self {
            peer,
            stage: Stage::Start,
            asked: Asked::default(),
            serving: None,
            judged: None,
            stranger: None,
            spoken: None,
            trace: None,
            answer: Answer::default(),
            last_token: 0,
            closed: false,
        }
    }

    /// The head of the request. `end`: there is nothing after it.
    pub fn request_head(&mut self, head: Head, end: bool, env: Env<'_>, io: &mut Io) -> Flow {
        self.trace = TraceContext::of_headers(head.all(TRACEPARENT), head.all(TRACESTATE));
        self.asked.head = head;
        self.asked.complete = end;
        self.stage = Stage::Identity;
        if let Err(refusal) = self.read_head(env, io) {
            self.refuse(&refusal, env, io);
        }
        self.go_on(env, io)
    }

    /// The next piece of the request's body.
    pub fn request_body(&mut self, piece: &[u8], end: bool, env: Env<'_>, io: &mut Io) -> Flow {
        if self.asked.upgrade {
            return self.tunnel(piece, env, io);
        }
        if !matches!(self.stage, Stage::Passed | Stage::Refused) {
            self.take_body(piece, end, env, io);
        }
        self.go_on(env, io)
    }

    /// Bytes after a request that asks to leave HTTP.
    ///
    /// INVARIANT: they pass only once the target agreed. To a target that goes on in HTTP they would be the next
    /// request, which nobody has decided about.
    fn tunnel(&mut self, piece: &[u8], env: Env<'_>, io: &mut Io) -> Flow {
        match self.stage {
            Stage::Passed if self.answer.status == SWITCHING => return Flow::Continue,
            Stage::Passed => self.asked.waiting = true,
            Stage::Refused => {}
            _ if piece.is_empty() => {}
            // What waits with the head would go on with the head.
            _ => {
                let detail = "bytes came before the target agreed to leave HTTP; wait for its answer";
                self.refuse(&Refusal::new(400, detail), env, io);
            }
        }
        Flow::Pause
    }

    /// The request ends with trailers. The target gets none of them: no policy has seen them, and servers merge them
    /// with the headers.
    pub fn request_trailers(&mut self, trailers: &Head, env: Env<'_>, io: &mut Io) -> Flow {
        io.trailers.extend(trailers.fields().map(|(name, _)| Change::Remove(name.to_owned())));
        self.asked.complete = true;
        self.go_on(env, io)
    }

    fn go_on(&mut self, env: Env<'_>, io: &mut Io) -> Flow {
        self.advance(env, io);
        if matches!(self.stage, Stage::Passed) { Flow::Continue } else { Flow::Pause }
    }

    /// The host's answer to a call.
    pub fn host(&mut self, token: u32, reply: &HostReply, env: Env<'_>, io: &mut Io) {
        self.outside(env, io, |exchange, env, io| match &exchange.stage {
            Stage::Approval(_) => exchange.approval_answered(token, reply, env, io),
            Stage::Credential(Some(expected)) if *expected == token => {
                exchange.credential_answered(reply, env, io);
            }
            _ => {}
        });
    }

    /// More events of the session are durable, or it is condemned.
    pub fn acknowledged(&mut self, env: Env<'_>, io: &mut Io) {
        self.outside(env, io, |_, _, _| {});
    }

    /// Time passes; to be called every 100 ms or so.
    pub fn tick(&mut self, env: Env<'_>, io: &mut Io) {
        if let Some(serving) = &self.serving
            && env.now >= serving.agent.identity.expires_at
        {
            if matches!(self.stage, Stage::Passed) {
                // A stream that never ends must not outlive the token.
                self.cut_off("the token expired", env, io);
                return;
            }
            self.refuse(&Refusal::new(401, "the token expired while the request waited"), env, io);
        }
        self.outside(env, io, |exchange, env, io| exchange.tick_hold(env, io));
    }

    fn outside(&mut self, env: Env<'_>, io: &mut Io, act: impl FnOnce(&mut Self, Env<'_>, &mut Io)) {
        if matches!(self.stage, Stage::Start | Stage::Passed | Stage::Refused) || self.closed {
            return;
        }
        act(self, env, io);
        self.advance(env, io);
        io.resume |= matches!(self.stage, Stage::Passed);
    }

    /// The request is over, whichever way.
    pub fn closed(&mut self, env: Env<'_>, io: &mut Io) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.withdraw(env, io);
        self.record_broken(env.now, io);
        self.serving = None;
    }

    /// Whether its end changes nothing: what there is to record of it is recorded.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.closed || (self.answer.over && !matches!(self.stage, Stage::Approval(_)))
    }

    /// Whether a tick could change anything.
    #[must_use]
    pub fn waits(&self) -> bool {
        !matches!(self.stage, Stage::Start | Stage::Refused)
    }

    /// Id of the session whose events it waits for, if it does.
    #[must_use]
    pub fn waits_for(&self, session: &str) -> bool {
        matches!(self.stage, Stage::Recording)
            && self.serving.as_ref().is_some_and(|serving| serving.visit.borrow().id() == session)
    }

    /// The span that it is for. Of nobody in particular there is none: whoever can reach the gate shall not add to the
    /// host's traces.
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.serving.as_ref().and(self.trace.as_ref())
    }

    fn call(&mut self, request: HostRequest, io: &mut Io) -> u32 {
        self.last_token = self.last_token.wrapping_add(1);
        io.calls.push(Call { token: self.last_token, request, trace: self.trace().cloned() });
        self.last_token
    }

    /// Refuses the request. Whatever came of it so far is dropped.
    fn refuse(&mut self, refusal: &Refusal, env: Env<'_>, io: &mut Io) {
        match &self.serving {
            Some(_) => self.record_refusal(refusal, env.now, io),
            None => self.record_stranger(refusal, env, io),
        }
        io.reply = Some(self.refusal_reply(refusal));
        self.stage = Stage::Refused;
        self.asked.body = Vec::new();
    }
}
