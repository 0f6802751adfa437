//! From the StartupMessage to the first ReadyForQuery: the agent shows a token, the host answers the server.
//!
//! The server's authentication request is swapped for a cleartext one; the agent's answer is a JWT; once it
//! verifies, the server's challenge goes to the host and the host's proof to the server. No password of the
//! target is ever here.
//!
//! A token that comes with the StartupMessage, as the setting `gatewright.token`, is verified before the server is spoken
//! to: then the host can make a user for the session.

mod admission;
mod start;

use gatewright_core::api::{Challenge, LoginReply, LoginRequest, Problem};
use gatewright_core::bundle::Role;
use gatewright_core::digest::{Digest, sha256};
use gatewright_core::event::Kind;
use gatewright_core::identity::Identity;
use gatewright_core::policy::Verdict;

use admission::Refused;

use super::announce::Announcement;
use super::open::{Open, Opening};
use super::phases::{Next, Phase};
use super::upstream::check_parameter;
use gatewright_core::call::{HostReply, HostRequest};

use super::{Env, Io, Link};
use crate::refusal::code;
use crate::wire::backend::{self, Authentication};
use crate::wire::frontend::{self, StartupMessage};
use crate::wire::{ErrorFields, Frame, Header, header};
use crate::{Plane, Refusal};

/// Largest message during login, in bytes.
const MAX_LOGIN_MESSAGE: usize = 64 * 1024;
/// How long the agent may take to show its token (PostgreSQL's own `authentication_timeout`), in milliseconds.
const TOKEN_PATIENCE: u64 = 60_000;
/// How long the host may take for a proof, in milliseconds.
const HOST_PATIENCE: u64 = 10_000;
/// Newest minor protocol version that this filter knows.
const NEWEST_MINOR: u16 = 2;

/// How the server wants to be convinced.
#[derive(Debug, Clone)]
enum Demand {
    /// Not at all.
    Trust,
    Cleartext,
    Md5([u8; 4]),
    Sasl(Vec<String>),
}

#[derive(Debug)]
enum Stage {
    /// The StartupMessage is with the server.
    Server,
    /// The agent was asked for its token.
    Token,
    /// The token names a key that the bundle does not hold: the host was asked to look for it.
    Refresh { until: u64 },
    /// The host was asked for a proof.
    Proof { token: u32, since: u64 },
    /// A proof is with the server.
    Judgement,
    /// `trust`: a Sync is with the server, whose answer gives the occasion to let the client in.
    Release,
    /// AuthenticationOk has passed.
    Settling,
    /// The server's own error has passed; it closes.
    Failed,
}

/// The login of one session.
#[derive(Debug)]
pub(crate) struct Login {
    stage: Stage,
    since: u64,
    /// Role asked for, and whether it is one of the resource's.
    role: Role,
    role_exists: bool,
    database: String,
    application: String,
    /// Settings of the StartupMessage that need a permission.
    settings: Vec<String>,
    /// `_pq_.` options taken out, and whether a newer minor version was asked for: the client is to be told.
    unsupported: Vec<Vec<u8>>,
    newer_minor: bool,
    demand: Demand,
    /// `trust`: what the server said since its AuthenticationOk.
    held: Vec<u8>,
    held_ready: bool,
    token: String,
    identity: Option<Identity>,
    server_final: Option<String>,
    server_proved: bool,
    key: Option<Digest>,
    /// What the server is yet to get, while it is not certain who asks, or as which user.
    startup: Option<StartupMessage>,
}

impl Login {
    pub(crate) fn wants_client_bytes(&self) -> bool {
        matches!(self.stage, Stage::Token)
    }

    pub(crate) fn client(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        if !matches!(self.stage, Stage::Token) {
            return Next::Stay;
        }
        let header = match header(&link.client_in) {
            Ok(None) => return Next::Stay,
            Ok(Some(Header { tag: b'p', total })) if total <= MAX_LOGIN_MESSAGE => {
                Header { tag: b'p', total }
            }
            Ok(Some(Header { tag: b'X', .. })) => {
                frontend::terminate(&mut io.to_server);
                return Next::Close;
            }
            _ => {
                return self.fail(
                    Refusal::new(code::PROTOCOL, "expected a PasswordMessage with the agent's token"),
                    io,
                );
            }
        };
        if link.client_in.len() < header.total {
            return Next::Stay;
        }
        let message: Vec<u8> = link.client_in.drain(..header.total).collect();
        let token = message.get(5..).and_then(frontend::one_string).and_then(|t| std::str::from_utf8(t).ok());
        self.token = token.unwrap_or_default().trim().to_owned();
        match self.admit(link, env) {
            Err(Refused { unknown_key: true, .. }) => {
                self.refresh(link, env, io);
                Next::Stay
            }
            admitted => self.admitted(admitted, link, env, io),
        }
    }

