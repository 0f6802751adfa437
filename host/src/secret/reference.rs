//! Where a secret is kept, as the configuration says it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::sources::without_line_end;
use super::{Secret, SecretError};
use crate::config::values::Span;

/// What a reference looks like.
pub(crate) const EXPECTED: &str = "expected one of `{ env: NAME }`, `{ file: PATH }`, `{ command: [PROGRAM, ARGUMENT…] }`, \
`{ vault: { path: MOUNT/PATH } }` and `{ aws: { secret: NAME } }`";

/// Where a secret is kept. The configuration never holds the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretRef {
    /// Environment variable.
    env: Option<String>,
    /// File, relative to the configuration's folder; one trailing line end is cut off.
    file: Option<PathBuf>,
    /// A program and its arguments; what it prints, less one trailing line end. No shell is between.
    command: Option<Vec<String>>,
    /// HashiCorp Vault, or OpenBao: any path that can be read.
    vault: Option<VaultRef>,
    /// AWS Secrets Manager.
    aws: Option<AwsRef>,
    /// How long a value from a command, Vault or AWS is good, where it has no lease of its own.
    every: Option<Span>,
}

/// A secret in Vault.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VaultRef {
    /// What `vault read` takes: `secret/data/shop` of a KV engine of version 2, `database/creds/shop` of a database's.
    pub(crate) path: String,
    /// Its field; `password`, or the only one that there is, if left out.
    #[serde(default)]
    pub(crate) field: Option<String>,
}

/// A secret in AWS Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AwsRef {
    /// Its name or ARN.
    pub(crate) secret: String,
    /// Its member, where the value is a JSON object; `password` if left out.
    #[serde(default)]
    pub(crate) field: Option<String>,
}

/// The one source that a reference names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kept<'a> {
    Env(&'a str),
    File(&'a Path),
    Elsewhere(Place<'a>),
}

/// A source that is asked rather than read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Command(&'a [String]),
    Vault(&'a str),
    Aws(&'a str),
}

impl Place<'_> {
    /// Tells places apart.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Command(argv) => format!("command {argv:?}"),
            Self::Vault(path) => format!("vault {path}"),
            Self::Aws(secret) => format!("aws {secret}"),
        }
    }

    /// For messages. Arguments of a command are not named: they may be half of a secret.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Command(argv) => {
                format!("the command `{}`", argv.first().map_or("", String::as_str))
            }
            Self::Vault(path) => format!("Vault's `{path}`"),
            Self::Aws(secret) => format!("AWS Secrets Manager's `{secret}`"),
        }
    }
}

impl SecretRef {
    /// Whether exactly one source is named.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.kept().is_some()
    }

    /// Whether it can give a user beside the password.
    pub(crate) fn gives_logins(&self) -> bool {
        let whole = |field: &Option<String>| field.is_none();
        self.is_well_formed()
            && (self.vault.as_ref().is_some_and(|vault| whole(&vault.field))
                || self.aws.as_ref().is_some_and(|aws| whole(&aws.field)))
    }

    /// Whether it is read on this machine, and nobody is asked.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.kept(), Some(Kept::Env(_) | Kept::File(_)))
    }

    /// Reads it on this machine; relative paths start from `folder`.
    pub(super) fn local(&self, folder: &Path) -> Result<Secret, SecretError> {
        let (value, source) = match self.kept() {
            Some(Kept::Env(name)) => {
                let value = std::env::var(name).map_err(|_| SecretError::Env(name.to_owned()))?;
                (value, format!("the environment variable `{name}`"))
            }
            Some(Kept::File(path)) => {
                let path = folder.join(path).display().to_string();
                let text = std::fs::read_to_string(&path)
                    .map_err(|cause| SecretError::File { path: path.clone(), cause: cause.to_string() })?;
                (without_line_end(&text).to_owned(), format!("the file `{path}`"))
            }
            Some(Kept::Elsewhere(_)) | None => return Err(SecretError::Reference),
        };
        if value.is_empty() { Err(SecretError::Empty(source)) } else { Ok(Secret::new(value)) }
    }

    /// The file, where it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// How long a value is good that does not say so itself, where the configuration says it.
    pub(super) fn every(&self) -> Option<Span> {
        self.every
    }

    /// The part of what the source gives, where one is named.
    pub(super) fn field(&self) -> Option<&str> {
        let vault = self.vault.as_ref().and_then(|vault| vault.field.as_deref());
        vault.or_else(|| self.aws.as_ref().and_then(|aws| aws.field.as_deref()))
    }

    pub(super) fn kept(&self) -> Option<Kept<'_>> {
        let elsewhere = match (&self.command, &self.vault, &self.aws) {
            (Some(argv), None, None) if !argv.is_empty() => Some(Place::Command(argv)),
            (None, Some(vault), None) => Some(Place::Vault(&vault.path)),
            (None, None, Some(aws)) => Some(Place::Aws(&aws.secret)),
            (None, None, None) => None,
            _ => return None,
        };
        match (&self.env, &self.file, elsewhere) {
            (Some(name), None, None) if self.every.is_none() => Some(Kept::Env(name)),
            (None, Some(path), None) if self.every.is_none() => Some(Kept::File(path)),
            (None, None, Some(place)) => Some(Kept::Elsewhere(place)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(yaml: &str) -> SecretRef {
        crate::config::parse_yaml(yaml).unwrap()
    }

    #[test]
    fn a_file_loses_one_line_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("s"), "a b\n\n").unwrap();
        assert_eq!(reference("{ file: s }").local(folder.path()).unwrap().reveal(), "a b\n");
        let missing = reference("{ file: none }").local(folder.path()).unwrap_err();
        assert!(missing.to_string().contains("none"), "{missing}");
    }

    #[test]
    fn one_source_is_named() {
        for good in [
            "{ env: A }",
            "{ file: a/b }",
            "{ command: [op, read, x], every: 5m }",
            "{ vault: { path: secret/data/shop, field: api_key } }",
            "{ aws: { secret: shop } }",
        ] {
            assert!(reference(good).is_well_formed(), "{good}");
        }
        for bad in [
            "{}",
            "{ env: A, file: b }",
            "{ command: [] }",
            "{ env: A, every: 1m }",
            "{ env: A, aws: { secret: b } }",
        ] {
            assert!(!reference(bad).is_well_formed(), "{bad}");
        }
        assert!(reference("{ vault: { path: database/creds/shop } }").gives_logins());
        assert!(!reference("{ vault: { path: database/creds/shop, field: password } }").gives_logins());
        assert!(!reference("{ env: A }").gives_logins());
    }
}
