//! What some readers take for the same: letters of either case, full-width letters, invisible joiners.

use std::borrow::Cow;

/// Folds `text` so that two texts which a reader without regard to case may take for the same become the same.
///
/// ASCII in lower case, which is nearly all there is, is given back as it is. Beyond ASCII each character is brought
/// to upper and then to lower case, which unites more than either alone: the Kelvin sign and `k`, the long and the
/// round `s` (Go's `encoding/json` does that), dotless and dotted `i`.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    let joiners = |character: &char| !matches!(character, '\u{200c}' | '\u{200d}');
    let upper = text.chars().filter(joiners).map(narrow).flat_map(char::to_uppercase);
    Cow::Owned(upper.flat_map(char::to_lowercase).collect())
}

/// Whether the two are not the same, but may be taken for it.
pub(crate) fn confusable(one: &str, other: &str) -> bool {
    one != other && fold(one) == fold(other)
}

/// The ASCII character that a full-width one (U+FF01 to U+FF5E) is the wide form of.
fn narrow(character: char) -> char {
    match u32::from(character) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide.saturating_sub(0xfee0)).unwrap_or(character),
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_confuse() {
        for (one, other) in [
            ("method", "Method"),
            ("params", "param\u{17f}"),
            ("token", "to\u{212a}en"),
            ("id", "\u{131}d"),
            ("admin", "\u{ff41}dmin"),
            ("admin", "ad\u{200d}min"),
            ("straße", "STRASSE"),
        ] {
            assert!(confusable(one, other), "{one} {other}");
        }
        for (one, other) in [("method", "method"), ("method", "methods"), ("o", "0"), ("l", "1")] {
            assert!(!confusable(one, other), "{one} {other}");
        }
    }
}
