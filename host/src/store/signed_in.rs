//! Who is signed in to the pages. A browser's cookie is kept as its digest only: whoever reads the database cannot sign
//! in with what is there.

use gatewright_core::time::Millis;

use super::Store;
use super::approvals::{decode, json};
use super::sql;

/// A person who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// Hex SHA-256 of the cookie.
    pub(crate) digest: String,
    /// `iss`.
    pub(crate) issuer: String,
    /// `sub`.
    pub(crate) subject: String,
    /// What they are called.
    pub(crate) name: String,
    /// Groups.
    pub(crate) groups: Vec<String>,
    /// What forms must carry.
    pub(crate) csrf: String,
    /// Until when.
    pub(crate) expires_at: Millis,
}

impl Store {
    /// Signs somebody in; forgets those whose time is over.
    pub(crate) async fn sign_in(&self, who: &SignedIn, now: Millis) -> sqlx::Result<()> {
        let mut at = self.begin().await?;
        let query = sql::query("DELETE FROM signed_in WHERE expires_at <= ?");
        query.bind(now.cast_signed()).execute(&mut at).await?;
        let text = "INSERT INTO signed_in (digest, issuer, subject, name, groups, csrf, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
        sql::query(text)
            .bind(&who.digest)
            .bind(&who.issuer)
            .bind(&who.subject)
            .bind(&who.name)
            .bind(json(&who.groups)?)
            .bind(&who.csrf)
            .bind(who.expires_at.cast_signed())
            .execute(&mut at)
            .await?;
        at.commit().await
    }

    /// Who has the cookie of that digest.
    pub(crate) async fn signed_in(&self, digest: &str, now: Millis) -> sqlx::Result<Option<SignedIn>> {
        let text = "SELECT digest, issuer, subject, name, groups, csrf, expires_at FROM signed_in
            WHERE digest = ? AND expires_at > ?";
        let row = sql::query(text).bind(digest).bind(now.cast_signed()).fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok(None) };
        let groups: String = row.try_get(4)?;
        Ok(Some(SignedIn {
            digest: row.try_get(0)?,
            issuer: row.try_get(1)?,
            subject: row.try_get(2)?,
            name: row.try_get(3)?,
            groups: serde_json::from_str(&groups).map_err(decode)?,
            csrf: row.try_get(5)?,
            expires_at: row.try_get::<i64>(6)?.cast_unsigned(),
        }))
    }

    /// Groups of somebody who is signed in, by the last time that they did, and until when.
    pub(crate) async fn last_sign_in(
        &self,
        issuer: &str,
        subject: &str,
        now: Millis,
    ) -> sqlx::Result<Option<(Vec<String>, Millis)>> {
        let query =
            "SELECT groups, expires_at FROM signed_in WHERE issuer = ? AND subject = ? AND expires_at > ?
            ORDER BY expires_at DESC LIMIT 1";
        let query = sql::query(query).bind(issuer).bind(subject).bind(now.cast_signed());
        let Some(row) = query.fetch_optional(&self.read).await? else { return Ok(None) };
        let groups: String = row.try_get(0)?;
        let groups = serde_json::from_str(&groups).map_err(decode)?;
        Ok(Some((groups, row.try_get::<i64>(1)?.cast_unsigned())))
    }

    /// Signs out.
    pub(crate) async fn sign_out(&self, digest: &str) -> sqlx::Result<()> {
        sql::query("DELETE FROM signed_in WHERE digest = ?").bind(digest).execute(&self.write).await?;
        Ok(())
    }
}
