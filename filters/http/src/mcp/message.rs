//! JSON-RPC 2.0 as MCP narrows it: requests, notifications, responses, and batches where the revision has them.

use std::fmt::Display;

use serde_json::{Map, Value, json};

use super::{Ask, Revision};
use crate::json::{Document, Item, Kind, Malformed, quote};

/// Most messages in a batch.
pub const MAX_BATCH: usize = 100;

/// Names of an envelope; one that differs from them in case is refused, because some readers take it for them.
const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// A request's id as JSON text: a string, or an integer of any size. Equal ids are the same text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

impl Id {
    /// Its JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The id, if it is a string or a plain integer (MCP: never `null`).
    fn of(item: Item<'_>) -> Option<Self> {
        if let Some(text) = item.as_str() {
            let mut spelt = String::with_capacity(text.len().saturating_add(2));
            quote(&text, &mut spelt);
            return Some(Self(spelt));
        }
        let digits = item.raw().strip_prefix('-').unwrap_or(item.raw());
        let integer = item.kind() == Kind::Number && digits.bytes().all(|byte| byte.is_ascii_digit());
        integer.then(|| Self(if digits == "0" { digits } else { item.raw() }.to_owned()))
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Of a request; none for notifications and responses.
    pub id: Option<Id>,
    /// What it asks for.
    pub ask: Ask,
}

impl Message {
    /// The id that stands in it.
    fn own_id(&self) -> Option<&Id> {
        match &self.ask {
            Ask::Response { id } => id.as_ref(),
            _ => self.id.as_ref(),
        }
    }
}

/// A body that is no message, in JSON-RPC's words. It goes out with HTTP status 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RpcFault {
    /// Id of the request, where one could be read.
    pub id: Option<Id>,
    /// JSON-RPC's code.
    pub code: i64,
    /// What is wrong, and what to send.
    pub message: String,
}

impl RpcFault {
    /// The complete body. Without an id the member is left out, as MCP has it for errors that answer no request.
    #[must_use]
    pub fn body(&self) -> String {
        error_body(self.id.as_ref(), self.code, &self.message, None)
    }
}

/// An error response.
pub(super) fn error_body(
    id: Option<&Id>,
    code: i64,
    message: &str,
    data: Option<Map<String, Value>>,
) -> String {
    let mut error = json!({ "code": code, "message": message });
    if let (Some(data), Some(error)) = (data, error.as_object_mut()) {
        error.insert("data".to_owned(), Value::Object(data));
    }
    envelope(id, "error", &error)
}

