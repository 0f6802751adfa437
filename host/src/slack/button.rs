//! What a button holds: which decision, of which approval, and all that its message showed, by digest. It is sealed:
//! whoever can write to the channel, by its webhook's URL, could otherwise write a harmless message with a button for
//! something else.

use gatewright_core::digest::Digest;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::approvals::Decision;
use crate::secret::Secret;

/// What the key is derived for.
const PURPOSE: &[u8] = b"gatewright: buttons, version 1";

/// A key that seals buttons.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Key {
    /// The key of an app.
    pub(crate) fn new(signing_secret: &Secret) -> Self {
        Self(
            mac(signing_secret.reveal().as_bytes(), PURPOSE)
                .map_or([0; 32], |mac| mac.finalize().into_bytes().into()),
        )
    }
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Button {
    pub(super) decision: Decision,
    pub(super) approval: String,
    /// See [`crate::approvals::shown`].
    pub(super) shown: Digest,
}

impl Button {
    /// As its value, which Slack gives back: 2,000 characters at most, and this has some 150.
    pub(super) fn sealed(&self, key: &Key) -> String {
        let text = self.text();
        let seal = mac(&key.0, text.as_bytes()).map(|mac| hex::encode(mac.finalize().into_bytes()));
        format!("{text}.{}", seal.unwrap_or_default())
    }

    /// Reads a value; `None` for what was not sealed with this key.
    pub(super) fn open(value: &str, key: &Key) -> Option<Self> {
        let (text, seal) = value.rsplit_once('.')?;
        let mut presented = [0; 32];
        hex::decode_to_slice(seal, &mut presented).ok()?;
        mac(&key.0, text.as_bytes())?.verify_slice(&presented).ok()?;
        let mut parts = text.split('.');
        let (decision, approval, shown) = (parts.next()?, parts.next()?, parts.next()?);
        let decision = match decision {
            "approve" => Decision::Approve,
            "deny" => Decision::Deny,
            _ => return None,
        };
        let mut digest = [0; 32];
        hex::decode_to_slice(shown, &mut digest).ok()?;
        Some(Self { decision, approval: approval.to_owned(), shown: digest })
    }

    fn text(&self) -> String {
        let decision = match self.decision {
            Decision::Approve => "approve",
            Decision::Deny => "deny",
        };
        format!("{decision}.{}.{}", self.approval, hex::encode(self.shown))
    }
}

/// HMAC takes keys of any length: there is always one.
fn mac(key: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_makes_one() {
        let key = Key::new(&Secret::new("a signing secret"));
        let button = Button { decision: Decision::Deny, approval: "7Q2M5X9A".to_owned(), shown: [7; 32] };
        let value = button.sealed(&key);
        assert!(value.len() < 200, "{value}");
        assert_eq!(Button::open(&value, &key), Some(button.clone()));
        assert_eq!(Button::open(&value, &Key::new(&Secret::new("another secret"))), None);
        let other = Button { approval: "7Q2M5X9B".to_owned(), ..button };
        for forged in [
            value.replace("deny", "approve"),
            value.replace("7Q2M5X9A", "7Q2M5X9B"),
            value.replace("0707", "0708"),
            other.text(),
            format!("{}.{}", other.text(), "00".repeat(32)),
            String::new(),
            "....".to_owned(),
        ] {
            assert_eq!(Button::open(&forged, &key), None, "{forged}");
        }
    }
}