    fn admitted(
        &mut self,
        admitted: Result<Identity, Refused>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) -> Next {
        match admitted {
            Err(refused) => self.fail(refused.refusal, io),
            Ok(identity) if self.startup.is_some() => self.known(identity, link, env, io),
            Ok(identity) => {
                self.identity = Some(identity);
                self.convince(link, env, io)
            }
        }
    }

    /// Gets the server's proof from the host, or the occasion to let the client in.
    fn convince(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        let challenge = match self.demand.clone() {
            Demand::Trust => {
                frontend::sync(&mut io.to_server);
                self.stage = Stage::Release;
                return Next::Stay;
            }
            Demand::Cleartext if env.plane.is_some_and(|plane| plane.resource.allow_cleartext_password) => {
                Challenge::Cleartext
            }
            Demand::Cleartext => {
                let refusal = Refusal::new(code::IDENTITY, "the database server asks for a cleartext password, which would pass through the proxy")
                    .hint("have the operator set the role's password with scram-sha-256, or allow_cleartext_password");
                return self.fail(refusal, io);
            }
            Demand::Md5(salt) => Challenge::Md5 { salt: hex::encode(salt) },
            Demand::Sasl(mechanisms) => Challenge::ScramFirst { mechanisms },
        };
        self.ask_host(challenge, link, env, io)
    }

    fn login_request(&self, challenge: Challenge, link: &Link, env: Env<'_>) -> Option<LoginRequest> {
        Some(LoginRequest {
            resource: env.plane?.resource.name.clone(),
            session: link.id().to_owned(),
            role: self.role.name.clone(),
            user: self.role.target.clone(),
            token: self.token.clone(),
            source: link.source_ip().to_owned(),
            challenge,
        })
    }

    fn ask_host(&mut self, challenge: Challenge, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        let Some(request) = self.login_request(challenge, link, env) else { return Next::Close };
        let token = link.call(HostRequest::Login(request), io);
        self.stage = Stage::Proof { token, since: env.now };
        Next::Stay
    }

    pub(crate) fn host(
        &mut self,
        link: &mut Link,
        token: u32,
        reply: &HostReply,
        env: Env<'_>,
        io: &mut Io,
    ) -> Next {
        if !matches!(self.stage, Stage::Proof { token: expected, .. } if expected == token) {
            return Next::Stay;
        }
        let proof = match reply.status {
            200 => serde_json::from_slice::<LoginReply>(&reply.body).ok(),
            401 | 403 => {
                let problem = serde_json::from_slice::<Problem>(&reply.body).ok();
                let why = problem.map_or_else(|| "the host refused".to_owned(), |problem| problem.detail);
                return self.fail(
                    Refusal::new(code::IDENTITY, format!("the gate does not accept this identity: {why}")),
                    io,
                );
            }
            _ => None,
        };
        let Some(LoginReply { proof, server_final }) = proof else {
            let refusal =
                Refusal::new(code::UNAVAILABLE, "the gate's host could not answer the database's challenge")
                    .hint("try again in a few seconds; if it lasts, tell the operator of Gatewright");
            return self.fail(refusal, io);
        };
        if self.startup.is_some() {
            self.role.target = proof;
            self.begin(io);
            return Next::Stay;
        }
        match (&self.demand, server_final) {
            (Demand::Sasl(_), Some(expected)) => {
                self.server_final = Some(expected);
                frontend::sasl_response(proof.as_bytes(), &mut io.to_server);
            }
            (Demand::Sasl(_), None) => {
                frontend::sasl_initial("SCRAM-SHA-256", proof.as_bytes(), &mut io.to_server)
            }
            _ => frontend::password(proof.as_bytes(), &mut io.to_server),
        }
        self.stage = Stage::Judgement;
        let _ = (link, env);
        Next::Stay
    }

