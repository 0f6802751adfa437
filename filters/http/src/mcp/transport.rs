//! What an HTTP request to an MCP endpoint is, before its body is read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Message, Revision};
use crate::headers::media_type;

/// Longest session id.
const MAX_SESSION: usize = 1024;

/// What the request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// POST: a message, or a batch.
    Post,
    /// GET: a stream of what the server has to say; with `Last-Event-ID` the rest of an earlier one, so that answers
    /// to requests of an earlier POST may come on it.
    Listen {
        /// Last event that the client has seen.
        last_event_id: Option<String>,
    },
    /// DELETE: the end of the session.
    End,
}

/// Facts of a request to an MCP endpoint, for policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What it is for.
    pub exchange: Exchange,
    /// `MCP-Protocol-Version`; none with `initialize`, and from clients of 2025-03-26.
    pub revision: Option<Revision>,
    /// `Mcp-Session-Id`, visible ASCII. Nobody has verified whose it is.
    pub session: Option<String>,
    /// `Origin`: a browser sends it, and the endpoint must refuse what it does not know (DNS rebinding).
    pub origin: Option<String>,
    /// Whether the client takes JSON, and event streams. Refusals go out as what it takes, JSON first.
    pub takes: (bool, bool),
    /// `Mcp-Method` and `Mcp-Name`, decoded.
    mirrored: (Option<String>, Option<String>),
}

/// A request that is none to an MCP endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TransportFault {
    /// HTTP status; with 405, `Allow` is `GET, POST, DELETE`.
    pub status: u16,
    /// JSON-RPC code, for a body that has no id.
    pub code: i64,
    /// What is wrong, and what to send.
    pub reason: String,
}

impl TransportFault {
    fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, code: -32600, reason: reason.into() }
    }

    /// `HeaderMismatch` of 2026-07-28.
    fn mismatch(reason: impl Into<String>) -> Self {
        Self { status: 400, code: -32020, reason: reason.into() }
    }
}

impl Facts {
    /// Reads method and headers, as Envoy gives them; [`crate::headers::review`] has refused those that count once and
    /// are there twice.
    ///
    /// # Errors
    /// What is wrong, with its status.
    pub fn read<N: AsRef<str>, V: AsRef<[u8]>>(
        method: &str,
        headers: &[(N, V)],
    ) -> Result<Self, TransportFault> {
        let header = |wanted: &str| {
            let own = headers.iter().find(|(name, _)| name.as_ref().eq_ignore_ascii_case(wanted));
            own.map(|(_, value)| value.as_ref())
        };
        let visible = |name: &str| match header(name) {
            None => Ok(None),
            Some(value) if is_visible(value) => Ok(Some(String::from_utf8_lossy(value).into_owned())),
            Some(_) => Err(TransportFault::new(
                400,
                format!("{name} must be 1 to {MAX_SESSION} visible ASCII characters"),
            )),
        };
        let accepts = headers.iter().filter(|(name, _)| name.as_ref().eq_ignore_ascii_case("accept"));
        let accepts: Vec<&[u8]> = accepts.map(|(_, value)| value.as_ref()).collect();
        let takes = (takes(&accepts, "application", "json"), takes(&accepts, "text", "event-stream"));
        let exchange = match method {
            "POST" => Exchange::Post,
            "GET" => Exchange::Listen { last_event_id: visible("Last-Event-ID")? },
            "DELETE" => Exchange::End,
            _ => return Err(TransportFault::new(405, "an MCP endpoint takes POST, GET and DELETE")),
        };
        if exchange == Exchange::Post {
            let json = header("content-type").and_then(media_type);
            if json.as_deref() != Some("application/json") {
                return Err(TransportFault::new(
                    415,
                    "send the message with Content-Type: application/json, in UTF-8",
                ));
            }
        }
        if matches!(exchange, Exchange::Listen { .. }) && !takes.1 {
            return Err(TransportFault::new(
                406,
                "GET opens an event stream; send Accept: text/event-stream",
            ));
        }
        let revision = match header("mcp-protocol-version") {
            None => None,
            Some(spelt) => Some(Revision::read(spelt).ok_or_else(unsupported)?),
        };
        if revision >= Some(Revision::V2026_07_28) && exchange != Exchange::Post {
            return Err(TransportFault::new(405, "MCP 2026-07-28 has neither GET nor DELETE; send POST"));
        }
        let decoded = |name: &str| header(name).map(|value| decode(name, value)).transpose();
        Ok(Self {
            exchange,
            revision,
            session: visible("Mcp-Session-Id")?,
            origin: visible("Origin")?,
            takes,
            mirrored: (decoded("Mcp-Method")?, decoded("Mcp-Name")?),
        })
    }

    /// The revision to read the body by: without the header, 2025-03-26, as the specification has it.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision.unwrap_or(Revision::V2025_03_26)
    }

    /// Compares what headers say of the body with what it says: a server or proxy may go by either. In 2026-07-28 they
    /// must be there; before, they need not, but must not lie.
    ///
    /// # Errors
    /// They differ, or are missing.
    pub fn confirm(&self, message: &Message) -> Result<(), TransportFault> {
        let must = self.revision() >= Revision::V2026_07_28 && message.id.is_some();
        let pairs = [
            ("Mcp-Method", &self.mirrored.0, message.ask.method()),
            ("Mcp-Name", &self.mirrored.1, message.ask.named()),
        ];
        for (name, header, body) in pairs {
            match (header, body) {
                (None, Some(_)) if must => {
                    return Err(TransportFault::mismatch(format!(
                        "{name} is missing; send what the body says"
                    )));
                }
                (Some(header), body) if Some(header.as_str()) != body => {
                    return Err(TransportFault::mismatch(format!(
                        "{name} is not what the body says; send the same"
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn unsupported() -> TransportFault {
    let known = Revision::ALL.map(Revision::as_str).join(", ");
    TransportFault::new(
        400,
        format!("MCP-Protocol-Version is not one that this gate reads; use one of {known}"),
    )
}

fn is_visible(value: &[u8]) -> bool {
    (1..=MAX_SESSION).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic)
}

/// A value of 2026-07-28's headers: as it is, or `=?base64?…?=`.
fn decode(name: &str, value: &[u8]) -> Result<String, TransportFault> {
    let wrong = || TransportFault::mismatch(format!("{name} is neither plain ASCII nor Base64 of UTF-8"));
    let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii()).ok_or_else(wrong)?;
    match text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        None => Ok(text.to_owned()),
        Some(encoded) => {
            let bytes = STANDARD.decode(encoded).map_err(|_| wrong())?;
            String::from_utf8(bytes).map_err(|_| wrong())
        }
    }
}

/// Whether `Accept` takes a type (RFC 9110 section 12.5.1); all where there is none.
fn takes(accepts: &[&[u8]], kind: &str, subtype: &str) -> bool {
    accepts.is_empty()
        || accepts.iter().flat_map(|value| value.split(|byte| *byte == b',')).any(|range| {
            let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let range = parts.next().unwrap_or_default();
            let mut ends = range.splitn(2, |byte| *byte == b'/');
            let is = |part: Option<&[u8]>, wanted: &str| {
                part.is_some_and(|part| part == b"*" || part.eq_ignore_ascii_case(wanted.as_bytes()))
            };
            let zero = |part: &[u8]| matches!(part, b"q=0" | b"q=0." | b"q=0.0" | b"q=0.00" | b"q=0.000");
            is(ends.next(), kind) && is(ends.next(), subtype) && !parts.any(zero)
        })
}
