//! Approvals and grants with all that happened to them, for the log.

use gatewright_core::api::ApprovalRequest;
use gatewright_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::Store;
use super::approvals::{self, Approval, Offer, Stage, Step};
use super::grants::Grant;
use super::sql;
use crate::estimate::Estimate;

/// All that the tables say about an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ApprovalRecord {
    /// What is asked for.
    pub(crate) request: ApprovalRequest,
    /// Where it stands.
    pub(crate) stage: Stage,
    /// When it was asked for.
    pub(crate) created_at: Millis,
    /// When it expires.
    pub(crate) expires_at: Millis,
    /// How many rows it is about, as the database expects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) estimate: Option<Estimate>,
    /// The grant by which it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<String>,
    /// What happened to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<Step>,
    /// Grants that were offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) offers: Vec<Offer>,
}

/// All that the tables say about a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GrantRecord {
    /// The grant.
    #[serde(flatten)]
    pub(crate) grant: Grant,
    /// What happened to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<Step>,
}

impl ApprovalRecord {
    /// At the beginning, before anything happened.
    pub(crate) fn new(approval: &Approval) -> Self {
        Self {
            // How long it is open is not kept, but until when.
            request: ApprovalRequest { expires_s: 0, ..approval.request.clone() },
            stage: approval.stage,
            created_at: approval.created_at,
            expires_at: approval.expires_at,
            estimate: approval.estimate,
            grant: approval.grant.clone(),
            steps: Vec::new(),
            offers: Vec::new(),
        }
    }

    /// Whether both ask for the same: all that people are shown before they decide.
    pub(crate) fn asks_as(&self, other: &Self) -> bool {
        (&self.request, self.expires_at, self.estimate) == (&other.request, other.expires_at, other.estimate)
    }
}

/// Where somebody might have put rows about approvals, or about grants.
const APPROVALS: &str = "SELECT id FROM approvals UNION SELECT approval FROM approval_steps
    UNION SELECT approval FROM approval_details UNION SELECT approval FROM approval_estimates
    UNION SELECT approval FROM approval_offers ORDER BY 1";
const GRANTS: &str = "SELECT id FROM grants UNION SELECT grant_id FROM grant_steps ORDER BY 1";

impl Store {
    /// Ids of all approvals. Those of which one row is there must be seen as well.
    pub(crate) async fn approval_ids(&self) -> sqlx::Result<Vec<String>> {
        sql::query(APPROVALS).fetch_all(&self.read).await?.iter().map(|row| row.try_get(0)).collect()
    }

    /// Ids of all grants.
    pub(crate) async fn grant_ids(&self) -> sqlx::Result<Vec<String>> {
        sql::query(GRANTS).fetch_all(&self.read).await?.iter().map(|row| row.try_get(0)).collect()
    }

    /// How many approvals stand where.
    pub(crate) async fn approval_counts(&self) -> sqlx::Result<Vec<(String, u64)>> {
        self.counts("SELECT state, count(*) FROM approvals GROUP BY state").await
    }

    /// How many grants stand where.
    pub(crate) async fn grant_counts(&self) -> sqlx::Result<Vec<(String, u64)>> {
        self.counts("SELECT state, count(*) FROM grants GROUP BY state").await
    }

    async fn counts(&self, text: &'static str) -> sqlx::Result<Vec<(String, u64)>> {
        let rows = sql::query(text).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<i64>(1)?.cast_unsigned()))).collect()
    }

    /// When the oldest of the pending approvals was asked for.
    pub(crate) async fn oldest_pending(&self) -> sqlx::Result<Option<Millis>> {
        let text = "SELECT min(created_at) FROM approvals WHERE state = 'pending'";
        let oldest: Option<i64> = sql::query(text).fetch_one(&self.read).await?.try_get(0)?;
        Ok(oldest.map(i64::cast_unsigned))
    }

    /// All that the tables say about an approval.
    pub(crate) async fn approval_record(&self, id: &str) -> sqlx::Result<Option<ApprovalRecord>> {
        let Some(approval) = self.approval(id).await? else { return Ok(None) };
        let steps = self.approval_steps(id).await?;
        let offers = approvals::offers(&mut self.read.acquire().await?, id).await?;
        Ok(Some(ApprovalRecord { steps, offers, ..ApprovalRecord::new(&approval) }))
    }

    /// All that the tables say about a grant.
    pub(crate) async fn grant_record(&self, id: &str) -> sqlx::Result<Option<GrantRecord>> {
        let Some(grant) = self.grant(id).await? else { return Ok(None) };
        Ok(Some(GrantRecord { grant, steps: self.grant_steps(id).await? }))
    }
}
