//! What an agent gets instead of the target's answer: problem details (RFC 9457), in words to act on.

use gatewright_core::api::ApprovalReply;
use gatewright_core::policy::rfc3339;
use serde_json::{Map, Value, json};

/// An answer of the gate's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beside `content-length`, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Why a request, or its answer, does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// What happened, and what to do.
    pub(crate) detail: String,
    /// Policies that denied.
    pub(crate) policies: Vec<String>,
    pub(crate) approval: Option<Box<ApprovalReply>>,
    /// When to try again, in seconds.
    pub(crate) retry_after_s: Option<u64>,
    /// More headers.
    pub(crate) headers: Vec<(String, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            policies: Vec::new(),
            approval: None,
            retry_after_s: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn policies(mut self, policies: &[String]) -> Self {
        self.policies = policies.to_vec();
        self
    }

    pub(crate) fn approval(mut self, approval: ApprovalReply) -> Self {
        self.approval = Some(Box::new(approval));
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// As the agent gets it.
    pub(crate) fn reply(&self) -> Reply {
        let mut members = Map::new();
        members.insert("type".to_owned(), json!("about:blank"));
        members.insert("title".to_owned(), json!(title(self.status)));
        members.insert("status".to_owned(), json!(self.status));
        members.insert("detail".to_owned(), json!(self.detail));
        if !self.policies.is_empty() {
            members.insert("policies".to_owned(), json!(self.policies));
        }
        if let Some(approval) = &self.approval {
            let expires_at = rfc3339(approval.expires_at);
            let approval = json!({ "id": approval.id, "url": approval.url, "expires_at": expires_at });
            members.insert("approval".to_owned(), approval);
        }
        let mut headers = vec![
            ("content-type".to_owned(), "application/problem+json".to_owned()),
            ("cache-control".to_owned(), "no-store".to_owned()),
        ];
        if let Some(seconds) = self.retry_after_s {
            headers.push(("retry-after".to_owned(), seconds.to_string()));
        }
        headers.extend(self.headers.iter().cloned());
        // INVARIANT: a map of texts and numbers always serialises.
        let body = serde_json::to_vec_pretty(&Value::Object(members)).unwrap_or_default();
        Reply { status: self.status, headers, body }
    }
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Refused",
    }
}
