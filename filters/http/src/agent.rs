//! An agent whose identity is established, and what was found out about it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::quality::RandomState;
use gatewright_core::api::{CredentialReply, Presented};
use gatewright_core::digest::{Digest, sha256_parts};
use gatewright_core::identity::Identity;
use gatewright_core::policy::{Action, Context, Request, Target, Verdict};
use gatewright_core::time::Millis;

use crate::Plane;
use crate::body::Rules;

/// How long a decision stands, in milliseconds: policies may look at the time.
const STANDS: Millis = 1_000;
/// Most decisions kept.
const KEPT: usize = 500;
/// A credential is asked for anew so long before its end, in milliseconds.
const EARLY: Millis = 10_000;

/// A decision, with the policies that determined it.
pub(crate) type Decided = Rc<(Verdict, Vec<String>)>;

/// What was asked: action, target, source address, request.
type Question = (Action, Target, String, Request);

/// An agent. Lives as long as its plane keeps it.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) identity: Identity,
    pub(crate) presented: Presented,
    /// Tells it from all others, whatever bundle is in force.
    pub(crate) key: Digest,
    decisions: RefCell<HashMap<Question, (Millis, Decided), RandomState>>,
    masking: RefCell<Option<(Millis, String, Masking)>>,
    credential: RefCell<Option<Rc<CredentialReply>>>,
    /// Since when, and from which address.
    connected: RefCell<Option<(Millis, String)>>,
}

/// What is masked for an agent.
#[derive(Debug, Clone)]
pub(crate) struct Masking {
    /// Positions in the bundle's masks.
    pub(crate) active: Rc<[usize]>,
    /// The same, compiled, with the detectors.
    pub(crate) rules: Rc<Rules>,
    /// Whether there is anything to look for at all.
    pub(crate) anything: bool,
}

impl Agent {
    /// An agent of that identity.
    pub(crate) fn new(identity: Identity, presented: Presented) -> Self {
        let key = match &presented {
            Presented::Token(token) => sha256_parts([b"token".as_slice(), token.as_bytes()]),
            Presented::Vouched { issuer, subject, groups } => {
                let parts = [b"vouched".as_slice(), issuer.as_bytes(), subject.as_bytes()];
                sha256_parts(parts.into_iter().chain(groups.iter().map(String::as_bytes)))
            }
        };
        Self {
            identity,
            presented,
            key,
            decisions: RefCell::default(),
            masking: RefCell::default(),
            credential: RefCell::default(),
            connected: RefCell::default(),
        }
    }

    /// What policy says of one action.
    pub(crate) fn decide(
        &self,
        plane: &Plane,
        source: &str,
        action: Action,
        target: Target,
        request: Request,
        now: Millis,
    ) -> Decided {
        let question = (action, target, source.to_owned(), request);
        if let Some((at, known)) = self.decisions.borrow().get(&question)
            && now.saturating_sub(*at) < STANDS
        {
            return Rc::clone(known);
        }
        let context = Context::session("", source, now).request(question.3.clone());
        let decided =
            Rc::new(plane.engine.explain(&self.identity, &plane.name, action, &question.1, &context));
        let mut decisions = self.decisions.borrow_mut();
        if decisions.len() >= KEPT {
            decisions.clear();
        }
        decisions.insert(question, (now, Rc::clone(&decided)));
        decided
    }

    /// Whether it may use the API at all; the reason if not.
    pub(crate) fn connect(&self, plane: &Plane, source: &str, now: Millis) -> Result<(), Box<Verdict>> {
        if let Some((at, from)) = &*self.connected.borrow()
            && now.saturating_sub(*at) < STANDS
            && from == source
        {
            return Ok(());
        }
        let context = Context::session("", source, now);
        match plane.engine.decide(&self.identity, &plane.name, Action::Connect, &Target::Api, &context) {
            Verdict::Allow => {
                self.connected.replace(Some((now, source.to_owned())));
                Ok(())
            }
            other => Err(Box::new(other)),
        }
    }

    /// What is masked for it now.
    pub(crate) fn masking(&self, plane: &Plane, source: &str, now: Millis) -> Masking {
        if let Some((at, from, known)) = &*self.masking.borrow()
            && now.saturating_sub(*at) < STANDS
            && from == source
        {
            return known.clone();
        }
        let context = Context::session("", source, now);
        let masked = plane.api.masks.iter().enumerate().filter(|(_, mask)| {
            let target = Target::Field { name: mask.field.clone(), tags: mask.tags.clone() };
            let verdict = plane.engine.decide(&self.identity, &plane.name, Action::Unmask, &target, &context);
            verdict != Verdict::Allow
        });
        let active: Rc<[usize]> = masked.map(|(position, _)| position).collect();
        let rules = plane.rules(&active);
        let masking = Masking { anything: plane.detectors.is_some() || !active.is_empty(), active, rules };
        self.masking.replace(Some((now, source.to_owned(), masking.clone())));
        masking
    }

    /// The target's credential, while it holds.
    pub(crate) fn credential(&self, now: Millis) -> Option<Rc<CredentialReply>> {
        let known = self.credential.borrow();
        known.as_ref().filter(|known| now.saturating_add(EARLY) < known.expires_at).cloned()
    }

    /// The host gave the target's credential.
    pub(crate) fn keep_credential(&self, credential: CredentialReply) -> Rc<CredentialReply> {
        let credential = Rc::new(credential);
        self.credential.replace(Some(Rc::clone(&credential)));
        credential
    }
}
