//! What a receiver is told. A channel has more readers than a pending approval has approvers: without being asked for it
//! holds nothing that an agent or a person wrote (statements, parameters, comments), and of what is needed only tables
//! and tools, since the path of a request may hold values.

use gatewright_core::api::Need;
use gatewright_core::time::Millis;
use serde_json::{Value, json};

use super::Receiver;
use crate::config::notifications::{On, Shown};
use crate::estimate::Estimate;
use crate::log::history::{Transition, Whose};
use crate::store::Store;
use crate::store::approvals::{Approval, Stage};
use crate::store::grants::Grant;
use crate::store::notified::Entry;
use crate::time::rfc3339;
use crate::ui::words::{plain, short};

/// Longest name or reason, in characters.
const NAME: usize = 200;
/// Longest statement, parameter or comment; Slack takes 3,000 characters at a time.
const TEXT: usize = 2_000;
/// Most parameters, and most things that are needed.
const MOST: usize = 20;

/// What a receiver is told.
pub(super) struct Message {
    /// The same each time that it is sent.
    pub(super) id: String,
    /// When it happened.
    pub(super) at: Millis,
    /// For programs.
    pub(super) json: Value,
    /// What happens, in a word.
    pub(super) on: On,
    /// What it happens to: `approval ID` or `grant ID`.
    pub(super) about: String,
    /// For people: a line and what there is to say.
    pub(super) title: String,
    pub(super) facts: Vec<Fact>,
    /// Where to look at it.
    pub(super) url: String,
    /// The approval, where it is asked for and nobody has decided yet.
    pub(super) pending: Option<Box<Approval>>,
}

/// Something that there is to say.
pub(super) struct Fact {
    /// What it is.
    pub(super) label: &'static str,
    /// What it says; of several lines, where somebody wrote them.
    pub(super) text: String,
}

impl Fact {
    /// As plain text. Further lines are marked, so that none of them can look like another fact.
    pub(super) fn line(&self) -> String {
        format!("{}: {}", self.label, self.text.replace('\n', "\n│ "))
    }
}

impl Message {
    /// What an entry of the log means to a receiver, if anything.
    pub(super) async fn new(store: &Store, receiver: &Receiver, entry: &Entry) -> sqlx::Result<Option<Self>> {
        let Ok(transition) = serde_json::from_str::<Transition>(&entry.text) else { return Ok(None) };
        let Some(whose) = Whose::read(&entry.name) else { return Ok(None) };
        let Some(on) = on(whose, &transition.step.step).filter(|on| receiver.on.contains(on)) else {
            return Ok(None);
        };
        let mut pending = None;
        let (what, path) = match whose {
            Whose::Approval(id) => match store.approval(id).await? {
                // What a grant covers nobody is asked about; the grant's use is what happens.
                Some(approval) if approval.grant.is_none() || on == On::Used => {
                    let what = of_approval(&approval);
                    let waits = on == On::Asked && approval.stage == Stage::Pending;
                    pending = waits.then(|| Box::new(approval));
                    (what, "approvals")
                }
                _ => return Ok(None),
            },
            Whose::Grant(id) => match store.grant(id).await? {
                Some(grant) => (of_grant(grant), "grants"),
                None => return Ok(None),
            },
            // Whose tokens there are is no business of a channel.
            Whose::Token(_) | Whose::Host(_) => return Ok(None),
        };
        if !receiver.is_about(&what.resource) {
            return Ok(None);
        }
        let url = format!("{}/{path}/{}", receiver.public_url, what.id);
        let id = format!("gw-{}-{}", entry.idx, entry.hash.get(..16).unwrap_or_default());
        let message = what.message(receiver, on, &transition, id, url);
        Ok(Some(Self { pending, ..message }))
    }
}

/// What happens by a step.
fn on(whose: Whose<'_>, step: &str) -> Option<On> {
    Some(match (whose, step) {
        (Whose::Approval(_), "pending") => On::Asked,
        (Whose::Approval(_), "approve" | "deny") => On::Vote,
        (Whose::Approval(_), "approved") => On::Approved,
        (Whose::Approval(_), "denied") => On::Denied,
        (Whose::Approval(_), "expired") => On::Expired,
        (Whose::Approval(_), "withdrawn") => On::Withdrawn,
        (Whose::Approval(_), "used") => On::Used,
        (Whose::Grant(_), "active") => On::Granted,
        (Whose::Grant(_), "used") => On::GrantUsed,
        (Whose::Grant(_), "revoked") => On::Revoked,
        (Whose::Grant(_), "expired") => On::GrantExpired,
        _ => return None,
    })
}

/// What is common to approvals and grants.
struct What {
    kind: &'static str,
    id: String,
    resource: String,
    role: String,
    principal: String,
    reason: String,
    approvers: Vec<String>,
    needs: Vec<Need>,
    state: String,
    expires_at: Millis,
    estimate: Option<Estimate>,
    statement: String,
    parameters: Vec<Option<String>>,
    comment: Option<String>,
}

