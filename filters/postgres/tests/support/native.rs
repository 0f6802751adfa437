//! The library as a proxy would use it.

use std::rc::Rc;

use gatewright_core::call::{Call, HostReply, HostRequest};
use gatewright_postgres::{Env, Io, Plane, Session};
use serde_json::{Value, json};

use super::player::Outcome;
use super::{NOW, Site};

/// What the filter makes of random bytes that are all zero.
const SESSION: &str = "00000000000000000000000000000000";

/// A session of the library.
pub(super) struct Native {
    plane: Rc<Plane>,
    session: Session,
    now: u64,
    last_call: Option<Call>,
    outcome: Outcome,
    /// Closed, and the connection is gone.
    gone: bool,
}

impl Native {
    pub(super) fn new(site: &Site) -> Self {
        Self {
            plane: Rc::clone(&site.plane),
            session: Session::new(SESSION, "10.0.0.1:5000"),
            now: NOW,
            last_call: None,
            outcome: Outcome::default(),
            gone: false,
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut Session, Env<'_>, &mut Io)) -> usize {
        if self.gone {
            return 0;
        }
        let mut io = Io::default();
        act(&mut self.session, Env { plane: Some(&self.plane), now: self.now }, &mut io);
        let said = io.to_client.len();
        self.outcome.to_server.extend(io.to_server);
        self.outcome.to_client.extend(io.to_client);
        self.outcome.calls.extend(io.calls.iter().map(told));
        let events = std::str::from_utf8(io.events.text()).expect("events are UTF-8");
        self.outcome.events.extend(events.lines().map(str::to_owned));
        self.outcome.closed |= io.close;
        self.last_call = io.calls.pop().or(self.last_call.take());
        said
    }

    pub(super) fn client(&mut self, bytes: &[u8]) {
        let said = self.act(|session, env, io| session.client(bytes, env, io));
        assert_eq!(said, 0, "a filter can speak to the client only when the server does");
    }

    pub(super) fn server(&mut self, bytes: &[u8]) {
        self.act(|session, env, io| session.server(bytes, env, io));
    }

    pub(super) fn host(&mut self, status: u16, body: &str) {
        let token = self.last_call.as_ref().expect("the host was called").token;
        let reply = HostReply { status, body: body.as_bytes().to_vec() };
        let said = self.act(|session, env, io| session.host(token, &reply, env, io));
        assert_eq!(said, 0, "a filter can speak to the client only when the server does");
    }

    /// Events so far.
    pub(super) fn recorded(&self) -> usize {
        self.outcome.events.len()
    }

    pub(super) fn durable(&mut self) {
        let durable = self.recorded() as u64;
        self.act(|session, env, io| session.acknowledged(durable, env, io));
    }

    /// What was to be closed is closed by the next tick.
    pub(super) fn pass(&mut self, now: u64) {
        self.now = now;
        self.gone |= self.outcome.closed;
        self.act(|session, env, io| session.tick(env, io));
    }

    pub(super) fn outcome(self) -> Outcome {
        self.outcome
    }
}

/// A call as the host sees it, with the span that it is for.
fn told(call: &Call) -> (String, Value) {
    let (path, body) = request(&call.request);
    match &call.trace {
        Some(trace) => (format!("{path} in {}", trace.parent()), body),
        None => (path, body),
    }
}

fn request(request: &HostRequest) -> (String, Value) {
    let body = |value: serde_json::Result<Value>| value.expect("a request has a JSON form");
    match request {
        HostRequest::Login(request) | HostRequest::RefreshKeys(request) => {
            ("POST /v1/filter/login".to_owned(), body(serde_json::to_value(request)))
        }
        HostRequest::CreateApproval(request) => {
            ("POST /v1/filter/approvals".to_owned(), body(serde_json::to_value(request)))
        }
        HostRequest::Credential(request) => {
            ("POST /v1/filter/credential".to_owned(), body(serde_json::to_value(request)))
        }
        HostRequest::SeenTools(request) => {
            ("POST /v1/filter/tools".to_owned(), body(serde_json::to_value(request)))
        }
        HostRequest::AwaitApproval(id) => (format!("GET /v1/filter/approvals/{id}/wait"), Value::Null),
        HostRequest::WithdrawApproval(id) => (format!("POST /v1/filter/approvals/{id}/withdraw"), json!({})),
    }
}
