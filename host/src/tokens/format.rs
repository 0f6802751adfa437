//! How a personal access token looks: `gwp_`, 43 letters and digits, and 6 more that are a checksum of these. Whoever
//! scans texts for secrets can tell one from noise without asking the host, by the rules that GitHub's tokens have:
//! base62 (digits, capital letters, small letters), and the checksum is the CRC-32 of the 43.

use gatewright_core::digest::sha256;
use rand::RngExt as _;

use crate::secret::Secret;

/// What all of them begin with. No JSON Web Token does: those begin with `ey`.
pub(crate) const PREFIX: &str = "gwp_";
/// So many digits of base62 are 256 random bits.
const RANDOM: usize = 43;
/// So many hold 32 bits.
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Makes one that nobody guesses.
pub(crate) fn fresh() -> Secret {
    let mut random = rand::rng();
    let body: String = (0..RANDOM).map(|_| digit(random.random_range(0..62))).collect();
    Secret::new(format!("{PREFIX}{body}{}", checksum(&body)))
}

/// Whether somebody means this to be one.
pub(crate) fn is_meant(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// What is kept of one: the hex SHA-256 of all of it. It has too many bits to be found by trying, so a fast hash does.
/// `None` for a text that no host ever gave out.
pub(crate) fn hash(token: &str) -> Option<String> {
    let (body, sum) = token.strip_prefix(PREFIX)?.split_at_checked(RANDOM)?;
    let sound = body.bytes().all(|byte| ALPHABET.contains(&byte)) && checksum(body) == sum;
    sound.then(|| hex::encode(sha256(token.as_bytes())))
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [0; CHECKSUM];
    for place in digits.iter_mut().rev() {
        *place = rest % 62;
        rest /= 62;
    }
    digits.into_iter().map(digit).collect()
}

fn digit(value: u32) -> char {
    let value = usize::try_from(value).unwrap_or_default();
    char::from(ALPHABET.get(value).copied().unwrap_or(b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_from_noise() {
        let token = fresh();
        let token = token.reveal();
        assert_eq!((token.len(), is_meant(token)), (53, true));
        assert_eq!(hash(token), Some(hex::encode(sha256(token.as_bytes()))));
        assert_ne!(token, fresh().reveal());
        // One letter more, less or otherwise, wherever.
        assert_eq!(hash(&token[..52]), None);
        assert_eq!(hash(&format!("{token}0")), None);
        for at in PREFIX.len()..token.len() {
            let other = if token.as_bytes()[at] == b'x' { "y" } else { "x" };
            let mut changed = token.to_owned();
            changed.replace_range(at..=at, other);
            assert_eq!(hash(&changed), None, "{at}");
        }
        for none in ["", "gwp_", "gwp_ü", "ey", &"gwp_é".repeat(12), &format!("gwp_{}", "é".repeat(30))] {
            assert_eq!(hash(none), None, "{none}");
        }
    }

    #[test]
    fn the_checksum_is_that_of_scanners() {
        // The check value of CRC-32 in the catalogue of parametrised CRC algorithms.
        let mut value = 0_u64;
        for byte in checksum("123456789").bytes() {
            value = value * 62 + ALPHABET.iter().position(|one| *one == byte).unwrap() as u64;
        }
        assert_eq!(value, 0xCBF4_3926);
    }
}
