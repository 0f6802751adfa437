//! Grants: for a while, commands of one kind by one agent are approved without anybody being asked again.
//!
//! `active` becomes `expired` or `revoked`; each of these and each use is a step of its own.

use gatewright_core::api::{ApprovalRequest, Need};
use gatewright_core::time::Millis;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

use super::Store;
use super::approvals::{Person, Step, decode, json, step_by};
use super::records::GrantRecord;
use super::sql::{self, Connection, Row};
use crate::log::Transaction;
use crate::log::history::{Transition, Whose};

/// Somebody who gave a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Granter {
    /// Who.
    #[serde(flatten)]
    pub(crate) by: Person,
    /// Their groups when they gave it.
    pub(crate) groups: Vec<String>,
}

/// A grant as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// Id.
    pub(crate) id: String,
    /// Resource.
    pub(crate) resource: String,
    /// The agent's subject.
    pub(crate) principal: String,
    /// The agent's issuer.
    pub(crate) issuer: String,
    /// Role on the target.
    pub(crate) role: String,
    /// A command of that kind, for people to read.
    pub(crate) statement: String,
    /// What commands of the kind have in common.
    pub(crate) shape: Option<String>,
    /// Without a shape: the digest of the one command that it is for.
    pub(crate) digest: Option<String>,
    /// What it permits; empty where the shape alone says.
    pub(crate) needs: Vec<Need>,
    /// Who gave it.
    pub(crate) granters: Vec<Granter>,
    /// Groups whose members may see and revoke it.
    pub(crate) approvers: Vec<String>,
    /// Why it was given.
    pub(crate) comment: String,
    /// The approval that it was given with.
    pub(crate) approval: Option<String>,
    /// `active`, `revoked` or `expired`.
    pub(crate) state: String,
    /// When it was given.
    pub(crate) created_at: Millis,
    /// When it ends.
    pub(crate) expires_at: Millis,
}

const COLUMNS: &str = "id, resource, principal, issuer, role, statement, shape, digest, needs, granters, approvers, \
                       comment, approval, state, created_at, expires_at";

impl Store {
    /// The newest grants first.
    pub(crate) async fn grants(&self, active: bool, limit: u32) -> sqlx::Result<Vec<Grant>> {
        let text = format!(
            "SELECT {COLUMNS} FROM grants WHERE NOT ? OR state = 'active' ORDER BY created_at DESC, id LIMIT ?"
        );
        let rows = sql::query(AssertSqlSafe(text)).bind(active).bind(limit).fetch_all(&self.read).await?;
        rows.iter().map(grant).collect()
    }

    /// One grant.
    pub(crate) async fn grant(&self, id: &str) -> sqlx::Result<Option<Grant>> {
        load(&mut self.read.acquire().await?, id).await
    }

    /// Whether any grant is past its time.
    pub(crate) async fn any_grant_due(&self, now: Millis) -> sqlx::Result<bool> {
        let text = "SELECT 1 FROM grants WHERE state = 'active' AND expires_at <= ? LIMIT 1";
        Ok(sql::query(text).bind(now.cast_signed()).fetch_optional(&self.read).await?.is_some())
    }

    /// All that happened to a grant, in order; its uses among it.
    pub(crate) async fn grant_steps(&self, id: &str) -> sqlx::Result<Vec<Step>> {
        let text =
            "SELECT at, step, issuer, subject, detail FROM grant_steps WHERE grant_id = ? ORDER BY rowid";
        sql::query(text).bind(id).fetch_all(&self.read).await?.iter().map(step_of).collect()
    }
}

/// One grant, inside a transaction.
pub(crate) async fn load(at: &mut Connection, id: &str) -> sqlx::Result<Option<Grant>> {
    let text = AssertSqlSafe(format!("SELECT {COLUMNS} FROM grants WHERE id = ?"));
    sql::query(text).bind(id).fetch_optional(at).await?.map(|row| grant(&row)).transpose()
}

/// Active grants of the agent that asks.
pub(crate) async fn of_agent(
    at: &mut Connection,
    request: &ApprovalRequest,
    now: Millis,
) -> sqlx::Result<Vec<Grant>> {
    let text = AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM grants WHERE state = 'active' AND expires_at > ? AND resource = ? AND role = ?
        AND principal = ? AND issuer = ? ORDER BY expires_at, id"
    ));
    let query = sql::query(text).bind(now.cast_signed()).bind(&request.resource).bind(&request.role);
    query.bind(&request.principal).bind(&request.issuer).fetch_all(at).await?.iter().map(grant).collect()
}

