//! Time as the callers give it; nothing in this crate reads a clock.

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = u64;

/// Whole seconds since the Unix epoch (JWT's NumericDate, RFC 7519 section 2) from milliseconds.
#[must_use]
pub fn seconds(at: Millis) -> u64 {
    at.wrapping_div(1000)
}
