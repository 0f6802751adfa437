//! Time-boxed grants: one agent may do one kind of thing for a while.
//!
//! The filter asks for each command all the same; it is answered at once, and the use is recorded. So a grant is
//! revoked the moment that its revocation is committed. Policies are evaluated before the filter asks: a grant never
//! permits what an approval would not.

use std::collections::BTreeSet;

use gatewright_core::api::{ApprovalRequest, Need};
use gatewright_core::identity::Identity;
use gatewright_core::time::Millis;

use super::decide::{BY_TOKEN, checked};
use super::{Approvals, Refused, short_id};
use crate::log::Transaction;
use crate::store::Connection;
use crate::store::approvals::{self as rows, Approval, Person};
use crate::store::grants::{self as table, Grant, Granter};
use crate::time::now;

/// Longest life of a grant where the policies do not say (`@max_grant`), in seconds.
const LONGEST_GRANT_S: u64 = 8 * 3_600;

/// A grant that somebody gives before anything is asked for.
#[derive(Debug, Clone)]
pub(crate) struct NewGrant {
    /// Resource.
    pub(crate) resource: String,
    /// The agent's subject.
    pub(crate) principal: String,
    /// The agent's issuer.
    pub(crate) issuer: String,
    /// Role on the target.
    pub(crate) role: String,
    /// A command of that kind.
    pub(crate) statement: String,
    /// What commands of the kind have in common.
    pub(crate) shape: String,
    /// For how long, in seconds.
    pub(crate) seconds: u64,
    /// Why.
    pub(crate) comment: String,
    /// The personal token by which it is given, by its id.
    pub(crate) token: Option<String>,
}

/// How long a grant for this may last, in seconds; 0 where there may be none.
pub(crate) fn longest(request: &ApprovalRequest) -> u64 {
    request.max_grant_s.map_or(LONGEST_GRANT_S, |most| most.min(LONGEST_GRANT_S))
}

/// Approves and uses up an approval that a grant covers; whether one does.
pub(super) async fn approve(
    at: &mut Transaction,
    approval: &mut Approval,
    now: Millis,
) -> sqlx::Result<bool> {
    let grants = table::of_agent(at, &approval.request, now).await?;
    let Some(grant) = grants.iter().find(|grant| covers(grant, &approval.request, now)) else {
        return Ok(false);
    };
    rows::approve_by_grant(at, approval, grant, now).await?;
    table::used(at, grant, &approval.id, now).await?;
    tracing::info!(approval = approval.id, grant = grant.id, "approved by a grant");
    Ok(true)
}

/// Whether a grant covers what is asked for.
pub(super) async fn is_covered(
    at: &mut Connection,
    request: &ApprovalRequest,
    now: Millis,
) -> sqlx::Result<bool> {
    let grants = table::of_agent(at, request, now).await?;
    Ok(grants.iter().any(|grant| covers(grant, request, now)))
}

/// Whether a grant of this agent is good for what it asks for. The policies as they are now count: who may approve,
/// how many must, and for how long.
fn covers(grant: &Grant, request: &ApprovalRequest, now: Millis) -> bool {
    let same = match (&grant.shape, &grant.digest) {
        (Some(shape), _) => request.shape.as_ref() == Some(shape),
        (None, Some(digest)) => request.digest == *digest,
        (None, None) => false,
    };
    let needs = |need: &Need| grant.needs.is_empty() || grant.needs.contains(need);
    let good = |granter: &&Granter| {
        let is_requester = granter.by.subject == request.principal && granter.by.issuer == request.issuer;
        !is_requester && granter.groups.iter().any(|group| request.approvers.contains(group))
    };
    let people = grant.granters.iter().filter(good);
    let people: BTreeSet<_> = people.map(|granter| (&granter.by.issuer, &granter.by.subject)).collect();
    same && request.needs.iter().all(needs)
        && people.len() >= request.min_approvals.max(1) as usize
        && now < grant.created_at.saturating_add(longest(request) * 1000)
}

/// Gives the grant that everybody who approved has offered; the shortest offer counts.
pub(super) async fn give(
    at: &mut Transaction,
    approval: &Approval,
    votes: u32,
    comment: &str,
    now: Millis,
    by: &Person,
) -> sqlx::Result<()> {
    let offers = rows::offers(at, &approval.id).await?;
    let Some(seconds) = offers.iter().map(|offer| offer.seconds).min() else { return Ok(()) };
    if offers.len() < votes as usize {
        return Ok(());
    }
    let request = &approval.request;
    let grant = Grant {
        id: short_id(),
        resource: request.resource.clone(),
        principal: request.principal.clone(),
        issuer: request.issuer.clone(),
        role: request.role.clone(),
        statement: request.statement.clone(),
        shape: request.shape.clone(),
        digest: request.shape.is_none().then(|| request.digest.clone()),
        needs: request.needs.clone(),
        granters: offers.into_iter().map(|offer| Granter { by: offer.by, groups: offer.groups }).collect(),
        approvers: request.approvers.clone(),
        comment: comment.to_owned(),
        approval: Some(approval.id.clone()),
        state: "active".to_owned(),
        created_at: now,
        expires_at: now + seconds * 1000,
    };
    table::insert(at, &grant, by).await
}

