//! Approvals: rows that only move forward, each step kept with its time and who took it.
//!
//! `pending` becomes `approved`, `denied`, `expired` or `withdrawn`; `approved` becomes `used` or `expired`.

use gatewright_core::api::ApprovalRequest;
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::digest::Digest;
use gatewright_core::time::Millis;
use sqlx::AssertSqlSafe;

use super::Store;
use super::records::ApprovalRecord;
use super::sql::{self, Connection, Row};
use crate::estimate::Estimate;
use crate::log::Transaction;
use crate::log::history::{Transition, Whose};

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Nobody has decided yet.
    Pending,
    /// Approved, not used yet.
    Approved,
    /// Used up.
    Used,
    /// Denied.
    Denied,
    /// Nobody decided, or nobody used it, in time.
    Expired,
    /// The requester went away or cancelled.
    Withdrawn,
}

impl Stage {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Pending, Self::Approved, Self::Used, Self::Denied, Self::Expired, Self::Withdrawn];

    /// As stored and as shown.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Used => "used",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The stage of that name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

/// Who did something. The host itself has neither issuer nor subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub(crate) struct Person {
    /// `iss`.
    pub(crate) issuer: String,
    /// `sub`.
    pub(crate) subject: String,
}

/// An approval as stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Approval {
    /// Id.
    pub(crate) id: String,
    /// What is asked for.
    pub(crate) request: ApprovalRequest,
    /// Where it stands.
    pub(crate) stage: Stage,
    /// When it was asked for.
    pub(crate) created_at: Millis,
    /// When it expires.
    pub(crate) expires_at: Millis,
    /// How many rows it is about, as the database expects; `None` where it was not asked.
    pub(crate) estimate: Option<Estimate>,
    /// Subjects that approved or denied, in order.
    pub(crate) decided_by: Vec<String>,
    /// The last decider's comment.
    pub(crate) comment: Option<String>,
    /// The grant by which it was approved, without anybody being asked.
    pub(crate) grant: Option<String>,
}

/// One step in the life of an approval or of a grant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub(crate) struct Step {
    /// When.
    #[serde(serialize_with = "crate::time::as_rfc3339", deserialize_with = "crate::time::from_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Millis,
    /// What: where it stands from then on, or what a person did (`approve`, `deny`).
    pub(crate) step: String,
    /// Who, by `iss`; empty for the host itself.
    pub(crate) issuer: String,
    /// Who, by `sub`; empty for the host itself.
    pub(crate) subject: String,
    /// What they said; of a grant's use, the approval.
    pub(crate) detail: String,
}

impl Step {
    /// When, for programs.
    pub(crate) fn iso(&self) -> String {
        crate::time::rfc3339(self.at)
    }

    /// When, for people.
    pub(crate) fn clock(&self) -> String {
        crate::time::clock(self.at)
    }
}

/// An approver's offer to let more of the same pass for a while.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Offer {
    /// Who.
    pub(crate) by: Person,
    /// Their groups.
    pub(crate) groups: Vec<String>,
    /// For how long, in seconds.
    pub(crate) seconds: u64,
}

const COLUMNS: &str = "id, resource, session, principal, issuer, role, statement, parameters, digest, reason, \
                       approvers, min_approvals, mode, state, created_at, expires_at";

impl Store {
    /// One approval.
    pub(crate) async fn approval(&self, id: &str) -> sqlx::Result<Option<Approval>> {
        load(&mut self.read.acquire().await?, id).await
    }

    /// Whether any open approval is past its time.
    pub(crate) async fn any_due(&self, now: Millis) -> sqlx::Result<bool> {
        let text =
            "SELECT 1 FROM approvals WHERE state IN ('pending', 'approved') AND expires_at <= ? LIMIT 1";
        Ok(sql::query(text).bind(now.cast_signed()).fetch_optional(&self.read).await?.is_some())
    }