fn of_approval(approval: &Approval) -> What {
    let request = approval.request.clone();
    What {
        kind: "approval",
        id: approval.id.clone(),
        resource: request.resource,
        role: request.role,
        principal: request.principal,
        reason: request.reason,
        approvers: request.approvers,
        needs: request.needs,
        state: approval.stage.as_str().to_owned(),
        expires_at: approval.expires_at,
        estimate: approval.estimate,
        statement: request.statement,
        parameters: request.parameters,
        comment: approval.comment.clone(),
    }
}

fn of_grant(grant: Grant) -> What {
    What {
        kind: "grant",
        id: grant.id,
        resource: grant.resource,
        role: grant.role,
        principal: grant.principal,
        reason: String::new(),
        approvers: grant.approvers,
        needs: grant.needs,
        state: grant.state,
        expires_at: grant.expires_at,
        estimate: None,
        statement: grant.statement,
        parameters: Vec::new(),
        comment: Some(grant.comment),
    }
}

impl What {
    fn message(
        self,
        receiver: &Receiver,
        on: On,
        transition: &Transition,
        id: String,
        url: String,
    ) -> Message {
        let by = name(&transition.step.subject);
        let (principal, resource) = (name(&self.principal), name(&self.resource));
        let title = match on {
            On::Asked => format!("{principal} asks for an approval on {resource}"),
            On::Vote => format!("{by} decided about what {principal} asks for on {resource}"),
            On::Approved => format!("{by} approved what {principal} asked for on {resource}"),
            On::Denied => format!("{by} denied what {principal} asked for on {resource}"),
            On::Expired => format!("What {principal} asked for on {resource} has expired"),
            On::Withdrawn => format!("What {principal} asked for on {resource} is not wanted any more"),
            On::Used => format!("{principal} used an approval on {resource}"),
            On::Granted => format!("{by} gave {principal} a grant on {resource}"),
            On::GrantUsed => format!("{principal} used a grant on {resource}"),
            On::Revoked => format!("{by} revoked a grant of {principal} on {resource}"),
            On::GrantExpired => format!("A grant of {principal} on {resource} has ended"),
        };
        let needs: Vec<String> = self.needs.iter().take(MOST).map(need).collect();
        let groups: Vec<String> = self.approvers.iter().take(MOST).map(|group| name(group)).collect();
        let mut facts = Vec::new();
        let mut line = |label: &'static str, text: &str| {
            if !text.is_empty() {
                facts.push(Fact { label, text: text.to_owned() });
            }
        };
        line("Reason", &name(&self.reason));
        line("Needs", &needs.join(", "));
        let estimate = self.estimate.map(|estimate| estimate.to_string());
        line("Estimate", estimate.as_deref().unwrap_or_default());
        line("Role", &name(&self.role));
        line("May decide", &groups.join(", "));
        line("State", &self.state);
        line("Until", &rfc3339(self.expires_at));
        let mut object = json!({
            "id": self.id, "resource": resource, "role": name(&self.role), "principal": principal,
            "reason": name(&self.reason), "approvers": groups, "needs": needs, "state": self.state,
            "expires_at": rfc3339(self.expires_at),
        });
        if let Some(estimate) = self.estimate {
            object["estimate"] = estimate.to_string().into();
            object["estimated_rows"] = estimate.count().into();
        }
        if receiver.shows(Shown::Statement) {
            object["statement"] = text(&self.statement).into();
            line("Statement", &text(&self.statement));
        }
        if receiver.shows(Shown::Parameters) {
            let shown = |value: &Option<String>| value.as_deref().map(text);
            let parameters: Vec<_> = self.parameters.iter().take(MOST).map(shown).collect();
            let words: Vec<_> = parameters.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
            line("Parameters", &words.join(", "));
            object["parameters"] = parameters.into();
        }
        if receiver.shows(Shown::Comments) {
            let comment = self.comment.as_deref().map(text);
            line("Comment", comment.as_deref().unwrap_or_default());
            object["comment"] = comment.into();
        }
        let at = transition.step.at;
        let json = json!({
            "id": id, "type": on.as_str(), "at": rfc3339(at), "by": by, "url": url, (self.kind): object,
        });
        let about = format!("{} {}", self.kind, self.id);
        Message { id, at, json, on, about, title, facts, url, pending: None }
    }
}

/// What is needed: the action, and the table or the tool. An endpoint's path stays here.
fn need(need: &Need) -> String {
    let target = need.resource.split_once("::").filter(|(kind, _)| matches!(*kind, "Table" | "Tool"));
    match target {
        Some((_, target)) => name(&format!("{} on {}", need.action, target.trim_matches('"'))),
        None => name(&need.action),
    }
}

/// A name or a reason, on one line.
fn name(text: &str) -> String {
    plain(&short(text, NAME))
}

/// A longer text.
fn text(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((at, _)) => format!("{}… (cut)", plain(text.get(..at).unwrap_or_default())),
        None => plain(text),
    }
}
