//! The life of an approval: asked for, decided by people or covered by a grant, used once.

mod decide;
mod grants;

use std::time::Duration;

use gatewright_core::api::{ApprovalReply, ApprovalRequest, ApprovalState};
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::digest::{Digest, sha256_parts};
use gatewright_core::identity::Identity;
use gatewright_core::time::Millis;
use rand::RngExt as _;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::estimate::Estimate;
use crate::log::Log;
use crate::log::history::Whose;
use crate::store::{Store, Waker};
pub(crate) use decide::{Choice, Decision, Elsewhere};
pub(crate) use grants::{NewGrant, longest as longest_grant};

use crate::store::approvals::{self as rows, Approval, Person, Stage};
use crate::time::now;
use crate::trace::{self, Origins, about};

/// Longest that a filter's question is left open.
const WAIT: Duration = Duration::from_secs(25);
/// Longest life of an approval.
const LONGEST_S: u64 = 30 * 86_400;
/// Changes that a slow waiter may fall behind before it looks for itself.
const CHANGES: usize = 1024;
/// Crockford's base32: no letter that reads like a digit, no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Why something cannot be done with an approval.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// There is none of that id.
    #[error("there is no approval `{0}`")]
    Unknown(String),
    /// The person may not decide it.
    #[error("{0}")]
    Forbidden(String),
    /// It is past that.
    #[error("{0}")]
    Conflict(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Senseless(String),
    /// The database.
    #[error("the approvals cannot be read or written")]
    Store(#[from] sqlx::Error),
}

/// All approvals.
#[derive(Debug, Clone)]
pub(crate) struct Approvals {
    store: Store,
    log: Log,
    /// Ids of approvals that moved on.
    changes: broadcast::Sender<String>,
    /// Where other hosts move them on as well, those are found in the log: see [`Approvals::hear`].
    waker: Option<Waker>,
    /// The spans that they were asked for in.
    origins: Origins,
}

impl Approvals {
    /// Takes up the approvals of the store, and expires them in time from now on.
    pub(crate) fn start(log: Log) -> Self {
        let store = log.store().clone();
        let waker = store.waker();
        let approvals = Self {
            store,
            log,
            changes: broadcast::channel(CHANGES).0,
            waker: waker.clone(),
            origins: Origins::default(),
        };
        if let Some(waker) = waker {
            tokio::spawn(approvals.clone().hear(waker));
        }
        let clock = approvals.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(500)).await;
                if let Err(cause) = clock.expire().await {
                    tracing::error!(%cause, "approvals cannot be expired");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        });
        approvals
    }

    /// Asks for an approval; in the mode `retry` an open one of the same command is taken up.
    pub(crate) async fn request(
        &self,
        request: ApprovalRequest,
    ) -> Result<(Approval, ApprovalState), Refused> {
        makes_sense(&request)?;
        self.put(request, None).await
    }

    /// The same with an estimate of what it does, which is waited for only where somebody is to be asked.
    pub(crate) async fn request_with<F>(
        &self,
        request: ApprovalRequest,
        estimate: impl FnOnce(ApprovalRequest) -> F,
    ) -> Result<(Approval, ApprovalState), Refused>
    where
        F: Future<Output = Option<Estimate>>,
    {
        makes_sense(&request)?;
        let attributes = vec![
            about("gatewright.resource", request.resource.clone()),
            about("gatewright.session", request.session.clone()),
            about("gatewright.role", request.role.clone()),
        ];
        let asked = async {
            let estimate = match self.is_answered(&request).await? {
                true => None,
                false => estimate(request.clone()).await,
            };
            self.put(request, estimate).await
        };
        trace::step("approval.ask", || attributes, noted(Box::pin(asked))).await
    }

    /// Whether a request is answered by what is there: an approval of the same command, or a grant.
    async fn is_answered(&self, request: &ApprovalRequest) -> sqlx::Result<bool> {
        let mut at = self.store.reader().await?;
        if request.mode == ApprovalMode::Retry {
            for stage in [Stage::Approved, Stage::Pending] {
                if rows::same(&mut at, request, stage).await?.is_some_and(|it| it.expires_at > now()) {
                    return Ok(true);
                }
            }
        }
        grants::is_covered(&mut at, request, now()).await
    }

    async fn put(
        &self,
        request: ApprovalRequest,
        estimate: Option<Estimate>,
    ) -> Result<(Approval, ApprovalState), Refused> {
        let mut at = self.log.begin().await?;
        let now = now();
        // Somebody who went away while the database was asked: nobody would ever withdraw it.
        if estimate.is_some()
            && request.mode == ApprovalMode::Hold
            && rows::has_ended(&mut at, &request.session).await?
        {
            return Err(Refused::Conflict("the session is over: nobody waits for an approval".to_owned()));
        }
        let expired = rows::expire(&mut at, now).await?;
        let (mut answer, mut changed) = (None, true);
        if request.mode == ApprovalMode::Retry {
            if let Some(approved) = rows::same(&mut at, &request, Stage::Approved).await? {
                let requester = requester(&approved);
                rows::advance(&mut at, &approved.id, Stage::Approved, Stage::Used, now, &requester).await?;
                answer = Some((approved, ApprovalState::Approved));
            } else if let Some(pending) = rows::same(&mut at, &request, Stage::Pending).await? {
                // Asked for again, and nothing new to anybody.
                (answer, changed) = (Some((pending, ApprovalState::Pending)), false);
            }
        }
        let mut answer = match answer {
            Some(answer) => answer,
            None => {
                let fresh = fresh(request, estimate, now);
                rows::insert(&mut at, &fresh).await?;
                (fresh, ApprovalState::Pending)
            }
        };
        if answer.1 == ApprovalState::Pending && grants::approve(&mut at, &mut answer.0, now).await? {
            (answer.1, changed) = (ApprovalState::Approved, true);
        }
        // Before anybody can hear of it.
        self.origins.keep(&answer.0.id);
        at.commit().await?;
        self.announce(expired);
        if changed {
            self.announce([answer.0.id.clone()]);
        }
        Ok(answer)
    }

    /// The spans that approvals were asked for in.
    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Waits until an approval is decided, 25 seconds at most. The answer `approved` uses it up.
    pub(crate) async fn wait(&self, id: &str) -> Result<(Approval, ApprovalState), Refused> {
        trace::step("approval.wait", Vec::new, noted(Box::pin(self.waited(id)))).await
    }

    async fn waited(&self, id: &str) -> Result<(Approval, ApprovalState), Refused> {
        let deadline = Instant::now() + WAIT;
        // Subscribed before the first look: a decision in between is not missed.
        let mut changes = self.changes.subscribe();
        loop {
            let approval = self.look(id).await?;
            let state = match approval.stage {
                Stage::Pending => None,
                // Somebody else was faster, or time ran out: looked at again.
                Stage::Approved if !self.use_up(&approval).await? => continue,
                Stage::Approved => Some(ApprovalState::Approved),
                Stage::Used => {
                    return Err(Refused::Conflict(format!("the approval `{id}` was used already")));
                }
                Stage::Denied => Some(ApprovalState::Denied),
                Stage::Expired => Some(ApprovalState::Expired),
                Stage::Withdrawn => Some(ApprovalState::Withdrawn),
            };
            if let Some(state) = state {
                return Ok((approval, state));
            }
            let due = Duration::from_millis(approval.expires_at.saturating_sub(now()));
            let until = deadline.min(Instant::now() + due);
            loop {
                match tokio::time::timeout_at(until, changes.recv()).await {
                    Ok(Ok(changed)) if changed != id => {}
                    Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) => break,
                    Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) if Instant::now() >= deadline => {
                        return Ok((approval, ApprovalState::Pending));
                    }
                    Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => break,
                }
            }
        }
    }

    /// The requester does not want it any more. What is decided stays decided.
    pub(crate) async fn withdraw(&self, id: &str) -> Result<(Approval, ApprovalState), Refused> {
        let approval = self.look(id).await?;
        let mut at = self.log.begin().await?;
        let now = now();
        for stage in [Stage::Pending, Stage::Approved] {
            rows::advance(&mut at, id, stage, Stage::Withdrawn, now, &requester(&approval)).await?;
        }
        at.commit().await?;
        self.announce([id.to_owned()]);
        let approval = self.look(id).await?;
        let state = match approval.stage {
            Stage::Pending => ApprovalState::Pending,
            Stage::Approved | Stage::Used => ApprovalState::Approved,
            Stage::Denied => ApprovalState::Denied,
            Stage::Expired => ApprovalState::Expired,
            Stage::Withdrawn => ApprovalState::Withdrawn,
        };
        Ok((approval, state))
    }

    /// A session ended: what it held is withdrawn.
    pub(crate) async fn session_ended(&self, session: &str) -> Result<(), Refused> {
        let mut at = self.log.begin().await?;
        let withdrawn = rows::withdraw_of(&mut at, session, now()).await?;
        at.commit().await?;
        self.announce(withdrawn);
        Ok(())
    }

    /// One approval as it stands.
    pub(crate) async fn look(&self, id: &str) -> Result<Approval, Refused> {
        let approval = self.store.approval(id).await?.ok_or_else(|| Refused::Unknown(id.to_owned()))?;
        if matches!(approval.stage, Stage::Pending | Stage::Approved) && approval.expires_at <= now() {
            self.expire().await?;
            return self.store.approval(id).await?.ok_or_else(|| Refused::Unknown(id.to_owned()));
        }
        Ok(approval)
    }

    /// One approval, for somebody who may see it; to anybody else there is none of that id.
    pub(crate) async fn look_as(&self, id: &str, who: &Identity) -> Result<Approval, Refused> {
        let approval = self.look(id).await?;
        if may_see(&approval, who) { Ok(seen(approval, who)) } else { Err(Refused::Unknown(id.to_owned())) }
    }

    /// The newest approvals that a person may see: those to decide and those asked for.
    pub(crate) async fn list(&self, who: &Identity, stage: Option<Stage>) -> Result<Vec<Approval>, Refused> {
        self.expire().await?;
        let mut approvals = self.store.approvals(stage, 1000).await?;
        approvals.retain(|approval| may_see(approval, who));
        Ok(approvals.into_iter().map(|approval| seen(approval, who)).collect())
    }

    /// Ids of approvals that move on from now on.
    pub(crate) fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    /// Uses an approval up; whether it still could be.
    async fn use_up(&self, approval: &Approval) -> sqlx::Result<bool> {
        let mut at = self.log.begin().await?;
        let now = now();
        let expired = rows::expire(&mut at, now).await?;
        let requester = requester(approval);
        let used =
            rows::advance(&mut at, &approval.id, Stage::Approved, Stage::Used, now, &requester).await?;
        at.commit().await?;
        self.announce(expired);
        self.announce([approval.id.clone()]);
        Ok(used)
    }

    async fn expire(&self) -> sqlx::Result<()> {
        let now = now();
        if !self.store.any_due(now).await? && !self.store.any_grant_due(now).await? {
            return Ok(());
        }
        let mut at = self.log.begin().await?;
        let expired = rows::expire(&mut at, now).await?;
        crate::store::grants::expire(&mut at, now).await?;
        at.commit().await?;
        self.announce(expired);
        Ok(())
    }

    fn announce(&self, ids: impl IntoIterator<Item = String>) {
        if let Some(waker) = &self.waker {
            waker.wake();
            return;
        }
        for id in ids {
            // Nobody waits: nobody to tell.
            let _ = self.changes.send(id);
        }
    }

    /// Announces what the log says, whichever host wrote it: each change once, in order. The log is the queue, so that one
    /// that nobody told of is found at the next look.
    async fn hear(self, waker: Waker) {
        let mut next = None;
        loop {
            match self.changed_since(next).await {
                Ok((names, end)) => {
                    next = Some(end);
                    let is_all = names.is_empty();
                    for name in names {
                        if let Some(Whose::Approval(id) | Whose::Grant(id)) = Whose::read(&name) {
                            let _ = self.changes.send(id.to_owned());
                        }
                    }
                    if !is_all {
                        continue;
                    }
                }
                Err(sqlx::Error::PoolClosed) => return,
                Err(cause) => tracing::warn!(%cause, "changes of approvals cannot be looked for"),
            }
            waker.woken().await;
        }
    }

    async fn changed_since(&self, next: Option<u64>) -> sqlx::Result<(Vec<String>, u64)> {
        match next {
            Some(next) => self.store.changed_since(next).await,
            // Before that nobody waited here.
            None => Ok((Vec::new(), self.store.log_size().await?)),
        }
    }
}