    /// The newest approvals first.
    pub(crate) async fn approvals(&self, stage: Option<Stage>, limit: u32) -> sqlx::Result<Vec<Approval>> {
        let text = format!(
            "SELECT {COLUMNS} FROM approvals WHERE ? OR state = ? ORDER BY created_at DESC, id LIMIT ?"
        );
        let state = stage.map_or("", Stage::as_str);
        let query = sql::query(AssertSqlSafe(text)).bind(stage.is_none()).bind(state).bind(limit);
        let mut at = self.read.acquire().await?;
        let rows = query.fetch_all(&mut at).await?;
        let mut approvals = Vec::with_capacity(rows.len());
        for row in &rows {
            approvals.push(complete(&mut at, approval(row)?).await?);
        }
        Ok(approvals)
    }

    /// How many rows an approval is about, where the database was asked.
    pub(crate) async fn estimate(&self, id: &str) -> sqlx::Result<Option<Estimate>> {
        let query = sql::query("SELECT estimate FROM approval_estimates WHERE approval = ?").bind(id);
        let Some(row) = query.fetch_optional(&self.read).await? else { return Ok(None) };
        read_estimate(&row.try_get::<String>(0)?).map(Some)
    }

    /// All that happened to an approval, in order.
    pub(crate) async fn approval_steps(&self, id: &str) -> sqlx::Result<Vec<Step>> {
        let text =
            "SELECT at, step, issuer, subject, comment FROM approval_steps WHERE approval = ? ORDER BY rowid";
        sql::query(text).bind(id).fetch_all(&self.read).await?.iter().map(super::grants::step_of).collect()
    }
}

fn read_estimate(text: &str) -> sqlx::Result<Estimate> {
    serde_json::from_str(text).map_err(decode)
}

/// Records an offer.
async fn offer(at: &mut Connection, id: &str, offer: &Offer) -> sqlx::Result<()> {
    let text =
        "INSERT INTO approval_offers (approval, issuer, subject, groups, seconds) VALUES (?, ?, ?, ?, ?)";
    let query = sql::query(text).bind(id).bind(&offer.by.issuer).bind(&offer.by.subject);
    query.bind(json(&offer.groups)?).bind(offer.seconds.cast_signed()).execute(at).await?;
    Ok(())
}

/// The offers for an approval.
pub(crate) async fn offers(at: &mut Connection, id: &str) -> sqlx::Result<Vec<Offer>> {
    let text = "SELECT issuer, subject, groups, seconds FROM approval_offers WHERE approval = ? ORDER BY issuer, subject";
    let rows = sql::query(text).bind(id).fetch_all(at).await?;
    let offer = |row: &Row| -> sqlx::Result<Offer> {
        let groups: String = row.try_get(2)?;
        Ok(Offer {
            by: Person { issuer: row.try_get(0)?, subject: row.try_get(1)? },
            groups: serde_json::from_str(&groups).map_err(decode)?,
            seconds: row.try_get::<i64>(3)?.cast_unsigned(),
        })
    };
    rows.iter().map(offer).collect()
}

/// Approves at once and uses up what a grant covers; each of it is a step.
pub(crate) async fn approve_by_grant(
    at: &mut Transaction,
    approval: &mut Approval,
    grant: &super::grants::Grant,
    now: Millis,
) -> sqlx::Result<()> {
    let query = sql::query("UPDATE approval_details SET granted_by = ? WHERE approval = ?");
    query.bind(&grant.id).bind(&approval.id).execute(&mut **at).await?;
    let said = format!("grant {}", grant.id);
    let nobody = Person::default();
    let query = sql::query("UPDATE approvals SET state = 'used' WHERE id = ?").bind(&approval.id);
    query.execute(&mut **at).await?;
    step(at, &approval.id, now, "approved", &nobody, &said).await?;
    let requester =
        Person { issuer: approval.request.issuer.clone(), subject: approval.request.principal.clone() };
    step(at, &approval.id, now, "used", &requester, "").await?;
    approval.stage = Stage::Used;
    approval.grant = Some(grant.id.clone());
    approval.decided_by = grant.granters.iter().map(|granter| granter.by.subject.clone()).collect();
    Ok(())
}

