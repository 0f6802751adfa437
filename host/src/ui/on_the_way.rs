//! Somebody on the way through the identity provider. All that has to be known of them when they come back follows from
//! their browser's cookie and a secret of the hosts: so nothing is kept of those who never do, and they may come back to
//! another host than they left.

use std::time::Duration;

use gatewright_core::digest::sha256_parts;
use gatewright_core::time::Millis;
use openidconnect::{Nonce, PkceCodeVerifier};
use subtle::ConstantTimeEq as _;

use crate::mac;

/// How long signing in may take.
pub(super) const TAKES: Duration = Duration::from_secs(600);
/// By how much the clocks of hosts may differ.
const SKEW: Duration = Duration::from_secs(60);
/// Letters of a code, in hex.
const CODE: usize = 64;

/// What the provider is given, and its answer is measured by.
pub(super) struct OnTheWay {
    /// `state`: binds the answer to the browser; where to go afterwards is behind the code.
    pub(super) state: String,
    /// `nonce`: binds the ID token to it.
    pub(super) nonce: Nonce,
    /// Of PKCE (RFC 7636): binds the code to this host and those with the same secret.
    pub(super) verifier: PkceCodeVerifier,
}

/// A fresh value of the cookie, in which the time is.
pub(super) fn cookie(now: Millis) -> String {
    hex::encode([&now.to_be_bytes()[..], &rand::random::<[u8; 24]>()].concat())
}

impl OnTheWay {
    /// Of whoever has that cookie and wants to go there.
    pub(super) fn new(secret: &[u8; 32], cookie: &str, next: &str) -> Self {
        let code = |what: &str| {
            let parts = [what, cookie, next].map(str::as_bytes);
            hex::encode(mac::code(secret, &sha256_parts(parts)))
        };
        Self {
            state: format!("{}{next}", code("state")),
            nonce: Nonce::new(code("nonce")),
            verifier: PkceCodeVerifier::new(code("verifier")),
        }
    }

    /// Of whoever comes back with that cookie and the provider's `state`; and where they want to go. `None` where that is
    /// not theirs, or too old.
    pub(super) fn back(secret: &[u8; 32], cookie: &str, state: &str, now: Millis) -> Option<(Self, String)> {
        let at = cookie.get(..16).and_then(|at| Millis::from_str_radix(at, 16).ok())?;
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        if now.saturating_sub(at) > millis(TAKES) || at.saturating_sub(now) > millis(SKEW) {
            return None;
        }
        let next = state.get(CODE..)?;
        let known = Self::new(secret, cookie, next);
        bool::from(known.state.as_bytes().ct_eq(state.as_bytes())).then(|| (known, next.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_any_host_with_the_secret_and_in_the_same_browser_only() {
        let (now, secret) = (1_700_000_000_000, [1; 32]);
        let mine = cookie(now);
        assert_eq!(mine.len(), 64);
        let left = OnTheWay::new(&secret, &mine, "/approvals/K7");
        let (back, next) = OnTheWay::back(&secret, &mine, &left.state, now + 599_000).unwrap();
        assert_eq!((back.nonce.secret(), &*next), (left.nonce.secret(), "/approvals/K7"));
        assert_eq!(back.verifier.secret(), left.verifier.secret());
        assert_ne!(left.nonce.secret(), left.verifier.secret());
        let is_none = |secret: &[u8; 32], cookie: &str, state: &str, at| {
            assert!(OnTheWay::back(secret, cookie, state, at).is_none(), "{cookie} {state} {at}");
        };
        is_none(&[2; 32], &mine, &left.state, now);
        is_none(&secret, &cookie(now), &left.state, now);
        is_none(&secret, &mine, &left.state, now + 600_001);
        is_none(&secret, &mine, &left.state, now - 60_001);
        is_none(&secret, &mine, &left.state.replace("K7", "K8"), now);
        // Another time in the cookie is another cookie.
        is_none(&secret, &format!("{}{}", &cookie(now + 1)[..16], &mine[16..]), &left.state, now);
        for state in ["", "/", &left.state[1..], &"é".repeat(40)] {
            is_none(&secret, &mine, state, now);
        }
    }
}
