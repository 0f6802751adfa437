//! Calls of a session to the host, and their answers, without how they travel.

use crate::api::{ApprovalRequest, CredentialRequest, LoginRequest, SeenTools};
use crate::trace::TraceContext;

/// A call that the host shall answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Comes back with the answer; unique within the session.
    pub token: u32,
    /// What is asked.
    pub request: HostRequest,
    /// The span that it is for, where the agent says so.
    pub trace: Option<TraceContext>,
}

/// What is asked of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRequest {
    /// A proof for the target.
    Login(LoginRequest),
    /// Nothing but that the host look for fresher keys: the answer does not matter, a new bundle follows.
    RefreshKeys(LoginRequest),
    /// The target's credential.
    Credential(CredentialRequest),
    /// Definitions of tools were seen; the answer does not matter.
    SeenTools(SeenTools),
    /// A new approval.
    CreateApproval(ApprovalRequest),
    /// How an approval was decided, once it is.
    AwaitApproval(String),
    /// Nobody waits for an approval any more.
    WithdrawApproval(String),
}

/// The host's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReply {
    /// HTTP status; 0 where there was no answer.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}
