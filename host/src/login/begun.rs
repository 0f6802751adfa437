//! What the second step of a login needs to know of the first: it is in the nonce that the first one chose, with a code that
//! nobody else can make. So no host has to remember it, and the second step may reach another host than the first.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatewright_core::digest::sha256_parts;
use gatewright_core::time::Millis;

use crate::mac;

/// How long the first step waits for the second, in milliseconds.
const LIFETIME: u64 = 60_000;
/// Random bytes, the time, and the code.
const LENGTH: usize = 12 + 8 + 16;
/// The same as base64.
const TEXT: usize = LENGTH / 3 * 4;

/// Whose login, and as what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun<'a> {
    pub(super) session: &'a str,
    pub(super) resource: &'a str,
    pub(super) role: &'a str,
    pub(super) subject: &'a str,
    pub(super) issuer: &'a str,
}

impl Begun<'_> {
    /// A fresh nonce: letters that SCRAM permits (RFC 5802 section 7, `printable`).
    pub(super) fn nonce(&self, secret: &[u8; 32], now: Millis) -> String {
        let mut bytes = rand::random::<[u8; 12]>().to_vec();
        bytes.extend(now.to_be_bytes());
        let code = self.code(secret, &bytes);
        bytes.extend(code);
        STANDARD.encode(bytes)
    }

    /// The nonce that a server's first message continues, if it is of this login and not too old.
    pub(super) fn of<'s>(
        &self,
        secret: &[u8; 32],
        server_first: &'s str,
        now: Millis,
    ) -> Result<&'s str, &'static str> {
        let nonce = server_first.strip_prefix("r=").and_then(|rest| rest.get(..TEXT));
        let nonce = nonce.ok_or("the server's nonce does not continue ours")?;
        let bytes = STANDARD.decode(nonce).map_err(|_| "the server's nonce does not continue ours")?;
        let (said, code) = bytes.split_at_checked(20).ok_or("the server's nonce does not continue ours")?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(code, &self.code(secret, said)[..])) {
            return Err("the login was begun by somebody else, or not at all");
        }
        let at = said.last_chunk::<8>().map_or(0, |at| Millis::from_be_bytes(*at));
        if now.abs_diff(at) > LIFETIME {
            return Err("the login was begun too long ago");
        }
        Ok(nonce)
    }

    fn code(&self, secret: &[u8; 32], said: &[u8]) -> [u8; 16] {
        let parts = [self.session, self.resource, self.role, self.subject, self.issuer].map(str::as_bytes);
        let digest = sha256_parts(std::iter::once(said).chain(parts));
        mac::code(secret, &digest).first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Begun<'_> =
        Begun { session: "s", resource: "shop", role: "support", subject: "agent", issuer: "https://idp" };

    #[test]
    fn any_host_with_the_secret_knows_what_was_begun() {
        let nonce = BEGUN.nonce(&[1; 32], 1_000_000);
        assert_eq!(nonce.len(), TEXT);
        let server_first = format!("r={nonce}abc,s=AA==,i=4096");
        assert_eq!(BEGUN.of(&[1; 32], &server_first, 1_050_000), Ok(&*nonce));
        assert_ne!(BEGUN.nonce(&[1; 32], 1_000_000), nonce);
    }

    #[test]
    fn what_others_began_is_not_gone_on_with() {
        let nonce = BEGUN.nonce(&[1; 32], 1_000_000);
        let server_first = format!("r={nonce}abc,s=AA==,i=4096");
        assert!(BEGUN.of(&[2; 32], &server_first, 1_000_000).is_err(), "another secret");
        assert!(BEGUN.of(&[1; 32], &server_first, 1_060_001).is_err(), "too late");
        for other in [
            Begun { session: "t", ..BEGUN },
            Begun { resource: "other", ..BEGUN },
            Begun { role: "dba", ..BEGUN },
            Begun { subject: "mallory", ..BEGUN },
            Begun { issuer: "https://evil", ..BEGUN },
        ] {
            assert!(other.of(&[1; 32], &server_first, 1_000_000).is_err(), "{other:?}");
        }
        for bad in
            ["", "r=", "r=abc,s=AA==,i=1", &format!("r={}", "é".repeat(60)), &format!("r={}", "!".repeat(60))]
        {
            assert!(BEGUN.of(&[1; 32], bad, 1_000_000).is_err(), "{bad}");
        }
    }
}