/// Whether anybody could decide about it, and it can be kept.
fn makes_sense(asked: &ApprovalRequest) -> Result<(), Refused> {
    if asked.approvers.iter().all(|group| group.trim().is_empty()) {
        let why = "nobody may approve: the policy names no `@approvers`";
        return Err(Refused::Senseless(why.to_owned()));
    }
    let names = [&asked.resource, &asked.session, &asked.principal, &asked.issuer, &asked.role];
    let texts = [&asked.statement, &asked.digest, &asked.reason];
    can_be_kept(names.into_iter().chain(texts).chain(&asked.shape))
}

/// The same, and the span that is going on says of which approval it is, and how that stands.
async fn noted(
    work: impl Future<Output = Result<(Approval, ApprovalState), Refused>>,
) -> Result<(Approval, ApprovalState), Refused> {
    let (approval, state) = work.await?;
    trace::note("gatewright.approval", approval.id.clone());
    let word = match state {
        ApprovalState::Pending => "pending",
        ApprovalState::Approved => "approved",
        ApprovalState::Denied => "denied",
        ApprovalState::Expired => "expired",
        ApprovalState::Withdrawn => "withdrawn",
    };
    trace::note("gatewright.approval.state", word);
    Ok((approval, state))
}

/// PostgreSQL keeps no text with U+0000 in it, and takes none in a statement.
fn can_be_kept<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<(), Refused> {
    match texts.into_iter().any(|text| text.contains('\0')) {
        true => {
            Err(Refused::Senseless("the character U+0000 is in what is asked for: leave it out".to_owned()))
        }
        false => Ok(()),
    }
}

