//! The data-plane API: what the filter sends to the host and what comes back, as JSON over HTTP.
//!
//! Every request carries `authorization: Bearer <filter token>`. Errors are `application/problem+json`
//! ([`Problem`], RFC 9457) with a fitting status.
//!
//! | call | request | answer |
//! |---|---|---|
//! | `GET /v1/filter/bundle?resource=NAME`, `if-none-match: DIGEST` | – | 200 [`Bundle`](crate::bundle::Bundle), or 304 |
//! | `POST /v1/filter/login` | [`LoginRequest`] | 200 [`LoginReply`]; 401 the token does not verify; 403 `connect` is not permitted |
//! | `POST /v1/filter/credential` | [`CredentialRequest`] | 200 [`CredentialReply`]; 401, 403 as above |
//! | `POST /v1/filter/tools` | [`SeenTools`] | 204 |
//! | `POST /v1/filter/events` | [`EventBatch`], as lines | 200 [`EventAck`] once all of it is durable |
//! | `POST /v1/filter/approvals` | [`ApprovalRequest`] | 200 [`ApprovalReply`] |
//! | `GET /v1/filter/approvals/ID/wait` | – | 200 [`ApprovalReply`] when decided, or after 25 s as it is then |
//! | `POST /v1/filter/approvals/ID/withdraw` | – | 200 [`ApprovalReply`] |
//!
//! A call that is for one request or statement carries its `traceparent` and `tracestate`
//! ([`TraceContext`](crate::trace::TraceContext)), where it has one.

use serde::{Deserialize, Serialize};

use crate::run::SealedRun;
use crate::time::Millis;

/// One step of the login at the target. The host verifies the token again, and that `connect` is permitted,
/// at every step: whoever holds the filter's token alone gets no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Resource name.
    pub resource: String,
    /// Session id; SCRAM's two steps belong together by it.
    pub session: String,
    /// Role as the agent asked for it (a [`crate::bundle::Role::name`]).
    pub role: String,
    /// User that the server was told (a [`crate::bundle::Role::target`]); empty from filters that do not say.
    #[serde(default)]
    pub user: String,
    /// The agent's token, as it came.
    pub token: String,
    /// Address that the agent connects from, without a port.
    #[serde(default)]
    pub source: String,
    /// What the target's server asks for.
    #[serde(flatten)]
    pub challenge: Challenge,
}

/// What the target's server asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Challenge {
    /// Nothing yet: the server has not been spoken to. The proof is the user that the StartupMessage is to name, made for
    /// this session.
    User,
    /// AuthenticationSASL with its mechanisms. The proof is the SCRAM client-first-message (RFC 5802).
    ScramFirst {
        /// Mechanism names as the server offered them.
        mechanisms: Vec<String>,
    },
    /// AuthenticationSASLContinue. The proof is the client-final-message.
    ScramFinal {
        /// The server-first-message.
        server_first: String,
    },
    /// AuthenticationMD5Password. The proof is `md5` and 32 hex digits.
    Md5 {
        /// The salt, hex, 4 bytes.
        salt: String,
    },
    /// AuthenticationCleartextPassword, where the configuration allows it. The proof is the password.
    Cleartext,
}

/// The proof to relay to the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginReply {
    /// Text of the next message to the server.
    pub proof: String,
    /// After [`Challenge::ScramFinal`]: the server-final-message that a server which knows the password must
    /// send (`v=…`); anything else is an impostor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_final: Option<String>,
}

impl std::fmt::Debug for LoginReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginReply { .. }")
    }
}

/// Asks for the credential that requests of an agent carry to an HTTP target. The host verifies the token again, and
/// that `connect` is permitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRequest {
    /// Resource name.
    pub resource: String,
    /// Who the agent is.
    pub agent: Presented,
    /// Address that the agent connects from, without a port.
    #[serde(default)]
    pub source: String,
}

/// Definitions of MCP tools that the bundle does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTools {
    /// Resource name.
    pub resource: String,
    /// The tools.
    pub tools: Vec<SeenTool>,
}

/// One tool's definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTool {
    /// Name.
    pub name: String,
    /// Hex digest of what it says of itself.
    pub digest: String,
    /// What it says of itself, as JSON; cut off where it is very long.
    pub definition: String,
}

