//! A decision without a proxy, for operators who want to know what would happen.

use std::collections::BTreeMap;
use std::rc::Rc;

use gatewright_core::api::Presented;
use gatewright_core::identity::Identity;
use gatewright_core::mask::Method;
use gatewright_core::policy::{ApprovalRule, Denial, Verdict};
use gatewright_core::time::Millis;

use super::judge::{Judged, Ruling, denied};
use super::stages::too_large;
use super::{Env, Exchange, Io, Peer, Stage};
use crate::agent::Agent;
use crate::reply::Refusal;
use crate::visit::Visits;
use crate::{Head, Plane};

/// What would become of a request.
#[derive(Debug)]
pub struct Decision {
    /// `allow`, `deny` or `hold`; in shadow mode it would go on all the same.
    pub decision: &'static str,
    /// HTTP status, and why, in the words that the agent would get.
    pub refusal: Option<(u16, String)>,
    /// Who must approve, where somebody must.
    pub rule: Option<ApprovalRule>,
    /// Policies that determined it.
    pub policies: Vec<String>,
    /// Fields of the answer that are masked for this agent, by their patterns.
    pub masked: BTreeMap<String, Method>,
}

impl Decision {
    fn refused(refusal: &Refusal, policies: Vec<String>) -> Self {
        let refusal = Some((refusal.status, refusal.said.reason.clone()));
        Self { decision: "deny", refusal, rule: None, policies, masked: BTreeMap::new() }
    }
}

/// Decides a request of an agent whose identity is established, with all of its body. The names of the head are lower case;
/// what the agent is known by need not be in it.
#[must_use]
pub fn explain(plane: &Rc<Plane>, agent: Identity, head: Head, body: &[u8], now: Millis) -> Decision {
    let presented = Presented::Vouched {
        issuer: agent.issuer.clone(),
        subject: agent.subject.clone(),
        groups: agent.groups.clone(),
    };
    let agent = Rc::new(Agent::new(agent, presented));
    let mut exchange = Exchange::new(Peer::default());
    exchange.asked.head = head;
    exchange.asked.complete = true;
    exchange.asked.body = body.to_vec();
    let visits = Visits::new(|| "explained".to_owned());
    let env = Env { plane: Some(plane), visits: &visits, now };
    let mut judged = Judged::default();
    match exchange.explained(plane, &agent, env, &mut judged) {
        Err(refusal) => Decision::refused(&refusal, refusal.said.policy.iter().cloned().collect()),
        Ok(None) => {
            let (policies, masked) = (Vec::new(), BTreeMap::new());
            Decision { decision: "allow", refusal: None, rule: None, policies, masked }
        }
        Ok(Some(Ruling { verdict: Verdict::Deny(Denial { policies, reason }), refusal, .. })) => {
            let refusal = refusal.unwrap_or_else(|| denied(&policies, &reason));
            Decision::refused(&refusal, policies)
        }
        Ok(Some(Ruling { verdict, policies, .. })) => {
            let active = agent.masking(plane, exchange.peer.ip(), now).active;
            let masks = active.iter().filter_map(|position| plane.api.masks.get(*position));
            let masked = masks.map(|mask| (mask.field.clone(), mask.method));
            // Those of the very answer come first, as they do where it is masked.
            let own = judged.masks.iter().rev();
            let mut masked: BTreeMap<String, Method> =
                masked.chain(own.map(|(field, method)| (field.as_str().to_owned(), *method))).collect();
            if judged.uncertain {
                masked.insert("/**".to_owned(), Method::Redact);
            }
            match verdict {
                Verdict::NeedsApproval(rule) => {
                    let policies = rule.policies.clone();
                    Decision { decision: "hold", refusal: None, rule: Some(rule), policies, masked }
                }
                _ => Decision { decision: "allow", refusal: None, rule: None, policies, masked },
            }
        }
    }
}

impl Exchange {
    /// The stages up to policy; none where the gate itself answers.
    fn explained(
        &mut self,
        plane: &Rc<Plane>,
        agent: &Rc<Agent>,
        env: Env<'_>,
        judged: &mut Judged,
    ) -> Result<Option<Ruling>, Refusal> {
        let mut io = Io::default();
        self.read_head(env, &mut io)?;
        if matches!(self.stage, Stage::Refused) {
            return Ok(None);
        }
        self.admit(plane, Rc::clone(agent), env, &mut io)?;
        let most = plane.limits.max_message as usize;
        if self.asked.body.len() > most {
            return Err(too_large(most));
        }
        self.understand()?;
        let Some(serving) = &self.serving else { return Ok(None) };
        let mut ruling = Ruling::new();
        self.ruling(serving, env, judged, &mut ruling)?;
        Ok(Some(ruling))
    }
}
