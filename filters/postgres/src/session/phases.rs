//! The phases of a session and the way from one to the next.

use super::dying::Dying;
use super::login::Login;
use super::open::Open;
use super::startup::Startup;
use gatewright_core::call::HostReply;

use super::{Env, Io, Link};
use crate::Refusal;

/// Where a session is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Before the StartupMessage.
    Startup(Startup),
    /// From the StartupMessage to the first ReadyForQuery.
    Login(Box<Login>),
    /// Logged in.
    Open(Box<Open>),
    /// An error is on its way to the client; nothing else passes any more.
    Dying(Dying),
}

impl Default for Phase {
    fn default() -> Self {
        Self::Startup(Startup::default())
    }
}

/// What a phase wants after it was called.
#[derive(Debug)]
pub(crate) enum Next {
    /// Stay.
    Stay,
    /// Go on in another phase.
    To(Phase),
    /// End with this error. What makes the server say something, so that the error can be said in its place,
    /// is already in `io.to_server`.
    Die(Refusal),
    /// The phase wrote all that the client is to see; close.
    Close,
}

impl Phase {
    fn go(&mut self, next: Next, link: &mut Link, env: Env<'_>, io: &mut Io) {
        match next {
            Next::Stay => {}
            Next::To(phase) => *self = phase,
            Next::Die(refusal) => {
                let dying = Dying::new(refusal, self.is_logged_in(), link, env, io);
                *self = Self::Dying(dying);
            }
            Next::Close => {
                io.close = true;
                *self = Self::Dying(Dying::silent(env));
            }
        }
    }

    fn is_logged_in(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    pub(crate) fn client(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) {
        // A phase consumes what it can; the next one goes on with the rest.
        loop {
            let next = match self {
                Self::Startup(startup) => startup.client(link, env, io),
                Self::Login(login) => login.client(link, env, io),
                Self::Open(open) => open.client(link, env, io),
                Self::Dying(_) => {
                    link.client_in.clear();
                    return;
                }
            };
            if matches!(next, Next::Stay) {
                return;
            }
            self.go(next, link, env, io);
        }
    }

    pub(crate) fn server(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) {
        loop {
            let next = match self {
                Self::Startup(startup) => startup.server(link, io),
                Self::Login(login) => login.server(link, env, io),
                Self::Open(open) => open.server(link, env, io),
                Self::Dying(dying) => return dying.server(link, io),
            };
            if matches!(next, Next::Stay) {
                return;
            }
            self.go(next, link, env, io);
        }
    }

    pub(crate) fn host(&mut self, link: &mut Link, token: u32, reply: &HostReply, env: Env<'_>, io: &mut Io) {
        let next = match self {
            Self::Login(login) => login.host(link, token, reply, env, io),
            Self::Open(open) => open.host(link, token, reply, env, io),
            Self::Startup(_) | Self::Dying(_) => Next::Stay,
        };
        self.go(next, link, env, io);
    }

    pub(crate) fn acknowledged(&mut self, link: &mut Link, durable: u64, env: Env<'_>, io: &mut Io) {
        if let Self::Open(open) = self {
            open.acknowledged(link, durable, env, io);
        }
    }

    pub(crate) fn tick(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) {
        let next = match self {
            Self::Open(open) => open.tick(link, env, io),
            Self::Login(login) => login.tick(link, env, io),
            Self::Dying(dying) => return dying.tick(env, io),
            Self::Startup(_) => Next::Stay,
        };
        self.go(next, link, env, io);
    }

    pub(crate) fn cancelled(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) {
        if let Self::Open(open) = self {
            open.cancelled(link, env, io);
        }
    }

    pub(crate) fn closed(&mut self, link: &mut Link, reason: &str, env: Env<'_>, io: &mut Io) {
        if let Self::Open(open) = self {
            open.closed(link, reason, env, io);
        }
    }

    pub(crate) fn wants_client_bytes(&self) -> bool {
        match self {
            Self::Startup(startup) => startup.wants_client_bytes(),
            Self::Login(login) => login.wants_client_bytes(),
            Self::Open(open) => open.wants_client_bytes(),
            Self::Dying(_) => true,
        }
    }
}
