//! Data keys of sessions whose events are encrypted.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context as _;

use super::Store;
use super::sessions::SessionRow;
use super::sql::{self, Connection, QueryBuilder, Row};
use crate::vault::{DataKey, Vault, Wrapped};

impl Store {
    /// Names of the keys that sessions need, and a session of each.
    pub(crate) async fn wrapping_keys(&self) -> sqlx::Result<BTreeMap<String, String>> {
        let text = "SELECT wrapped_by, max(session) FROM data_keys GROUP BY wrapped_by";
        let rows = sql::query(text).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Wraps some of what older keys wrap by the first key instead. Gives how many.
    ///
    /// # Errors
    /// The database, or a data key that does not unwrap: then nothing is changed.
    pub(crate) async fn rewrap(&self, limit: u32) -> anyhow::Result<u64> {
        let Some(vault) = self.vault().filter(|vault| vault.older().next().is_some()) else { return Ok(0) };
        let mut at = self.begin().await?;
        let mut query =
            QueryBuilder::new("SELECT session, wrapped_by, wrapped FROM data_keys WHERE wrapped_by IN (");
        let mut names = query.separated(", ");
        for name in vault.older() {
            names.push_bind(name.to_owned());
        }
        query.push(format!(") LIMIT {limit}"));
        let mut changed = 0;
        for row in query.build().fetch_all(&mut at).await? {
            let (session, old): (String, _) =
                (row.try_get(0)?, Wrapped { by: row.try_get(1)?, bytes: row.try_get(2)? });
            let context = || format!("the data key of session `{session}`");
            let new = vault.rewrap(&session, &old).with_context(context)?;
            // Unless it was erased meanwhile.
            let text =
                "UPDATE data_keys SET wrapped_by = ?, wrapped = ? WHERE session = ? AND wrapped_by = ?";
            let query = sql::query(text).bind(new.by).bind(new.bytes).bind(session.as_str()).bind(old.by);
            changed += query.execute(&mut at).await?.rows_affected();
        }
        at.commit().await?;
        self.committed();
        Ok(changed)
    }

    /// Which of these sessions nobody reads here: the keys that they need are not there.
    pub(crate) async fn locked(&self, sessions: &[SessionRow]) -> sqlx::Result<HashSet<String>> {
        if sessions.is_empty() {
            return Ok(HashSet::new());
        }
        let mut query = QueryBuilder::new("SELECT session, wrapped_by FROM data_keys WHERE session IN (");
        let mut ids = query.separated(", ");
        for session in sessions {
            ids.push_bind(&session.id);
        }
        let mut locked = HashSet::new();
        query.push(")");
        for row in query.build().fetch_all(&self.read).await? {
            let by: String = row.try_get(1)?;
            if !self.vault().is_some_and(|vault| vault.has(&by)) {
                locked.insert(row.try_get(0)?);
            }
        }
        Ok(locked)
    }

    /// A session's data key, if it has one.
    ///
    /// # Errors
    /// It cannot be had, and why.
    pub(crate) async fn data_key(&self, session: &str) -> anyhow::Result<Option<DataKey>> {
        let mut at = self.read.acquire().await?;
        if wrapped(&mut at, session).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(for_reading(&mut at, self.vault(), session).await?))
    }
}

/// A session's data key as it is stored.
async fn wrapped(at: &mut Connection, session: &str) -> sqlx::Result<Option<Wrapped>> {
    let query = sql::query("SELECT wrapped_by, wrapped FROM data_keys WHERE session = ?").bind(session);
    let read = |row: Row| Ok(Wrapped { by: row.try_get(0)?, bytes: row.try_get(1)? });
    query.fetch_optional(at).await?.map(read).transpose()
}

/// The data key that a session's events are written with, and whether it was made for that: then it is there once the
/// transaction is committed, and must not be remembered before.
pub(crate) async fn for_writing(
    at: &mut Connection,
    vault: &Vault,
    session: &str,
) -> anyhow::Result<(DataKey, bool)> {
    if let Some(known) = vault.known(session) {
        return Ok((known, false));
    }
    if let Some(wrapped) = wrapped(at, session).await? {
        return Ok((vault.unwrap(session, &wrapped)?, false));
    }
    let (key, wrapped) = vault.fresh(session)?;
    let query = sql::query("INSERT INTO data_keys (session, wrapped_by, wrapped) VALUES (?, ?, ?)");
    query.bind(session).bind(wrapped.by).bind(wrapped.bytes).execute(at).await?;
    Ok((key, true))
}

/// Why something that is encrypted cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Locked {
    /// Whoever reads has not the key.
    #[error("it is encrypted by the key `{0}`, which is not there")]
    NoKey(String),
    /// Nobody can, by what is stored.
    #[error("{0}")]
    Broken(String),
}

/// The data key of a session whose events are encrypted, inside of a transaction.
pub(super) async fn for_reading(
    at: &mut Connection,
    vault: Option<&Vault>,
    session: &str,
) -> Result<DataKey, Locked> {
    // Also of one that is known: it may have been erased.
    let wrapped = wrapped(at, session).await.map_err(|cause| Locked::Broken(cause.to_string()))?;
    let wrapped = wrapped.ok_or_else(|| Locked::Broken("its data key was erased".to_owned()))?;
    let vault = vault.filter(|vault| vault.has(&wrapped.by));
    let vault = vault.ok_or_else(|| Locked::NoKey(wrapped.by.clone()))?;
    let unwrapped = || vault.unwrap(session, &wrapped).map_err(|cause| Locked::Broken(format!("{cause:#}")));
    vault.known(session).map_or_else(unwrapped, Ok)
}

/// Erases data keys of some sessions, one at least: nobody reads their events any more.
pub(crate) async fn erase<'a>(
    at: &mut Connection,
    sessions: impl Iterator<Item = &'a str>,
) -> sqlx::Result<()> {
    let mut query = QueryBuilder::new("DELETE FROM data_keys WHERE session IN (");
    let mut list = query.separated(", ");
    for session in sessions {
        list.push_bind(session.to_owned());
    }
    query.push(")");
    query.build().execute(at).await.map(drop)
}
