//! Secrets: a type that does not show them, where they are kept, and what fetches them.

mod aws;
mod command;
mod reference;
mod sources;
mod vault;

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use aws::Aws;
pub(crate) use reference::{EXPECTED, SecretRef};
pub(crate) use sources::{Login, Sources};
use vault::Vault;

/// A secret's value. Neither `Debug` nor anything else shows it, and its memory is overwritten when it is let go;
/// [`Secret::reveal`] is the one way out.
#[derive(Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    /// Takes a value in.
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself. Search for this name to see every place that a secret reaches.
    pub(crate) fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.reveal().as_bytes().ct_eq(other.reveal().as_bytes()).into()
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Why a secret cannot be had. None of the texts holds what a source answered, which may be half of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// The variable is not set, or not text.
    #[error("the environment variable `{0}` is not set")]
    Env(String),
    /// The file cannot be read.
    #[error("the secret file `{path}` cannot be read: {cause}")]
    File {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// It is kept elsewhere, and that does not give it.
    #[error("no secret from {source_name}: {cause}")]
    Source {
        /// Which.
        source_name: String,
        /// Why.
        cause: String,
    },
    /// There is nothing in it.
    #[error("the secret from {0} is empty")]
    Empty(String),
    /// What came has not got the part that is asked for.
    #[error("the secret from {source_name} has no text called `{field}`")]
    Field {
        /// Which.
        source_name: String,
        /// The part.
        field: String,
    },
    /// The reference is none.
    #[error("{EXPECTED}")]
    Reference,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(…)");
        assert_eq!(Secret::new("a"), Secret::new("a"));
        assert_ne!(Secret::new("a"), Secret::new("ab"));
    }
}
