//! The proxy's functions, each wrapped once so that a status which the SDK would panic on comes back as a value.
//!
//! A panic would take every session on the worker with it. The SDK's own wrappers are used where they return
//! every status that the proxy can give; the others call the ABI (proxy-wasm 0.2.1) directly.
#![allow(
    unsafe_code,
    reason = "the ABI's imports can only be called so; each call passes plain integers and a live slice"
)]

use std::time::{Duration, UNIX_EPOCH};

use gatewright_core::time::Millis;
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType, StreamType};

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_set_buffer_bytes(
        buffer: u32,
        start: usize,
        size: usize,
        data: *const u8,
        data_size: usize,
    ) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_close_stream(stream: u32) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
}

/// A status other than Ok.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed(pub u32);

fn checked(status: u32) -> Result<(), Failed> {
    if status == 0 { Ok(()) } else { Err(Failed(status)) }
}

/// All bytes of a buffer; empty where there is none.
#[must_use]
pub fn buffer(buffer: BufferType, size: usize) -> Vec<u8> {
    hostcalls::get_buffer(buffer, 0, size).ok().flatten().unwrap_or_default()
}

/// Replaces the whole content of a buffer.
///
/// # Errors
/// The proxy's status; `BadArgument` where there is no such buffer now.
pub fn replace_buffer(buffer: BufferType, bytes: &[u8]) -> Result<(), Failed> {
    // SAFETY: the slice lives across the call, and the proxy copies it.
    checked(unsafe { proxy_set_buffer_bytes(buffer as u32, 0, usize::MAX, bytes.as_ptr(), bytes.len()) })
}

/// Lets what is in the downstream buffer go on to the server.
///
/// # Errors
/// The proxy's status.
pub fn resume_downstream() -> Result<(), Failed> {
    // SAFETY: plain integers.
    checked(unsafe { proxy_continue_stream(StreamType::Downstream as u32) })
}

/// Closes the connection with the agent after its buffer has gone out.
///
/// # Errors
/// The proxy's status.
pub fn close_downstream() -> Result<(), Failed> {
    // SAFETY: plain integers.
    checked(unsafe { proxy_close_stream(StreamType::Downstream as u32) })
}

/// Makes the next calls act on that context.
///
/// # Errors
/// The proxy's status; `BadArgument` where the context is gone.
pub fn act_on(context: u32) -> Result<(), Failed> {
    // SAFETY: plain integers.
    checked(unsafe { proxy_set_effective_context(context) })
}

/// Writes to the proxy's log. Nothing secret may be in `message`.
pub fn log(level: LogLevel, message: &str) {
    // SAFETY: the string lives across the call, and the proxy copies it. There is nobody to tell of a failure.
    let _ = unsafe { proxy_log(level as u32, message.as_ptr(), message.len()) };
}

/// Now.
#[must_use]
pub fn now() -> Millis {
    let now = hostcalls::get_current_time().ok();
    let since = now.and_then(|now| now.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A property whose value is text.
#[must_use]
pub fn property(path: &[&str]) -> Option<String> {
    let value = hostcalls::get_property(path.to_vec()).ok().flatten()?;
    String::from_utf8(value).ok()
}

/// Starts an HTTP call; the token comes back with the response.
///
/// # Errors
/// The proxy's status: an unknown cluster, or no host in it.
pub fn http_call(
    cluster: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
    timeout: Duration,
) -> Result<u32, Failed> {
    hostcalls::dispatch_http_call(cluster, headers.to_vec(), body, Vec::new(), timeout)
        .map_err(|status| Failed(status as u32))
}

/// The status of the response that is being handed over; 0 where the call failed without one.
#[must_use]
pub fn response_status(header_count: usize) -> u16 {
    if header_count == 0 {
        return 0;
    }
    let status = hostcalls::get_map_value(MapType::HttpCallResponseHeaders, ":status").ok().flatten();
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// Sixteen random bytes as hex; `None` where the proxy gives none.
#[must_use]
pub fn random_id() -> Option<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex::encode(bytes))
}