    pub(crate) fn server(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        loop {
            let header = match header(&link.server_in) {
                Ok(None) => return Next::Stay,
                Ok(Some(header)) if header.total <= MAX_LOGIN_MESSAGE => header,
                _ => return broken(io),
            };
            if link.server_in.len() < header.total {
                return Next::Stay;
            }
            let raw: Vec<u8> = link.server_in.drain(..header.total).collect();
            let Some((frame, _)) = Frame::split(header, &raw) else { return broken(io) };
            match self.frame(&frame, link, env, io) {
                Next::Stay => {}
                other => return other,
            }
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        match (&self.stage, frame.tag) {
            (Stage::Failed, _) => Next::Stay,
            (Stage::Token | Stage::Refresh { .. } | Stage::Proof { .. }, _) if self.is_trusted() => {
                self.hold_back(frame, io)
            }
            (Stage::Release, b'Z') if self.held_ready => {
                io.to_client.append(&mut self.held);
                self.open(frame, link, env, io)
            }
            (Stage::Release, _) => self.hold_back(frame, io),
            (Stage::Server, b'v') => {
                self.negotiate(frame.body, io);
                Next::Stay
            }
            (_, b'E') => self.server_error(frame, link, env, io),
            (_, b'N') => {
                io.to_client.extend_from_slice(frame.raw);
                Next::Stay
            }
            (Stage::Server, b'R') => self.demanded(frame, link, env, io),
            (Stage::Judgement, b'R') => self.judged(frame, link, env, io),
            (Stage::Settling, b'S') => match check_parameter(frame.body) {
                Ok(()) => {
                    io.to_client.extend_from_slice(frame.raw);
                    Next::Stay
                }
                Err(refusal) => unreadable(&refusal, io),
            },
            (Stage::Settling, b'K') => {
                self.key = Some(sha256(frame.body));
                io.to_client.extend_from_slice(frame.raw);
                Next::Stay
            }
            (Stage::Settling, b'Z') => self.open(frame, link, env, io),
            _ => broken(io),
        }
    }

    fn is_trusted(&self) -> bool {
        matches!(self.demand, Demand::Trust)
    }

    fn hold_back(&mut self, frame: &Frame<'_>, io: &mut Io) -> Next {
        match frame.tag {
            b'K' => self.key = Some(sha256(frame.body)),
            // The next one, which is the occasion to let the client in, takes its place.
            b'Z' => {
                self.held_ready = true;
                return Next::Stay;
            }
            b'S' => {
                if let Err(refusal) = check_parameter(frame.body) {
                    return unreadable(&refusal, io);
                }
            }
            _ => {}
        }
        self.held.extend_from_slice(frame.raw);
        Next::Stay
    }

    /// NegotiateProtocolVersion of a server older than the client; what was taken out of the StartupMessage is
    /// unsupported as well.
    fn negotiate(&mut self, body: &[u8], io: &mut Io) {
        let minor =
            body.first_chunk::<4>().map_or(0, |version| (u32::from_be_bytes(*version) & 0xffff) as u16);
        backend::negotiate_version(
            minor.min(NEWEST_MINOR),
            &std::mem::take(&mut self.unsupported),
            &mut io.to_client,
        );
        self.newer_minor = false;
    }

    /// The server's first Authentication message: the agent is asked for its token instead.
    fn demanded(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        self.demand = match backend::authentication(frame.body) {
            Some(Authentication::Ok) => {
                self.held.extend_from_slice(frame.raw);
                Demand::Trust
            }
            Some(Authentication::Cleartext) => Demand::Cleartext,
            Some(Authentication::Md5(salt)) => Demand::Md5(salt),
            Some(Authentication::Sasl(mechanisms)) => Demand::Sasl(mechanisms),
            Some(
                Authentication::SaslContinue(_) | Authentication::SaslFinal(_) | Authentication::Other(_),
            )
            | None => {
                frontend::sync(&mut io.to_server);
                let refusal = Refusal::new(
                    code::IDENTITY,
                    "the database server asks for an authentication method that the gate does not know",
                )
                .hint("have the operator use scram-sha-256 for the gate's role");
                return Next::Die(refusal);
            }
        };
        if self.newer_minor || !self.unsupported.is_empty() {
            backend::negotiate_version(
                NEWEST_MINOR,
                &std::mem::take(&mut self.unsupported),
                &mut io.to_client,
            );
        }
        if self.identity.is_some() {
            return self.convince(link, env, io);
        }
        backend::ask_password(&mut io.to_client);
        self.stage = Stage::Token;
        Next::Stay
    }

    /// What the server says to a proof.
    fn judged(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        match (backend::authentication(frame.body), &self.demand) {
            (Some(Authentication::SaslContinue(data)), Demand::Sasl(_)) if self.server_final.is_none() => {
                let server_first = String::from_utf8_lossy(&data).into_owned();
                self.ask_host(Challenge::ScramFinal { server_first }, link, env, io)
            }
            (Some(Authentication::SaslFinal(data)), Demand::Sasl(_)) => {
                self.server_proved =
                    self.server_final.as_deref().is_some_and(|expected| expected.as_bytes() == data);
                if self.server_proved { Next::Stay } else { impostor(io) }
            }
            (Some(Authentication::Ok), Demand::Sasl(_)) if !self.server_proved => impostor(io),
            (Some(Authentication::Ok), _) => {
                io.to_client.extend_from_slice(frame.raw);
                self.stage = Stage::Settling;
                Next::Stay
            }
            _ => broken(io),
        }
    }

    /// The server's own error. One about its password is about the gate's, not about the agent's.
    fn server_error(&mut self, frame: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        let Some(fields) = ErrorFields::parse(frame.body) else { return broken(io) };
        let class = fields.field(b'C');
        let reason = if matches!(self.stage, Stage::Judgement) || class.starts_with(b"28") {
            let text = format!(
                "the database server refused the gate's own credential for role `{}`",
                self.role.target
            );
            Refusal::new(code::IDENTITY, &text)
                .hint("this is for the operator of Gatewright: check the role's password and pg_hba.conf")
                .write(true, &mut io.to_client);
            text
        } else {
            io.to_client.extend_from_slice(frame.raw);
            String::from_utf8_lossy(fields.field(b'M')).into_owned()
        };
        let resource = env.plane.map(|plane| plane.resource.name.clone()).unwrap_or_default();
        link.record(env.now, Kind::Refused { resource, source: link.source.clone(), reason }, io);
        self.stage = Stage::Failed;
        io.close = true;
        Next::Stay
    }

    /// Refuses a login that is under way: a message out of place makes the server end it.
    fn fail(&mut self, refusal: Refusal, io: &mut Io) -> Next {
        self.token.clear();
        if self.startup.is_some() {
            frontend::impossible_startup(&mut io.to_server);
        } else {
            frontend::sync(&mut io.to_server);
            frontend::terminate(&mut io.to_server);
        }
        Next::Die(refusal)
    }

    pub(crate) fn tick(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        match self.stage {
            // A server that trusts everybody counts the session as logged in, and would keep it for ever.
            Stage::Token | Stage::Release if env.now.saturating_sub(self.since) > TOKEN_PATIENCE => {
                self.fail(Refusal::new(code::IDENTITY, "no token came in time"), io)
            }
            Stage::Proof { since, .. } if env.now.saturating_sub(since) > HOST_PATIENCE => Next::Close,
            Stage::Refresh { until } => match self.admit(link, env) {
                Err(Refused { unknown_key: true, .. }) if env.now < until => Next::Stay,
                admitted => self.admitted(admitted, link, env, io),
            },
            _ => Next::Stay,
        }
    }

    /// The server is ready.
    fn open(&mut self, ready: &Frame<'_>, link: &mut Link, env: Env<'_>, io: &mut Io) -> Next {
        let (Some(plane), Some(identity)) = (env.plane, self.identity.take()) else { return broken(io) };
        link.record(env.now, opened(&identity, self, plane, &link.source.clone()), io);
        if !plane.enforcement.is_enforced() {
            for (name, verdict) in self.denied_settings(&identity, plane, link, env) {
                link.record(env.now, let_pass(name, verdict, plane), io);
            }
        }
        self.token.clear();
        let told = plane.resource.announce;
        let announcement = told.then(|| Announcement::new(&identity, link.id(), &self.application));
        let opening = Opening { role: self.role.name.clone(), identity, key: self.key, announcement };
        let mut open = Open::new(opening, plane, link, env);
        open.enter(ready.raw, io);
        Next::To(Phase::Open(Box::new(open)))
    }
}

fn opened(identity: &Identity, login: &Login, plane: &Plane, source: &str) -> Kind {
    Kind::Open {
        resource: plane.resource.name.clone(),
        principal: identity.subject.clone(),
        issuer: identity.issuer.clone(),
        groups: identity.groups.clone(),
        role: login.role.target.clone(),
        database: login.database.clone(),
        source: source.to_owned(),
        application: login.application.clone(),
    }
}

/// A setting that comes with the connection, and that shadow mode lets pass: no statement, so its number is 0.
fn let_pass(name: &str, verdict: Verdict, plane: &Plane) -> Kind {
    let (policies, reason) = match verdict {
        Verdict::Deny(denial) => (denial.policies, denial.reason),
        Verdict::NeedsApproval(rule) => (rule.policies, rule.reason),
        Verdict::Allow => Default::default(),
    };
    let (decision, would) = plane.enforcement.recorded("deny", false);
    Kind::Statement {
        statement: 0,
        text: format!("SET {name}, with the connection"),
        parameters: Vec::new(),
        decision,
        would,
        policies,
        reason,
        shape: None,
        explanation: None,
        explained_by: None,
        trace: None,
    }
}

fn impostor(io: &mut Io) -> Next {
    Refusal::new(
        code::IDENTITY,
        "the database server could not prove that it knows the gate's password: it may be an impostor",
    )
    .write(true, &mut io.to_client);
    Next::Close
}

/// The role or the database has settings with which the gate could not read what the server reads.
fn unreadable(refusal: &Refusal, io: &mut Io) -> Next {
    refusal.write(true, &mut io.to_client);
    frontend::terminate(&mut io.to_server);
    Next::Close
}

fn broken(io: &mut Io) -> Next {
    Refusal::new(code::PROTOCOL, "the database server did not keep to the protocol during login")
        .write(true, &mut io.to_client);
    Next::Close
}
