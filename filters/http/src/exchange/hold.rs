//! A request that waits for somebody's approval, or is told to come back after it.

use gatewright_core::api::{ApprovalReply, ApprovalRequest, ApprovalState, Need, Problem};
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::call::{HostReply, HostRequest};
use gatewright_core::digest::sha256_parts;
use gatewright_core::event::Kind;
use gatewright_core::policy::ApprovalRule;
use gatewright_core::time::Millis;

use super::judge::needs;
use super::record::{MOST_BODY, shown};
use super::{Env, Exchange, Io, Stage};
use crate::reply::Refusal;

/// How long to pause before asking again when the host did not answer, in milliseconds.
const PAUSE: Millis = 1_000;

/// A held request.
#[derive(Debug)]
pub(super) struct Hold {
    request: ApprovalRequest,
    rule: ApprovalRule,
    waiting: Waiting,
    approval: Option<ApprovalReply>,
    gives_up_at: Millis,
}

#[derive(Debug)]
enum Waiting {
    /// For the answer to the request for an approval.
    Asking(u32),
    /// For the decision.
    Deciding(u32),
    /// The host did not answer; it is asked again then.
    Pausing(Millis),
}

impl Exchange {
    /// Asks the host for an approval.
    pub(super) fn ask_for_approval(&mut self, rule: &ApprovalRule, env: Env<'_>, io: &mut Io) -> Stage {
        let Some(serving) = &self.serving else { return Stage::Refused };
        let (plane, who) = (&serving.plane, &serving.agent.identity);
        let line = self.line();
        let kind = self.asked.head.first("content-type").unwrap_or_default();
        let body = &self.asked.body;
        let headers = self.judged.iter().flat_map(|judged| &judged.headers);
        let headers = headers.flat_map(|(name, value)| [name.as_bytes(), value.as_slice()]);
        let digest = hex::encode(sha256_parts(
            [
                plane.name.as_bytes(),
                who.issuer.as_bytes(),
                who.subject.as_bytes(),
                line.as_bytes(),
                kind,
                body,
            ]
            .into_iter()
            .chain(headers),
        ));
        let expires_s = rule.expires_s.unwrap_or(plane.approvals.expires_s);
        let request = ApprovalRequest {
            resource: plane.name.clone(),
            session: serving.visit.borrow().id().to_owned(),
            principal: who.subject.clone(),
            issuer: who.issuer.clone(),
            role: String::new(),
            statement: line,
            parameters: if body.is_empty() { Vec::new() } else { vec![Some(shown(body, MOST_BODY))] },
            digest,
            reason: rule.reason.clone(),
            approvers: rule.approvers.clone(),
            min_approvals: rule.min_approvals,
            expires_s,
            mode: plane.approvals.mode,
            policies: rule.policies.clone(),
            needs: rule.needs.clone(),
            shape: shape(rule),
            comment_required: rule.comment_required,
            max_grant_s: rule.max_grant_s,
        };
        let gives_up_at = env.now.saturating_add(expires_s.saturating_mul(1000));
        let asking = self.call(HostRequest::CreateApproval(request.clone()), io);
        let waiting = Waiting::Asking(asking);
        Stage::Approval(Box::new(Hold { request, rule: rule.clone(), waiting, approval: None, gives_up_at }))
    }

    /// The host's answer to a call of a held request.
    pub(super) fn approval_answered(&mut self, token: u32, reply: &HostReply, env: Env<'_>, io: &mut Io) {
        let Stage::Approval(hold) = &mut self.stage else { return };
        let first = matches!(hold.waiting, Waiting::Asking(expected) if expected == token);
        if !first && !matches!(hold.waiting, Waiting::Deciding(expected) if expected == token) {
            return;
        }
        let answer = match reply.status {
            200 => serde_json::from_slice::<ApprovalReply>(&reply.body).ok(),
            _ => None,
        };
        match answer {
            Some(approval) => self.approval_is(approval, first, env, io),
            None if first || (400..500).contains(&reply.status) => {
                let problem = serde_json::from_slice::<Problem>(&reply.body);
                let why = problem.map(|problem| problem.detail).unwrap_or_default();
                let detail = format!(
                    "this needs approval, and the gate's host could not take the request; try again in a few seconds. {why}"
                );
                self.refuse(&Refusal::new(503, detail).retry_after(3), env, io);
            }
            None => hold.waiting = Waiting::Pausing(env.now.saturating_add(PAUSE)),
        }
    }

