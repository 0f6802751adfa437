//! Telephone numbers.

use std::ops::Range;

use super::Verdict;
use super::builtin::{after, before, goes_on};

pub(super) fn check(text: &[u8], found: Range<usize>) -> Verdict {
    let number = text.get(found.clone()).unwrap_or_default();
    let hit = if number.starts_with(b"+") {
        international(text, found.start)
    } else {
        north_american(text, number, &found).then_some(found.end)
    };
    hit.map_or(Verdict::Miss(found.start.saturating_add(1)), |end| Verdict::Hit(found.start..end))
}

/// Where an international number ends that begins with the `+` at `start`.
fn international(text: &[u8], start: usize) -> Option<usize> {
    if before(text, start).0.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut digits: Vec<u8> = Vec::with_capacity(16);
    let mut groups: Vec<usize> = Vec::new();
    let (mut at, mut end) = (start.saturating_add(1), None);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let group = rest.iter().take_while(|byte| byte.is_ascii_digit()).take(16).count();
        if group == 0 {
            break;
        }
        digits.extend_from_slice(rest.get(..group).unwrap_or_default());
        at = at.saturating_add(group);
        groups.push(group);
        if digits.len() > 15 {
            break;
        }
        if !after(text, at).0.is_some_and(|byte| byte.is_ascii_alphanumeric())
            && is_international(&digits, &groups)
        {
            end = Some(at);
            // The plan of +1 knows one length only; what follows is another number.
            if digits.starts_with(b"1") {
                break;
            }
        }
        let between = text.get(at..).unwrap_or_default();
        let between = between.iter().take_while(|byte| b" .()/-".contains(byte)).take(3).count();
        if !(1..=2).contains(&between) {
            break;
        }
        at = at.saturating_add(between);
    }
    end
}

/// E.164: a country's code, and in all at most 15 digits.
fn is_international(digits: &[u8], groups: &[usize]) -> bool {
    match digits {
        [b'1', national @ ..] => national.len() == 10 && is_plan_of_one(national),
        [b'7', ..] => digits.len() == 11,
        [first, second, ..] if is_country(*first, *second) => {
            // `+20 000 000` is an amount. A number without separators is believed from ten digits on.
            let amount = groups.iter().skip(1).all(|group| *group == 3);
            (if amount { 10..=15 } else { 8..=15 }).contains(&digits.len())
        }
        _ => false,
    }
}

/// Whether some country's code begins so (ITU-T, "List of Recommendation E.164 assigned country codes").
fn is_country(first: u8, second: u8) -> bool {
    match first {
        b'2' => !matches!(second, b'8'),
        b'3' => true,
        b'4' => true,
        b'5' => true,
        b'6' => true,
        b'8' => matches!(second, b'0' | b'1' | b'2' | b'4'..=b'8'),
        b'9' => true,
        _ => false,
    }
}

/// Three digits of an area, three of an exchange, four of a line (NANP).
fn is_plan_of_one(national: &[u8]) -> bool {
    let code = |code: Option<&[u8]>| matches!(code, Some([b'2'..=b'9', second, third]) if (*second, *third) != (b'1', b'1'));
    code(national.get(..3)) && national.get(1) != Some(&b'9') && code(national.get(3..6))
}

fn north_american(text: &[u8], number: &[u8], found: &Range<usize>) -> bool {
    let digits: Vec<u8> = number.iter().copied().filter(u8::is_ascii_digit).collect();
    let separators: Vec<u8> =
        number.iter().copied().filter(|byte| matches!(byte, b'.' | b'-' | b' ')).collect();
    let alike = number.starts_with(b"(") || matches!(separators.as_slice(), [one, other] if one == other);
    // `1-202-555-0101` is the same number with its prefix.
    let (near, far) = before(text, found.start);
    let prefixed = far == Some(b'1')
        && matches!(near, Some(b'-' | b'.' | b' '))
        && !found.start.checked_sub(3).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let alone = (prefixed || !goes_on((near, far), b"-.")) && !goes_on(after(text, found.end), b"-.");
    alike && alone && is_plan_of_one(&digits)
}
