//! Strings of JSON (RFC 8259, section 7): checked as they pass, read, and written.

use std::borrow::Cow;

/// Checks the inside of a string, in pieces: escapes, control characters, and UTF-8 (RFC 3629).
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    escaped: bool,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Plain,
    /// After a reverse solidus; half of a surrogate pair may stand before it.
    Escape { high: bool },
    /// Within the digits of `\u`: how many there were, and what they are.
    Unit { digits: u8, unit: u16, high: bool },
    /// Half of a surrogate pair wants the other half.
    High,
    /// Within a character: how many bytes follow, and the bounds of the next one.
    Character { more: u8, low: u8, high: u8 },
}

impl Scanner {
    /// Whether there was an escape.
    pub(super) fn escaped(&self) -> bool {
        self.escaped
    }

    /// Where the closing quotation mark is, if it is in this piece; what is wrong otherwise, and where.
    pub(super) fn scan(&mut self, piece: &[u8]) -> Result<Option<usize>, (usize, &'static str)> {
        let mut rest = piece;
        loop {
            if matches!(self.state, State::Plain) {
                rest = rest.get(plain(rest)..).unwrap_or_default();
            }
            let at = piece.len().saturating_sub(rest.len());
            let Some((byte, tail)) = rest.split_first() else { return Ok(None) };
            self.state = match self.state {
                State::Plain => match byte {
                    b'"' => return Ok(Some(at)),
                    b'\\' => {
                        self.escaped = true;
                        State::Escape { high: false }
                    }
                    0..0x20 => return Err((at, "control characters in strings must be escaped")),
                    _ => lead(*byte).ok_or((at, "expected UTF-8"))?,
                },
                State::Escape { high } => match byte {
                    b'u' => State::Unit { digits: 0, unit: 0, high },
                    _ if high => return Err((at, HALF)),
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Plain,
                    _ => return Err((at, "expected one of JSON's escapes")),
                },
                State::Unit { digits, unit, high } => {
                    let digit =
                        char::from(*byte).to_digit(16).ok_or((at, "expected four hexadecimal digits"))?;
                    let unit = (unit << 4) | u16::try_from(digit).unwrap_or_default();
                    match (digits, unit) {
                        (0..3, _) => State::Unit { digits: digits.saturating_add(1), unit, high },
                        (_, 0xdc00..=0xdfff) if high => State::Plain,
                        (_, 0xdc00..=0xdfff) => return Err((at, HALF)),
                        _ if high => return Err((at, HALF)),
                        (_, 0xd800..=0xdbff) => State::High,
                        _ => State::Plain,
                    }
                }
                State::High if *byte == b'\\' => State::Escape { high: true },
                State::High => return Err((at, HALF)),
                State::Character { more, low, high } => {
                    if !(low..=high).contains(byte) {
                        return Err((at, "expected UTF-8"));
                    }
                    match more {
                        0 | 1 => State::Plain,
                        _ => State::Character { more: more.saturating_sub(1), low: 0x80, high: 0xbf },
                    }
                }
            };
            rest = tail;
        }
    }
}

const HALF: &str = "expected both halves of a surrogate pair";

/// What follows the first byte of a character that is not ASCII (RFC 3629, section 4).
fn lead(byte: u8) -> Option<State> {
    let (more, low, high) = match byte {
        0xc2..=0xdf => (1, 0x80, 0xbf),
        0xe0 => (2, 0xa0, 0xbf),
        0xed => (2, 0x80, 0x9f),
        0xe1..=0xef => (2, 0x80, 0xbf),
        0xf0 => (3, 0x90, 0xbf),
        0xf1..=0xf3 => (3, 0x80, 0xbf),
        0xf4 => (3, 0x80, 0x8f),
        _ => return None,
    };
    Some(State::Character { more, low, high })
}

/// How many bytes stand for themselves and are ASCII; eight at a time.
#[inline]
fn plain(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((word, tail)) = rest.split_first_chunk::<8>() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            let before = usize::try_from(special.trailing_zeros() / 8).unwrap_or_default();
            return text.len().saturating_sub(rest.len()).saturating_add(before);
        }
        rest = tail;
    }
    let last =
        rest.iter().take_while(|byte| matches!(byte, 0x20..0x80) && !matches!(byte, b'"' | b'\\')).count();
    text.len().saturating_sub(rest.len()).saturating_add(last)
}

