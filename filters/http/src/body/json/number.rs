//! Numbers of JSON (RFC 8259, section 6).

/// Longest number that is written out, in digits.
const MOST_DIGITS: usize = 64;

/// How far a number has been read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    #[default]
    Start,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    /// Takes the number's bytes; gives how many they are. The number ends where they are fewer than the piece.
    pub(super) fn take(&mut self, piece: &[u8]) -> usize {
        let taken = piece.iter().take_while(|byte| match self.next(**byte) {
            Some(next) => {
                *self = next;
                true
            }
            None => false,
        });
        taken.count()
    }

    /// Whether it may end here.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::Power)
    }

    fn next(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Start, b'-') => Self::Minus,
            (Self::Start | Self::Minus, b'0') => Self::Zero,
            (Self::Start | Self::Minus, b'1'..=b'9') => Self::Integer,
            (Self::Zero | Self::Integer, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::Sign,
            (Self::Exponent | Self::Sign | Self::Power, b'0'..=b'9') => Self::Power,
            _ => return None,
        })
    }
}

/// The digits of an integer that is written with an exponent: a card's number may be `4.2424242424242424e15`. `None`
/// where there is no exponent, or the number is none that an identifier would be.
pub(super) fn written_out(number: &[u8]) -> Option<Vec<u8>> {
    let at = number.iter().position(|byte| matches!(byte, b'e' | b'E'))?;
    let (mantissa, power) = number.split_at_checked(at)?;
    let power: i32 = std::str::from_utf8(power.get(1..)?).ok()?.parse().ok()?;
    let point = mantissa.iter().position(|byte| *byte == b'.');
    let decimals = point.map_or(0, |at| mantissa.len().saturating_sub(at).saturating_sub(1));
    let mut digits: Vec<u8> = mantissa.iter().copied().filter(u8::is_ascii_digit).collect();
    let shift = power.checked_sub(i32::try_from(decimals).ok()?)?;
    match usize::try_from(shift) {
        Ok(zeros) if zeros.saturating_add(digits.len()) <= MOST_DIGITS => {
            digits.resize(digits.len().saturating_add(zeros), b'0');
        }
        Ok(_) => return None,
        // What stands behind the point.
        Err(_) => digits.truncate(digits.len().saturating_sub(usize::try_from(shift.unsigned_abs()).ok()?)),
    }
    (digits.len() <= MOST_DIGITS).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for text in ["0", "-0", "10", "1.5", "-1.50e+7", "0e0", "1E-2", "123456789012345678901234567890"] {
            let mut number = Number::default();
            assert!(number.take(text.as_bytes()) == text.len() && number.is_whole(), "{text}");
        }
        for text in ["-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1_0", "-a", "--1", "1.e1"] {
            let mut number = Number::default();
            assert!(number.take(text.as_bytes()) < text.len() || !number.is_whole(), "{text}");
        }
    }

    #[test]
    fn exponents_are_written_out() {
        for (number, expected) in [
            ("4.242424242424242e15", Some("4242424242424242")),
            ("42424242424242.42E+2", Some("4242424242424242")),
            ("42424242424242420e-1", Some("4242424242424242")),
            ("1e3", Some("1000")),
            ("1e-3", Some("")),
            ("1e400", None),
            ("1e99999999999", None),
            ("17", None),
        ] {
            assert_eq!(written_out(number.as_bytes()).as_deref(), expected.map(str::as_bytes), "{number}");
        }
    }
}
