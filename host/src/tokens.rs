//! Personal access tokens: by one, a person's script does at the API some of what the person may do.
//!
//! A token is looked up in the database for every request, so that one that is revoked at one host is of no use at any.

mod format;
pub(crate) mod scope;

use gatewright_core::identity::Identity;
use gatewright_core::time::Millis;

use crate::approvals::short_id;
use crate::config::{Config, TokenRules};
use crate::log::Log;
use crate::secret::Secret;
use crate::store::Store;
use crate::store::approvals::Person;
use crate::store::tokens::{self as rows, Token};
use crate::time::{now, rfc3339};
pub(crate) use format::is_meant;
use scope::Scope;

/// Most tokens of one person that are in force.
const MOST: u64 = 50;
/// Most that one person makes within a day: rows and entries of the log stay.
const MADE: u64 = 200;
/// A day.
const DAY: Millis = 86_400_000;
/// Most that are listed, with those that are over.
const LISTED: u32 = 1_000;
/// Longest name, in characters.
const LONGEST_NAME: usize = 100;
/// When a token was used last is kept as often as this at most.
const TOUCHED: Millis = 60_000;

/// Why something cannot be done with a token. None of the texts holds one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// There is none of that id, or it is somebody else's.
    #[error("there is no token `{0}`")]
    Unknown(String),
    /// The configuration has none.
    #[error("{0}")]
    Off(&'static str),
    /// It is past that, or there are too many.
    #[error("{0}")]
    Conflict(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Senseless(String),
    /// The database.
    #[error("the tokens cannot be read or written")]
    Store(#[from] sqlx::Error),
}

/// Why a token that was presented is not good.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotGood {
    /// What to say about it.
    #[error("{0}")]
    Invalid(String),
    /// The database.
    #[error("the tokens cannot be read or written")]
    Store(#[from] sqlx::Error),
}

/// Why there are none.
const OFF: &str = "personal tokens are switched off: the configuration says so, or has no section `people`";

/// What somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct NewToken {
    /// What they call it.
    pub(crate) name: String,
    /// What it is to be good for.
    pub(crate) scopes: Vec<Scope>,
    /// For how long, in seconds; as the configuration says if left out.
    pub(crate) seconds: Option<u64>,
}

/// All tokens.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    log: Log,
    store: Store,
}

impl Tokens {
    /// Those that are in the log's database.
    pub(crate) fn new(log: Log) -> Self {
        Self { store: log.store().clone(), log }
    }

