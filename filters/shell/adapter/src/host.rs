//! Calls to Gatewright's host.

use std::time::Duration;

use gatewright_core::api::{ApprovalRequest, CredentialRequest, EventBatch, LoginRequest, SeenTools};
use gatewright_core::trace::{TRACEPARENT, TRACESTATE, TraceContext};
use serde::Serialize;

use crate::Settings;
use crate::hostcalls::{self, Failed};

/// For calls that are answered at once.
const SOON: Duration = Duration::from_secs(5);
/// For the wait for a decision, which the host answers after 25 s at the latest.
const LONG: Duration = Duration::from_secs(40);

fn call(
    settings: &Settings,
    method: &str,
    path: &str,
    extra: &[(&str, &str)],
    body: Option<&[u8]>,
    trace: Option<&TraceContext>,
    timeout: Duration,
) -> Result<u32, Failed> {
    let authorization = format!("Bearer {}", settings.filter_token);
    let mut headers = vec![
        (":method", method),
        (":path", path),
        (":scheme", "http"),
        (":authority", settings.host_authority.as_str()),
        ("authorization", authorization.as_str()),
    ];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    headers.extend_from_slice(extra);
    if let Some(trace) = trace {
        headers.push((TRACEPARENT, trace.parent()));
        headers.extend(trace.state().map(|state| (TRACESTATE, state)));
    }
    hostcalls::http_call(&settings.host_cluster, &headers, body, timeout)
}

fn post(
    settings: &Settings,
    path: &str,
    body: &impl Serialize,
    trace: Option<&TraceContext>,
) -> Result<u32, Failed> {
    let body = serde_json::to_vec(body).unwrap_or_default();
    call(settings, "POST", path, &[], Some(&body), trace, SOON)
}

/// Percent-encodes what a query's value may not hold (RFC 3986 section 3.4).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Asks for the bundle, unless it is still the one with that digest.
///
/// # Errors
/// The proxy's status.
pub fn bundle(settings: &Settings, digest: Option<&str>) -> Result<u32, Failed> {
    let path = format!("/v1/filter/bundle?resource={}", encoded(&settings.resource));
    let known = digest.map(|digest| format!("\"{digest}\""));
    let extra: Vec<(&str, &str)> = known.iter().map(|known| ("if-none-match", known.as_str())).collect();
    call(settings, "GET", &path, &extra, None, None, SOON)
}

/// Asks for a proof.
///
/// # Errors
/// The proxy's status.
pub fn login(
    settings: &Settings,
    request: &LoginRequest,
    trace: Option<&TraceContext>,
) -> Result<u32, Failed> {
    post(settings, "/v1/filter/login", request, trace)
}

/// Asks for the target's credential.
///
/// # Errors
/// The proxy's status.
pub fn credential(
    settings: &Settings,
    request: &CredentialRequest,
    trace: Option<&TraceContext>,
) -> Result<u32, Failed> {
    post(settings, "/v1/filter/credential", request, trace)
}

/// Tells of tools that were seen.
///
/// # Errors
/// The proxy's status.
pub fn seen_tools(
    settings: &Settings,
    request: &SeenTools,
    trace: Option<&TraceContext>,
) -> Result<u32, Failed> {
    post(settings, "/v1/filter/tools", request, trace)
}

/// Sends events.
///
/// # Errors
/// The proxy's status.
pub fn events(settings: &Settings, batch: &EventBatch, trace: Option<&TraceContext>) -> Result<u32, Failed> {
    call(settings, "POST", "/v1/filter/events", &[], Some(&batch.lines()), trace, SOON)
}

/// Asks for an approval.
///
/// # Errors
/// The proxy's status.
pub fn create_approval(
    settings: &Settings,
    request: &ApprovalRequest,
    trace: Option<&TraceContext>,
) -> Result<u32, Failed> {
    post(settings, "/v1/filter/approvals", request, trace)
}

/// Asks to be told when an approval is decided.
///
/// # Errors
/// The proxy's status.
pub fn await_approval(settings: &Settings, id: &str, trace: Option<&TraceContext>) -> Result<u32, Failed> {
    call(settings, "GET", &format!("/v1/filter/approvals/{}/wait", encoded(id)), &[], None, trace, LONG)
}

/// Says that nobody waits any more.
///
/// # Errors
/// The proxy's status.
pub fn withdraw_approval(settings: &Settings, id: &str, trace: Option<&TraceContext>) -> Result<u32, Failed> {
    call(
        settings,
        "POST",
        &format!("/v1/filter/approvals/{}/withdraw", encoded(id)),
        &[],
        Some(b"{}"),
        trace,
        SOON,
    )
}