/// Adds a grant.
pub(crate) async fn insert(at: &mut Transaction, grant: &Grant, by: &Person) -> sqlx::Result<()> {
    let text =
        format!("INSERT INTO grants ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql::query(AssertSqlSafe(text))
        .bind(&grant.id)
        .bind(&grant.resource)
        .bind(&grant.principal)
        .bind(&grant.issuer)
        .bind(&grant.role)
        .bind(&grant.statement)
        .bind(&grant.shape)
        .bind(&grant.digest)
        .bind(json(&grant.needs)?)
        .bind(json(&grant.granters)?)
        .bind(json(&grant.approvers)?)
        .bind(&grant.comment)
        .bind(&grant.approval)
        .bind(&grant.state)
        .bind(grant.created_at.cast_signed())
        .bind(grant.expires_at.cast_signed())
        .execute(&mut **at)
        .await?;
    let step = step_by(grant.created_at, "active", by, &grant.comment);
    put_step(at, &grant.id, &step).await?;
    let record = Some(GrantRecord { grant: grant.clone(), steps: Vec::new() });
    at.step(Whose::Grant(&grant.id), &Transition { grant: record, ..Transition::of(step) }).await
}

/// Records a use.
pub(crate) async fn used(
    at: &mut Transaction,
    grant: &Grant,
    approval: &str,
    now: Millis,
) -> sqlx::Result<()> {
    let by = Person { issuer: grant.issuer.clone(), subject: grant.principal.clone() };
    step(at, &grant.id, now, "used", &by, approval).await
}

/// Revokes an active grant; whether it was one.
pub(crate) async fn revoke(
    at: &mut Transaction,
    id: &str,
    now: Millis,
    by: &Person,
    comment: &str,
) -> sqlx::Result<bool> {
    let query = sql::query("UPDATE grants SET state = 'revoked' WHERE id = ? AND state = 'active'");
    let revoked = query.bind(id).execute(&mut **at).await?.rows_affected() == 1;
    if revoked {
        step(at, id, now, "revoked", by, comment).await?;
    }
    Ok(revoked)
}

/// Expires what is due.
pub(crate) async fn expire(at: &mut Transaction, now: Millis) -> sqlx::Result<()> {
    let text = "UPDATE grants SET state = 'expired' WHERE state = 'active' AND expires_at <= ? RETURNING id";
    for row in sql::query(text).bind(now.cast_signed()).fetch_all(&mut **at).await? {
        let id: String = row.try_get(0)?;
        step(at, &id, now, "expired", &Person::default(), "").await?;
    }
    Ok(())
}

/// Records something beside where it stands: how a step was taken.
pub(crate) async fn note(
    at: &mut Transaction,
    id: &str,
    now: Millis,
    what: &str,
    by: &Person,
    detail: &str,
) -> sqlx::Result<()> {
    step(at, id, now, what, by, detail).await
}

/// Records a step.
async fn step(
    at: &mut Transaction,
    id: &str,
    now: Millis,
    step: &str,
    by: &Person,
    detail: &str,
) -> sqlx::Result<()> {
    let step = step_by(now, step, by, detail);
    put_step(at, id, &step).await?;
    at.step(Whose::Grant(id), &Transition::of(step)).await
}

async fn put_step(at: &mut Connection, id: &str, step: &Step) -> sqlx::Result<()> {
    let text =
        "INSERT INTO grant_steps (grant_id, at, step, issuer, subject, detail) VALUES (?, ?, ?, ?, ?, ?)";
    let query = sql::query(text).bind(id).bind(step.at.cast_signed()).bind(&step.step);
    query.bind(&step.issuer).bind(&step.subject).bind(&step.detail).execute(at).await?;
    Ok(())
}

/// A row of either table of steps.
pub(super) fn step_of(row: &Row) -> sqlx::Result<Step> {
    Ok(Step {
        at: row.try_get::<i64>(0)?.cast_unsigned(),
        step: row.try_get(1)?,
        issuer: row.try_get(2)?,
        subject: row.try_get(3)?,
        detail: row.try_get(4)?,
    })
}

fn grant(row: &Row) -> sqlx::Result<Grant> {
    let list = |at: usize| -> sqlx::Result<String> { row.try_get(at) };
    Ok(Grant {
        id: row.try_get(0)?,
        resource: row.try_get(1)?,
        principal: row.try_get(2)?,
        issuer: row.try_get(3)?,
        role: row.try_get(4)?,
        statement: row.try_get(5)?,
        shape: row.try_get(6)?,
        digest: row.try_get(7)?,
        needs: serde_json::from_str(&list(8)?).map_err(decode)?,
        granters: serde_json::from_str(&list(9)?).map_err(decode)?,
        approvers: serde_json::from_str(&list(10)?).map_err(decode)?,
        comment: row.try_get(11)?,
        approval: row.try_get(12)?,
        state: row.try_get(13)?,
        created_at: row.try_get::<i64>(14)?.cast_unsigned(),
        expires_at: row.try_get::<i64>(15)?.cast_unsigned(),
    })
}
