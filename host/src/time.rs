//! The host's clock, as the filters count: milliseconds since the Unix epoch.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gatewright_core::time::Millis;

/// Now.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-11-28 13:07:24`, in UTC.
pub(crate) fn clock(at: Millis) -> String {
    rfc3339(at).get(..19).unwrap_or_default().replace('T', " ")
}

/// For `serialize_with`: [`rfc3339`].
pub(crate) fn as_rfc3339<S: serde::Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// For `deserialize_with`: what [`as_rfc3339`] wrote.
pub(crate) fn from_rfc3339<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
    let text: std::borrow::Cow<'de, str> = serde::Deserialize::deserialize(deserializer)?;
    let at = humantime::parse_rfc3339(&text).map_err(serde::de::Error::custom)?;
    let since = at.duration_since(UNIX_EPOCH).map_err(serde::de::Error::custom)?;
    Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// RFC 3339 in UTC, with milliseconds.
pub(crate) fn rfc3339(at: Millis) -> String {
    // Year 9999 is as far as the format goes.
    let at = Duration::from_millis(at.min(253_402_300_799_999));
    humantime::format_rfc3339_millis(UNIX_EPOCH + at).to_string()
}
