//! What an agent gets instead of the target's answer.

use gatewright_core::api::ApprovalReply;

use crate::refusal::{Approval, Kind, Refusal as Said};

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
    /// HTTP status.
    pub(crate) status: u16,
    /// In words.
    pub(crate) said: Box<Said>,
    /// More headers.
    pub(crate) headers: Vec<(String, String)>,
}

impl Refusal {
    /// With what happened and what to do.
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        let kind = match status {
            401 => Kind::Identity,
            403 => Kind::Denied,
            413 => Kind::TooLarge,
            502 => Kind::Target,
            503 | 504 => Kind::Unavailable,
            _ => Kind::Ambiguous,
        };
        Self { status, said: Box::new(Said::new(kind, detail)), headers: Vec::new() }
    }

    pub(crate) fn policies(mut self, policies: &[String]) -> Self {
        if !policies.is_empty() {
            self.said.policy = Some(policies.join(", "));
        }
        self
    }

    pub(crate) fn approval(mut self, approval: &ApprovalReply) -> Self {
        let (id, url) = (approval.id.clone(), approval.url.clone());
        self.said.kind = Kind::Approval;
        self.said.approval = Some(Approval { id, url, expires_at: approval.expires_at });
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.said.hint = Some(hint.into());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.said.retry_after_s = Some(seconds);
        self.header("retry-after", seconds.to_string())
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// As problem details (RFC 9457).
    pub(crate) fn problem(&self) -> Reply {
        self.reply(self.status, "application/problem+json", self.said.problem(self.status))
    }

    /// In another form.
    pub(crate) fn reply(&self, status: u16, content_type: &str, body: String) -> Reply {
        let mut headers = vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("cache-control".to_owned(), "no-store".to_owned()),
        ];
        headers.extend(self.headers.iter().cloned());
        Reply { status, headers, body: body.into_bytes() }
    }
}
