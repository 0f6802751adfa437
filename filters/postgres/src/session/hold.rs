//! Commands that wait for somebody's approval.

use gatewright_core::api::{ApprovalReply, ApprovalRequest, ApprovalState, Problem};
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::digest::sha256_parts;
use gatewright_core::event::Kind;
use gatewright_core::policy::{ApprovalRule, rfc3339};
use gatewright_core::time::Millis;
use gatewright_core::trace::TraceContext;

use super::open::{Open, Parked, Wait};
use super::phases::Next;
use super::replies::{Probe, Reply};
use gatewright_core::call::{HostReply, HostRequest};

use super::{Env, Io, Link};
use crate::Refusal;
use crate::refusal::code;
use crate::wire::{ErrorFields, frontend};

/// Pause before the host is asked again after it did not answer, in milliseconds.
const PAUSE: Millis = 1_000;

/// A held command.
#[derive(Debug)]
pub(crate) struct Hold {
    parked: Parked,
    request: ApprovalRequest,
    /// The span that it is for, where it says so.
    trace: Option<TraceContext>,
    statement: u64,
    stage: Stage,
    /// Once the host has it.
    approval: Option<ApprovalReply>,
    /// When the gate itself gives up, should the host be gone.
    gives_up_at: Millis,
}

/// What is held, as a person sees it and as the approval binds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) text: &'a str,
    pub(crate) parameters: &'a [Option<String>],
    /// Types of the parameters as Parse declares them, and formats and values as Bind gives them.
    pub(crate) bytes: [&'a [u8]; 2],
}

#[derive(Debug)]
enum Stage {
    /// The server was asked whether it skips.
    Probing,
    /// The host was asked for an approval.
    Asking(u32),
    /// The host was asked to say when it is decided.
    Waiting(u32),
    /// The host did not answer; it is asked again later.
    Pausing(Millis),
}

impl Hold {
    /// Asks the host for an approval.
    fn ask(&mut self, link: &mut Link, io: &mut Io) {
        let request = HostRequest::CreateApproval(self.request.clone());
        self.stage = Stage::Asking(link.call_for(self.trace.as_ref(), request, io));
    }

    /// Asks the host to say when it is decided.
    fn wait_for(&mut self, id: &str, link: &mut Link, io: &mut Io) {
        let request = HostRequest::AwaitApproval(id.to_owned());
        self.stage = Stage::Waiting(link.call_for(self.trace.as_ref(), request, io));
    }
}

impl Open {
    /// Holds a command until it is approved.
    pub(crate) fn hold(
        &mut self,
        parked: Parked,
        rule: &ApprovalRule,
        given: Given<'_>,
        link: &mut Link,
        env: Env<'_>,
        io: &mut Io,
    ) {
        let config = &self.plane.approvals;
        let expires_s = rule.expires_s.unwrap_or(config.expires_s);
        let who = &self.judge.identity;
        let resource = &self.plane.resource.name;
        let parts = [resource, &self.judge.role, &who.issuer, &who.subject, given.text].map(str::as_bytes);
        let digest = sha256_parts(parts.into_iter().chain(given.bytes));
        let request = ApprovalRequest {
            resource: resource.clone(),
            session: link.id().to_owned(),
            principal: who.subject.clone(),
            issuer: who.issuer.clone(),
            role: self.judge.role.clone(),
            statement: given.text.to_owned(),
            parameters: given.parameters.to_vec(),
            digest: hex::encode(digest),
            reason: rule.reason.clone(),
            approvers: rule.approvers.clone(),
            min_approvals: rule.min_approvals,
            expires_s,
            mode: if self.in_transaction() { config.in_transaction } else { config.mode },
            policies: rule.policies.clone(),
            needs: rule.needs.clone(),
            shape: Some(gatewright_sql::shape(given.text).into_owned()),
            comment_required: rule.comment_required,
            max_grant_s: rule.max_grant_s,
        };
        let statement = match &parked.reply {
            Reply::Query(running) | Reply::Execute(running) => running.number,
            _ => 0,
        };
        let gives_up_at = env.now.saturating_add(expires_s.saturating_mul(1000));
        let trace = TraceContext::of_statement(given.text);
        let stage = Stage::Probing;
        let mut hold = Hold { parked, request, trace, statement, stage, approval: None, gives_up_at };
        if self.replies.is_empty() {
            hold.ask(link, io);
        } else {
            // Commands of the same pipeline are before it: if one fails, nobody need be asked.
            frontend::probe(&mut io.to_server);
            self.replies.push(Reply::Probe(Probe::Alive));
        }
        self.wait = Wait::Approval(Box::new(hold));
    }