    /// Makes one. It is told this once.
    pub(crate) async fn make(
        &self,
        new: NewToken,
        who: &Identity,
        called: String,
        config: &Config,
    ) -> Result<(Token, Secret), Refused> {
        let rules = rules(config).ok_or(Refused::Off(OFF))?;
        let name = checked(&new.name)?;
        let mut scopes = new.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            let all: Vec<&str> = Scope::ALL.into_iter().map(Scope::as_str).collect();
            let why = format!("a token is good for something: choose from the scopes {}", all.join(", "));
            return Err(Refused::Senseless(why));
        }
        let (usual, most) = (rules.usual().as_secs(), rules.max_lifetime.0.as_secs());
        let seconds = new.seconds.unwrap_or(usual);
        if seconds == 0 || seconds > most {
            let most = humantime::format_duration(rules.max_lifetime.0);
            return Err(Refused::Senseless(format!("a token lasts {most} at most, and a second at least")));
        }
        let owner = Person { issuer: who.issuer.clone(), subject: who.subject.clone() };
        let secret = format::fresh();
        // INVARIANT: what was made here is well formed.
        let hash = format::hash(secret.reveal()).ok_or(sqlx::Error::WorkerCrashed)?;
        // Whoever makes one holds the log's end: nobody gets past the limit by asking often at once.
        let mut at = self.log.begin().await?;
        let now = now();
        let (in_force, made) = rows::counts(&mut at, &owner, now, now.saturating_sub(DAY)).await?;
        if made >= MADE {
            let why = format!(
                "you made {MADE} tokens within a day, and the log keeps each for ever: wait, or use one again"
            );
            return Err(Refused::Conflict(why));
        }
        if in_force >= MOST {
            let why =
                format!("you have {MOST} tokens in force, and that is as many as there may be: revoke some");
            return Err(Refused::Conflict(why));
        }
        let token = Token {
            id: short_id(),
            hash,
            name,
            owner,
            called,
            groups: who.groups.clone(),
            scopes: scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect(),
            created_at: now,
            expires_at: now.saturating_add(seconds.saturating_mul(1000)),
            first_used_at: None,
            used_at: None,
            revoked: None,
        };
        rows::insert(&mut at, &token).await?;
        at.commit().await?;
        let (id, by, scopes) = (&token.id, &token.owner.subject, token.scopes.join(" "));
        tracing::info!(token = id, by, scopes, ends = rfc3339(token.expires_at), "a personal token is made");
        Ok((token, secret))
    }

    /// Somebody's own, the newest first.
    pub(crate) async fn list(&self, who: &Identity) -> sqlx::Result<Vec<Token>> {
        let owner = Person { issuer: who.issuer.clone(), subject: who.subject.clone() };
        self.store.tokens_of(&owner, LISTED).await
    }

    /// Ends one of somebody's own at once: nothing that is asked for by it after this returns is answered.
    pub(crate) async fn revoke(&self, id: &str, who: &Identity) -> Result<Token, Refused> {
        let by = Person { issuer: who.issuer.clone(), subject: who.subject.clone() };
        let token = self.store.token(id).await?.filter(|token| token.owner == by);
        let token = token.ok_or_else(|| Refused::Unknown(id.to_owned()))?;
        let mut at = self.log.begin().await?;
        let now = now();
        if !rows::revoke(&mut at, id, now, &by).await? {
            return Err(Refused::Conflict(format!("the token `{id}` is over already")));
        }
        at.commit().await?;
        tracing::info!(token = id, by = by.subject, "a personal token is revoked");
        Ok(Token { revoked: Some(rows::Revoked { at: now, by }), ..token })
    }

    /// Whose token this is, if it is good now.
    pub(crate) async fn presented(&self, token: &str, config: &Config) -> Result<Token, NotGood> {
        let invalid = |why: &str| NotGood::Invalid(why.to_owned());
        let malformed = "this begins as a personal token does, and is none: was it copied whole?";
        let hash = format::hash(token).ok_or_else(|| invalid(malformed))?;
        let unknown = "no such personal token was ever made here";
        let token = self.store.token_by_hash(&hash).await?.ok_or_else(|| invalid(unknown))?;
        usable(&token, config, now()).map_err(NotGood::Invalid)?;
        Ok(token)
    }

    /// Keeps that a token was used: the first time in the log, later ones at most once a minute.
    pub(crate) async fn used(&self, token: &Token) -> sqlx::Result<()> {
        let now = now();
        if token.first_used_at.is_none() {
            let mut at = self.log.begin().await?;
            rows::first_use(&mut at, token, now).await?;
            at.commit().await?;
            tracing::info!(
                token = token.id,
                by = token.owner.subject,
                "a personal token is used for the first time"
            );
        } else if token.used_at.is_none_or(|last| last.saturating_add(TOUCHED) <= now) {
            self.store.touch_token(&token.id, now, TOUCHED).await?;
        }
        Ok(())
    }

    /// Whether a token that was good still is.
    pub(crate) async fn is_good(&self, id: &str, config: &Config) -> bool {
        let token = self.store.token(id).await;
        token.is_ok_and(|token| token.is_some_and(|token| usable(&token, config, now()).is_ok()))
    }

    /// Takes from somebody's tokens the groups that the identity provider does not name any more.
    pub(crate) async fn narrow(&self, who: &Identity) -> sqlx::Result<()> {
        let owner = Person { issuer: who.issuer.clone(), subject: who.subject.clone() };
        let lost = |group: &String| !who.groups.contains(group);
        let now = now();
        let held = self.store.tokens_of(&owner, LISTED).await?;
        let in_force = held.iter().filter(|token| token.revoked.is_none() && token.expires_at > now);
        if !in_force.flat_map(|token| &token.groups).any(lost) {
            return Ok(());
        }
        let mut at = self.log.begin().await?;
        for token in rows::in_force(&mut at, &owner, now).await? {
            if token.groups.iter().any(lost) {
                let left: Vec<String> = token.groups.iter().filter(|group| !lost(group)).cloned().collect();
                rows::narrow(&mut at, &token, &left, now).await?;
                tracing::info!(token = token.id, by = token.owner.subject, "a personal token loses groups");
            }
        }
        at.commit().await
    }
}

/// The rules for tokens, where there are some.
pub(crate) fn rules(config: &Config) -> Option<&TokenRules> {
    // Where agents and people are not told apart, an agent could make itself a token that outlives its own.
    config.people.as_ref().map(|people| &people.tokens.value).filter(|rules| rules.enabled)
}

/// When a token ends by the configuration as it is now.
pub(crate) fn ends(token: &Token, rules: Option<&TokenRules>) -> Millis {
    let most = rules.map_or(u64::MAX, |rules| rules.max_lifetime.0.as_secs().saturating_mul(1000));
    token.expires_at.min(token.created_at.saturating_add(most))
}

/// Where a token stands: `active`, `revoked` or `expired`.
pub(crate) fn state(token: &Token, rules: Option<&TokenRules>, now: Millis) -> &'static str {
    match token.revoked {
        Some(_) => "revoked",
        None if ends(token, rules) <= now => "expired",
        None => "active",
    }
}

/// Why a token is not good.
fn usable(token: &Token, config: &Config, now: Millis) -> Result<(), String> {
    let rules = rules(config).ok_or_else(|| OFF.to_owned())?;
    let id = &token.id;
    if let Some(revoked) = &token.revoked {
        return Err(format!(
            "the personal token `{id}` was revoked at {}: make another",
            rfc3339(revoked.at)
        ));
    }
    let ends = ends(token, Some(rules));
    if ends <= now {
        return Err(format!("the personal token `{id}` ended at {}: make another", rfc3339(ends)));
    }
    let trusted = config.people.as_ref().is_some_and(|people| people.issuer.value == token.owner.issuer);
    if !trusted {
        return Err(format!(
            "the personal token `{id}` is of somebody whose identity provider is not trusted any more"
        ));
    }
    Ok(())
}

/// A name as it may be kept and shown.
fn checked(name: &str) -> Result<String, Refused> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let why = format!(
            "a token needs a name of {LONGEST_NAME} characters at most, on one line: what is it for?"
        );
        return Err(Refused::Senseless(why));
    }
    Ok(name.to_owned())
}
