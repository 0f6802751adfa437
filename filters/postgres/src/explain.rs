//! A decision without a session, for operators who want to know what would happen.

use std::rc::Rc;

use gatewright_core::explanation::Explanation;
use gatewright_core::identity::Identity;
use gatewright_core::time::Millis;

use crate::session::judge::{Judge, Outcome};
use crate::{Plane, Refusal};

/// What would become of a text.
#[derive(Debug)]
pub struct Decision {
    /// `allow`, `deny` or `hold`.
    pub decision: &'static str,
    /// What the agent would be told.
    pub refusal: Option<Refusal>,
    /// Groups of which somebody may approve.
    pub approvers: Vec<String>,
    /// How it comes to that.
    pub explanation: Explanation,
}

/// Decides a text as the first one of a session of that agent in that role.
#[must_use]
pub fn explain(plane: &Rc<Plane>, agent: Identity, role: &str, text: &str, now: Millis) -> Decision {
    let judge = Judge::new(agent, role.to_owned(), String::new(), plane, now);
    let judgement = judge.decide(&plane.analyse(text), false, plane, now);
    let decision = judgement.word();
    let (refusal, approvers) = match judgement.outcome {
        Outcome::Allow => (None, Vec::new()),
        Outcome::Deny(refusal) => (Some(refusal), Vec::new()),
        Outcome::Hold(rule) => (None, rule.approvers),
    };
    Decision { decision, refusal, approvers, explanation: Explanation::clone(&judgement.explanation) }
}
