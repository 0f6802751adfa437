//! Arrays whose elements are text, in both formats (PostgreSQL, "Arrays"; `array_out`, `array_send`).

use std::borrow::Cow;

use crate::wire::Reader;

/// Most dimensions (`MAXDIM`).
const MOST_DIMENSIONS: i32 = 6;

/// The array with those elements replaced for which `replace` gives another; `Some(None)` where it gives none, `None`
/// where the text is no array.
pub(crate) fn replace_text(
    text: &[u8],
    mut replace: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Option<Option<Vec<u8>>> {
    // `[2:3]={a,b}`.
    let begin = text.iter().position(|byte| *byte == b'{')?;
    if begin > 0 && !text.get(..begin)?.ends_with(b"=") {
        return None;
    }
    // Up to `done` the text is in `out`.
    let (mut out, mut done, mut at) = (Vec::new(), 0_usize, begin);
    while let Some(byte) = text.get(at) {
        let start = at;
        let element = match byte {
            b'{' | b'}' | b',' => {
                at = at.checked_add(1)?;
                continue;
            }
            b'"' => {
                let length = quoted(text.get(at.checked_add(1)?..)?)?;
                let end = at.checked_add(length)?.checked_add(1)?;
                at = end.checked_add(1)?;
                unescaped(text.get(start.checked_add(1)?..end)?)
            }
            _ => {
                let rest = text.get(at..)?;
                at = at.checked_add(rest.iter().take_while(|byte| !b"{},\"".contains(byte)).count())?;
                Cow::Borrowed(text.get(start..at)?)
            }
        };
        if let Some(replaced) = replace(&element) {
            out.extend_from_slice(text.get(done..start)?);
            out.push(b'"');
            for byte in replaced {
                if matches!(byte, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.push(b'"');
            done = at;
        }
    }
    if done == 0 {
        return Some(None);
    }
    out.extend_from_slice(text.get(done..)?);
    Some(Some(out))
}

/// Bytes up to the quotation mark that ends an element.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })
}

fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut escaped = false;
    let meant = text.iter().copied().filter(|byte| {
        escaped = *byte == b'\\' && !escaped;
        !escaped
    });
    Cow::Owned(meant.collect())
}

/// The same for the binary format; `replace` gets the elements' type with each.
pub(crate) fn replace_binary(
    value: &[u8],
    mut replace: impl FnMut(u32, &[u8]) -> Option<Vec<u8>>,
) -> Option<Option<Vec<u8>>> {
    let mut reader = Reader::new(value);
    let dimensions = reader.i32().filter(|dimensions| (0..=MOST_DIMENSIONS).contains(dimensions))?;
    let (_has_null, type_oid) = (reader.i32()?, reader.u32()?);
    for _ in 0..dimensions {
        let (_length, _lower_bound) = (reader.i32()?, reader.i32()?);
    }
    let (mut out, mut done) = (Vec::new(), 0_usize);
    while !reader.is_at_end() {
        let start = value.len().checked_sub(reader.rest().len())?;
        let Some(element) = reader.value()? else { continue };
        if let Some(replaced) = replace(type_oid, element) {
            out.extend_from_slice(value.get(done..start)?);
            out.extend_from_slice(&i32::try_from(replaced.len()).ok()?.to_be_bytes());
            out.extend_from_slice(&replaced);
            done = value.len().checked_sub(reader.rest().len())?;
        }
    }
    if done == 0 {
        return Some(None);
    }
    out.extend_from_slice(value.get(done..)?);
    Some(Some(out))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn upper(text: &str) -> Option<Option<String>> {
        let replace = |part: &[u8]| part.starts_with(b"x").then(|| part.to_ascii_uppercase());
        replace_text(text.as_bytes(), replace).map(|out| out.map(|bytes| String::from_utf8(bytes).unwrap()))
    }

    #[test]
    fn text() {
        let same = |text: &str| assert_eq!(upper(text), Some(None), "{text}");
        let becomes = |text: &str, to: &str| assert_eq!(upper(text), Some(Some(to.to_owned())), "{text}");
        same("{}");
        same("{a,NULL,\"x\\\"\"}".replace('x', "y").as_str());
        becomes("{xa,b}", "{\"XA\",b}");
        becomes("[2:3]={{a,\"x\\\"\\\\,}\"},{NULL,x}}", "[2:3]={{a,\"X\\\"\\\\,}\"},{NULL,\"X\"}}");
        assert_eq!(upper("x"), None);
        assert_eq!(upper("{\"x"), None);
    }

    #[test]
    fn binary() {
        let element =
            |text: &str| [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
        let head = [&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 25, 0, 0, 0, 3, 0, 0, 0, 1][..]].concat();
        let array = |first: &str| [&head[..], &element(first), &[0xff; 4], &element("b")].concat();
        let longer = |type_oid: u32, part: &[u8]| {
            assert_eq!(type_oid, 25);
            (part == b"x").then(|| b"longer".to_vec())
        };
        assert_eq!(replace_binary(&array("x"), longer), Some(Some(array("longer"))));
        assert_eq!(replace_binary(&array("y"), longer), Some(None));
        assert_eq!(replace_binary(&[0; 12], longer), Some(None));
        assert_eq!(replace_binary(b"\0\0\0\x01", longer), None);
        assert_eq!(replace_binary(&[&array("x")[..], b"rest"].concat(), longer), None);
    }
}
