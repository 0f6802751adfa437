//! What a button holds: which decision, of which approval, and all that its message showed, by digest. It is sealed:
//! whoever can write to the channel, by its webhook's URL, could otherwise write a harmless message with a button for
//! something else.

use gatewright_core::digest::Digest;

use crate::approvals::Decision;
use crate::mac;
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
        Self(mac::code(signing_secret.reveal().as_bytes(), PURPOSE))
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
        format!("{text}.{}", hex::encode(mac::code(&key.0, text.as_bytes())))
    }

    /// Reads a value; `None` for what was not sealed with this key.
    pub(super) fn open(value: &str, key: &Key) -> Option<Self> {
        let (text, seal) = value.rsplit_once('.')?;
        let mut presented = [0; 32];
        hex::decode_to_slice(seal, &mut presented).ok()?;
        if !mac::is_code(&presented, &key.0, text.as_bytes()) {
            return None;
        }
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