/// One approval, inside a transaction.
pub(crate) async fn load(at: &mut Connection, id: &str) -> sqlx::Result<Option<Approval>> {
    let text = AssertSqlSafe(format!("SELECT {COLUMNS} FROM approvals WHERE id = ?"));
    match sql::query(text).bind(id).fetch_optional(&mut *at).await? {
        Some(row) => Ok(Some(complete(at, approval(&row)?).await?)),
        None => Ok(None),
    }
}

/// An open approval of exactly this command by exactly this requester, for the mode `retry`.
pub(crate) async fn same(
    at: &mut Connection,
    request: &ApprovalRequest,
    stage: Stage,
) -> sqlx::Result<Option<Approval>> {
    let text = format!(
        "SELECT {COLUMNS} FROM approvals WHERE digest = ? AND resource = ? AND role = ?
        AND principal = ? AND issuer = ? AND mode = 'retry' AND state = ? ORDER BY created_at LIMIT 1"
    );
    let query = sql::query(AssertSqlSafe(text))
        .bind(&request.digest)
        .bind(&request.resource)
        .bind(&request.role)
        .bind(&request.principal)
        .bind(&request.issuer)
        .bind(stage.as_str());
    match query.fetch_optional(&mut *at).await? {
        Some(row) => Ok(Some(complete(at, approval(&row)?).await?)),
        None => Ok(None),
    }
}

/// Whether a session has ended, as far as its events are here.
pub(crate) async fn has_ended(at: &mut Connection, session: &str) -> sqlx::Result<bool> {
    let query = sql::query("SELECT 1 FROM sessions WHERE id = ? AND closed_at IS NOT NULL");
    Ok(query.bind(session).fetch_optional(at).await?.is_some())
}

/// Adds an approval.
pub(crate) async fn insert(at: &mut Transaction, approval: &Approval) -> sqlx::Result<()> {
    let request = &approval.request;
    let text =
        format!("INSERT INTO approvals ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql::query(AssertSqlSafe(text))
        .bind(&approval.id)
        .bind(&request.resource)
        .bind(&request.session)
        .bind(&request.principal)
        .bind(&request.issuer)
        .bind(&request.role)
        .bind(&request.statement)
        .bind(json(&request.parameters)?)
        .bind(&request.digest)
        .bind(&request.reason)
        .bind(json(&request.approvers)?)
        .bind(request.min_approvals)
        .bind(mode(request.mode))
        .bind(approval.stage.as_str())
        .bind(approval.created_at.cast_signed())
        .bind(approval.expires_at.cast_signed())
        .execute(&mut **at)
        .await?;
    let text = "INSERT INTO approval_details (approval, policies, needs, shape, comment_required, max_grant_s) \
                 VALUES (?, ?, ?, ?, ?, ?)";
    sql::query(text)
        .bind(&approval.id)
        .bind(json(&request.policies)?)
        .bind(json(&request.needs)?)
        .bind(&request.shape)
        .bind(request.comment_required)
        .bind(request.max_grant_s.map(u64::cast_signed))
        .execute(&mut **at)
        .await?;
    if let Some(estimate) = &approval.estimate {
        let query = sql::query("INSERT INTO approval_estimates (approval, estimate) VALUES (?, ?)");
        query.bind(&approval.id).bind(json(estimate)?).execute(&mut **at).await?;
    }
    let requester = Person { issuer: request.issuer.clone(), subject: request.principal.clone() };
    let step = step_by(approval.created_at, "pending", &requester, "");
    put_step(at, &approval.id, &step).await?;
    let record = Some(ApprovalRecord::new(approval));
    at.step(Whose::Approval(&approval.id), &Transition { approval: record, ..Transition::of(step) }).await
}

/// Moves an approval on, if it still stands where it is thought to; whether it did.
pub(crate) async fn advance(
    at: &mut Transaction,
    id: &str,
    from: Stage,
    to: Stage,
    now: Millis,
    by: &Person,
) -> sqlx::Result<bool> {
    let query = sql::query("UPDATE approvals SET state = ? WHERE id = ? AND state = ?");
    let done = query.bind(to.as_str()).bind(id).bind(from.as_str()).execute(&mut **at).await?;
    let moved = done.rows_affected() == 1;
    if moved {
        step(at, id, now, to.as_str(), by, "").await?;
    }
    Ok(moved)
}

/// Expires what is due; gives the ids.
pub(crate) async fn expire(at: &mut Transaction, now: Millis) -> sqlx::Result<Vec<String>> {
    let text =
        "UPDATE approvals SET state = 'expired' WHERE state IN ('pending', 'approved') AND expires_at <= ?
        RETURNING id";
    let rows = sql::query(text).bind(now.cast_signed()).fetch_all(&mut **at).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>()?;
    for id in &ids {
        step(at, id, now, "expired", &Person::default(), "").await?;
    }
    Ok(ids)
}

/// Withdraws what a session that ended still waits for; gives the ids. Approvals of the mode `retry` outlive it.
pub(crate) async fn withdraw_of(
    at: &mut Transaction,
    session: &str,
    now: Millis,
) -> sqlx::Result<Vec<String>> {
    let text = "UPDATE approvals SET state = 'withdrawn' WHERE session = ? AND mode = 'hold'
        AND state IN ('pending', 'approved') RETURNING id";
    let rows = sql::query(text).bind(session).fetch_all(&mut **at).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>()?;
    for id in &ids {
        step(at, id, now, "withdrawn", &Person::default(), "").await?;
    }
    Ok(ids)
}

/// One person's decision.
#[derive(Debug)]
pub(crate) struct Vote<'a> {
    /// `approve` or `deny`.
    pub(crate) approve: bool,
    /// Who.
    pub(crate) by: &'a Person,
    /// What they say.
    pub(crate) comment: &'a str,
    /// Hash of the approval's first entry, which holds all that they were shown.
    pub(crate) about: Digest,
    /// The grant that they offer with it.
    pub(crate) offered: Option<Offer>,
}