    fn approval_is(&mut self, approval: ApprovalReply, first: bool, env: Env<'_>, io: &mut Io) {
        let Stage::Approval(hold) = &self.stage else { return };
        let retry = hold.request.mode == ApprovalMode::Retry;
        let reason = needs(&hold.rule);
        let state = approval.state;
        if first || state != ApprovalState::Pending {
            self.record_approval(&approval, env.now, io);
        }
        let id = approval.id.clone();
        let comment = approval.comment.clone().map(|comment| format!(": {comment}")).unwrap_or_default();
        match state {
            ApprovalState::Approved => self.stage = Stage::Credential(None),
            ApprovalState::Pending if retry => {
                let hint =
                    "send exactly the same request again once the approval is given; it then runs once";
                let refusal = Refusal::new(403, reason).approval(&approval).hint(hint).retry_after(30);
                self.refuse(&refusal, env, io);
            }
            ApprovalState::Pending => {
                let asking = self.call(HostRequest::AwaitApproval(id), io);
                if let Stage::Approval(hold) = &mut self.stage {
                    hold.waiting = Waiting::Deciding(asking);
                    hold.approval = Some(approval);
                }
            }
            ApprovalState::Denied => {
                let by = approval.decided_by.join(", ");
                let detail = format!(
                    "approval {id} was denied by {by}{comment}. Do not try the same again; ask the approvers what would \
                     be acceptable"
                );
                self.refuse(&Refusal::new(403, detail), env, io);
            }
            ApprovalState::Expired => self.refuse(&expired(&id), env, io),
            ApprovalState::Withdrawn => {
                self.refuse(&Refusal::new(403, format!("approval {id} was withdrawn")), env, io);
            }
        }
    }

    fn record_approval(&mut self, approval: &ApprovalReply, now: Millis, io: &mut Io) {
        let Some(serving) = &self.serving else { return };
        let kind = Kind::approval(serving.statement, approval);
        serving.visit.borrow_mut().record(now, &kind, &mut io.events);
    }

    /// Time passes while the request is held.
    pub(super) fn tick_hold(&mut self, env: Env<'_>, io: &mut Io) {
        let Stage::Approval(hold) = &self.stage else { return };
        let id = hold.approval.as_ref().map(|approval| approval.id.clone());
        if env.now > hold.gives_up_at.saturating_add(PAUSE) {
            self.refuse(&expired(&id.unwrap_or_default()), env, io);
            return;
        }
        if let (Waiting::Pausing(until), Some(id)) = (&hold.waiting, id)
            && env.now >= *until
        {
            let asking = self.call(HostRequest::AwaitApproval(id), io);
            if let Stage::Approval(hold) = &mut self.stage {
                hold.waiting = Waiting::Deciding(asking);
            }
        }
    }

    /// The agent went away: nobody waits for the approval any more.
    pub(super) fn withdraw(&mut self, env: Env<'_>, io: &mut Io) {
        let Stage::Approval(hold) = &self.stage else { return };
        if let Some(approval) = &hold.approval {
            let gone = ApprovalReply { state: ApprovalState::Withdrawn, ..approval.clone() };
            self.record_approval(&gone, env.now, io);
            self.call(HostRequest::WithdrawApproval(gone.id), io);
        }
    }
}

/// What requests of the same kind have in common: the endpoints or tools that policy knows by name. SQL in a body may
/// do anything with what it names, so it has none.
fn shape(rule: &ApprovalRule) -> Option<String> {
    let named = |need: &Need| {
        let known = match need.action.as_str() {
            "request" => need.resource.starts_with("Endpoint::"),
            "tool_call" => need.resource.starts_with("Tool::"),
            _ => false,
        };
        known.then(|| format!("{} {}", need.action, need.resource))
    };
    let named: Option<Vec<String>> = rule.needs.iter().map(named).collect();
    named.filter(|named| !named.is_empty()).map(|named| named.join("; "))
}

fn expired(id: &str) -> Refusal {
    let detail = format!(
        "approval {id} expired before anybody decided; ask an approver to be ready, then send the request again"
    );
    Refusal::new(504, detail)
}
