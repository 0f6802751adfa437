//! Social security numbers of the United States: area, group, serial.

use std::ops::Range;

use super::Verdict;
use super::builtin::{after, before, goes_on};

/// Which numbers are never assigned: Social Security Administration, "Social Security Number Randomization".
pub(super) fn check(text: &[u8], found: Range<usize>) -> Verdict {
    let number = text.get(found.clone()).unwrap_or_default();
    let part = |range: Range<usize>| number.get(range).unwrap_or_default();
    let (area, separator, group, serial) = (part(0..3), part(3..4), part(4..6), part(7..11));
    let assigned = !matches!(area, b"000" | b"666" | [b'9', ..]) && group != b"00" && serial != b"0000";
    // Of numbers in a row with nothing but spaces between them, three are not one.
    let separators: &[u8] = if separator == b" " { b"-. " } else { b"-." };
    let alone =
        !goes_on(before(text, found.start), separators) && !goes_on(after(text, found.end), separators);
    if assigned && alone { Verdict::Hit(found) } else { Verdict::Miss(found.start.saturating_add(1)) }
}
