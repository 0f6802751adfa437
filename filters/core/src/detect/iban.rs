//! International bank account numbers.

use std::ops::Range;

use super::Verdict;

/// Country and length (SWIFT, "IBAN Registry", release 99).
const LENGTHS: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24\
FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24\
ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24\
TR26UA29VA22VG24XK20YE30";

pub(super) fn check(text: &[u8], found: Range<usize>) -> Verdict {
    let rest = text.get(found.start..).unwrap_or_default();
    // Nothing else can begin inside of a word.
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count().max(1);
    let miss = Verdict::Miss(found.start.saturating_add(word));
    let Some(length) = length(rest.get(..2).unwrap_or_default()) else { return miss };
    let spaced = rest.get(4) == Some(&b' ');
    let mut number = Vec::with_capacity(length);
    let mut taken = 0_usize;
    for byte in rest {
        if number.len() == length {
            break;
        }
        taken = taken.saturating_add(1);
        // In groups of four, or in one.
        if spaced && taken.is_multiple_of(5) {
            if *byte != b' ' {
                return miss;
            }
        } else if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            number.push(*byte);
        } else {
            return miss;
        }
    }
    let goes_on = rest.get(taken).is_some_and(u8::is_ascii_alphanumeric);
    if number.len() == length && !goes_on && is_checked(&number) {
        Verdict::Hit(found.start..found.start.saturating_add(taken))
    } else {
        miss
    }
}

fn length(country: &[u8]) -> Option<usize> {
    let known = LENGTHS.chunks_exact(4).find(|entry| entry.starts_with(country))?;
    std::str::from_utf8(known.get(2..)?).ok()?.parse().ok()
}

/// ISO 7064, MOD 97-10: the first four characters last, letters as 10 to 35.
fn is_checked(number: &[u8]) -> bool {
    let (head, tail) = number.split_at_checked(4).unwrap_or_default();
    let rest = tail.iter().chain(head).fold(0_u32, |rest, byte| {
        let digit = char::from(*byte).to_digit(36).unwrap_or_default();
        let factor = if digit > 9 { 100 } else { 10 };
        rest.wrapping_mul(factor).wrapping_add(digit).wrapping_rem(97)
    });
    rest == 1
}