    /// The server answered a probe.
    pub(crate) fn probed(&mut self, probe: Probe, link: &mut Link, _env: Env<'_>, io: &mut Io) {
        match (probe, &mut self.wait) {
            (Probe::Alive, Wait::Approval(hold)) => {
                hold.ask(link, io);
            }
            (Probe::Notice(notice), _) => io.to_client.extend_from_slice(&notice),
            (Probe::Alive, _) => {}
        }
    }

    pub(crate) fn host(
        &mut self,
        link: &mut Link,
        token: u32,
        reply: &HostReply,
        env: Env<'_>,
        io: &mut Io,
    ) -> Next {
        let Wait::Approval(hold) = &mut self.wait else { return Next::Stay };
        let asking = matches!(hold.stage, Stage::Asking(expected) if expected == token);
        if !asking && !matches!(hold.stage, Stage::Waiting(expected) if expected == token) {
            return Next::Stay;
        }
        let answer = match reply.status {
            200 => serde_json::from_slice::<ApprovalReply>(&reply.body).ok(),
            _ => None,
        };
        match answer {
            Some(approval) => self.decided(approval, asking, link, env, io),
            None if asking || (400..500).contains(&reply.status) => {
                let problem = serde_json::from_slice::<Problem>(&reply.body)
                    .map(|problem| problem.detail)
                    .unwrap_or_default();
                let refusal = Refusal::new(
                    code::UNAVAILABLE,
                    "this needs approval, and the gate's host could not take the request",
                )
                .detail(problem)
                .hint("try again in a few seconds");
                self.refuse_held(refusal, link, io);
            }
            None => hold.stage = Stage::Pausing(env.now.saturating_add(PAUSE)),
        }
        Next::Stay
    }

    fn decided(&mut self, approval: ApprovalReply, first: bool, link: &mut Link, env: Env<'_>, io: &mut Io) {
        let Wait::Approval(hold) = &mut self.wait else { return };
        let state = approval.state;
        let ApprovalReply { id, url, .. } = approval.clone();
        let by = approval.decided_by.join(", ");
        if first || state != ApprovalState::Pending {
            link.record(env.now, Kind::approval(hold.statement, &approval), io);
        }
        let comment = approval.comment.clone().map(|comment| format!(": {comment}")).unwrap_or_default();
        match state {
            ApprovalState::Pending if hold.request.mode == ApprovalMode::Retry => {
                let refusal = Refusal::new(
                    code::DENIED,
                    format!("this needs approval: {}", hold.request.reason),
                )
                .detail(format!(
                    "Approval {id} was requested from {}: {url}",
                    hold.request.approvers.join(", ")
                ))
                .hint(format!(
                    "send exactly the same statement again once approval {id} is given; it then runs once"
                ));
                self.refuse_held(refusal, link, io);
            }
            ApprovalState::Pending => {
                hold.wait_for(&id, link, io);
                if first {
                    let notice = waiting_notice(&hold.request, &approval);
                    hold.approval = Some(approval);
                    frontend::probe(&mut io.to_server);
                    self.replies.push(Reply::Probe(Probe::Notice(notice)));
                }
            }
            ApprovalState::Approved => self.release(link, io),
            ApprovalState::Denied => self.refuse_held(
                Refusal::new(code::DENIED, format!("approval {id} was denied"))
                    .detail(format!("Denied by {by}{comment}."))
                    .hint("do not try the same again; ask the approvers what would be acceptable"),
                link,
                io,
            ),
            ApprovalState::Expired => self.refuse_held(
                Refusal::new(code::CANCELED, format!("approval {id} expired before anybody decided"))
                    .hint("ask an approver to be ready, then send the statement again"),
                link,
                io,
            ),
            ApprovalState::Withdrawn => {
                self.refuse_held(
                    Refusal::new(code::CANCELED, format!("approval {id} was withdrawn")),
                    link,
                    io,
                );
            }
        }
    }