/// The reply to the filter.
pub(crate) fn reply(approval: &Approval, state: ApprovalState, public_url: &str) -> ApprovalReply {
    ApprovalReply {
        id: approval.id.clone(),
        url: url(approval, public_url),
        state,
        expires_at: approval.expires_at,
        decided_by: approval.decided_by.clone(),
        comment: approval.comment.clone(),
        grant: approval.grant.clone(),
    }
}

/// Where people decide.
pub(crate) fn url(approval: &Approval, public_url: &str) -> String {
    format!("{public_url}/approvals/{}", approval.id)
}

/// A digest of all that people are shown before they decide, and that does not change while they do.
pub(crate) fn shown(approval: &Approval) -> Digest {
    // How long it is open is kept as its end.
    let request = ApprovalRequest { expires_s: 0, ..approval.request.clone() };
    let request = serde_json::to_vec(&request).unwrap_or_default();
    let estimate = approval.estimate.map(|estimate| serde_json::to_vec(&estimate).unwrap_or_default());
    let expires_at = approval.expires_at.to_be_bytes();
    let parts = [approval.id.as_bytes(), &request, &expires_at];
    sha256_parts(parts.into_iter().chain(estimate.as_deref()))
}

/// Whether this person may see it.
fn may_see(approval: &Approval, who: &Identity) -> bool {
    is_requester(approval, who) || is_approver(approval, who)
}