impl Approvals {
    /// Gives a grant before anything is asked for. `approvers`: the groups of this person that may approve anything at
    /// all; which of them counts shows when the grant is used.
    pub(crate) async fn grant(
        &self,
        new: NewGrant,
        who: &Identity,
        approvers: Vec<String>,
    ) -> Result<Grant, Refused> {
        let comment = checked(&new.comment)?;
        if approvers.is_empty() {
            return Err(Refused::Forbidden("only somebody who may approve can give a grant".to_owned()));
        }
        if new.principal == who.subject && new.issuer == who.issuer {
            return Err(Refused::Forbidden("nobody gives a grant to themselves".to_owned()));
        }
        if comment.is_empty() {
            return Err(Refused::Senseless("a grant needs a comment that says what it is for".to_owned()));
        }
        if new.seconds == 0 || new.seconds > LONGEST_GRANT_S {
            return Err(Refused::Senseless(format!(
                "a grant lasts {LONGEST_GRANT_S} seconds at most, and one at least"
            )));
        }
        super::can_be_kept([
            &new.resource,
            &new.principal,
            &new.issuer,
            &new.role,
            &new.statement,
            &new.shape,
        ])?;
        let now = now();
        let by = Person { issuer: who.issuer.clone(), subject: who.subject.clone() };
        let grant = Grant {
            id: short_id(),
            resource: new.resource,
            principal: new.principal,
            issuer: new.issuer,
            role: new.role,
            statement: new.statement,
            shape: Some(new.shape),
            digest: None,
            needs: Vec::new(),
            granters: vec![Granter { by: by.clone(), groups: who.groups.clone() }],
            approvers,
            comment: comment.to_owned(),
            approval: None,
            state: "active".to_owned(),
            created_at: now,
            expires_at: now + new.seconds * 1000,
        };
        let mut at = self.log.begin().await?;
        table::insert(&mut at, &grant, &by).await?;
        if let Some(token) = &new.token {
            table::note(&mut at, &grant.id, now, BY_TOKEN, &by, token).await?;
        }
        at.commit().await?;
        self.announce([grant.id.clone()]);
        tracing::info!(grant = grant.id, by = by.subject, agent = grant.principal, "a grant is given");
        Ok(grant)
    }

    /// One grant, for somebody who may see it.
    pub(crate) async fn look_at_grant(&self, id: &str, who: &Identity) -> Result<Grant, Refused> {
        self.expire().await?;
        let grant = self.store.grant(id).await?.filter(|grant| may_see(grant, who));
        grant.ok_or_else(|| Refused::Unknown(id.to_owned()))
    }

    /// The newest grants that a person may see: their own, and those that they may revoke.
    pub(crate) async fn grants(&self, who: &Identity, active: bool) -> Result<Vec<Grant>, Refused> {
        self.expire().await?;
        let mut grants = self.store.grants(active, 1000).await?;
        grants.retain(|grant| may_see(grant, who));
        Ok(grants)
    }

    /// Ends a grant at once: nothing that is asked for after this returns is covered by it. `token`: the personal token by
    /// which it is ended.
    pub(crate) async fn revoke(
        &self,
        id: &str,
        who: &Identity,
        comment: &str,
        token: Option<String>,
    ) -> Result<Grant, Refused> {
        let comment = checked(comment)?;
        let grant = self.look_at_grant(id, who).await?;
        let by = Person { issuer: who.issuer.clone(), subject: who.subject.clone() };
        let mut at = self.log.begin().await?;
        let now = now();
        table::expire(&mut at, now).await?;
        let revoked = table::revoke(&mut at, id, now, &by, comment).await?;
        if let Some(token) = token.filter(|_| revoked) {
            table::note(&mut at, id, now, BY_TOKEN, &by, &token).await?;
        }
        at.commit().await?;
        self.announce([id.to_owned()]);
        if !revoked {
            return Err(Refused::Conflict(format!("the grant `{id}` is over already")));
        }
        tracing::info!(grant = id, by = by.subject, "a grant is revoked");
        Ok(Grant { state: "revoked".to_owned(), ..grant })
    }
}

/// The agent that it is for, who gave it, and whoever may approve such things. The agent may give up its own.
fn may_see(grant: &Grant, who: &Identity) -> bool {
    let is = |issuer: &str, subject: &str| issuer == who.issuer && subject == who.subject;
    is(&grant.issuer, &grant.principal)
        || grant.granters.iter().any(|granter| is(&granter.by.issuer, &granter.by.subject))
        || grant.approvers.iter().any(|group| who.groups.contains(group))
}
