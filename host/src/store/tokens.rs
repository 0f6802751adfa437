//! Personal access tokens. Of the token itself its hash is kept: whoever reads the database cannot use what is there.
//!
//! A row is only ever moved forward: used for the first time, narrowed, revoked; each of these is an entry of the log as
//! well. When it was used last is in the row alone.

use gatewright_core::time::Millis;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

use super::Store;
use super::approvals::{Person, decode, json, step_by};
use super::sql::{self, Connection, Dialect, Row};
use crate::log::Transaction;
use crate::log::history::{Transition, Whose};

/// A token as stored, without itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// Id, which is public.
    pub(crate) id: String,
    /// Hex SHA-256 of the token.
    pub(crate) hash: String,
    /// What its owner calls it.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) owner: Person,
    /// What they are called.
    pub(crate) called: String,
    /// The owner's groups when it was made, or those of them that were left when they last signed in.
    pub(crate) groups: Vec<String>,
    /// What it is good for, by the names of scopes; one that is not known any more is good for nothing.
    pub(crate) scopes: Vec<String>,
    /// When it was made.
    pub(crate) created_at: Millis,
    /// When it ends.
    pub(crate) expires_at: Millis,
    /// When it was used for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_used_at: Option<Millis>,
    /// When it was used last, within a minute; the log does not say.
    #[serde(skip)]
    pub(crate) used_at: Option<Millis>,
    /// When it was revoked, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<Revoked>,
}

/// That a token was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revoked {
    /// When.
    pub(crate) at: Millis,
    /// By whom.
    pub(crate) by: Person,
}

/// The step by which a token comes into being.
pub(crate) const MADE: &str = "made";
/// The step that is its first use.
pub(crate) const USED: &str = "used";
/// The step by which it loses groups; the detail is those that are left, as JSON.
pub(crate) const NARROWED: &str = "narrowed";
/// The step by which it ends before its time.
pub(crate) const REVOKED: &str = "revoked";

const COLUMNS: &str = "id, hash, name, issuer, subject, called, groups, scopes, created_at, expires_at, first_used_at, \
                       used_at, revoked_at, revoked_issuer, revoked_subject";

impl Store {
    /// The token of that hash.
    pub(crate) async fn token_by_hash(&self, hash: &str) -> sqlx::Result<Option<Token>> {
        let text = AssertSqlSafe(format!("SELECT {COLUMNS} FROM tokens WHERE hash = ?"));
        let row = sql::query(text).bind(hash).fetch_optional(&self.read).await?;
        row.map(|row| token(&row)).transpose()
    }

    /// The token of that id.
    pub(crate) async fn token(&self, id: &str) -> sqlx::Result<Option<Token>> {
        let text = AssertSqlSafe(format!("SELECT {COLUMNS} FROM tokens WHERE id = ?"));
        let row = sql::query(text).bind(id).fetch_optional(&self.read).await?;
        row.map(|row| token(&row)).transpose()
    }

    /// Somebody's newest tokens first.
    pub(crate) async fn tokens_of(&self, owner: &Person, limit: u32) -> sqlx::Result<Vec<Token>> {
        let text = format!(
            "SELECT {COLUMNS} FROM tokens WHERE issuer = ? AND subject = ? ORDER BY created_at DESC, id LIMIT ?"
        );
        let query = sql::query(AssertSqlSafe(text)).bind(&owner.issuer).bind(&owner.subject).bind(limit);
        query.fetch_all(&self.read).await?.iter().map(token).collect()
    }

    /// Ids of all tokens.
    pub(crate) async fn token_ids(&self) -> sqlx::Result<Vec<String>> {
        if !self.has_tokens().await? {
            return Ok(Vec::new());
        }
        let rows = sql::query("SELECT id FROM tokens ORDER BY id").fetch_all(&self.read).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// All of a token that the log says as well.
    pub(crate) async fn token_record(&self, id: &str) -> sqlx::Result<Option<Token>> {
        if !self.has_tokens().await? {
            return Ok(None);
        }
        Ok(self.token(id).await?.map(|token| Token { used_at: None, ..token }))
    }

    /// A database that is only read may be of a version that had none.
    async fn has_tokens(&self) -> sqlx::Result<bool> {
        let text = match self.dialect() {
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE name = 'tokens'",
            Dialect::Postgres => "SELECT count(to_regclass('tokens'))",
        };
        Ok(sql::query(text).fetch_one(&self.read).await?.try_get::<i64>(0)? > 0)
    }

    /// Keeps that a token was used, where that was not kept within so many milliseconds.
    pub(crate) async fn touch_token(&self, id: &str, now: Millis, every: Millis) -> sqlx::Result<()> {
        let text = "UPDATE tokens SET used_at = ? WHERE id = ? AND used_at <= ?";
        let query = sql::query(text).bind(now.cast_signed()).bind(id);
        query.bind(now.saturating_sub(every).cast_signed()).execute(&self.write).await?;
        Ok(())
    }
}

/// Somebody's tokens that are neither revoked nor over.
pub(crate) async fn in_force(at: &mut Connection, owner: &Person, now: Millis) -> sqlx::Result<Vec<Token>> {
    let text = AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tokens WHERE issuer = ? AND subject = ? AND revoked_at IS NULL AND expires_at > ?
        ORDER BY id"
    ));
    let query = sql::query(text).bind(&owner.issuer).bind(&owner.subject).bind(now.cast_signed());
    query.fetch_all(at).await?.iter().map(token).collect()
}

