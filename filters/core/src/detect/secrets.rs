//! Keys and tokens.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::Verdict;

/// Longest header of a token that is looked into, in bytes.
const LONGEST_HEADER: usize = 8_192;

/// Base64url without padding (RFC 7515, section 2); a writer's stray bits do no harm here.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

pub(super) fn jwt(text: &[u8], found: Range<usize>) -> Verdict {
    let token = text.get(found.clone()).unwrap_or_default();
    let header = token.split(|byte| *byte == b'.').next().unwrap_or_default();
    let names_algorithm = header.len() <= LONGEST_HEADER
        && BASE64
            .decode(header)
            .ok()
            .and_then(|json| serde_json::from_slice::<Value>(&json).ok())
            .is_some_and(|header| header.get("alg").is_some_and(Value::is_string));
    // A header holds no point, so that no other token begins within it and reaches further.
    if names_algorithm {
        Verdict::Hit(found)
    } else {
        Verdict::Miss(found.start.saturating_add(header.len()))
    }
}

/// An access key's id as a whole; of `secret_access_key = …` the secret alone.
pub(super) fn aws_key(text: &[u8], found: Range<usize>) -> Verdict {
    let start = found.end.saturating_sub(40);
    if start <= found.start {
        return Verdict::Hit(found);
    }
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=');
    if text.get(found.end).is_some_and(goes_on) {
        Verdict::Miss(found.end)
    } else {
        Verdict::Hit(start..found.end)
    }
}

/// Up to the end of what was begun; all that follows, where the end was cut off.
pub(super) fn private_key(text: &[u8], found: Range<usize>) -> Verdict {
    let find = |from: usize, what: &[u8]| {
        let rest = text.get(from..).unwrap_or_default();
        let at = rest.windows(what.len()).position(|window| window == what)?;
        Some(from.saturating_add(at).saturating_add(what.len()))
    };
    let end = if text.get(found.clone()).is_some_and(|begin| begin.starts_with(b"-")) {
        find(found.end, b"-----END ").and_then(|at| find(at, b"-----"))
    } else {
        None
    };
    Verdict::Hit(found.start..end.unwrap_or(text.len()))
}

pub(super) fn api_key(_: &[u8], found: Range<usize>) -> Verdict {
    Verdict::Hit(found)
}
