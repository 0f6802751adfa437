//! The proxy's functions, each wrapped once so that a status which the SDK would panic on comes back as a value.
//!
//! A panic would take every session on the worker with it. The SDK's own wrappers are used where they return
//! every status that the proxy can give; the others call the ABI (proxy-wasm 0.2.1) directly.
#![allow(
    unsafe_code,
    reason = "the ABI's imports can only be called so; each call passes plain integers and a live slice"
)]

use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use gatewright_core::access::Access;
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
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
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

/// Where a header's name and its value stand.
pub type Place = (Range<usize>, Range<usize>);

/// Header fields of a map in order, and where each stands in the bytes; none where there is no such map now.
#[must_use]
pub fn head(map: MapType) -> (Vec<u8>, Vec<Place>) {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: plain pointers to live variables.
    let status = unsafe { proxy_get_header_map_pairs(map as u32, &raw mut data, &raw mut size) };
    if status != 0 || data.is_null() {
        return (Vec::new(), Vec::new());
    }
    // SAFETY: the proxy allocated `size` bytes by the module's own allocator, as the SDK exports it, and hands them over.
    let bytes = unsafe { Vec::from_raw_parts(data, size, size) };
    let places = places(&bytes).unwrap_or_default();
    (bytes, places)
}

/// The ABI's form of pairs: a count, the lengths of each name and value (all of 4 bytes, little endian), then names and
/// values, each with a NUL behind it.
fn places(bytes: &[u8]) -> Option<Vec<Place>> {
    let number = |at: usize| {
        let bytes = bytes.get(at..at.checked_add(4)?)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let count = number(0)?;
    let mut lengths = 4_usize;
    let mut at = count.checked_mul(8)?.checked_add(4)?;
    let mut all = Vec::with_capacity(count.min(1_000));
    for _ in 0..count {
        let mut next = || {
            let place = at..at.checked_add(number(lengths)?)?;
            lengths = lengths.checked_add(4)?;
            at = place.end.checked_add(1)?;
            (place.end <= bytes.len()).then_some(place)
        };
        let place = (next()?, next()?);
        all.push(place);
    }
    Some(all)
}

/// Gives a header one value.
///
/// # Errors
/// The proxy's status.
pub fn set_header(map: MapType, name: &str, value: &[u8]) -> Result<(), Failed> {
    // SAFETY: the slices live across the call, and the proxy copies them.
    checked(unsafe {
        proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Takes a header away.
///
/// # Errors
/// The proxy's status.
pub fn remove_header(map: MapType, name: &str) -> Result<(), Failed> {
    // SAFETY: the slice lives across the call.
    checked(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Answers the request in the target's place; where the target's head has gone out already, the stream is reset.
///
/// # Errors
/// The proxy's status.
pub fn respond(status: u16, headers: &[(String, String)], body: &[u8]) -> Result<(), Failed> {
    let mut serialized = Vec::new();
    let mut number =
        |value: usize| serialized.extend_from_slice(&u32::try_from(value).unwrap_or(0).to_le_bytes());
    number(headers.len());
    for (name, value) in headers {
        number(name.len());
        number(value.len());
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        serialized.extend_from_slice(text.as_bytes());
        serialized.push(0);
    }
    let details = b"gatewright";
    // SAFETY: the slices live across the call, and the proxy copies them.
    checked(unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            serialized.as_ptr(),
            serialized.len(),
            -1,
        )
    })
}

/// Lets a request that waits go on to the target.
///
/// # Errors
/// The proxy's status.
pub fn resume_request() -> Result<(), Failed> {
    // SAFETY: plain integers.
    checked(unsafe { proxy_continue_stream(StreamType::HttpRequest as u32) })
}

/// Resets the stream of a request and its response.
///
/// # Errors
/// The proxy's status.
pub fn reset_request() -> Result<(), Failed> {
    // SAFETY: plain integers.
    checked(unsafe { proxy_close_stream(StreamType::HttpRequest as u32) })
}

/// The new bytes of a buffer, from a position on.
#[must_use]
pub fn buffer_from(buffer: BufferType, start: usize, size: usize) -> Vec<u8> {
    hostcalls::get_buffer(buffer, start, size).ok().flatten().unwrap_or_default()
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
    String::from_utf8(property_bytes(path)?).ok()
}

/// A property as the proxy encodes it.
#[must_use]
pub fn property_bytes(path: &[&str]) -> Option<Vec<u8>> {
    hostcalls::get_property(path.to_vec()).ok().flatten()
}

/// Puts into the filter state of this connection or request what the proxy's access log may say of it.
pub fn tell_access_log(access: &Access) {
    for (name, value) in access.properties() {
        // SAFETY: both slices are live.
        let _ = unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    }
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