/// What this person sees of it. The estimate is for those who decide: to the requester, who chooses the
/// conditions, it would tell what values there are in columns that are masked.
fn seen(approval: Approval, who: &Identity) -> Approval {
    match is_requester(&approval, who) {
        true => Approval { estimate: None, ..approval },
        false => approval,
    }
}

/// Whether this person asked for it.
pub(crate) fn is_requester(approval: &Approval, who: &Identity) -> bool {
    approval.request.principal == who.subject && approval.request.issuer == who.issuer
}

/// Whether this person is of a group that may approve.
pub(crate) fn is_approver(approval: &Approval, who: &Identity) -> bool {
    approval.request.approvers.iter().any(|group| who.groups.contains(group))
}

fn requester(approval: &Approval) -> Person {
    Person { issuer: approval.request.issuer.clone(), subject: approval.request.principal.clone() }
}

fn fresh(mut request: ApprovalRequest, estimate: Option<Estimate>, now: Millis) -> Approval {
    request.min_approvals = request.min_approvals.max(1);
    let expires_at = now + request.expires_s.clamp(1, LONGEST_S) * 1000;
    Approval {
        id: short_id(),
        request,
        stage: Stage::Pending,
        created_at: now,
        expires_at,
        estimate,
        decided_by: Vec::new(),
        comment: None,
        grant: None,
    }
}

/// 40 random bits: short enough to read out, too many to guess, and knowing an id permits nothing.
pub(crate) fn short_id() -> String {
    let mut random = rand::rng();
    (0..8).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

#[cfg(test)]
#[path = "approvals_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "approvals/grants_tests.rs"]
mod grants_tests;

#[cfg(test)]
#[path = "approvals/races_tests.rs"]
mod races_tests;