/// Records a decision; false where the person approved already.
pub(crate) async fn vote(at: &mut Transaction, id: &str, now: Millis, vote: Vote<'_>) -> sqlx::Result<bool> {
    let Vote { approve, by, comment, about, offered } = vote;
    let step = step_by(now, if approve { "approve" } else { "deny" }, by, comment);
    match put_step(at, id, &step).await {
        Ok(()) => {}
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(false),
        Err(error) => return Err(error),
    }
    if let Some(offered) = &offered {
        offer(at, id, offered).await?;
    }
    let about = Some(hex::encode(about));
    at.step(Whose::Approval(id), &Transition { about, offer: offered, ..Transition::of(step) }).await?;
    Ok(true)
}

/// How many different people approved.
pub(crate) async fn votes(at: &mut Connection, id: &str) -> sqlx::Result<u32> {
    let query = sql::query("SELECT count(*) FROM approval_steps WHERE approval = ? AND step = 'approve'");
    let votes: i64 = query.bind(id).fetch_one(at).await?.try_get(0)?;
    Ok(votes.try_into().unwrap_or(u32::MAX))
}

/// Records a step that moves nothing: how somebody came to decide.
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
    comment: &str,
) -> sqlx::Result<()> {
    let step = step_by(now, step, by, comment);
    put_step(at, id, &step).await?;
    at.step(Whose::Approval(id), &Transition::of(step)).await
}

/// A step that somebody takes.
pub(super) fn step_by(at: Millis, step: &str, by: &Person, detail: &str) -> Step {
    let (issuer, subject) = (by.issuer.clone(), by.subject.clone());
    Step { at, step: step.to_owned(), issuer, subject, detail: detail.to_owned() }
}

async fn put_step(at: &mut Connection, id: &str, step: &Step) -> sqlx::Result<()> {
    let text =
        "INSERT INTO approval_steps (approval, at, step, issuer, subject, comment) VALUES (?, ?, ?, ?, ?, ?)";
    let query = sql::query(text).bind(id).bind(step.at.cast_signed()).bind(&step.step);
    query.bind(&step.issuer).bind(&step.subject).bind(&step.detail).execute(at).await?;
    Ok(())
}

