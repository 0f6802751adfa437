//! What recordings are encrypted with.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::values::Name;
use crate::secret::SecretRef;

/// Encryption of recordings at rest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encryption {
    /// The keys: the first is for new sessions, the others are for what they encrypted once.
    pub(crate) keys: Vec<Key>,
    /// Whether what the others encrypted is to need the first alone, so that they can go.
    #[serde(default)]
    pub(crate) rewrap: bool,
}

/// A key that wraps sessions' data keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    /// By which the database says that it is needed.
    pub(crate) name: Name,
    /// 32 random bytes, as base64 or hex.
    pub(crate) secret: Spanned<SecretRef>,
}
