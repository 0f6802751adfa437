//! Percent-decoding, once, and what is refused on the way.

use std::borrow::Cow;

use super::Ambiguous;

/// The target as text, if it is of the characters that may stand in one.
pub(super) fn plain(raw: &[u8]) -> Result<&str, Ambiguous> {
    for byte in raw {
        match byte {
            b'#' => return Err(Ambiguous::Fragment),
            0..=0x20 | 0x7f => return Err(Ambiguous::RawControl),
            0x80.. => return Err(Ambiguous::RawNonAscii),
            _ => {}
        }
    }
    std::str::from_utf8(raw).map_err(|_| Ambiguous::RawNonAscii)
}

/// The decoded path without the slash at its end, and whether there was one. The root is the empty path.
pub(super) fn path(raw: &str) -> Result<(String, bool), Ambiguous> {
    for byte in raw.bytes() {
        match byte {
            b'\\' => return Err(Ambiguous::Backslash),
            b';' => return Err(Ambiguous::MatrixParameter),
            _ => {}
        }
    }
    if raw == "/" {
        return Ok((String::new(), false));
    }
    let (body, trailing_slash) = match raw.strip_suffix('/') {
        Some(body) => (body, true),
        None => (raw, false),
    };
    let slashes = count(body, b'/');
    let decoded = decode(body, false)?;
    if count(&decoded, b'/') != slashes {
        return Err(Ambiguous::EncodedSlash);
    }
    for segment in decoded.split('/').skip(1) {
        check(segment)?;
    }
    Ok((decoded.into_owned(), trailing_slash))
}

fn count(text: &str, wanted: u8) -> usize {
    text.bytes().filter(|byte| *byte == wanted).count()
}

pub(super) fn check(segment: &str) -> Result<(), Ambiguous> {
    match segment {
        "" => return Err(Ambiguous::EmptySegment),
        "." | ".." => return Err(Ambiguous::DotSegment),
        _ => {}
    }
    if !segment.bytes().all(|byte| matches!(byte, 0x20..0x7f) && byte != b'\\' && byte != b';') {
        segment.chars().try_for_each(character)?;
    }
    if segment.trim() != segment || segment.ends_with('.') {
        return Err(Ambiguous::TrimmedSegment);
    }
    let mut rest = segment;
    while let Some((_, tail)) = rest.split_once('%') {
        if triplet(tail) {
            return Err(Ambiguous::DoubleEncoding);
        }
        rest = tail;
    }
    Ok(())
}

/// Whether what follows a `%` makes it a triplet, or the `%uXXXX` of old IIS.
fn triplet(tail: &str) -> bool {
    let hex = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hex(tail.get(..2)) || (tail.starts_with(['u', 'U']) && hex(tail.get(1..5)))
}

/// Refuses a decoded character of a segment.
fn character(character: char) -> Result<(), Ambiguous> {
    match character {
        '\\' => Err(Ambiguous::Backslash),
        ';' => Err(Ambiguous::MatrixParameter),
        _ if character.is_control() || invisible(character) => Err(Ambiguous::EncodedControl),
        _ if looks_alike(character) => Err(Ambiguous::LookAlike),
        _ => Ok(()),
    }
}

/// Characters that are not seen, or turn round what is seen. The joiners U+200C and U+200D are parts of words.
fn invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Characters of which NFKC or the best-fit mappings of Windows make one with a meaning in targets.
fn looks_alike(character: char) -> bool {
    matches!(
        character,
        // `/`, alone or in `a/c` and the like
        '\u{2044}' | '\u{2215}' | '\u{2571}' | '\u{29f8}' | '\u{ff0f}' | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}'
            // vulgar fractions, whose middle NFKC makes U+2044
            | '\u{bc}'..='\u{be}' | '\u{2150}'..='\u{215f}' | '\u{2189}'
            // `\`
            | '\u{2216}' | '\u{29f5}' | '\u{29f9}' | '\u{fe68}' | '\u{ff3c}'
            // `.`, alone, in rows, and after digits
            | '\u{2024}'..='\u{2026}' | '\u{fe19}' | '\u{fe30}' | '\u{fe52}' | '\u{ff0e}' | '\u{3002}' | '\u{ff61}'
            | '\u{2488}'..='\u{249b}' | '\u{1f100}' | '\u{33c2}' | '\u{33c7}' | '\u{33d8}'
            // `%`, `;`, `?`, `#`
            | '\u{66a}' | '\u{fe6a}' | '\u{ff05}' | '\u{37e}' | '\u{fe14}' | '\u{fe54}' | '\u{ff1b}' | '\u{fe16}'
            | '\u{fe56}' | '\u{ff1f}' | '\u{2047}'..='\u{2049}' | '\u{203c}' | '\u{fe5f}' | '\u{ff03}'
    )
}

/// Decodes triplets; with `form`, `+` is a space (`application/x-www-form-urlencoded`).
pub(crate) fn decode(raw: &str, form: bool) -> Result<Cow<'_, str>, Ambiguous> {
    if !raw.bytes().any(|byte| byte == b'%' || (form && byte == b'+')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => {
                let (high, tail) = tail.split_first().ok_or(Ambiguous::InvalidTriplet)?;
                let (low, tail) = tail.split_first().ok_or(Ambiguous::InvalidTriplet)?;
                rest = tail;
                out.push(nibble(*high)? << 4 | nibble(*low)?);
            }
            b'+' if form => out.push(b' '),
            _ => out.push(*byte),
        }
    }
    let text = String::from_utf8(out).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        match error.as_bytes().get(valid..).unwrap_or_default() {
            [0xc0 | 0xc1, ..] | [0xe0, 0x80..=0x9f, ..] | [0xf0, 0x80..=0x8f, ..] => Ambiguous::Overlong,
            _ => Ambiguous::NotUtf8,
        }
    })?;
    Ok(Cow::Owned(text))
}

fn nibble(digit: u8) -> Result<u8, Ambiguous> {
    match digit {
        b'0'..=b'9' => Ok(digit & 0xf),
        b'A'..=b'F' | b'a'..=b'f' => Ok((digit & 0xf).saturating_add(9)),
        _ => Err(Ambiguous::InvalidTriplet),
    }
}
