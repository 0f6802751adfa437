//! How a masked value looks.

use serde::{Deserialize, Serialize};

use crate::digest::sha256_parts;

/// How values of a column are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `[masked]`, whatever the value.
    Redact,
    /// SQL NULL.
    Null,
    /// All but the last quarter (at most four characters) as `*`; separators stay.
    Partial,
    /// A short keyed digest: equal values look equal, and nothing else is learnt.
    Hash,
}

/// What a redacted value becomes.
pub const REDACTED: &[u8] = b"[masked]";

/// Masks a text value. `None` stands for SQL NULL; NULL stays NULL by the caller's doing.
///
/// `key` keys [`Method::Hash`], so that digests of guessable values (card numbers, phone numbers) cannot be
/// looked up in a table made elsewhere.
#[must_use]
pub fn mask_text(method: Method, value: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    match method {
        Method::Redact => Some(REDACTED.to_vec()),
        Method::Null => None,
        Method::Partial => Some(partial(value)),
        Method::Hash => {
            let digest = sha256_parts([key, value]);
            Some(format!("h:{}", hex::encode(digest.get(..8).unwrap_or_default())).into_bytes())
        }
    }
}

/// Keeps at most the last quarter of the characters, four at most, and the separators that give a value its
/// shape; a value that is not UTF-8 is redacted.
fn partial(value: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else {
        return REDACTED.to_vec();
    };
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let kept = letters.wrapping_div(4).min(4);
    let hidden = letters.saturating_sub(kept);
    let mut seen = 0_usize;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            seen = seen.saturating_add(1);
            out.push(if seen <= hidden { '*' } else { c });
        } else {
            out.push(if matches!(c, '-' | ' ' | '@' | '.' | '+' | '(' | ')' | '/') { c } else { '*' });
        }
    }
    out.into_bytes()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    fn masked(method: Method, value: &str) -> Option<String> {
        mask_text(method, value.as_bytes(), b"key").map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn each_method() {
        assert_eq!(masked(Method::Redact, "123-45-6789").as_deref(), Some("[masked]"));
        assert_eq!(masked(Method::Null, "123-45-6789"), None);
        assert_eq!(masked(Method::Partial, "123-45-6789").as_deref(), Some("***-**-**89"));
        assert_eq!(masked(Method::Partial, "4111 1111 1111 1234").as_deref(), Some("**** **** **** 1234"));
        assert_eq!(masked(Method::Partial, "abc").as_deref(), Some("***"));
        assert_eq!(masked(Method::Partial, "").as_deref(), Some(""));
        let hashed = masked(Method::Hash, "a@b.c");
        assert_eq!(hashed, masked(Method::Hash, "a@b.c"));
        assert_ne!(hashed, masked(Method::Hash, "a@b.d"));
        assert_ne!(mask_text(Method::Hash, b"x", b"k1"), mask_text(Method::Hash, b"x", b"k2"));
        assert_eq!(mask_text(Method::Partial, b"\xff\xfe12345678", b"").as_deref(), Some(REDACTED));
    }
}
