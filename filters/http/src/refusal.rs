//! What an agent is told when something is refused, in words to act on: as a problem for REST (RFC 9457) here, in
//! MCP's words in [`crate::mcp`].

use gatewright_core::policy::rfc3339;
use gatewright_core::time::Millis;
use serde_json::{Map, Value, json};

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No token, or one that does not verify.
    Identity,
    /// Policy denies it.
    Denied,
    /// A person must approve it first.
    Approval,
    /// The request can be read in two ways, or not at all.
    Ambiguous,
    /// Over a size cap.
    TooLarge,
    /// The gate cannot decide or record right now.
    Unavailable,
    /// The target's answer cannot pass.
    Target,
}

impl Kind {
    /// HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Identity => 401,
            Self::Denied | Self::Approval => 403,
            Self::Ambiguous => 400,
            Self::TooLarge => 413,
            Self::Unavailable => 503,
            Self::Target => 502,
        }
    }

    /// One word for a problem's `type` and for statistics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Denied => "denied",
            Self::Approval => "approval-required",
            Self::Ambiguous => "ambiguous",
            Self::TooLarge => "too-large",
            Self::Unavailable => "unavailable",
            Self::Target => "target",
        }
    }

    /// Short, and the same for all of the kind.
    fn title(self) -> &'static str {
        match self {
            Self::Identity => "The agent's token is missing or does not verify",
            Self::Denied => "Denied by policy",
            Self::Approval => "Waiting for a person's approval",
            Self::Ambiguous => "The request can be read in more ways than one",
            Self::TooLarge => "The request is too large",
            Self::Unavailable => "The gate cannot decide right now",
            Self::Target => "The target's answer cannot pass",
        }
    }
}

/// An approval that the agent can wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Id.
    pub id: String,
    /// Where people decide.
    pub url: String,
    /// When it expires.
    pub expires_at: Millis,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Kind.
    pub kind: Kind,
    /// Policy that denies it.
    pub policy: Option<String>,
    /// Why; nothing secret.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
    /// The approval that it waits for.
    pub approval: Option<Approval>,
    /// When to try again, in seconds.
    pub retry_after_s: Option<u64>,
}

impl Refusal {
    /// With a reason only.
    #[must_use]
    pub fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self { kind, policy: None, reason: reason.into(), hint: None, approval: None, retry_after_s: None }
    }

    /// By a policy.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// With what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With an approval to wait for.
    #[must_use]
    pub fn approval(mut self, approval: Approval) -> Self {
        self.approval = Some(approval);
        self
    }

    /// With a time to wait.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// One sentence: what and why. As PostgreSQL's clients are told it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match (&self.kind, &self.policy, &self.approval) {
            // What was decided about SQL is told in the words of the SQL plane, which name the policies themselves.
            (Kind::Denied, Some(_), _) if self.reason.starts_with("denied by polic") => self.reason.clone(),
            (Kind::Denied, Some(policy), _) => format!("denied by policy `{policy}`: {}", self.reason),
            (Kind::Approval, _, Some(approval)) => {
                format!("waiting for approval {}: {}", approval.id, self.reason)
            }
            _ => self.reason.clone(),
        }
    }

    /// All of it in sentences, for an agent that reads text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.sentence();
        if let Some(approval) = &self.approval {
            text += &format!(
                "\nA person can decide at {} until {}. Nothing was done so far; after the approval, send the same \
                 request again, unchanged.",
                approval.url,
                rfc3339(approval.expires_at)
            );
        }
        if let Some(hint) = &self.hint {
            text += "\n";
            text += hint;
        }
        if let Some(seconds) = self.retry_after_s {
            text += &format!("\nTry again in {seconds} s.");
        }
        text
    }

    /// What machines read: `kind`, `reason`, and `policy`, `approval`, `hint`, `retry_after_s` where there are any.
    #[must_use]
    pub fn data(&self) -> Map<String, Value> {
        let mut data = self.members();
        data.insert("kind".to_owned(), self.kind.word().into());
        data.insert("reason".to_owned(), self.reason.as_str().into());
        data
    }

    /// The body of an `application/problem+json` answer (RFC 9457) of that status. `type` is a URI that is not for
    /// fetching.
    #[must_use]
    pub fn problem(&self, status: u16) -> String {
        let mut problem = self.members();
        problem.insert("type".to_owned(), format!("urn:gatewright:{}", self.kind.word()).into());
        problem.insert("title".to_owned(), self.kind.title().into());
        problem.insert("status".to_owned(), status.into());
        problem.insert("detail".to_owned(), self.sentence().into());
        Value::Object(problem).to_string()
    }

    fn members(&self) -> Map<String, Value> {
        let approval = self.approval.as_ref().map(|approval| {
            json!({ "id": approval.id, "url": approval.url, "expires_at": rfc3339(approval.expires_at) })
        });
        let members = [
            ("policy", self.policy.as_deref().map(Value::from)),
            ("hint", self.hint.as_deref().map(Value::from)),
            ("approval", approval),
            ("retry_after_s", self.retry_after_s.map(Value::from)),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_problem_says_what_why_and_what_to_do() {
        let refusal = Refusal::new(Kind::Approval, "refunds over 100 need a \"person\"")
            .policy("refunds")
            .approval(Approval {
                id: "XM9V8VCX".into(),
                url: "https://host/approvals/XM9V8VCX".into(),
                expires_at: 1_795_000_000_250,
            })
            .hint("or refund less")
            .retry_after_s(30);
        let problem: Value = serde_json::from_str(&refusal.problem(403)).unwrap();
        assert_eq!(
            problem,
            json!({
                "type": "urn:gatewright:approval-required",
                "title": "Waiting for a person's approval",
                "status": 403,
                "detail": "waiting for approval XM9V8VCX: refunds over 100 need a \"person\"",
                "policy": "refunds",
                "hint": "or refund less",
                "approval": {
                    "id": "XM9V8VCX",
                    "url": "https://host/approvals/XM9V8VCX",
                    "expires_at": rfc3339(1_795_000_000_250),
                },
                "retry_after_s": 30,
            })
        );
        let denied = Refusal::new(Kind::Denied, "no").policy("never");
        assert_eq!(denied.text(), "denied by policy `never`: no");
        let sql = Refusal::new(Kind::Denied, "denied by policies `never`, `ever`: no").policy("never");
        assert_eq!(sql.sentence(), sql.reason, "said once");
        let problem: Value = serde_json::from_str(&denied.problem(403)).unwrap();
        assert_eq!(problem.as_object().unwrap().len(), 5, "{problem}");
    }
}
