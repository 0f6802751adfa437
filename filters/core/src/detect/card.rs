//! Numbers of payment cards.

use std::ops::Range;

use super::Verdict;
use super::builtin::{after, before, goes_on};

/// Digits of the shortest and the longest number.
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

pub(super) fn check(text: &[u8], found: Range<usize>) -> Verdict {
    let miss = Verdict::Miss(found.start.saturating_add(1));
    if goes_on(before(text, found.start), b"-.") {
        return miss;
    }
    let mut digits = Vec::with_capacity(*LENGTHS.end());
    let mut groups: Vec<usize> = Vec::new();
    let mut separator = None;
    let (mut at, mut hit) = (found.start, None);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        // One more than the longest shows that there are more.
        let group: Vec<u8> = rest.iter().copied().take_while(u8::is_ascii_digit).take(20).collect();
        if group.is_empty() {
            break;
        }
        at = at.saturating_add(group.len());
        digits.extend(group.iter().map(|byte| byte.saturating_sub(b'0')));
        groups.push(group.len());
        if digits.len() > *LENGTHS.end() {
            break;
        }
        let next = after(text, at);
        if !goes_on(next, b"-") && is_card(&digits, &groups) {
            hit = Some(found.start..at);
        }
        match next.0 {
            Some(byte @ (b' ' | b'-')) if separator.is_none_or(|known| known == byte) => {
                separator = Some(byte)
            }
            _ => break,
        }
        at = at.saturating_add(1);
    }
    hit.map_or(miss, Verdict::Hit)
}

fn is_card(digits: &[u8], groups: &[usize]) -> bool {
    LENGTHS.contains(&digits.len()) && is_written_like_one(groups) && issued(digits) && luhn(digits)
}

/// In one, in fours with the rest last, or as American Express and Diners Club do.
fn is_written_like_one(groups: &[usize]) -> bool {
    match groups {
        [_] | [4, 6, 4 | 5] => true,
        [fours @ .., last] => fours.iter().all(|group| *group == 4) && *last <= 4,
        [] => false,
    }
}

/// Whether an issuer has numbers of that length that begin so (ISO/IEC 7812, as the card schemes publish theirs).
fn issued(digits: &[u8]) -> bool {
    let head = digits
        .iter()
        .take(4)
        .fold(0_u32, |head, digit| head.saturating_mul(10).saturating_add(u32::from(*digit)));
    match head {
        // Visa.
        4000..=4999 => matches!(digits.len(), 13 | 16 | 19),
        // Mastercard.
        5100..=5599 | 2221..=2720 => digits.len() == 16,
        // American Express.
        3400..=3499 | 3700..=3799 => digits.len() == 15,
        // Diners Club.
        3000..=3059 | 3600..=3699 | 3800..=3999 => matches!(digits.len(), 14 | 16),
        // JCB, Discover, UnionPay.
        3528..=3589 | 6011 | 6440..=6599 | 6200..=6299 => digits.len() >= 16,
        // Maestro.
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => true,
        _ => false,
    }
}

/// The check digit: ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (position, digit)| {
        let digit = u32::from(*digit);
        let doubled = digit.saturating_mul(2);
        let counted = match position & 1 {
            0 => digit,
            _ if doubled > 9 => doubled.saturating_sub(9),
            _ => doubled,
        };
        sum.saturating_add(counted)
    });
    sum.is_multiple_of(10)
}
