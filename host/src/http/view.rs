//! How people see approvals.

use serde::Serialize;

use crate::approvals::url;
use crate::store::approvals::Approval;
use crate::time::rfc3339;

/// An approval as people see it.
#[derive(Debug, Serialize)]
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
    approvers: Vec<String>,
    min_approvals: u32,
    created_at: String,
    expires_at: String,
    decided_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    url: String,
}

impl ApprovalView {
    /// Of an approval; `public_url` is where the host is reached.
    pub(super) fn new(approval: Approval, public_url: &str) -> Self {
        let url = url(&approval, public_url);
        let Approval { id, request, stage, created_at, expires_at, decided_by, comment } = approval;
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
            approvers: request.approvers,
            min_approvals: request.min_approvals,
            created_at: rfc3339(created_at),
            expires_at: rfc3339(expires_at),
            decided_by,
            comment,
            url,
        }
    }
}