/// A response with one member besides the id, which stays as it was spelt.
pub(super) fn envelope(id: Option<&Id>, member: &str, value: &Value) -> String {
    let id = id.map(|id| format!(r#","id":{}"#, id.as_json())).unwrap_or_default();
    format!(r#"{{"jsonrpc":"2.0"{id},"{member}":{value}}}"#)
}

pub(super) fn invalid_params(id: &Id, why: impl Display) -> RpcFault {
    RpcFault { id: Some(id.clone()), code: -32602, message: format!("invalid params: {why}") }
}

fn invalid_request(id: Option<Id>, why: impl Display) -> RpcFault {
    RpcFault { id, code: -32600, message: format!("invalid request: {why}") }
}

/// Reads the body of a POST: one message, or those of a batch.
///
/// # Errors
/// What is wrong, as the answer to send: -32700 for what is not JSON, -32600 for what is no message, or a batch in a
/// revision without them, -32602 for params that do not fit their method.
pub fn read(body: &[u8], revision: Revision) -> Result<Vec<Message>, RpcFault> {
    let document = Document::read(body).map_err(|fault| match fault {
        Malformed::DuplicateName(_) | Malformed::NulInName(_) => invalid_request(None, fault),
        _ => RpcFault { id: None, code: -32700, message: format!("parse error: {fault}") },
    })?;
    let root = document.root();
    match root.kind() {
        Kind::Object => Ok(vec![message(root, revision)?]),
        Kind::Array if revision > Revision::V2025_03_26 => Err(invalid_request(
            None,
            format_args!(
                "MCP {} has no batches; send each message as a request of its own",
                revision.as_str()
            ),
        )),
        Kind::Array => batch(root, revision),
        _ => Err(invalid_request(None, "a message is an object")),
    }
}

fn batch(root: Item<'_>, revision: Revision) -> Result<Vec<Message>, RpcFault> {
    let messages = root.elements().take(MAX_BATCH.saturating_add(1));
    let messages: Vec<_> = messages.map(|item| message(item, revision)).collect::<Result<_, _>>()?;
    if messages.is_empty() {
        return Err(invalid_request(None, "an empty batch"));
    }
    if messages.len() > MAX_BATCH {
        return Err(invalid_request(
            None,
            format_args!("a batch of more than {MAX_BATCH} messages; send fewer at once"),
        ));
    }
    if messages.iter().any(|message| matches!(message.ask, Ask::Initialize { .. })) {
        return Err(invalid_request(None, "`initialize` in a batch; send it by itself"));
    }
    let responses = messages.iter().filter(|message| matches!(message.ask, Ask::Response { .. })).count();
    if responses != 0 && responses != messages.len() {
        return Err(invalid_request(None, "a batch of both requests and responses; send two"));
    }
    let mut ids: Vec<&Id> = messages.iter().filter_map(Message::own_id).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return Err(invalid_request(None, "a batch with one id twice; give each request its own"));
    }
    Ok(messages)
}

fn message(item: Item<'_>, revision: Revision) -> Result<Message, RpcFault> {
    if item.kind() != Kind::Object {
        return Err(invalid_request(None, "a message is an object"));
    }
    let mut found = [None; 6];
    for (place, name) in found.iter_mut().zip(ENVELOPE) {
        *place = item.member(name).map_err(|fault| invalid_request(None, fault))?;
    }
    let [jsonrpc, id, method, params, result, error] = found;
    let id = match id {
        None => None,
        Some(id) => match Id::of(id) {
            Some(id) => Some(id),
            None => return Err(invalid_request(None, "`id` must be a string or an integer")),
        },
    };
    let wrong = |why: &str| Err(invalid_request(id.clone(), why));
    if jsonrpc.and_then(Item::as_str).as_deref() != Some("2.0") {
        return wrong("`jsonrpc` must be \"2.0\"");
    }
    match (method, result, error) {
        (Some(method), None, None) => {
            let Some(method) = method.as_str().filter(|method| is_method(method)) else {
                return wrong("`method` must be a string of visible ASCII characters");
            };
            if params.is_some_and(|params| params.kind() != Kind::Object) {
                return wrong("`params` must be an object");
            }
            if let Some(params) = params
                && !confirms(params, revision).map_err(|fault| invalid_request(id.clone(), fault))?
            {
                let message = "`_meta` has another protocol version than MCP-Protocol-Version; send the same";
                return Err(RpcFault { id, code: -32020, message: message.to_owned() });
            }
            let ask = match &id {
                Some(id) => Ask::of(id, &method, params, revision)?,
                None => Ask::Notification { method: method.into_owned() },
            };
            Ok(Message { id, ask })
        }
        (None, Some(_), None) if id.is_none() => wrong("a response without `id`"),
        (None, Some(_), None) | (None, None, Some(_)) => {
            if params.is_some() {
                return wrong("a response with `params`");
            }
            if revision >= Revision::V2026_07_28 {
                return wrong(
                    "MCP 2026-07-28 has no responses of clients; send `inputResponses` with the request",
                );
            }
            Ok(Message { id: None, ask: Ask::Response { id } })
        }
        _ => wrong("a message has `method`, or `result`, or `error`"),
    }
}

/// Whether the revision that a request says it is of (2026-07-28) is that of the header.
fn confirms(params: Item<'_>, revision: Revision) -> Result<bool, Malformed> {
    let Some(meta) = params.member("_meta")? else { return Ok(true) };
    let Some(said) = meta.member("io.modelcontextprotocol/protocolVersion")? else { return Ok(true) };
    Ok(said.as_str().as_deref() == Some(revision.as_str()))
}

fn is_method(method: &str) -> bool {
    (1..=128).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_graphic())
}