/// What a filter presents of an agent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// Its token, as it came.
    Token(String),
    /// What the proxy vouches for: the identity of a client certificate, or of a token that the proxy verified and
    /// did not hand on. Only where the configuration says so.
    Vouched {
        /// Issuer, or trust domain.
        issuer: String,
        /// Subject, or SPIFFE ID.
        subject: String,
        /// Groups.
        groups: Vec<String>,
    },
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token(…)"),
            Self::Vouched { issuer, subject, .. } => write!(f, "Vouched({issuer:?}, {subject:?})"),
        }
    }
}

/// The credential: headers to set on each request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialReply {
    /// Names, lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Until when they may be used.
    pub expires_at: Millis,
}

impl std::fmt::Debug for CredentialReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CredentialReply {{ expires_at: {}, .. }}", self.expires_at)
    }
}

/// Recorded events, in order within each session. They travel as lines of JSON: [`BatchHead`], then the runs' texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventBatch {
    /// Resource name.
    pub resource: String,
    /// The events.
    pub runs: Vec<SealedRun>,
}

/// First line of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    /// Resource name.
    pub resource: String,
}

impl BatchHead {
    /// Reads the head of a batch, and gives the text of its runs.
    ///
    /// # Errors
    /// What is wrong with the first line.
    pub fn read(lines: &str) -> serde_json::Result<(Self, &str)> {
        let (head, runs) = lines.split_once('\n').unwrap_or((lines, ""));
        Ok((serde_json::from_str(head)?, runs))
    }
}

impl EventBatch {
    /// The batch as lines.
    #[must_use]
    pub fn lines(&self) -> Vec<u8> {
        let size = self.runs.iter().map(|run| run.text.len()).sum::<usize>();
        let mut lines = Vec::with_capacity(size.saturating_add(100));
        // INVARIANT: a struct of one string always serialises.
        let _ = serde_json::to_writer(&mut lines, &BatchHead { resource: self.resource.clone() });
        lines.push(b'\n');
        for run in &self.runs {
            lines.extend_from_slice(&run.text);
        }
        lines
    }
}

/// All events of the batch are durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAck {
    /// Number of events in the batch, those that were there already (a repeated batch) included.
    pub durable: u64,
}

/// A command that needs somebody's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// Resource name.
    pub resource: String,
    /// Session id.
    pub session: String,
    /// The requester's subject (`sub`): may not decide.
    pub principal: String,
    /// The requester's issuer (`iss`).
    pub issuer: String,
    /// Role on the target.
    pub role: String,
    /// Statement text.
    pub statement: String,
    /// Parameters for people to read: text, or a description of a binary value; `None` for NULL.
    pub parameters: Vec<Option<String>>,
    /// Hex SHA-256 that binds resource, role, principal, statement and parameters: the approval holds for
    /// exactly this.
    pub digest: String,
    /// The policies' reason.
    pub reason: String,
    /// Groups of which a member may approve.
    pub approvers: Vec<String>,
    /// How many different people must approve.
    pub min_approvals: u32,
    /// When the approval expires, counted from its creation.
    pub expires_s: u64,
    /// `hold`: always a new approval. `retry`: an approved and unused one of the same digest is used up and
    /// comes back as [`ApprovalState::Approved`]; a pending one comes back as it is.
    pub mode: crate::bundle::ApprovalMode,
    /// Policies that would permit it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// What is not permitted without the approval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What commands of the same kind have in common, so that a grant may be for all of them; a grant for a command
    /// without one is for exactly the same command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
    /// Whether whoever decides must say why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub comment_required: bool,
    /// How long a grant may last at most, where the policies say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_grant_s: Option<u64>,
}

/// Something that is not permitted without an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Cedar action.
    pub action: String,
    /// What it is done to, as policies name it: `Table::"shop.public.orders"`.
    pub resource: String,
}

/// The state of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has decided yet.
    Pending,
    /// Approved; to the filter that asks, this also means: used up by this very answer.
    Approved,
    /// Denied.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// The requester went away or cancelled.
    Withdrawn,
}

/// An approval as the filter sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalReply {
    /// Id, short enough to read out.
    pub id: String,
    /// Where people decide.
    pub url: String,
    /// State.
    pub state: ApprovalState,
    /// When it expires.
    pub expires_at: Millis,
    /// Who decided, once decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
    /// The decider's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The grant by which it was approved at once, without anybody being asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

/// An error answer (RFC 9457). `detail` may be shown to the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Short and constant for the kind of problem.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
}
