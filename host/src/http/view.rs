//! How people see approvals and grants.

use gatewright_core::api::Need;
use serde::Serialize;
use utoipa::ToSchema;

use crate::approvals::url;
use crate::estimate::Estimate;
use crate::store::approvals::{Approval, Step};
use crate::store::grants::{Grant, Granter};
use crate::time::{as_rfc3339, rfc3339};

/// [`Need`], described.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what the filters' crate defines")]
#[schema(as = Need)]
struct NeedView {
    /// Cedar action.
    action: String,
    /// What it is done to, as policies name it.
    resource: String,
}

/// An approval as people see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(super) struct ApprovalView {
    id: String,
    state: &'static str,
    resource: String,
    session: String,
    principal: String,
    issuer: String,
    role: String,
    statement: String,
    parameters: Vec<Option<String>>,
    reason: String,
    policies: Vec<String>,
    #[schema(value_type = Vec<NeedView>)]
    needs: Vec<Need>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<String>,
    digest: String,
    approvers: Vec<String>,
    min_approvals: u32,
    comment_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_grant_s: Option<u64>,
    /// How many rows it is about, as the database expects, or why that is not known; for those who decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<String>,
    /// The number alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_rows: Option<u64>,
    created_at: String,
    expires_at: String,
    decided_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step>>,
    url: String,
}

impl ApprovalView {
    /// Of an approval; `public_url` is where the host is reached.
    pub(super) fn new(approval: Approval, public_url: &str) -> Self {
        let url = url(&approval, public_url);
        let Approval { id, request, stage, created_at, expires_at, estimate, decided_by, comment, grant } =
            approval;
        Self {
            id,
            state: stage.as_str(),
            resource: request.resource,
            session: request.session,
            principal: request.principal,
            issuer: request.issuer,
            role: request.role,
            statement: request.statement,
            parameters: request.parameters,
            reason: request.reason,
            policies: request.policies,
            needs: request.needs,
            shape: request.shape,
            digest: request.digest,
            approvers: request.approvers,
            min_approvals: request.min_approvals,
            comment_required: request.comment_required,
            max_grant_s: request.max_grant_s,
            estimate: estimate.map(|estimate| estimate.to_string()),
            estimated_rows: estimate.and_then(Estimate::count),
            created_at: rfc3339(created_at),
            expires_at: rfc3339(expires_at),
            decided_by,
            comment,
            grant,
            steps: None,
            url,
        }
    }

    /// With what happened to it.
    pub(super) fn with_steps(self, steps: Vec<Step>) -> Self {
        Self { steps: Some(steps), ..self }
    }
}

/// A grant as people see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(super) struct GrantView {
    id: String,
    state: String,
    resource: String,
    principal: String,
    issuer: String,
    role: String,
    statement: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<String>,
    #[schema(value_type = Vec<NeedView>)]
    needs: Vec<Need>,
    granters: Vec<Granter>,
    approvers: Vec<String>,
    comment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<String>,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: u64,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step>>,
}

impl GrantView {
    /// Of a grant.
    pub(super) fn new(grant: Grant) -> Self {
        Self {
            id: grant.id,
            state: grant.state,
            resource: grant.resource,
            principal: grant.principal,
            issuer: grant.issuer,
            role: grant.role,
            statement: grant.statement,
            shape: grant.shape,
            needs: grant.needs,
            granters: grant.granters,
            approvers: grant.approvers,
            comment: grant.comment,
            approval: grant.approval,
            created_at: grant.created_at,
            expires_at: grant.expires_at,
            steps: None,
        }
    }

    /// With what happened to it; its uses among it.
    pub(super) fn with_steps(self, steps: Vec<Step>) -> Self {
        Self { steps: Some(steps), ..self }
    }
}
