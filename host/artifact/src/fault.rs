//! What can be wrong with an artefact, and what keeps one from finding out.

use std::path::PathBuf;

/// Of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an artefact was not found to be good.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was looked at, and is not what was signed.
    #[error("{at}: {what}")]
    Wrong {
        /// The part of the artefact.
        at: String,
        /// What is wrong with it.
        what: String,
    },
    /// A key that cannot be used.
    #[error("the key: {0}")]
    Key(String),
    /// It could not be looked at.
    #[error("`{}`: {cause}", path.display())]
    Io {
        /// What could not be read or written.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

impl Error {
    pub(crate) fn wrong(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Wrong { at: at.into(), what: what.into() }
    }

    pub(crate) fn io(path: &std::path::Path, cause: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), cause }
    }

    /// The same about a part of something larger.
    pub(crate) fn within(self, folder: &str) -> Self {
        match self {
            Self::Wrong { at, what } => Self::Wrong { at: format!("{folder}/{at}"), what },
            other => other,
        }
    }
}

/// An error unless it holds.
pub(crate) fn check(holds: bool, at: &str, what: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::wrong(at, what())) }
}
