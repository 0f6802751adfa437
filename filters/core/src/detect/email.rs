//! Email addresses.

use std::ops::Range;

use super::Verdict;

/// `icon@2x.png` is a file.
const IMAGES: [&[u8]; 6] = [b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp"];

pub(super) fn check(text: &[u8], found: Range<usize>) -> Verdict {
    let matched = text.get(found.clone()).unwrap_or_default();
    let Some(sign) = matched.iter().position(|byte| *byte == b'@') else { return Verdict::Miss(found.end) };
    let (local, domain) = matched.split_at_checked(sign).unwrap_or_default();
    let domain = domain.get(1..).unwrap_or_default();
    // No later address can begin before this one's sign.
    let miss = Verdict::Miss(found.start.saturating_add(sign).saturating_add(1));
    // Marks in front of an address are not of it.
    let marks = local.iter().take_while(|byte| matches!(byte, b'.' | b'\'' | b'-' | b'%' | b'+')).count();
    if marks == local.len() {
        return miss;
    }
    match host(domain) {
        0 => miss,
        length => {
            let end = found.start.saturating_add(sign).saturating_add(1).saturating_add(length);
            Verdict::Hit(found.start.saturating_add(marks)..end)
        }
    }
}

/// How many bytes of the text are the name of a host: labels of which the last is that of a top-level domain; 0 for
/// none.
fn host(text: &[u8]) -> usize {
    let (mut end, mut best, mut first) = (0_usize, 0_usize, b"".as_slice());
    for (position, label) in text.split(|byte| *byte == b'.').enumerate() {
        if label.len() > 63 || label.starts_with(b"-") || label.ends_with(b"-") {
            break;
        }
        end = end.saturating_add(label.len()).saturating_add(usize::from(position > 0));
        if position == 0 {
            first = label;
        } else if is_top_level(label) && !(position == 1 && is_scale(first) && IMAGES.contains(&label)) {
            best = end;
        }
    }
    best
}

fn is_top_level(label: &[u8]) -> bool {
    let letters = label.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    (letters && label.len() >= 2) || label.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"xn--"))
}

fn is_scale(label: &[u8]) -> bool {
    label.split_last().is_some_and(|(last, digits)| *last == b'x' && digits.iter().all(u8::is_ascii_digit))
}
