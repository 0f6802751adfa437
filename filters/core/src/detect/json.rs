//! JSON text: what is in its strings is scanned as it means, not as it is spelt.

use std::borrow::Cow;

use super::{Detectors, Spans};

/// What a text becomes of which no part can be told from the rest.
const REDACTED: &[u8] = b"\"[masked]\"";

/// One piece of a text (RFC 8259).
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// What stands between the quotation marks.
    String(&'a [u8]),
    Number(&'a [u8]),
    /// Structure, white space, `true`, `false`, `null`.
    Other(&'a [u8]),
}

pub(super) fn replace(detectors: &Detectors, text: &[u8]) -> Option<Vec<u8>> {
    let hides = text.contains(&b'\\') || detectors.is_anchored();
    if !hides && !detectors.may_match(text) {
        return None;
    }
    let (mut out, mut changed, mut rest) = (Vec::new(), false, text);
    while !rest.is_empty() {
        let Some((piece, tail)) = piece(rest) else {
            return detectors.spans(text).map(|_| REDACTED.to_vec());
        };
        rest = tail;
        match piece {
            Piece::Other(bytes) => out.extend_from_slice(bytes),
            Piece::Number(bytes) => match detectors.token(bytes) {
                None => out.extend_from_slice(bytes),
                Some(token) => {
                    changed = true;
                    write(&token, &mut out);
                }
            },
            Piece::String(spelt) => {
                let Some(meant) = decode(spelt) else {
                    return detectors.spans(text).map(|_| REDACTED.to_vec());
                };
                match detectors.replace(&meant) {
                    None => {
                        out.push(b'"');
                        out.extend_from_slice(spelt);
                        out.push(b'"');
                    }
                    Some(replaced) => {
                        changed = true;
                        write(&replaced, &mut out);
                    }
                }
            }
        }
    }
    // What matches over the bounds of strings: `"secret_access_key": "…"`.
    if detectors.spans(&out).is_some() {
        return Some(REDACTED.to_vec());
    }
    changed.then_some(out)
}

impl Detectors {
    /// What takes the place of a number that holds a match.
    fn token(&self, number: &[u8]) -> Option<Cow<'_, [u8]>> {
        match self.spans(number)? {
            Spans::Of(spans) => spans.first().map(|span| Cow::Borrowed(span.token)),
            Spans::Everything => Some(Cow::Borrowed(crate::mask::REDACTED)),
        }
    }
}

/// The first piece, and what follows; `None` where the text is not JSON.
fn piece(text: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    let run = |fits: fn(&u8) -> bool| text.iter().take_while(|byte| fits(byte)).count();
    match text.first()? {
        b'"' => {
            let body = text.get(1..)?;
            let (mut at, mut escaped) = (0_usize, false);
            for byte in body {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => return Some((Piece::String(body.get(..at)?), body.get(at.saturating_add(1)..)?)),
                    _ => {}
                }
                at = at.saturating_add(1);
            }
            None
        }
        b'-' | b'0'..=b'9' => {
            let length =
                run(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
            let (number, rest) = text.split_at_checked(length)?;
            Some((Piece::Number(number), rest))
        }
        _ => {
            let length = run(|byte| {
                byte.is_ascii_lowercase()
                    || matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'{' | b'}' | b'[' | b']' | b':' | b',')
            });
            let (other, rest) = text.split_at_checked(length)?;
            (length > 0).then_some((Piece::Other(other), rest))
        }
    }
}

/// What a string means; `None` where an escape is none. Half a surrogate pair is U+FFFD.
fn decode(spelt: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !spelt.contains(&b'\\') {
        return Some(Cow::Borrowed(spelt));
    }
    let mut out = Vec::with_capacity(spelt.len());
    let mut rest = spelt;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (kind, tail) = rest.split_first()?;
        rest = tail;
        out.push(match kind {
            b'"' | b'\\' | b'/' => *kind,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (mut unit, tail) = unit(rest)?;
                rest = tail;
                if (0xd800..0xdc00).contains(&unit)
                    && let Some((low, tail)) = rest.strip_prefix(b"\\u").and_then(self::unit)
                    && (0xdc00..0xe000).contains(&low)
                {
                    unit = 0x1_0000_u32.saturating_add((unit & 0x3ff) << 10).saturating_add(low & 0x3ff);
                    rest = tail;
                }
                let character = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return None,
        });
    }
    Some(Cow::Owned(out))
}

/// Four hexadecimal digits, and what follows.
fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// Writes a string.
fn write(meant: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in meant {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}
