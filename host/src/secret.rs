//! Secrets: where they come from, and a type that does not show them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A secret's value. Neither `Debug` nor anything else shows it; [`Secret::reveal`] is the one way out.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Takes a value in.
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Search for this name to see every place that a secret reaches.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Where a secret is kept. The configuration never holds the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretRef {
    /// Environment variable.
    #[serde(default)]
    env: Option<String>,
    /// File, relative to the configuration's folder; one trailing line end is cut off.
    #[serde(default)]
    file: Option<PathBuf>,
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
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
        cause: std::io::Error,
    },
    /// There is nothing in it.
    #[error("the secret from {0} is empty")]
    Empty(String),
    /// The reference is none.
    #[error("expected one of `{{ env: NAME }}` and `{{ file: PATH }}`")]
    Reference,
}

impl SecretRef {
    /// Whether exactly one source is named.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.env.is_some() != self.file.is_some()
    }

    /// The file, where it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Fetches the value; `folder` is where the configuration file lies.
    pub(crate) fn fetch(&self, folder: &Path) -> Result<Secret, SecretError> {
        let (value, source) = match (&self.env, &self.file) {
            (Some(name), None) => {
                let value = std::env::var(name).map_err(|_| SecretError::Env(name.clone()))?;
                (value, format!("the environment variable `{name}`"))
            }
            (None, Some(path)) => {
                let path = folder.join(path);
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(&path)
                    .map_err(|cause| SecretError::File { path: shown.clone(), cause })?;
                let value = text.strip_suffix('\n').unwrap_or(&text);
                let value = value.strip_suffix('\r').unwrap_or(value);
                (value.to_owned(), format!("the file `{shown}`"))
            }
            _ => return Err(SecretError::Reference),
        };
        if value.is_empty() { Err(SecretError::Empty(source)) } else { Ok(Secret::new(value)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(…)");
    }

    #[test]
    fn a_file_loses_one_line_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("s"), "a b\n\n").unwrap();
        let reference = SecretRef { env: None, file: Some("s".into()) };
        assert_eq!(reference.fetch(folder.path()).unwrap().reveal(), "a b\n");
        let missing = SecretRef { env: None, file: Some("none".into()) };
        assert!(missing.fetch(folder.path()).unwrap_err().to_string().contains("none"));
        assert!(!SecretRef { env: None, file: None }.is_well_formed());
    }
}
