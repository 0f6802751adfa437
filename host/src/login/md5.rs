//! PostgreSQL's `md5` authentication.

use ::md5::{Digest as _, Md5};

/// `md5` and the hex digest of `md5(password role)` and the salt (protocol-flow, AuthenticationMD5Password).
pub(super) fn proof(role: &str, password: &str, salt: [u8; 4]) -> String {
    let inner = hex::encode(Md5::digest([password.as_bytes(), role.as_bytes()].concat()));
    let outer = hex::encode(Md5::digest([inner.as_bytes(), &salt].concat()));
    format!("md5{outer}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_known_proof() {
        // echo -n "$(echo -n pwalice | md5sum | head -c 32)"$'\x01\x02\x03\x04' | md5sum
        assert_eq!(super::proof("alice", "pw", [1, 2, 3, 4]), "md527972593be6fc26d3f4484e91163efdf");
    }
}