/// The high bit of each byte that is a control character, a quotation mark, a reverse solidus or not ASCII. A borrow
/// may set it for bytes above such a one, never below: the lowest is right.
#[inline]
fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let control = word.wrapping_sub(ONES.wrapping_mul(0x20)) & !word;
    let quote = word ^ ONES.wrapping_mul(0x22);
    let quote = quote.wrapping_sub(ONES) & !quote;
    let escape = word ^ ONES.wrapping_mul(0x5c);
    let escape = escape.wrapping_sub(ONES) & !escape;
    (control | quote | escape | word) & HIGHS
}

/// What the inside of a string means; `None` where an escape is none, or half of a surrogate pair.
pub(in crate::body) fn unescape(spelt: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(b'\\', spelt).is_none() {
        return Some(Cow::Borrowed(spelt));
    }
    let (meant, read) = unescape_part(spelt);
    (read == spelt.len()).then_some(Cow::Owned(meant))
}

/// What the beginning of a string means, up to an escape that is none or is not whole, and how many bytes it has.
pub(super) fn unescape_part(spelt: &[u8]) -> (Vec<u8>, usize) {
    let mut meant = Vec::with_capacity(spelt.len());
    let mut rest = spelt;
    loop {
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at_checked(plain).unwrap_or_default();
        meant.extend_from_slice(plain);
        rest = tail;
        match escaped(rest) {
            Some((character, tail)) => {
                meant.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = tail;
            }
            None => return (meant, spelt.len().saturating_sub(rest.len())),
        }
    }
}

/// The character of the escape with which a text begins, and what follows.
fn escaped(text: &[u8]) -> Option<(char, &[u8])> {
    let (kind, rest) = text.strip_prefix(b"\\")?.split_first()?;
    let character = match kind {
        b'"' | b'\\' | b'/' => char::from(*kind),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let (high, rest) = unit(rest)?;
            if !(0xd800..0xdc00).contains(&high) {
                return Some((char::from_u32(u32::from(high))?, rest));
            }
            let (low, rest) = unit(rest.strip_prefix(b"\\u")?)?;
            return Some((char::decode_utf16([high, low]).next()?.ok()?, rest));
        }
        _ => return None,
    };
    Some((character, rest))
}

/// Four hexadecimal digits, and what follows.
fn unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let unit = digits.iter().try_fold(0_u16, |unit, digit| {
        let digit = char::from(*digit).to_digit(16).and_then(|digit| u16::try_from(digit).ok())?;
        Some((unit << 4) | digit)
    })?;
    Some((unit, rest))
}

/// Writes a string, with its quotation marks.
pub(super) fn quote(meant: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    escape(meant, out);
    out.push(b'"');
}

/// Writes the inside of a string.
pub(super) fn escape(meant: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in meant {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            0..0x20 => {
                out.extend_from_slice(if *byte < 0x10 { b"\\u000" } else { b"\\u001" });
                out.extend(HEX.get(usize::from(byte & 15)));
            }
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_end_where_they_must(bytes in proptest::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..40)) {
            let slow = bytes.iter().take_while(|byte| (0x20..0x80).contains(*byte) && !b"\"\\".contains(byte));
            prop_assert_eq!(plain(&bytes), slow.count());
        }

        #[test]
        fn any_text_is_written_and_read(text in ".*") {
            let mut written = Vec::new();
            quote(text.as_bytes(), &mut written);
            prop_assert_eq!(serde_json::from_slice::<String>(&written).unwrap(), text.clone());
            let inside = written.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap();
            prop_assert_eq!(unescape(inside).unwrap().into_owned(), text.into_bytes());
        }

        #[test]
        fn strings_are_those_of_serde(bytes in proptest::collection::vec(
            prop_oneof![Just(b'\\'), Just(b'u'), Just(b'd'), Just(b'8'), Just(b'c'), Just(b'0'), any::<u8>()], 0..16)
        ) {
            let mut text = b"\"".to_vec();
            text.extend_from_slice(&bytes);
            text.push(b'"');
            let ours = Scanner::default().scan(text.get(1..).unwrap());
            let whole = matches!(ours, Ok(Some(at)) if at == bytes.len());
            let theirs = serde_json::from_slice::<String>(&text);
            prop_assert_eq!(whole, theirs.is_ok());
            if let Ok(theirs) = theirs {
                prop_assert_eq!(unescape(&bytes).unwrap().into_owned(), theirs.into_bytes());
            }
        }
    }
}
