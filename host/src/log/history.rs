//! What happened to approvals and grants, as entries of the log: one for each step, which holds the step as its row does;
//! the first holds all that was asked for or given as well. So the rows, which people read and the host works with, can
//! be compared with what was signed for.

use std::fmt;

use gatewright_core::digest::sha256;
use serde::{Deserialize, Serialize};

use super::{Log, Transaction};
use crate::store::Store;
use crate::store::approvals::{Offer, Person, Step};
use crate::store::events::{self, NewRun};
use crate::store::records::{ApprovalRecord, GrantRecord};
use crate::store::{has_histories, set_format};
use crate::time::now;

/// What the log calls an approval: this and its id.
const APPROVAL: &str = "approval/";
/// What the log calls a grant.
const GRANT: &str = "grant/";
/// The step by which something older than its history came into the log.
pub(super) const FOUND: &str = "found";

/// Whose history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose<'a> {
    /// An approval, by its id.
    Approval(&'a str),
    /// A grant, by its id.
    Grant(&'a str),
}

impl<'a> Whose<'a> {
    /// Reads what the log calls something; `None` for a session.
    pub(crate) fn read(name: &'a str) -> Option<Self> {
        let approval = name.strip_prefix(APPROVAL).map(Self::Approval);
        approval.or_else(|| name.strip_prefix(GRANT).map(Self::Grant))
    }

    /// What the log calls it.
    pub(super) fn name(self) -> String {
        match self {
            Self::Approval(id) => format!("{APPROVAL}{id}"),
            Self::Grant(id) => format!("{GRANT}{id}"),
        }
    }
}

impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approval(id) => write!(f, "approval `{id}`"),
            Self::Grant(id) => write!(f, "grant `{id}`"),
        }
    }
}

/// What an entry of the log is about, for people.
pub(super) fn named(name: &str) -> String {
    Whose::read(name).map_or_else(|| format!("session `{name}`"), |whose| whose.to_string())
}

/// What the log calls all approvals and grants of which there are rows.
pub(super) async fn names(store: &Store) -> sqlx::Result<Vec<String>> {
    let (approvals, grants) = (store.approval_ids().await?, store.grant_ids().await?);
    let approvals = approvals.iter().map(|id| Whose::Approval(id).name());
    Ok(approvals.chain(grants.iter().map(|id| Whose::Grant(id).name())).collect())
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transition {
    /// The step.
    #[serde(flatten)]
    pub(crate) step: Step,
    /// An approver's offer of a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offer: Option<Offer>,
    /// Of the first entry of an approval: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<ApprovalRecord>,
    /// Of the first entry of a grant: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<GrantRecord>,
}

impl Transition {
    /// A step, and nothing else.
    pub(crate) fn of(step: Step) -> Self {
        Self { step, offer: None, approval: None, grant: None }
    }
}

impl Transaction {
    /// Adds a step in the life of an approval or a grant.
    pub(crate) async fn step(&mut self, whose: Whose<'_>, transition: &Transition) -> sqlx::Result<()> {
        let name = whose.name();
        let text = serde_json::to_string(transition).map_err(|cause| sqlx::Error::Encode(cause.into()))?;
        let seq = events::count_of(self, &name).await?;
        let hash = hex::encode(sha256(text.as_bytes()));
        self.append(&[NewRun { session: &name, seq, count: 1, hash: &hash, text: &text }]).await
    }
}

/// Takes approvals and grants into the log that are older than their histories, once and for all.
pub(super) async fn begin(log: &Log) -> anyhow::Result<()> {
    let mut at = log.begin().await?;
    if has_histories(&mut at).await? {
        return Ok(());
    }
    let (approvals, grants) = (log.store().approval_ids().await?, log.store().grant_ids().await?);
    let found = || {
        let nobody = Person::default();
        let (issuer, subject) = (nobody.issuer, nobody.subject);
        Transition::of(Step { at: now(), step: FOUND.to_owned(), issuer, subject, detail: String::new() })
    };
    for id in &approvals {
        let approval = log.store().approval_record(id).await?;
        at.step(Whose::Approval(id), &Transition { approval, ..found() }).await?;
    }
    for id in &grants {
        let grant = log.store().grant_record(id).await?;
        at.step(Whose::Grant(id), &Transition { grant, ..found() }).await?;
    }
    set_format(&mut at).await?;
    at.commit().await?;
    tracing::info!(approvals = approvals.len(), grants = grants.len(), "they are in the log from now on");
    Ok(())
}