/// How many tokens somebody has that are neither revoked nor over, and how many they made since then.
pub(crate) async fn counts(
    at: &mut Connection,
    owner: &Person,
    now: Millis,
    since: Millis,
) -> sqlx::Result<(u64, u64)> {
    let text = "SELECT count(CASE WHEN revoked_at IS NULL AND expires_at > ? THEN 1 END),
        count(CASE WHEN created_at > ? THEN 1 END) FROM tokens WHERE issuer = ? AND subject = ?";
    let query = sql::query(text).bind(now.cast_signed()).bind(since.cast_signed());
    let row = query.bind(&owner.issuer).bind(&owner.subject).fetch_one(at).await?;
    Ok((row.try_get::<i64>(0)?.cast_unsigned(), row.try_get::<i64>(1)?.cast_unsigned()))
}

/// Adds a token.
pub(crate) async fn insert(at: &mut Transaction, token: &Token) -> sqlx::Result<()> {
    let text =
        "INSERT INTO tokens (id, hash, name, issuer, subject, called, groups, scopes, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let query =
        sql::query(text).bind(&token.id).bind(&token.hash).bind(&token.name).bind(&token.owner.issuer);
    let query = query.bind(&token.owner.subject).bind(&token.called).bind(json(&token.groups)?);
    let query = query.bind(json(&token.scopes)?).bind(token.created_at.cast_signed());
    query.bind(token.expires_at.cast_signed()).execute(&mut **at).await?;
    let step = step_by(token.created_at, MADE, &token.owner, "");
    at.step(Whose::Token(&token.id), &Transition { token: Some(token.clone()), ..Transition::of(step) }).await
}

/// Records the first use; later ones are none.
pub(crate) async fn first_use(at: &mut Transaction, token: &Token, now: Millis) -> sqlx::Result<()> {
    let text = "UPDATE tokens SET first_used_at = ?, used_at = ? WHERE id = ? AND first_used_at IS NULL";
    let query = sql::query(text).bind(now.cast_signed()).bind(now.cast_signed()).bind(&token.id);
    if query.execute(&mut **at).await?.rows_affected() == 1 {
        let step = step_by(now, USED, &token.owner, "");
        at.step(Whose::Token(&token.id), &Transition::of(step)).await?;
    }
    Ok(())
}

/// Leaves a token these groups.
pub(crate) async fn narrow(
    at: &mut Transaction,
    token: &Token,
    groups: &[String],
    now: Millis,
) -> sqlx::Result<()> {
    let left = json(&groups)?;
    let query = sql::query("UPDATE tokens SET groups = ? WHERE id = ?").bind(&left).bind(&token.id);
    query.execute(&mut **at).await?;
    let step = step_by(now, NARROWED, &Person::default(), &left);
    at.step(Whose::Token(&token.id), &Transition::of(step)).await
}

/// Revokes a token that is neither revoked nor over; whether it was one.
pub(crate) async fn revoke(at: &mut Transaction, id: &str, now: Millis, by: &Person) -> sqlx::Result<bool> {
    let text = "UPDATE tokens SET revoked_at = ?, revoked_issuer = ?, revoked_subject = ?
        WHERE id = ? AND revoked_at IS NULL AND expires_at > ?";
    let query = sql::query(text).bind(now.cast_signed()).bind(&by.issuer).bind(&by.subject).bind(id);
    let revoked = query.bind(now.cast_signed()).execute(&mut **at).await?.rows_affected() == 1;
    if revoked {
        at.step(Whose::Token(id), &Transition::of(step_by(now, REVOKED, by, ""))).await?;
    }
    Ok(revoked)
}

fn token(row: &Row) -> sqlx::Result<Token> {
    let list = |at: usize| -> sqlx::Result<Vec<String>> {
        let text: String = row.try_get(at)?;
        serde_json::from_str(&text).map_err(decode)
    };
    let time = |at: usize| -> sqlx::Result<Option<Millis>> {
        Ok(row.try_get::<Option<i64>>(at)?.map(i64::cast_unsigned))
    };
    let revoked = match time(12)? {
        Some(at) => Some(Revoked { at, by: Person { issuer: row.try_get(13)?, subject: row.try_get(14)? } }),
        None => None,
    };
    Ok(Token {
        id: row.try_get(0)?,
        hash: row.try_get(1)?,
        name: row.try_get(2)?,
        owner: Person { issuer: row.try_get(3)?, subject: row.try_get(4)? },
        called: row.try_get(5)?,
        groups: list(6)?,
        scopes: list(7)?,
        created_at: row.try_get::<i64>(8)?.cast_unsigned(),
        expires_at: row.try_get::<i64>(9)?.cast_unsigned(),
        first_used_at: time(10)?,
        used_at: time(11)?,
        revoked,
    })
}
