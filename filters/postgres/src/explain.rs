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
    /// It is refused in shadow mode too.
    pub stands: bool,
    /// It runs all the same, in shadow mode.
    pub is_let_pass: bool,
    /// Something is masked for this agent, and what the text gives may be any of it.
    pub is_uncertain: bool,
    /// How it comes to that.
    pub explanation: Explanation,
}

/// Decides a text as the first one of a session of that agent in that role.
#[must_use]
pub fn explain(plane: &Rc<Plane>, agent: Identity, role: &str, text: &str, now: Millis) -> Decision {
    let judge = Judge::new(agent, role.to_owned(), String::new(), plane, now);
    let judgement = judge.decide(&plane.analyse(text), false, plane, now);
    let (decision, stands) = (judgement.word(), judgement.stands());
    let is_let_pass = judgement.is_let_pass();
    let is_uncertain = judgement.explanation.unparsed.is_some() && !judge.active.is_clean();
    let (policies, explanation) = (judgement.policies, Explanation::clone(&judgement.explanation));
    let (refusal, rule) = match judgement.outcome {
        Outcome::Allow => (None, None),
        Outcome::Deny(refusal) => (Some(refusal), None),
        Outcome::Hold(rule) => (None, Some(rule)),
    };
    Decision { decision, refusal, rule, policies, stands, is_let_pass, is_uncertain, explanation }
}
