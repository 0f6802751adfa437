//! What happened to approvals, grants and personal tokens, as entries of the log: one for each step, which holds the step
//! as its row does; the first holds all that was asked for or given as well. So the rows, which people read and the host
//! works with, can be compared with what was signed for.

use std::fmt;

use gatewright_core::digest::{Digest, sha256};
use gatewright_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::Transaction;
use super::entry::hex_digest;
use crate::store::Store;
use crate::store::approvals::{Offer, Person, Step};
use crate::store::events::{self, NewRun};
use crate::store::records::{ApprovalRecord, GrantRecord};
use crate::store::tokens::Token;
use crate::time::{as_rfc3339, from_rfc3339, now};

/// What the log calls an approval: this and its id.
const APPROVAL: &str = "approval/";
/// What the log calls a grant.
const GRANT: &str = "grant/";
/// What the log calls a personal access token.
const TOKEN: &str = "token/";
/// What the log calls what it says about itself.
const HOST: &str = "host/";
pub(super) const OWN: &str = "log";
/// The step by which something older than its history came into the log.
pub(super) const FOUND: &str = "found";

/// Whose history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose<'a> {
    /// An approval, by its id.
    Approval(&'a str),
    /// A grant, by its id.
    Grant(&'a str),
    /// A personal access token, by its id.
    Token(&'a str),
    /// The host's own: `log` is what happened to the log itself.
    Host(&'a str),
}

impl<'a> Whose<'a> {
    /// Reads what the log calls something; `None` for a session.
    pub(crate) fn read(name: &'a str) -> Option<Self> {
        let approval = name.strip_prefix(APPROVAL).map(Self::Approval);
        let grant = || name.strip_prefix(GRANT).map(Self::Grant);
        let token = || name.strip_prefix(TOKEN).map(Self::Token);
        approval.or_else(grant).or_else(token).or_else(|| name.strip_prefix(HOST).map(Self::Host))
    }

    /// What the log calls it.
    pub(super) fn name(self) -> String {
        match self {
            Self::Approval(id) => format!("{APPROVAL}{id}"),
            Self::Grant(id) => format!("{GRANT}{id}"),
            Self::Token(id) => format!("{TOKEN}{id}"),
            Self::Host(id) => format!("{HOST}{id}"),
        }
    }
}

impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approval(id) => write!(f, "approval `{id}`"),
            Self::Grant(id) => write!(f, "grant `{id}`"),
            Self::Token(id) => write!(f, "personal token `{id}`"),
            Self::Host(id) => write!(f, "the host's own history `{id}`"),
        }
    }
}

/// What an entry of the log is about, for people.
pub(super) fn named(name: &str) -> String {
    Whose::read(name).map_or_else(|| format!("session `{name}`"), |whose| whose.to_string())
}

/// What the log calls all approvals, grants and personal tokens of which there are rows.
pub(super) async fn names(store: &Store) -> sqlx::Result<Vec<String>> {
    let (approvals, grants) = (store.approval_ids().await?, store.grant_ids().await?);
    let tokens = store.token_ids().await?;
    let approvals = approvals.iter().map(|id| Whose::Approval(id).name());
    let grants = grants.iter().map(|id| Whose::Grant(id).name());
    Ok(approvals.chain(grants).chain(tokens.iter().map(|id| Whose::Token(id).name())).collect())
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transition {
    /// The step.
    #[serde(flatten)]
    pub(crate) step: Step,
    /// Of a person's decision: the hash of the first entry, which holds all that they were shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    /// An approver's offer of a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offer: Option<Offer>,
    /// Of the first entry of an approval: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<ApprovalRecord>,
    /// Of the first entry of a grant: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<GrantRecord>,
    /// Of the first entry of a personal token: all of it but the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Token>,
}

impl Transition {
    /// A step, and nothing else.
    pub(crate) fn of(step: Step) -> Self {
        Self { step, about: None, offer: None, approval: None, grant: None, token: None }
    }
}

/// Something that the log says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Own {
    /// Another key signs from here on.
    Key {
        /// When.
        #[serde(serialize_with = "as_rfc3339", deserialize_with = "from_rfc3339")]
        at: Millis,
        /// The key.
        key: String,
    },
    /// What sessions' entries are about goes.
    Pruned {
        /// When.
        #[serde(serialize_with = "as_rfc3339", deserialize_with = "from_rfc3339")]
        at: Millis,
        /// The rule.
        rule: String,
        /// Whose events.
        sessions: Vec<PrunedSession>,
    },
}

/// A session whose events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrunedSession {
    /// Its id.
    pub(crate) id: String,
    /// How many events it has.
    pub(crate) events: u64,
    /// See [`crate::store::sessions::SessionRow::digest`].
    #[serde(with = "hex_digest")]
    pub(crate) row: Digest,
}

impl Transaction {
    /// Adds a step in the life of an approval, a grant or a personal token.
    pub(crate) async fn step(&mut self, whose: Whose<'_>, transition: &Transition) -> sqlx::Result<()> {
        self.write(whose, transition).await
    }

    /// Adds what the log says about itself.
    pub(super) async fn own_step(&mut self, own: &Own) -> sqlx::Result<()> {
        self.write(Whose::Host(OWN), own).await
    }

    /// What an approval was asked for, by its first entry, and that entry's hash.
    pub(crate) async fn asked(&mut self, id: &str) -> sqlx::Result<Option<(Digest, ApprovalRecord)>> {
        let Some(text) = events::first_text(self, &Whose::Approval(id).name()).await? else {
            return Ok(None);
        };
        let first: Transition =
            serde_json::from_str(&text).map_err(|cause| sqlx::Error::Decode(cause.into()))?;
        Ok(first.approval.map(|approval| (sha256(text.as_bytes()), approval)))
    }

    async fn write(&mut self, whose: Whose<'_>, what: &impl Serialize) -> sqlx::Result<()> {
        let name = whose.name();
        let text = serde_json::to_string(what).map_err(|cause| sqlx::Error::Encode(cause.into()))?;
        let seq = events::count_of(self, &name).await?;
        let hash = sha256(text.as_bytes());
        self.append(&[NewRun { session: &name, seq, count: 1, hash, text: &text }]).await
    }
}

/// Takes approvals and grants into the log that are older than their histories, once and for all.
pub(super) async fn found(at: &mut Transaction) -> sqlx::Result<()> {
    let store = at.store().clone();
    let (approvals, grants) = (store.approval_ids().await?, store.grant_ids().await?);
    let found = || {
        let nobody = Person::default();
        let (issuer, subject) = (nobody.issuer, nobody.subject);
        Transition::of(Step { at: now(), step: FOUND.to_owned(), issuer, subject, detail: String::new() })
    };
    for id in &approvals {
        let approval = store.approval_record(id).await?;
        at.step(Whose::Approval(id), &Transition { approval, ..found() }).await?;
    }
    for id in &grants {
        let grant = store.grant_record(id).await?;
        at.step(Whose::Grant(id), &Transition { grant, ..found() }).await?;
    }
    tracing::info!(approvals = approvals.len(), grants = grants.len(), "they are in the log from now on");
    Ok(())
}
