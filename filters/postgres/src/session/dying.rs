//! The last words of a session.

use gatewright_core::event::Kind;
use gatewright_core::time::Millis;

use super::{Env, Io, Link};
use crate::Refusal;
use crate::wire::frontend;

/// How long the server may take to give the occasion for the last words, in milliseconds.
const PATIENCE: Millis = 2_000;

/// Waits for the server to say anything, and says the error in its place.
#[derive(Debug)]
pub(crate) struct Dying {
    words: Vec<u8>,
    since: Millis,
}

impl Dying {
    pub(crate) fn new(refusal: Refusal, logged_in: bool, link: &mut Link, env: Env<'_>, io: &mut Io) -> Self {
        let reason = refusal.message.clone();
        let kind = if logged_in {
            Kind::Close { reason }
        } else {
            let resource = env.plane.map(|plane| plane.resource.name.clone()).unwrap_or_default();
            Kind::Refused { resource, source: link.source.clone(), reason }
        };
        link.record(env.now, kind, io);
        link.client_in.clear();
        link.server_in.clear();
        let mut words = Vec::new();
        refusal.write(true, &mut words);
        if logged_in {
            frontend::probe(&mut io.to_server);
            frontend::terminate(&mut io.to_server);
        }
        Self { words, since: env.now }
    }

    /// Nothing more to say.
    pub(crate) fn silent(env: Env<'_>) -> Self {
        Self { words: Vec::new(), since: env.now }
    }

    pub(crate) fn server(&mut self, link: &mut Link, io: &mut Io) {
        link.server_in.clear();
        io.to_client.append(&mut self.words);
        io.close = true;
    }

    pub(crate) fn tick(&mut self, env: Env<'_>, io: &mut Io) {
        if env.now.saturating_sub(self.since) > PATIENCE {
            io.close = true;
        }
    }
}
