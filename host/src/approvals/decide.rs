//! People decide.

use gatewright_core::digest::Digest;
use gatewright_core::identity::Identity;

use super::grants::{self, longest};
use super::{Approvals, Refused, is_approver, is_requester, shown};
use crate::store::approvals::{self as rows, Approval, Offer, Person, Stage, Vote};
use crate::store::records::ApprovalRecord;
use crate::time::now;
use crate::trace;

/// Longest comment, in characters.
const LONGEST_COMMENT: usize = 1_000;

/// A person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// Let it go ahead.
    Approve,
    /// Do not.
    Deny,
}

/// A decision, and what comes with it.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// The decision.
    pub(crate) decision: Decision,
    /// What the agent is told about it.
    pub(crate) comment: String,
    /// For how long more of the same may pass, in seconds.
    pub(crate) grant_s: Option<u64>,
    /// Where it was taken, if not on the host's own pages or by its API.
    pub(crate) elsewhere: Option<Elsewhere>,
    /// The personal token by which it was taken, by its id.
    pub(crate) token: Option<String>,
}

/// The step that says by which personal token somebody did something.
pub(super) const BY_TOKEN: &str = "token";

/// A decision that was taken in somebody else's program.
#[derive(Debug, Clone)]
pub(crate) struct Elsewhere {
    /// What the log calls the step that says so.
    pub(crate) how: &'static str,
    /// Who they are there.
    pub(crate) detail: String,
    /// What they were shown; see [`shown`].
    pub(crate) shown: Digest,
}

#[cfg(test)]
impl Choice {
    /// A decision about this one command.
    pub(crate) fn once(decision: Decision, comment: &str) -> Self {
        Self { decision, comment: comment.to_owned(), grant_s: None, elsewhere: None, token: None }
    }
}

impl Approvals {
    /// A person decides.
    pub(crate) async fn decide(
        &self,
        id: &str,
        who: &Identity,
        choice: &Choice,
    ) -> Result<Approval, Refused> {
        trace::step("approval.decide", Vec::new, self.decided(id, who, choice)).await
    }

    async fn decided(&self, id: &str, who: &Identity, choice: &Choice) -> Result<Approval, Refused> {
        let comment = checked(&choice.comment)?;
        let person = Person { issuer: who.issuer.clone(), subject: who.subject.clone() };
        let mut at = self.log.begin().await?;
        let now = now();
        let expired = rows::expire(&mut at, now).await?;
        let approval = rows::load(&mut at, id).await?.ok_or_else(|| Refused::Unknown(id.to_owned()))?;
        trace::note("gatewright.approval", approval.id.clone());
        trace::note("gatewright.resource", approval.request.resource.clone());
        trace::link(self.origins().of(id));
        may_decide(&approval, who)?;
        if approval.stage != Stage::Pending {
            // What expired by this very look stays expired.
            at.commit().await?;
            self.announce(expired);
            return Err(Refused::Conflict(format!(
                "the approval `{id}` is {} already",
                approval.stage.as_str()
            )));
        }
        if choice.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.shown != shown(&approval)) {
            return Err(Refused::Conflict(format!("what was shown is not what `{id}` is about")));
        }
        let about = match at.asked(id).await? {
            Some((about, asked)) if asked.asks_as(&ApprovalRecord::new(&approval)) => about,
            _ => {
                return Err(Refused::Conflict(format!(
                    "what the database says of `{id}` is not what was asked for: run `gatewright sessions verify`"
                )));
            }
        };
        if approval.request.comment_required && comment.is_empty() {
            let why = "the policy wants to know why: decide with a comment";
            return Err(Refused::Senseless(why.to_owned()));
        }
        let approve = choice.decision == Decision::Approve;
        if let Some(seconds) = choice.grant_s {
            let most = longest(&approval.request);
            if !approve || seconds == 0 || seconds > most {
                return Err(Refused::Senseless(match most {
                    _ if !approve => "a denial grants nothing".to_owned(),
                    0 => "the policy lets nobody grant more of the same".to_owned(),
                    most => format!("a grant for this may last {most} seconds at most, and one at least"),
                }));
            }
        }
        let (by, groups) = (person.clone(), who.groups.clone());
        let offer = choice.grant_s.map(|seconds| Offer { by, groups, seconds });
        let vote = Vote { approve, by: &person, comment, about, offered: offer };
        if !rows::vote(&mut at, id, now, vote).await? {
            return Err(Refused::Conflict(format!("`{}` approved `{id}` already", person.subject)));
        }
        if let Some(Elsewhere { how, detail, .. }) = &choice.elsewhere {
            rows::note(&mut at, id, now, how, &person, detail).await?;
        }
        if let Some(token) = &choice.token {
            rows::note(&mut at, id, now, BY_TOKEN, &person, token).await?;
        }
        if !approve {
            rows::advance(&mut at, id, Stage::Pending, Stage::Denied, now, &person).await?;
        } else {
            let votes = rows::votes(&mut at, id).await?;
            if votes >= approval.request.min_approvals.max(1) {
                rows::advance(&mut at, id, Stage::Pending, Stage::Approved, now, &person).await?;
                grants::give(&mut at, &approval, votes, comment, now, &person).await?;
            }
        }
        let decided = rows::load(&mut at, id).await?.ok_or_else(|| Refused::Unknown(id.to_owned()))?;
        at.commit().await?;
        self.announce(expired);
        self.announce([id.to_owned()]);
        let (by, stage) = (&person.subject, decided.stage.as_str());
        trace::note("gatewright.approval.state", stage);
        tracing::info!(approval = id, by, decision = ?choice.decision, stage, "decision");
        Ok(decided)
    }
}

/// A comment as it may be kept and shown: not too long, and nothing in it that changes how a terminal looks.
pub(super) fn checked(comment: &str) -> Result<&str, Refused> {
    let comment = comment.trim();
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(Refused::Senseless(format!("a comment has {LONGEST_COMMENT} characters at most")));
    }
    if comment.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Refused::Senseless("a comment holds no control characters".to_owned()));
    }
    Ok(comment)
}

fn may_decide(approval: &Approval, who: &Identity) -> Result<(), Refused> {
    if is_requester(approval, who) {
        return Err(Refused::Forbidden("nobody decides about what they asked for themselves".to_owned()));
    }
    if !is_approver(approval, who) {
        // That there is one is nobody else's business.
        return Err(Refused::Unknown(approval.id.clone()));
    }
    Ok(())
}