    /// Lets the held command go.
    fn release(&mut self, link: &Link, io: &mut Io) {
        if let Wait::Approval(hold) = std::mem::replace(&mut self.wait, Wait::Nothing) {
            if let Reply::Execute(running) = &hold.parked.reply
                && let Some(portal) = &running.portal
            {
                portal.approved.set(true);
            }
            self.send(hold.parked, link.recorded(), link, io);
        }
    }

    /// Sends the poison in place of the held command.
    fn refuse_held(&mut self, refusal: Refusal, link: &Link, io: &mut Io) {
        if let Wait::Approval(hold) = std::mem::replace(&mut self.wait, Wait::Nothing) {
            self.send(hold.parked.refused(refusal), 0, link, io);
        }
    }

    /// A command before the held one failed, so the server skips the held one too.
    pub(crate) fn abandon_hold(&mut self, link: &mut Link, io: &mut Io) {
        self.withdraw(link, io);
        self.wait = Wait::Nothing;
    }

    /// Tells the host that nobody waits for an approval any more.
    pub(crate) fn withdraw(&mut self, link: &mut Link, io: &mut Io) {
        if let Wait::Approval(hold) = &self.wait
            && let Some(approval) = &hold.approval
        {
            link.call_for(hold.trace.as_ref(), HostRequest::WithdrawApproval(approval.id.clone()), io);
        }
    }

    pub(crate) fn cancelled(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) {
        if let Wait::Approval(hold) = &self.wait {
            let approval = hold.approval.as_ref().map(|approval| approval.id.clone()).unwrap_or_default();
            let kind = Kind::Approval {
                statement: hold.statement,
                approval,
                state: "withdrawn".to_owned(),
                by: Vec::new(),
                comment: None,
                grant: None,
            };
            link.record(env.now, kind, io);
            self.withdraw(link, io);
            self.refuse_held(
                Refusal::new(code::CANCELED, "canceling statement due to user request"),
                link,
                io,
            );
        }
    }

    pub(crate) fn tick_hold(&mut self, link: &mut Link, env: Env<'_>, io: &mut Io) {
        let Wait::Approval(hold) = &mut self.wait else { return };
        if env.now > hold.gives_up_at.saturating_add(PAUSE) {
            let id = hold.approval.as_ref().map(|approval| approval.id.clone()).unwrap_or_default();
            self.refuse_held(
                Refusal::new(code::CANCELED, format!("approval {id} expired before anybody decided")),
                link,
                io,
            );
            return;
        }
        if let (Stage::Pausing(until), Some(approval)) = (&hold.stage, &hold.approval)
            && env.now >= *until
        {
            let id = approval.id.clone();
            hold.wait_for(&id, link, io);
        }
    }
}

/// What the client reads while it waits.
fn waiting_notice(request: &ApprovalRequest, approval: &ApprovalReply) -> Vec<u8> {
    let mut notice = Vec::new();
    ErrorFields::new("NOTICE", "00000", &format!("waiting for approval {}: {}", approval.id, request.reason))
        .with(
            b'D',
            &format!(
                "A member of {} can decide until {}.",
                request.approvers.join(", "),
                rfc3339(approval.expires_at)
            ),
        )
        .with(b'H', &approval.url)
        .write(b'N', &mut notice);
    notice
}
