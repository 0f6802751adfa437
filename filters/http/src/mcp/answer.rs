//! Refusals in MCP's words.
//!
//! A `tools/call` that policy denies is answered by a *result* with `isError: true`, a tool execution error, and not by
//! a JSON-RPC error: the specification (server/tools, Error Handling) has clients give execution errors to the model,
//! so that it can act on them, while protocol errors say that the request itself was wrong and may never reach it. An
//! agent that is told why, and what to do instead, does that; one that sees its call fail tries again. For all other
//! methods there is no such result, so they get an error response with the same in `data`.

use serde_json::{Value, json};

use super::message::{envelope, error_body};
use super::{Ask, Id, Message, Revision};
use crate::refusal::{Kind, Refusal};

/// Where a tool result carries what machines read of a refusal.
const META: &str = "io.github.gatewright/refusal";

/// JSON-RPC codes, from the range that MCP leaves to implementations (-32000 to -32019).
pub mod code {
    /// Denied by policy.
    pub const DENIED: i64 = -32010;
    /// Waiting for an approval.
    pub const APPROVAL: i64 = -32011;
    /// No identity, too large, or the gate cannot decide.
    pub const UNAVAILABLE: i64 = -32012;
    /// JSON-RPC's own: the request can be read in two ways.
    pub const INVALID_REQUEST: i64 = -32600;
}

impl Message {
    /// The answer to this message that refuses it, as a complete body; `None` for what is not answered
    /// (notifications, responses): these get an HTTP error with [`rpc_error`] without an id.
    #[must_use]
    pub fn refuse(&self, refusal: &Refusal, revision: Revision) -> Option<String> {
        let id = self.id.as_ref()?;
        Some(match self.ask {
            Ask::ToolsCall { .. } => tool_result(id, refusal, revision),
            _ => rpc_error(Some(id), refusal),
        })
    }
}

/// A refusal as a JSON-RPC error response.
#[must_use]
pub fn rpc_error(id: Option<&Id>, refusal: &Refusal) -> String {
    let code = match refusal.kind {
        Kind::Denied => code::DENIED,
        Kind::Approval => code::APPROVAL,
        Kind::Ambiguous => code::INVALID_REQUEST,
        Kind::Identity | Kind::TooLarge | Kind::Unavailable | Kind::Target => code::UNAVAILABLE,
    };
    error_body(id, code, &refusal.sentence(), Some(refusal.data()))
}

/// A refusal as the result of a tool: text for the model, and the same for machines in `_meta`, because
/// `structuredContent` would have to be of the tool's own schema.
#[must_use]
pub fn tool_result(id: &Id, refusal: &Refusal, revision: Revision) -> String {
    let mut result = json!({
        "content": [{ "type": "text", "text": refusal.text() }],
        "isError": true,
        "_meta": { META: refusal.data() },
    });
    if revision >= Revision::V2026_07_28
        && let Some(result) = result.as_object_mut()
    {
        result.insert("resultType".to_owned(), Value::from("complete"));
    }
    envelope(Some(id), "result", &result)
}

/// One message as an SSE event. JSON of one line in, as all bodies here are.
#[must_use]
pub fn sse_event(message: &str) -> String {
    format!("event: message\ndata: {message}\n\n")
}