/// Adds who decided.
async fn complete(at: &mut Connection, mut approval: Approval) -> sqlx::Result<Approval> {
    let text = "SELECT subject, comment FROM approval_steps
        WHERE approval = ? AND step IN ('approve', 'deny') ORDER BY rowid";
    for row in sql::query(text).bind(&approval.id).fetch_all(&mut *at).await? {
        approval.decided_by.push(row.try_get(0)?);
        let comment: String = row.try_get(1)?;
        if !comment.is_empty() {
            approval.comment = Some(comment);
        }
    }
    let text = "SELECT policies, needs, shape, comment_required, max_grant_s, granted_by, estimate
        FROM approval_details LEFT JOIN approval_estimates ON approval_estimates.approval = approval_details.approval
        WHERE approval_details.approval = ?";
    // Approvals of an earlier version have none.
    if let Some(row) = sql::query(text).bind(&approval.id).fetch_optional(&mut *at).await? {
        let list = |at: usize| -> sqlx::Result<String> { row.try_get(at) };
        let request = &mut approval.request;
        request.policies = serde_json::from_str(&list(0)?).map_err(decode)?;
        request.needs = serde_json::from_str(&list(1)?).map_err(decode)?;
        request.shape = row.try_get(2)?;
        request.comment_required = row.try_get(3)?;
        request.max_grant_s = row.try_get::<Option<i64>>(4)?.map(i64::cast_unsigned);
        approval.grant = row.try_get(5)?;
        approval.estimate = row.try_get::<Option<String>>(6)?.as_deref().map(read_estimate).transpose()?;
    }
    if let Some(grant) = &approval.grant {
        let granters = super::grants::load(at, grant).await?.map(|grant| grant.granters).unwrap_or_default();
        approval.decided_by = granters.into_iter().map(|granter| granter.by.subject).collect();
    }
    Ok(approval)
}

fn approval(row: &Row) -> sqlx::Result<Approval> {
    let list = |at: usize| -> sqlx::Result<String> { row.try_get(at) };
    let stage: String = row.try_get(13)?;
    Ok(Approval {
        id: row.try_get(0)?,
        request: ApprovalRequest {
            resource: row.try_get(1)?,
            session: row.try_get(2)?,
            principal: row.try_get(3)?,
            issuer: row.try_get(4)?,
            role: row.try_get(5)?,
            statement: row.try_get(6)?,
            parameters: serde_json::from_str(&list(7)?).map_err(decode)?,
            digest: row.try_get(8)?,
            reason: row.try_get(9)?,
            approvers: serde_json::from_str(&list(10)?).map_err(decode)?,
            min_approvals: row.try_get::<i64>(11)?.try_into().unwrap_or(u32::MAX),
            expires_s: 0,
            mode: if list(12)? == mode(ApprovalMode::Retry) {
                ApprovalMode::Retry
            } else {
                ApprovalMode::Hold
            },
            // These are in a table of their own; see `complete`.
            policies: Vec::new(),
            needs: Vec::new(),
            shape: None,
            comment_required: false,
            max_grant_s: None,
        },
        stage: Stage::parse(&stage).ok_or_else(|| sqlx::Error::Decode(format!("stage `{stage}`").into()))?,
        created_at: row.try_get::<i64>(14)?.cast_unsigned(),
        expires_at: row.try_get::<i64>(15)?.cast_unsigned(),
        // So is this.
        estimate: None,
        decided_by: Vec::new(),
        comment: None,
        grant: None,
    })
}

fn mode(mode: ApprovalMode) -> &'static str {
    match mode {
        ApprovalMode::Hold => "hold",
        ApprovalMode::Retry => "retry",
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|cause| sqlx::Error::Encode(cause.into()))
}

pub(super) fn decode(cause: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(cause.into())
}
