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

/// Appends a text value as it is masked; `false`, and nothing, where that is SQL NULL. NULL stays NULL by the
/// caller's doing.
///
/// `key` keys [`Method::Hash`], so that digests of guessable values (card numbers, phone numbers) cannot be
/// looked up in a table made elsewhere.
#[must_use]
pub fn mask_text(method: Method, value: &[u8], key: &[u8], out: &mut Vec<u8>) -> bool {
    match method {
        Method::Redact => out.extend_from_slice(REDACTED),
        Method::Null => return false,
        Method::Partial => partial(value, out),
        Method::Hash => {
            let digest = sha256_parts([key, value]);
            out.extend_from_slice(b"h:");
            out.extend_from_slice(hex::encode(digest.get(..8).unwrap_or_default()).as_bytes());
        }
    }
    true
}

/// Keeps at most the last quarter of the characters, four at most, and the separators that give a value its
/// shape; a value that is not UTF-8 is redacted.
fn partial(value: &[u8], out: &mut Vec<u8>) {
    if value.is_ascii() {
        let letters = value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
        let mut hidden = letters.saturating_sub(kept(letters));
        out.extend(value.iter().map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() && hidden == 0 => *byte,
            byte if byte.is_ascii_alphanumeric() => {
                hidden = hidden.saturating_sub(1);
                b'*'
            }
            byte if SEPARATORS.contains(byte) => *byte,
            _ => b'*',
        }));
        return;
    }
    let Ok(text) = std::str::from_utf8(value) else {
        out.extend_from_slice(REDACTED);
        return;
    };
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let mut hidden = letters.saturating_sub(kept(letters));
    for c in text.chars() {
        let shown = if c.is_alphanumeric() {
            let shown = hidden == 0;
            hidden = hidden.saturating_sub(1);
            shown
        } else {
            u8::try_from(c).is_ok_and(|byte| SEPARATORS.contains(&byte))
        };
        out.extend_from_slice(if shown { c } else { '*' }.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

const SEPARATORS: &[u8] = b"- @.+()/";

/// How many of a value's letters and digits stay.
fn kept(letters: usize) -> usize {
    letters.wrapping_div(4).min(4)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    fn masked(method: Method, value: &str) -> Option<String> {
        bytes(method, value.as_bytes(), b"key").map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn bytes(method: Method, value: &[u8], key: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        mask_text(method, value, key, &mut out).then_some(out)
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
        assert_ne!(bytes(Method::Hash, b"x", b"k1"), bytes(Method::Hash, b"x", b"k2"));
        assert_eq!(masked(Method::Partial, "Jürgen-Ümit ÄÖ€ 12").as_deref(), Some("******-**** *Ö* 12"));
        assert_eq!(masked(Method::Partial, "a_b@c.example").as_deref(), Some("***@*.*****le"));
        assert_eq!(bytes(Method::Partial, b"\xff\xfe12345678", b"").as_deref(), Some(REDACTED));
    }
}
