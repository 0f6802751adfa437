//! Numbers, exactly: the same number is the same text, however it was spelt.

use super::Value;

/// A number as `digits` times ten to the power of `exponent`; the digits have no zero at either end, and are none
/// for zero.
struct Normal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// What a number of the grammar is.
pub(super) fn value(spelt: &str) -> Value {
    // An exponent beyond 64 bits: nothing is gained by knowing such a number better than by its spelling.
    let Some(number) = normal(spelt) else { return Value::Number(spelt.to_owned()) };
    long(&number)
        .map(Value::Long)
        .or_else(|| decimal(&number).map(Value::Decimal))
        .unwrap_or_else(|| Value::Number(scientific(&number)))
}

fn normal(spelt: &str) -> Option<Normal> {
    let (negative, unsigned) = match spelt.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, spelt),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let digits = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len().checked_sub(digits.len())?).ok()?;
    let fraction = i64::try_from(fraction.len()).ok()?;
    let exponent = exponent.parse::<i64>().ok()?.checked_add(zeros)?.checked_sub(fraction)?;
    let digits = digits.trim_start_matches('0').to_owned();
    let zero = digits.is_empty();
    Some(Normal { negative: negative && !zero, digits, exponent: if zero { 0 } else { exponent } })
}

fn long(number: &Normal) -> Option<i64> {
    let zeros = usize::try_from(number.exponent).ok().filter(|zeros| *zeros < 20)?;
    let sign = if number.negative { "-" } else { "" };
    if number.digits.is_empty() {
        return Some(0);
    }
    format!("{sign}{}{:0<zeros$}", number.digits, "").parse().ok()
}

/// With one to four digits after the point, in the range of Cedar's `decimal` (64 bits of ten-thousandths).
fn decimal(number: &Normal) -> Option<String> {
    let places =
        usize::try_from(number.exponent.checked_neg()?).ok().filter(|places| (1..=4).contains(places))?;
    let sign = if number.negative { "-" } else { "" };
    let width = places.saturating_add(1);
    let digits = format!("{:0>width$}", number.digits);
    let (whole, fraction) = digits.split_at_checked(digits.len().checked_sub(places)?)?;
    format!("{sign}{whole}{fraction:0<4}").parse::<i64>().ok()?;
    Some(format!("{sign}{whole}.{fraction}"))
}

fn scientific(number: &Normal) -> String {
    let sign = if number.negative { "-" } else { "" };
    format!("{sign}{}e{}", number.digits, number.exponent)
}
