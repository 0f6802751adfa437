//! The two cookies: one while somebody signs in, one while they are signed in. Both are random, for the server alone, and
//! not sent with requests that other sites make in the background.

use axum::http::{HeaderMap, HeaderValue, header};
use gatewright_core::digest::sha256;

/// Which.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cookie {
    /// Binds the provider's answer to the browser that asked.
    SigningIn,
    /// Says who it is.
    SignedIn,
}

impl Cookie {
    /// Under TLS the prefix makes browsers refuse it from anybody but this very host.
    fn name(self, public_url: &str) -> &'static str {
        match (self, is_tls(public_url)) {
            (Self::SigningIn, true) => "__Host-gatewright-signing-in",
            (Self::SigningIn, false) => "gatewright-signing-in",
            (Self::SignedIn, true) => "__Host-gatewright",
            (Self::SignedIn, false) => "gatewright",
        }
    }

    /// Sets it, for so many seconds.
    pub(super) fn set(self, value: &str, seconds: u64, public_url: &str) -> HeaderValue {
        let secure = if is_tls(public_url) { "; Secure" } else { "" };
        let name = self.name(public_url);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        // INVARIANT: names and values are letters, digits and dashes.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    /// Takes it away.
    pub(super) fn unset(self, public_url: &str) -> HeaderValue {
        self.set("", 0, public_url)
    }

    /// The hex digest of what a browser presents.
    pub(super) fn digest(self, headers: &HeaderMap, public_url: &str) -> Option<String> {
        self.value(headers, public_url).map(digest)
    }

    /// What a browser presents; two of one name are none.
    pub(super) fn value<'h>(self, headers: &'h HeaderMap, public_url: &str) -> Option<&'h str> {
        let name = self.name(public_url);
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) if value.len() == 64 => Some(value),
            _ => None,
        }
    }
}

/// A value that nobody guesses.
pub(super) fn random() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// What is kept of a value.
pub(super) fn digest(value: &str) -> String {
    hex::encode(sha256(value.as_bytes()))
}

fn is_tls(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_tls_it_is_for_this_host_alone() {
        let set = Cookie::SignedIn.set("ab", 60, "https://gate.example");
        let expected = "__Host-gatewright=ab; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure";
        assert_eq!(set.to_str().unwrap(), expected);
    }

    #[test]
    fn it_is_found_among_others_and_only_once() {
        let value = random();
        let of = |text: String| {
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, HeaderValue::try_from(text).unwrap());
            Cookie::SignedIn.digest(&headers, "http://127.0.0.1")
        };
        assert_eq!(of(format!("a=b; gatewright={value}; c=d")), Some(digest(&value)));
        assert_eq!(of(format!("gatewright={value}; gatewright={value}")), None);
        assert_eq!(of(format!("xgatewright={value}")), None);
        assert_eq!(of("gatewright=short".to_owned()), None);
    }
}
