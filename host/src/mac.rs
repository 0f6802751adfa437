//! HMAC-SHA-256 (RFC 2104).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The code over a message.
pub(crate) fn code(key: &[u8], message: &[u8]) -> [u8; 32] {
    mac(key, message).finalize().into_bytes().into()
}

/// Whether that is the code over a message; in constant time.
pub(crate) fn is_code(presented: &[u8; 32], key: &[u8], message: &[u8]) -> bool {
    mac(key, message).verify_slice(presented).is_ok()
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    // INVARIANT: HMAC takes keys of every length.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac
}
