//! A decision without a session, for operators who want to know what would happen.

use std::rc::Rc;

use gatewright_core::explanation::Explanation;
use gatewright_core::identity::Identity;
use gatewright_core::policy::ApprovalRule;
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
    /// Who must approve, where somebody must.
    pub rule: Option<ApprovalRule>,
    /// Policies that determined it.
    pub policies: Vec<String>,
    /// How it comes to that.
    pub explanation: Explanation,
}

/// Decides a text as the first one of a session of that agent in that role.
#[must_use]
pub fn explain(plane: &Rc<Plane>, agent: Identity, role: &str, text: &str, now: Millis) -> Decision {
    let judge = Judge::new(agent, role.to_owned(), String::new(), plane, now);
    let judgement = judge.decide(&plane.analyse(text), false, plane, now);
    let decision = judgement.word();
    let (policies, explanation) = (judgement.policies, Explanation::clone(&judgement.explanation));
    let (refusal, rule) = match judgement.outcome {
        Outcome::Allow => (None, None),
        Outcome::Deny(refusal) => (Some(refusal), None),
        Outcome::Hold(rule) => (None, Some(rule)),
    };
    Decision { decision, refusal, rule, policies, explanation }
}
